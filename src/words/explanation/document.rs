//! An explanation as JSON: the contract's document, with each reason as a code and in words.

use serde::{Serialize, Serializer};

use super::because;
use crate::attribution::explanation::{EnteredWeight, ExplainedClaimant, ExplainedPart, Explanation};
use crate::words::Words;

/// The document of an explanation.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    explanation: &'a Explanation,
    words: &'a Words,
}

impl<'a> Document<'a> {
    /// The document; what it has in words is in this language, everything else is the same in all of them.
    #[must_use]
    pub fn new(explanation: &'a Explanation, words: &'a Words) -> Self {
        Self { explanation, words }
    }
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    explanation: &'a Explanation,
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Part<'a> {
    #[serde(flatten)]
    part: &'a ExplainedPart,
    claimants: Vec<Claimant<'a>>,
    dropped: Vec<Claimant<'a>>,
}

#[derive(Serialize)]
struct Claimant<'a> {
    institution: &'a str,
    because: String,
    reason: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<EnteredWeight>,
}

impl<'a> Part<'a> {
    fn of(part: &'a ExplainedPart, words: &Words) -> Self {
        let worded = |list: &'a [ExplainedClaimant]| list.iter().map(|claimant| Claimant::of(claimant, words)).collect();
        Self { part, claimants: worded(&part.claimants), dropped: worded(&part.dropped) }
    }
}

impl<'a> Claimant<'a> {
    fn of(claimant: &'a ExplainedClaimant, words: &Words) -> Self {
        Self {
            institution: &claimant.institution,
            because: because(words, &claimant.reason),
            reason: claimant.reason.code(),
            ranges: claimant.reason.ranges().iter().map(ToString::to_string).collect(),
            weight: claimant.weight,
        }
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts = self.explanation.parts.iter().map(|part| Part::of(part, self.words)).collect();
        Whole { explanation: self.explanation, parts }.serialize(serializer)
    }
}
