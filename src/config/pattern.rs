//! Texts with `*` in them, as product rules and `include` have them.

use std::fmt;

/// An exact text, or one in which every `*` stands for any characters, also none. Upper and lower case differ.
/// Its `Debug` is the text itself, as it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    wild: bool,
}

impl Pattern {
    /// The pattern that is written so.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), wild: text.contains('*') }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it has a `*`.
    #[must_use]
    pub fn is_wild(&self) -> bool {
        self.wild
    }

    /// Whether all of `text` fits. Takes time in proportion to both lengths, whatever is written.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        if !self.wild {
            return self.text == text;
        }
        let mut parts = self.text.split('*');
        let first = parts.next().unwrap_or_default();
        let last = parts.next_back().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
        // The leftmost place of each part leaves the most to those after it.
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).matches(text)
    }

    #[test]
    fn a_star_stands_for_anything_and_for_nothing() {
        for (pattern, text) in
            [("*", ""), ("*", "a"), ("a*", "a"), ("a*", "abc"), ("*c", "abc"), ("a*c", "ac"), ("a**c", "abc"), ("*b*", "abc")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a*", "ba"), ("*c", "cb"), ("a*a", "a"), ("ab*ba", "aba"), ("*b*", "ac"), ("a*b*c", "acb")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn without_a_star_it_is_the_text_itself() {
        assert!(fits("Naxos Jazz", "Naxos Jazz"));
        assert!(!fits("Naxos Jazz", "naxos jazz"));
        assert!(!fits("Naxos", "Naxos Jazz"));
        assert!(!fits("a?c", "abc"));
    }

    /// The definition, slow.
    fn by_definition(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|at| by_definition(rest, &text[at..])),
            Some((first, rest)) => text.first() == Some(first) && by_definition(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_the_definition_matches(pattern in "[aæ*]{0,7}", text in "[aæb]{0,8}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(fits(&pattern, &text), by_definition(&p, &t));
        }
    }
}
