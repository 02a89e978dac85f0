//! What is wrong with a configuration, and where.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `file:line:column`, the name of an environment variable, or a file.
    pub place: String,
    /// The setting, as `harvest.pause`; empty if it is about none.
    pub key: String,
    /// What is wrong, and what would be right. Never a secret.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.place, &self.key] {
            if !part.is_empty() {
                write!(f, "{part}: ")?;
            }
        }
        f.write_str(&self.what)
    }
}

/// Why there are no settings: everything that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [problem] = self.problems.as_slice() {
            return problem.fmt(f);
        }
        write!(f, "the configuration has {} problems:", self.problems.len())?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

/// The candidate that was probably meant.
pub(super) fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&given, &candidate.to_lowercase());
    let (distance, candidate) = candidates.into_iter().map(|c| (distance(c), c)).min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + given.chars().count() / 4).then_some(candidate)
}

/// `; did you mean 'x'?`, or nothing.
pub(super) fn did_you_mean<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(given, candidates).map_or_else(String::new, |meant| format!("; did you mean '{meant}'?"))
}

/// A text from a file, fit to be shown: not too long, on one line.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect();
    if text.chars().nth(80).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told_if_it_is_near() {
        let known = ["harvest.pause", "harvest.timeout", "http.listen"];
        assert_eq!(nearest("harvest.pasue", known), Some("harvest.pause"));
        assert_eq!(nearest("http.Listen", known), Some("http.listen"));
        assert_eq!(nearest("something.else", known), None);
    }

    #[test]
    fn several_problems_are_all_told() {
        let problem = |key: &str| Problem { place: "a.toml:1:1".into(), key: key.into(), what: "is wrong".into() };
        assert_eq!(ConfigError { problems: vec![problem("a")] }.to_string(), "a.toml:1:1: a: is wrong");
        let two = ConfigError { problems: vec![problem("a"), problem("")] }.to_string();
        assert_eq!(two, "the configuration has 2 problems:\n  a.toml:1:1: a: is wrong\n  a.toml:1:1: is wrong");
    }
}
