//! What a table says of itself in totals, held against its rows.
//!
//! Totals are never counted. A row whose `Reporting_Period_Total` is not the sum of its months, and a totals row that is not the sum of
//! its table, are noted: vendors get totals wrong (of `Unique_*` most of all), and the months are what was counted. But if most rows claim
//! more than their months hold, months are missing; and if a totals row claims use where no row has any, rows are missing. To take such a
//! table would be to store figures that it says itself are too low, so it is refused.

use crate::formats::notes::Notes;

/// So many metrics are added up, and so many totals rows kept.
const METRICS: usize = 200;
const CLAIMS: usize = 1000;

/// Rows that claim more than they hold are no longer single slips from so many on.
const SLIPS: u64 = 5;

/// A totals row.
#[derive(Debug)]
struct Claim {
    /// Nothing if it is about all metrics together.
    metric: Option<String>,
    counts: Vec<Option<u64>>,
    place: String,
}

/// The sums of a table.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// By metric, then by column.
    sums: Vec<(String, Vec<u128>)>,
    at: usize,
    /// How many columns have counts.
    columns: usize,
    claims: Vec<Claim>,
    /// Rows whose total could be compared, and those that claim more than their months hold.
    compared: u64,
    short: u64,
    first: Option<(String, u64, u64)>,
}

impl Totals {
    pub(super) fn new(columns: usize) -> Self {
        Self { columns, ..Self::default() }
    }

    /// Begins a row that counts this.
    pub(super) fn metric(&mut self, metric: &str) {
        if self.sums.get(self.at).is_some_and(|(known, _)| known == metric) {
            return;
        }
        self.at = self.sums.iter().position(|(known, _)| known == metric).unwrap_or(self.sums.len());
        if self.at == self.sums.len() && self.at < METRICS {
            self.sums.push((metric.to_owned(), vec![0; self.columns]));
        }
    }

    /// Adds a count of the row.
    pub(super) fn add(&mut self, column: usize, count: u64) {
        if let Some(sum) = self.sums.get_mut(self.at).and_then(|(_, sums)| sums.get_mut(column)) {
            *sum += u128::from(count);
        }
    }

    /// Holds a row's own total against its sum.
    pub(super) fn compare(&mut self, total: u64, sum: u64, is_unique: bool, notes: &mut Notes, place: impl Fn() -> String) {
        if total == 0 && sum == 0 {
            return;
        }
        if total != sum {
            notes.add("Reporting_Period_Total is not the sum of the row's months; the months count", || {
                format!("{}: {total} and {sum}", place())
            });
        }
        if !is_unique {
            self.compared += 1;
            if total > sum {
                self.short += 1;
                self.first.get_or_insert_with(|| (place(), total, sum));
            }
        }
    }

    /// Takes a totals row.
    pub(super) fn claim(&mut self, metric: &str, counts: Vec<Option<u64>>, place: String) {
        if self.claims.len() < CLAIMS {
            let metric = (!metric.is_empty()).then(|| metric.to_owned());
            self.claims.push(Claim { metric, counts, place });
        }
    }

    /// Compares all. `name` says what a column is called. What is wrong is its place and what follows it.
    pub(super) fn finish(&self, notes: &mut Notes, name: impl Fn(usize) -> String) -> Result<(), (String, String)> {
        if let Some((place, total, sum)) = &self.first
            && self.short >= SLIPS
            && self.short * 2 > self.compared
        {
            let what = format!(
                "Reporting_Period_Total is {total} and the months add up to {sum}, and so it is in {} of {} rows: months are missing, or stand \
                 in the wrong columns",
                self.short, self.compared
            );
            return Err((place.clone(), what));
        }
        let nothing = self.sums.iter().all(|(_, sums)| sums.iter().all(|sum| *sum == 0));
        for claim in &self.claims {
            for (column, count) in claim.counts.iter().enumerate() {
                let Some(count) = count.map(u128::from) else { continue };
                if nothing && count > 0 {
                    let what = format!("{}: the totals row says {count}, and no row has any use: rows are missing", name(column));
                    return Err((claim.place.clone(), what));
                }
                let sum: u128 = self.of(claim).filter_map(|sums| sums.get(column)).sum();
                // Several totals rows of a metric are parts of it.
                let alike = self.claims.iter().filter(|other| other.metric == claim.metric);
                let together: u128 = alike.filter_map(|other| other.counts.get(column).copied().flatten()).map(u128::from).sum();
                if sum != count && sum != together {
                    notes.add("a totals row is not the sum of its rows; the rows count", || {
                        format!("{}, {}: {count} and {sum}", claim.place, name(column))
                    });
                }
            }
        }
        Ok(())
    }

    /// The sums that a totals row is about.
    fn of<'a>(&'a self, claim: &'a Claim) -> impl Iterator<Item = &'a Vec<u128>> {
        let is_meant = |metric: &str| claim.metric.as_deref().is_none_or(|claimed| claimed == metric);
        self.sums.iter().filter(move |(metric, _)| is_meant(metric)).map(|(_, sums)| sums)
    }
}

