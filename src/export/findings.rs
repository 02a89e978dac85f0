//! Rows of `export findings`: what makes no sense in what vendors reported.

use super::rows::{Cell, Table, Text};
use crate::model::SourceId;
use crate::model::finding::ReportFinding;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRow {
    /// The source that was asked, if it is known.
    pub source: Option<SourceId>,
    /// What was found.
    pub finding: ReportFinding,
    /// When it was first found: RFC 3339 in UTC.
    pub found_at: Text,
}

impl Table for FindingRow {
    const SHEET: &'static str = "Funn";
    const COLUMNS: &'static [&'static str] = &["source", "account", "report", "month", "kind", "product", "what", "found_at"];

    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        let finding = &self.finding;
        [
            Cell::text(self.source.as_ref().map_or("", SourceId::as_str)),
            Cell::text(finding.account.as_str()),
            Cell::text(finding.report.as_str()),
            Cell::Month(finding.month),
            Cell::text(finding.kind.as_str()),
            Cell::text(finding.product.as_ref().map_or("", crate::model::ProductId::as_str)),
            Cell::text(&finding.what),
            Cell::text(&self.found_at),
        ]
        .into_iter()
    }
}
