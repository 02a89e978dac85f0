//! How a harvest shows itself: a bar on a terminal, and each finished request with `-v`.
//!
//! [`Tally`] counts and finds the words; [`Bar`] draws them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::printer::Printer;
use super::table::grouped;
use crate::harvest::{Progress, RequestReport};
use crate::model::{AccountId, MonthState, ReportId, SourceId};

/// How far a harvest has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Tally {
    sources: usize,
    /// Requests, all that are known of.
    requests: u64,
    /// Those that have had their last word.
    done: u64,
    /// Months of reports that were planned.
    planned: usize,
    /// Those that came, or are empty.
    months: usize,
    bytes: u64,
    rows: u64,
    /// Months left to a later run.
    later: usize,
    failing: usize,
    /// Requests that wait within the run, and for how long the first of them does.
    waiting: usize,
    how_long: Duration,
}

impl Tally {
    fn settled(&mut self, report: &RequestReport) {
        let count = |states: &[MonthState]| report.outcomes.iter().filter(|outcome| states.contains(&outcome.state)).count();
        self.rows += report.rows;
        self.months += count(&[MonthState::Harvested, MonthState::Empty]);
        if !report.comes_again {
            self.later += count(&[MonthState::Waiting]);
            self.failing += count(&[MonthState::Failing]);
            self.done += 1;
        }
    }

    fn words(&self) -> String {
        let mut words = format!(
            "from {} sources: {} of {} months, {}, {} rows",
            self.sources,
            self.months,
            self.planned,
            HumanBytes(self.bytes),
            grouped(self.rows)
        );
        for (count, what) in [(self.later, "left for later"), (self.failing, "failing")] {
            if count > 0 {
                words.push_str(&format!(", {count} {what}"));
            }
        }
        let seconds = self.how_long.as_millis().div_ceil(1000);
        match self.waiting {
            0 => {}
            1 => words.push_str(&format!("; 1 request waits {seconds} s for its vendor")),
            several => words.push_str(&format!("; {several} requests wait for their vendors, the first {seconds} s")),
        }
        words
    }
}

/// The bar.
pub struct Bar {
    bar: ProgressBar,
    tally: Mutex<Tally>,
}

impl Bar {
    /// A bar, if bars may be drawn.
    pub fn new(printer: Printer) -> Self {
        let target = if printer.may_draw() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{spinner} {pos}/{len} requests [{bar:28}] {msg}");
        let bar = ProgressBar::with_draw_target(Some(0), target);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        Self { bar, tally: Mutex::default() }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        // A panic elsewhere does not make the counts wrong.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts, and draws if that changed anything.
    fn count(&self, change: impl FnOnce(&mut Tally)) {
        let mut tally = self.tally();
        let before = tally.clone();
        change(&mut tally);
        if *tally != before {
            self.bar.set_length(tally.requests);
            self.bar.set_position(tally.done);
            self.bar.set_message(tally.words());
        }
    }
}

impl Progress for Bar {
    fn planned(&self, sources: usize, requests: usize, months: usize) {
        self.count(|tally| *tally = Tally { sources, requests: requests as u64, planned: months, ..Tally::default() });
    }

    fn added(&self, requests: usize) {
        self.count(|tally| tally.requests += requests as u64);
    }

    fn received(&self, bytes: u64) {
        self.count(|tally| tally.bytes += bytes);
    }

    fn asking(&self, source: &SourceId, account: &AccountId, report: &ReportId) {
        tracing::debug!(%source, %account, %report, "asking");
        self.bar.tick();
    }

    fn settled(&self, report: &RequestReport) {
        let task = &report.task;
        let states: Vec<String> = report.outcomes.iter().map(|o| format!("{} {}", o.month, o.state)).collect();
        tracing::info!(source = %task.source, account = %task.account, report = %task.report, rows = report.rows, months = states.join(", "), "settled");
        self.count(|tally| tally.settled(report));
    }

    fn waiting(&self, requests: usize, how_long: Duration) {
        self.count(|tally| (tally.waiting, tally.how_long) = (requests, how_long));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MonthOutcome, MonthRange};
    use crate::schedule::Task;

    fn request(states: &[MonthState], comes_again: bool) -> RequestReport {
        let first: crate::model::Month = "2024-10".parse().unwrap();
        let outcomes: Vec<_> =
            states.iter().zip(first.index()..).map(|(state, i)| MonthOutcome::plain(first.plus(i - first.index()), *state)).collect();
        RequestReport {
            task: Task {
                source: SourceId::trusted("s"),
                account: AccountId::trusted("a"),
                report: ReportId::trusted("PR"),
                months: MonthRange::new(first, first.plus(2)),
            },
            outcomes,
            changes: Vec::new(),
            rows: 1500,
            findings: 0,
            bytes: 0,
            notes: Vec::new(),
            comes_again,
            trouble: false,
        }
    }

    fn bar() -> Bar {
        let bar = Bar::new(Printer::new(false, true));
        bar.planned(2, 3, 9);
        bar
    }

    #[test]
    fn what_waits_in_the_run_stands_beside_the_counts() {
        use MonthState::{Empty, Harvested};
        let bar = bar();
        bar.received(2048);
        bar.settled(&request(&[Harvested, Harvested, Empty], false));
        bar.waiting(3, Duration::from_millis(11_200));
        assert_eq!(
            bar.bar.message(),
            "from 2 sources: 3 of 9 months, 2.00 KiB, 1\u{a0}500 rows; 3 requests wait for their vendors, the first 12 s"
        );
        bar.waiting(1, Duration::from_secs(2));
        assert!(bar.bar.message().ends_with("1\u{a0}500 rows; 1 request waits 2 s for its vendor"), "{}", bar.bar.message());
        bar.waiting(0, Duration::ZERO);
        assert!(bar.bar.message().ends_with("1\u{a0}500 rows"), "{}", bar.bar.message());
    }

    #[test]
    fn the_bar_grows_with_what_is_added_and_ends_full() {
        use MonthState::{Failing, Harvested, Waiting};
        let bar = bar();
        let place = || (bar.bar.position(), bar.bar.length());
        // One waits and comes again, one goes to the other release as two, one is asked for a month at a time.
        bar.settled(&request(&[Waiting, Waiting, Waiting], true));
        assert_eq!(place(), (0, Some(3)));
        assert!(!bar.bar.message().contains("later"), "its last word is to come: {}", bar.bar.message());
        bar.added(2);
        bar.settled(&request(&[], false));
        bar.added(3);
        bar.settled(&request(&[], false));
        assert_eq!(place(), (2, Some(8)));
        for states in [[Harvested; 1], [Harvested], [Harvested], [Harvested], [Waiting], [Failing]] {
            bar.settled(&request(&states, false));
        }
        assert_eq!(place(), (8, Some(8)));
        assert!(bar.bar.message().ends_with("1 left for later, 1 failing"), "{}", bar.bar.message());
    }
}
