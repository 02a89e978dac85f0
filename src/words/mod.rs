//! Words for people: bokmål, nynorsk, English.
//!
//! [`Words`] says a message in one [`Language`]; messages stand in Fluent files, one folder a language, and every file has the same
//! messages with the same variables in each of them. [`explanation`] puts an explanation into words. Pure: the files are part of
//! the program, each language is read when it is first wanted.

pub mod explanation;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use chrono::{DateTime, Datelike as _};
use chrono_tz::Tz;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use crate::model::Month;

/// A language that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Norwegian bokmål.
    Nb,
    /// Norwegian nynorsk.
    Nn,
}

/// Why a word is not a language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a language known here; use nb, nn or en")]
pub struct LanguageError(pub String);

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::En, Self::Nb, Self::Nn];

    /// Its code in BCP 47.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Nb => "nb",
            Self::Nn => "nn",
        }
    }

    /// Its files.
    fn files(self) -> [&'static str; 2] {
        match self {
            Self::En => [include_str!("en/common.ftl"), include_str!("en/explain.ftl")],
            Self::Nb => [include_str!("nb/common.ftl"), include_str!("nb/explain.ftl")],
            Self::Nn => [include_str!("nn/common.ftl"), include_str!("nn/explain.ftl")],
        }
    }

    /// What stands between thousands, and before decimals.
    fn marks(self) -> (char, char) {
        match self {
            Self::En => (',', '.'),
            Self::Nb | Self::Nn => ('\u{a0}', ','),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Language {
    type Err = LanguageError;

    fn from_str(text: &str) -> Result<Self, LanguageError> {
        let found = Self::ALL.into_iter().find(|language| language.as_str() == text);
        found.ok_or_else(|| LanguageError(text.chars().take(40).collect()))
    }
}

/// What a message's variable stands for.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// A count: written as the language writes numbers, and it decides between singular and plural.
    Whole(u64),
    /// Text, as it is.
    Text(Cow<'a, str>),
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// Above this, not every whole number is a number of Fluent's.
const FLUENT_LIMIT: u64 = 1 << 53;

/// All messages of one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Words").field(&self.language).finish()
    }
}

impl Words {
    /// The words of a language; read the first time.
    pub fn of(language: Language) -> &'static Self {
        static ALL: [OnceLock<Words>; Language::ALL.len()] = [const { OnceLock::new() }; Language::ALL.len()];
        ALL[language as usize].get_or_init(|| Self::read(language))
    }

    fn read(language: Language) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![language.as_str().parse().unwrap_or_default()]);
        // Marks that keep text of different directions apart: all of ours runs from left to right.
        bundle.set_use_isolating(false);
        match language {
            Language::En => bundle.set_formatter(Some(|value, _| number(value, Language::En))),
            Language::Nb | Language::Nn => bundle.set_formatter(Some(|value, _| number(value, Language::Nb))),
        }
        for file in language.files() {
            // What is wrong in a file, a test finds; the rest of it can be used.
            let resource = FluentResource::try_new(file.to_owned()).unwrap_or_else(|(resource, _)| resource);
            let added = bundle.add_resource(resource);
            debug_assert!(added.is_ok(), "{added:?}");
        }
        Self { language, bundle }
    }

    /// Which language it is.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// A message. Should it be missing here or lack a value, it is said in English; nobody is ever shown half a message.
    #[must_use]
    pub fn say(&self, id: &str, values: &[(&str, Value<'_>)]) -> String {
        let said = self.message(id, values);
        debug_assert!(said.is_some(), "{} has no message {id} with the variables {values:?}", self.language);
        said.or_else(|| Self::of(Language::En).message(id, values)).unwrap_or_default()
    }

    fn message(&self, id: &str, values: &[(&str, Value<'_>)]) -> Option<String> {
        let message = self.bundle.get_message(id)?;
        let mut arguments = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            match value {
                Value::Whole(number) if *number < FLUENT_LIMIT => arguments.set(*name, *number),
                // So large a number is a plural in all of our languages, which is what a text is taken for.
                Value::Whole(number) => arguments.set(*name, self.whole(*number)),
                Value::Text(text) => arguments.set(*name, &**text),
            }
        }
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(message.value()?, Some(&arguments), &mut errors);
        errors.is_empty().then(|| text.into_owned())
    }

    /// A whole number: `12 345`, `12,345`.
    #[must_use]
    pub fn whole(&self, number: u64) -> String {
        grouped(&number.to_string(), self.language)
    }

    /// A decimal number that is written for machines (`12345.6`): `12 345,6`, `12,345.6`.
    #[must_use]
    pub fn decimal(&self, number: &str) -> String {
        match number.split_once('.') {
            None => grouped(number, self.language),
            Some((whole, decimals)) => format!("{}{}{decimals}", grouped(whole, self.language), self.language.marks().1),
        }
    }

    /// A month: `mars 2024`, `March 2024`.
    #[must_use]
    pub fn month(&self, month: Month) -> String {
        let values = [("month", u64::from(month.number()).into()), ("year", format!("{:04}", month.year()).into())];
        self.say("common-month", &values)
    }

    /// A moment as a clock on the wall shows it: `20. januar 2025 kl. 04.30`, `20 January 2025, 04:30`. What is no time in
    /// RFC 3339 is said as it is.
    #[must_use]
    pub fn moment(&self, rfc_3339: &str, zone: Tz) -> String {
        let Ok(time) = DateTime::parse_from_rfc3339(rfc_3339) else { return rfc_3339.to_owned() };
        let time = time.with_timezone(&zone);
        let values = [
            ("day", u64::from(time.day()).into()),
            ("month", self.month(Month::of(time.date_naive())).into()),
            ("hour", time.format("%H").to_string().into()),
            ("minute", time.format("%M").to_string().into()),
        ];
        self.say("common-moment", &values)
    }

    /// Things one after the other: `A, B og C`, `A, B and C`.
    #[must_use]
    pub fn list(&self, things: &[String]) -> String {
        match things {
            [] => String::new(),
            [only] => only.clone(),
            [first @ .., last] => self.say("common-and", &[("first", first.join(", ").into()), ("last", last.into())]),
        }
    }
}

/// Digits in groups of three.
fn grouped(digits: &str, language: Language) -> String {
    let mut out = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(language.marks().0);
        }
        out.push(digit);
    }
    out
}

/// How Fluent shall write a number. All of ours are whole.
fn number(value: &FluentValue<'_>, language: Language) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(grouped(&format!("{:.0}", number.value), language)),
        _ => None,
    }
}
