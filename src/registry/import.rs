//! Files of one kind against what is stored: the changes to make, or everything that is wrong. Nothing is half imported.
//!
//! [`import`] reads all files ([`read`]), looks for rows that contradict one another or name something
//! unknown ([`check`]), compares with what is stored ([`difference`]), and gives an [`Imported`]. It does no I/O; the
//! sealing of secrets comes in as a function, so that a secret in clear never becomes part of a row.

mod check;
mod difference;
mod keys;
mod read;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use self::check::{Known as Ids, Rules};
use super::problem::{Problem, Problems};
use crate::model::registry::{
    Account, Change, Claim, ConsortiumMember, Institution, Kind, ManualFigure, Municipality, Persons, Product, Registry, Subscription,
    Transition, Vendor,
};
use crate::model::{AccountId, InstitutionId, KeyRow, Month, ProductId, SessionCount};

pub use difference::{Difference, changes};

/// A file, as it was read.
#[derive(Debug, Clone, Copy)]
pub struct FileInput<'a> {
    /// Its name in messages; one that ends in `.xml` may be the national library register.
    pub name: &'a str,
    /// All of it.
    pub bytes: &'a [u8],
}

/// What is known beside the registry.
#[derive(Debug, Clone, Default)]
pub struct Known<'a> {
    /// The ids of the configured sources.
    pub sources: Vec<&'a str>,
    /// The accounts that figures by hand stand instead of, beside those that the files name.
    pub instead_of: Vec<&'a str>,
    /// Which accounts give an institution figures of a product in a month; what matters to figures by hand.
    pub given: HashMap<(InstitutionId, ProductId, Month), BTreeSet<AccountId>>,
}

/// Seals a secret: the account, the column, the secret in clear; gives what is stored, or why it cannot be sealed.
/// The same secret of the same account and column must give the same text.
pub type Seal<'a> = dyn FnMut(&AccountId, &'static str, &str) -> Result<String, String> + 'a;

/// What an import does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows that are removed, then those that are replaced, then those that are added, each in the order of identity.
    pub changes: Vec<Change>,
    /// How many rows the files have. A cell with several ranges makes several stored rows of one.
    pub rows: usize,
    /// How many rows are new.
    pub added: usize,
    /// How many have other contents than before.
    pub replaced: usize,
    /// How many are no more.
    pub removed: usize,
    /// How many are stored already, just so.
    pub unchanged: usize,
    /// What is odd but does no harm, with its place.
    pub warnings: Vec<String>,
}

/// Reads the files of one kind. With `replace` they are the whole truth of their kind: what they lack is removed.
///
/// # Errors
/// All that is wrong with the files, sorted by file and line.
pub fn import(
    kind: Kind,
    files: &[FileInput<'_>],
    stored: &Registry,
    known: &Known<'_>,
    replace: bool,
    today: NaiveDate,
    seal: &mut Seal<'_>,
) -> Result<Imported, Problems> {
    let names = files.iter().map(|file| file.name.to_owned()).collect();
    let run = Run { files, names, stored, known, replace, today, problems: Problems::default(), warnings: Vec::new(), rows: 0 };
    match kind {
        Kind::Municipalities => run.finish::<Municipality>(seal),
        Kind::Transitions => run.finish::<Transition>(seal),
        Kind::Institutions => run.finish::<Institution>(seal),
        Kind::Persons => run.finish::<Persons>(seal),
        Kind::Networks => run.finish::<Claim>(seal),
        Kind::Vendors => run.finish::<Vendor>(seal),
        Kind::Products => run.finish::<Product>(seal),
        Kind::Subscriptions => run.finish::<Subscription>(seal),
        Kind::Accounts => run.finish::<Account>(seal),
        Kind::Members => run.finish::<ConsortiumMember>(seal),
        Kind::Keys => run.finish::<KeyRow>(seal),
        Kind::Sessions => run.finish::<SessionCount>(seal),
        Kind::Statistics => run.finish::<ManualFigure>(seal),
    }
}

/// Where a row stands: the number of its file, and its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    file: usize,
    line: u64,
}

/// A row and its place.
struct Placed<R> {
    row: R,
    identity: Vec<String>,
    at: Place,
}

struct Run<'a> {
    files: &'a [FileInput<'a>],
    /// The files as messages name them: of a workbook, its sheet too.
    names: Vec<String>,
    stored: &'a Registry,
    known: &'a Known<'a>,
    replace: bool,
    today: NaiveDate,
    problems: Problems,
    warnings: Vec<Problem>,
    rows: usize,
}

