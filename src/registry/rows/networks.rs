//! Claims of addresses. A row holds one range; a cell with several is several rows, which the importer makes of it.

use super::{Cells, QUOTED, key, open, optional, optional_key, shortened};
use crate::model::AddressRange;
use crate::model::notation::{canonical, parse_ranges};
use crate::model::registry::{CellError, Claim, Column, Kind, Row};

impl Row for Claim {
    const KIND: Kind = Kind::Networks;
    const COLUMNS: &'static [Column] =
        &[key("institution"), key("range"), optional_key("valid_from"), optional("valid_to"), optional("exclusive"), optional("note")];

    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>> {
        let mut c = Cells::new(Self::COLUMNS, cells);
        let (institution, range, valid) = (c.id("institution"), range(&mut c), c.validity());
        let (exclusive, note) = (exclusive(&mut c), c.text("note"));
        let row = (|| Some(Self { institution: institution?, range: range?, valid: valid?, exclusive: exclusive?, note: note? }))();
        c.finish(row)
    }

    fn cells(&self) -> Vec<String> {
        let exclusive = if self.exclusive { "yes" } else { "" };
        vec![
            self.institution.to_string(),
            self.range.to_string(),
            open(self.valid.from),
            open(self.valid.to),
            exclusive.to_owned(),
            self.note.clone(),
        ]
    }
}

fn range(c: &mut Cells<'_>) -> Option<AddressRange> {
    let cell = c.get("range");
    if let Some(range) = canonical(cell) {
        return Some(range);
    }
    match parse_ranges(cell) {
        Ok(ranges) => match *ranges {
            [range] => Some(range),
            _ => c.wrong("range", format!("stands for {} ranges, a row for one", ranges.len())),
        },
        Err(error) => c.wrong("range", error.to_string()),
    }
}

fn exclusive(c: &mut Cells<'_>) -> Option<bool> {
    let cell = c.get("exclusive");
    match cell.to_lowercase().as_str() {
        "" => Some(false),
        "yes" => Some(true),
        _ => c.wrong("exclusive", format!("'{}' is neither yes nor empty", shortened(cell, QUOTED))),
    }
}