/// Whether a row is one of totals: by its name, and by whether something tells what it is about apart (a DOI, an ISBN).
pub(super) fn is_total(name: &str, is_identified: impl Fn() -> bool) -> bool {
    if !name.starts_with(['T', 't', 'A', 'a', 'S', 's', 'G', 'g']) || name.len() > 200 {
        return false;
    }
    let name = name.to_lowercase();
    let name = name.trim_end_matches([':', '.', ' ']);
    if ["total for ", "totals for ", "totalt for ", "sum for ", "total of all ", "total, all "].iter().any(|start| name.starts_with(start))
    {
        return !is_identified() || name.contains(" all") || name.contains(" alle");
    }
    let of_all = |all: &str, things: &[&str]| name.strip_prefix(all).is_some_and(|thing| things.contains(&thing));
    const THINGS: [&str; 10] =
        ["titles", "journals", "books", "databases", "items", "platforms", "collections", "publications", "publishers", "resources"];
    const TING: [&str; 7] = ["titler", "tidsskrifter", "bøker", "databaser", "plattformer", "samlinger", "utgivere"];
    let is_named = ["total", "totals", "totalt", "grand total", "sum", "sum total", "totalsum", "total usage"].contains(&name)
        || of_all("all ", &THINGS)
        || of_all("alle ", &TING);
    is_named && !is_identified()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(totals: &Totals) -> (Result<(), (String, String)>, Vec<String>) {
        let mut notes = Notes::default();
        let result = totals.finish(&mut notes, |column| format!("column {column}"));
        (result, notes.into_notes().iter().map(ToString::to_string).collect())
    }

    fn table(rows: &[(&str, &[u64])]) -> Totals {
        let mut totals = Totals::new(2);
        for (metric, counts) in rows {
            totals.metric(metric);
            counts.iter().enumerate().for_each(|(column, count)| totals.add(column, *count));
        }
        totals
    }

    #[test]
    fn totals_rows_are_compared_by_metric_together_or_in_parts() {
        let mut totals = table(&[("A", &[1, 2]), ("B", &[5, 0]), ("A", &[3, 4])]);
        totals.claim("A", vec![Some(4), Some(6)], "line 9".into());
        totals.claim("", vec![Some(9), None], "line 10".into());
        totals.claim("B", vec![Some(2), Some(0)], "line 11".into());
        totals.claim("B", vec![Some(3), Some(0)], "line 12".into());
        assert_eq!(finished(&totals), (Ok(()), vec![]));
        totals.claim("A", vec![Some(4), Some(7)], "line 13".into());
        assert_eq!(finished(&totals).1, ["a totals row is not the sum of its rows; the rows count (line 13, column 1: 7 and 6)"]);
    }

    #[test]
    fn a_table_whose_rows_are_gone_is_refused() {
        let mut totals = table(&[("A", &[0, 0])]);
        totals.claim("A", vec![Some(0), Some(7)], "line 9".into());
        let (place, what) = finished(&totals).0.unwrap_err();
        assert_eq!((&*place, &*what), ("line 9", "column 1: the totals row says 7, and no row has any use: rows are missing"));
    }

    #[test]
    fn rows_that_hold_less_than_they_claim_are_noted_until_most_do() {
        let mut totals = table(&[("A", &[1, 1])]);
        let mut notes = Notes::default();
        let mut compare = |totals: &mut Totals, total, unique| totals.compare(total, 2, unique, &mut notes, || "line 3".into());
        (0..4).for_each(|_| compare(&mut totals, 3, false));
        (0..9).for_each(|_| compare(&mut totals, 3, true));
        assert!(finished(&totals).0.is_ok(), "four slips");
        compare(&mut totals, 3, false);
        assert!(finished(&totals).0.unwrap_err().1.contains("3 and the months add up to 2, and so it is in 5 of 5 rows"));
        (0..5).for_each(|_| compare(&mut totals, 2, false));
        assert!(finished(&totals).0.is_ok(), "half of the rows are right");
        assert_eq!(notes.into_notes()[0].times, 14);
    }

    #[test]
    fn totals_rows_are_known_by_name_and_titles_by_what_identifies_them() {
        for name in
            ["Total", "TOTAL FOR ALL TITLES", "Total for all journals", "All Databases", "All titles", "Totalt", "Grand total:", "Sum"]
        {
            assert!(is_total(name, || false), "{name}");
        }
        assert!(is_total("Total for all journals", || true));
        for name in ["Total", "Sum", "All Databases"] {
            assert!(!is_total(name, || true), "{name}");
        }
        for name in ["", "Total Quality Management", "All about books", "Summa", "Totalitarian Movements", "Journal 1"] {
            assert!(!is_total(name, || false), "{name}");
        }
    }
}
