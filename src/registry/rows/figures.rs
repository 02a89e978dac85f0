//! Counts by month that are not vendors' reports: sessions at the access control, and figures that people have divided by hand.

use super::{Cells, QUOTED, key, optional, required, shortened, without_thousands};
use crate::model::registry::{CellError, Column, Kind, ManualFigure, Row};
use crate::model::{AccountId, SessionCount};

/// What is stored of sessions: a month at a time. Files of events are read by [`crate::registry::sessions`].
impl Row for SessionCount {
    const KIND: Kind = Kind::Sessions;
    const COLUMNS: &'static [Column] = &[key("institution"), key("product"), key("month"), required("sessions")];

    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>> {
        let mut c = Cells::new(Self::COLUMNS, cells);
        let (institution, product, month) = (c.id("institution"), c.id("product"), c.id("month"));
        let sessions = count(&mut c, "sessions");
        let row = (|| Some(Self { institution: institution?, product: product?, month: month?, sessions: sessions? }))();
        c.finish(row)
    }

    fn cells(&self) -> Vec<String> {
        vec![self.institution.to_string(), self.product.to_string(), self.month.to_string(), self.sessions.to_string()]
    }
}

impl Row for ManualFigure {
    const KIND: Kind = Kind::Statistics;
    const COLUMNS: &'static [Column] = &[
        key("institution"),
        key("product"),
        key("month"),
        key("report"),
        key("metric"),
        required("value"),
        optional("note"),
        optional("instead_of"),
    ];

    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>> {
        let mut c = Cells::new(Self::COLUMNS, cells);
        let (institution, product, month, report) = (c.id("institution"), c.id("product"), c.id("month"), c.id("report"));
        let (metric, value, note, instead_of) = (metric(&mut c), count(&mut c, "value"), c.text("note"), accounts(&mut c));
        let row = (|| {
            Some(Self {
                institution: institution?,
                product: product?,
                month: month?,
                report: report?,
                metric: metric?,
                value: value?,
                note: note?,
                instead_of: instead_of?,
            })
        })();
        c.finish(row)
    }

    fn cells(&self) -> Vec<String> {
        let instead_of: Vec<&str> = self.instead_of.iter().map(AccountId::as_str).collect();
        vec![
            self.institution.to_string(),
            self.product.to_string(),
            self.month.to_string(),
            self.report.to_string(),
            self.metric.clone(),
            self.value.to_string(),
            self.note.clone(),
            instead_of.join(" "),
        ]
    }
}

/// A whole number from 0, below 2^63; thousands may stand apart.
fn count(c: &mut Cells<'_>, column: &'static str) -> Option<u64> {
    let cell = c.get(column);
    let number = without_thousands(cell).and_then(|n| n.parse::<u64>().ok()).filter(|n| i64::try_from(*n).is_ok());
    match number {
        Some(number) => Some(number),
        None => c.wrong(column, format!("'{}' is not a whole number from 0", shortened(cell, QUOTED))),
    }
}

/// A metric's name, as COUNTER or the vendor has it.
fn metric(c: &mut Cells<'_>) -> Option<String> {
    let text = c.filled("metric")?;
    if text.len() > 200 || text.contains(char::is_whitespace) {
        return c.wrong("metric", format!("'{}' is not a metric; they look like Total_Item_Requests", shortened(&text, QUOTED)));
    }
    Some(text)
}

/// Account ids, separated by spaces.
fn accounts(c: &mut Cells<'_>) -> Option<Vec<AccountId>> {
    let mut accounts = Vec::new();
    for word in c.get("instead_of").split([' ', ',', ';']).filter(|word| !word.is_empty()) {
        match word.parse::<AccountId>() {
            Ok(account) => accounts.push(account),
            Err(error) => return c.wrong("instead_of", format!("{error}: '{}'", shortened(word, QUOTED))),
        }
    }
    accounts.sort_unstable();
    accounts.dedup();
    Some(accounts)
}
