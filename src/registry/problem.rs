//! What is wrong with people's files, said so that they can put it right.
//!
//! A [`Problem`] has a place and says what is wrong there; [`Problems`] are all of them, since nobody wants to
//! find them one import at a time. [`did_you_mean`] guesses what a mistyped name was meant to be.

use std::fmt;

/// How many problems are shown; the others are counted.
const SHOWN: usize = 50;

/// Longer words are no slips of known names, and cost time to compare.
const LONGEST_WORD: usize = 200;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// The line, from 1; 0: the file as a whole.
    pub line: u64,
    /// The column's name; empty: the line as a whole.
    pub column: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// `file:line: column: what`, without the parts that are not known.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        f.write_str(": ")?;
        if !self.column.is_empty() {
            write!(f, "{}: ", self.column)?;
        }
        f.write_str(&self.what)
    }
}

/// All that is wrong with some files. Never empty where it is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// All of them, in the order in which they were found.
    #[must_use]
    pub fn all(&self) -> &[Problem] {
        &self.0
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One more.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Whether one more would still be shown: if not, a costly guess in its text is not worth making.
    #[must_use]
    pub fn shows_more(&self) -> bool {
        self.0.len() < SHOWN
    }

    /// In the order of files (as `names` has them) and lines, then as found.
    pub fn sort(&mut self, names: &[&str]) {
        self.0.sort_by_key(|p| (names.iter().position(|name| *name == p.file), p.line));
    }
}

impl Extend<Problem> for Problems {
    fn extend<T: IntoIterator<Item = Problem>>(&mut self, problems: T) {
        self.0.extend(problems);
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}

/// The first fifty, a line each, and how many more there are.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().take(SHOWN).enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        if self.0.len() > SHOWN {
            write!(f, "\nand {} more", self.0.len() - SHOWN)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The known name that is so near to `word` that it was probably meant; case does not count.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > LONGEST_WORD {
        return None;
    }
    let word = word.to_lowercase();
    // One slip in three letters is a slip; more is another word.
    let most = (word.chars().count() / 3).clamp(1, 4);
    known
        .filter(|name| name.len().abs_diff(word.len()) <= 4 * most)
        .map(|name| (strsim::damerau_levenshtein(&word, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name)
}

/// ` (did you mean 'x'?)`, or nothing if no known name is near.
#[must_use]
pub fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |name| format!(" (did you mean '{name}'?)"))
}

/// At most `length` characters of a value, for a message.
#[must_use]
pub fn shortened(value: &str, length: usize) -> String {
    if value.chars().count() <= length { value.to_owned() } else { value.chars().take(length).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: u64, column: &str) -> Problem {
        Problem { file: "a.csv".into(), line, column: column.into(), what: "is wrong".into() }
    }

    #[test]
    fn a_problem_says_its_place_as_far_as_it_has_one() {
        assert_eq!(problem(3, "range").to_string(), "a.csv:3: range: is wrong");
        assert_eq!(problem(3, "").to_string(), "a.csv:3: is wrong");
        assert_eq!(problem(0, "").to_string(), "a.csv: is wrong");
    }

    #[test]
    fn fifty_problems_are_shown_and_the_others_counted() {
        let problems = |n| Problems::from((1..=n).map(|line| problem(line, "")).collect::<Vec<_>>());
        assert_eq!(problems(50).to_string().lines().count(), 50);
        let shown = problems(73).to_string();
        assert_eq!(shown.lines().count(), 51);
        assert!(shown.ends_with("a.csv:50: is wrong\nand 23 more"), "{shown}");
        assert_eq!(problems(73).len(), 73);
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_another_word_is_not() {
        let known = ["idunn", "naxos", "pressreader"];
        assert_eq!(did_you_mean("idun", known.into_iter()), " (did you mean 'idunn'?)");
        assert_eq!(did_you_mean("Naxso", known.into_iter()), " (did you mean 'naxos'?)");
        assert_eq!(did_you_mean("PRESREADER", known.into_iter()), " (did you mean 'pressreader'?)");
        assert_eq!(did_you_mean("wiley", known.into_iter()), "");
        assert_eq!(did_you_mean("", known.into_iter()), "");
        assert_eq!(did_you_mean(&"x".repeat(100_000), known.into_iter()), "");
    }
}
