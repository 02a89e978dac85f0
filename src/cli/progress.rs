//! How a harvest shows itself: a bar on a terminal, and each finished request with `-v`.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::printer::Printer;
use crate::harvest::{Progress, RequestReport};
use crate::model::{AccountId, MonthState, ReportId, SourceId};

/// The bar.
pub struct Bar {
    bar: ProgressBar,
    sources: AtomicUsize,
    planned: AtomicUsize,
    bytes: AtomicU64,
    rows: AtomicU64,
    months: AtomicUsize,
    waiting: AtomicUsize,
    failing: AtomicUsize,
}

impl Bar {
    /// A bar, if bars may be drawn.
    pub fn new(printer: Printer) -> Self {
        let target = if printer.may_draw() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{spinner} {pos}/{len} requests [{bar:28}] {msg}");
        let bar = ProgressBar::with_draw_target(Some(0), target);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        Self {
            bar,
            sources: AtomicUsize::new(0),
            planned: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            months: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            failing: AtomicUsize::new(0),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn draw(&self) {
        let now = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        let mut words = format!(
            "from {} sources: {} of {} months, {}, {} rows",
            now(&self.sources),
            now(&self.months),
            now(&self.planned),
            HumanBytes(self.bytes.load(Ordering::Relaxed)),
            self.rows.load(Ordering::Relaxed)
        );
        for (count, what) in [(now(&self.waiting), "waiting"), (now(&self.failing), "failing")] {
            if count > 0 {
                words.push_str(&format!(", {count} {what}"));
            }
        }
        self.bar.set_message(words);
    }
}

impl Progress for Bar {
    fn planned(&self, sources: usize, requests: usize, months: usize) {
        self.sources.store(sources, Ordering::Relaxed);
        self.planned.store(months, Ordering::Relaxed);
        self.bar.set_length(requests as u64);
        self.draw();
    }

    fn received(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.draw();
    }

    fn asking(&self, source: &SourceId, account: &AccountId, report: &ReportId) {
        tracing::debug!(%source, %account, %report, "asking");
        self.bar.tick();
    }

    fn settled(&self, report: &RequestReport) {
        let task = &report.task;
        let states: Vec<String> = report.outcomes.iter().map(|o| format!("{} {}", o.month, o.state)).collect();
        tracing::info!(source = %task.source, account = %task.account, report = %task.report, rows = report.rows, months = states.join(", "), "settled");
        self.rows.fetch_add(report.rows, Ordering::Relaxed);
        self.months.fetch_add(report.outcomes.iter().filter(|o| o.state == MonthState::Harvested).count(), Ordering::Relaxed);
        if !report.comes_again {
            self.waiting.fetch_add(report.outcomes.iter().filter(|o| o.state == MonthState::Waiting).count(), Ordering::Relaxed);
            self.failing.fetch_add(report.outcomes.iter().filter(|o| o.state == MonthState::Failing).count(), Ordering::Relaxed);
            self.bar.inc(1);
        }
        self.draw();
    }

    fn waiting(&self, _jobs: usize, how_long: Duration) {
        self.bar.set_message(format!("waiting {} s for what a vendor is preparing", how_long.as_secs() + 1));
    }
}