impl Run<'_> {
    fn problem(&self, at: Place, column: &str, what: impl Into<String>) -> Problem {
        let file = self.names.get(at.file).cloned().unwrap_or_default();
        Problem { file, line: at.line, column: column.to_owned(), what: what.into() }
    }

    fn wrong(&mut self, at: Place, column: &str, what: impl Into<String>) {
        let problem = self.problem(at, column, what);
        self.problems.push(problem);
    }

    fn warn(&mut self, at: Place, column: &str, what: impl Into<String>) {
        let warning = self.problem(at, column, what);
        self.warnings.push(warning);
    }

    fn finish<R: Rules>(mut self, seal: &mut Seal<'_>) -> Result<Imported, Problems> {
        let rows = self.read::<R>(seal);
        let mut rows = self.without_twins(rows);
        for (at, column, what) in R::settle(&mut rows, self.stored, self.replace) {
            self.wrong(at, column, what);
        }
        let stored = R::stored(self.stored);
        let new: HashSet<&[String]> = rows.iter().map(|placed| placed.identity.as_slice()).collect();
        let kept: Vec<&R> = if self.replace { Vec::new() } else { stored.iter().filter(|row| !new.contains(&*row.identity())).collect() };
        self.overlaps(&rows, &kept);
        self.references(&rows);
        if self.replace && rows.is_empty() && self.problems.is_empty() && !stored.is_empty() {
            let what = format!(
                "has no rows, and --replace would remove all {} {}; leave out --replace, or give the rows that stay",
                stored.len(),
                R::KIND
            );
            self.wrong(Place { file: 0, line: 0 }, "", what);
        }
        if self.replace && self.problems.is_empty() {
            self.removals::<R>(&rows);
        }
        if !self.problems.is_empty() {
            let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
            self.problems.sort(&names);
            return Err(self.problems);
        }
        let rows: Vec<R> = rows.into_iter().map(|placed| placed.row).collect();
        let Difference { changes, added, replaced, removed, unchanged } = changes(stored, &rows, self.replace);
        let warnings = self.warnings.iter().map(ToString::to_string).collect();
        Ok(Imported { changes, rows: self.rows, added, replaced, removed, unchanged, warnings })
    }

    /// The rows without those that stand there again just so; those that stand there again otherwise are problems.
    fn without_twins<R: Rules>(&mut self, rows: Vec<Placed<R>>) -> Vec<Placed<R>> {
        let mut first: HashMap<Vec<String>, usize> = HashMap::with_capacity(rows.len());
        let mut single: Vec<Placed<R>> = Vec::with_capacity(rows.len());
        for placed in rows {
            let Some(twin) = first.get(&placed.identity).and_then(|at| single.get(*at)) else {
                first.insert(placed.identity.clone(), single.len());
                single.push(placed);
                continue;
            };
            if twin.row != placed.row {
                let (a, b) = (twin.row.cells(), placed.row.cells());
                let other: Vec<&str> = R::COLUMNS.iter().zip(a.iter().zip(&b)).filter(|(_, (a, b))| a != b).map(|(c, _)| c.name).collect();
                let what = format!("stands at {} too, with another {}; keep one of them", self.said(twin.at), other.join(", "));
                self.wrong(placed.at, "", what);
            }
        }
        single
    }

    /// A place, as in `file:line`.
    fn said(&self, at: Place) -> String {
        format!("{}:{}", self.names.get(at.file).map_or("", String::as_str), at.line)
    }

    /// Rows that name something unknown.
    fn references<R: Rules>(&mut self, rows: &[Placed<R>]) {
        let ids = Ids::new(self.stored, self.known, self.today);
        for placed in rows {
            let mut remarks = check::Remarks::new(self.problems.shows_more());
            placed.row.check(&ids, &mut remarks);
            for (column, what) in remarks.wrong {
                self.wrong(placed.at, column, what);
            }
            for (column, what) in remarks.odd {
                self.warn(placed.at, column, what);
            }
        }
    }

    /// Rows that are valid at the same time as others and must not be, among those of the files and those that stay.
    fn overlaps<R: Rules>(&mut self, rows: &[Placed<R>], kept: &[&R]) {
        let mut groups: HashMap<[String; 2], Vec<(&R, Option<Place>)>> = HashMap::new();
        for (row, at) in rows.iter().map(|p| (&p.row, Some(p.at))).chain(kept.iter().map(|row| (*row, None))) {
            if let Some(key) = row.one_at_a_time() {
                groups.entry(key).or_default().push((row, at));
            }
        }
        let mut found = Vec::new();
        for mut group in groups.into_values().filter(|group| group.len() > 1) {
            group.sort_by_key(|(row, _)| row.valid().from);
            // Of those that began before, the one that ends last is in the way of the next, if any is.
            let mut longest = group[0];
            for next in &group[1..] {
                if longest.0.valid().meets(next.0.valid()) {
                    found.push((longest, *next));
                }
                if longest.0.valid().to.is_some_and(|end| next.0.valid().to.is_none_or(|to| to > end)) {
                    longest = *next;
                }
            }
        }
        for ((early, early_at), (late, late_at)) in found {
            let (at, other, other_at) = match (early_at, late_at) {
                (_, Some(at)) => (at, early, early_at),
                (Some(at), None) => (at, late, None),
                (None, None) => continue,
            };
            let other_said = other_at.map_or_else(|| "the stored row".to_owned(), |at| self.said(at));
            let hint = if other_at.is_none() { "; give that one its end (valid_to) in the same import" } else { "" };
            let (column, why) = other.clash().unwrap_or(("valid_from", "is valid at the same time as".to_owned()));
            let what = format!("{why} {other_said} ({}){hint}", check::days(other.valid()));
            self.wrong(at, column, what);
        }
    }

    /// Rows that the files lack although something else names them.
    fn removals<R: Rules>(&mut self, rows: &[Placed<R>]) {
        let left: HashSet<&str> = rows.iter().filter_map(|placed| placed.row.name()).collect();
        let gone: HashSet<&str> = R::stored(self.stored).iter().filter_map(Rules::name).filter(|name| !left.contains(name)).collect();
        let mut gone: Vec<&str> = gone.into_iter().collect();
        gone.sort_unstable();
        for (name, by) in check::still_named(R::KIND, &gone, self.stored) {
            let by: Vec<String> = by.iter().map(|(kind, count)| format!("{kind} ({count})")).collect();
            let what = format!("lacks '{name}', which is still named in {}; keep it, with an end, or remove those first", by.join(", "));
            self.wrong(Place { file: 0, line: 0 }, R::COLUMNS[0].name, what);
        }
    }
}
