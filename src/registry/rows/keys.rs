//! Allocation keys. A row is one institution's part; what a key says beside that is the same in all of its rows.

use super::{Cells, QUOTED, key, open, optional, required, shortened};
use crate::model::notation::{joins_addresses, looks_like_addresses, parse_ranges};
use crate::model::registry::{CellError, Column, Kind, Row};
use crate::model::{AppliesTo, KeyMethod, KeyRow, KeyState, ProductId, Weight};

impl Row for KeyRow {
    const KIND: Kind = Kind::Keys;
    const COLUMNS: &'static [Column] = &[
        key("key"),
        optional("applies_to"),
        optional("product"),
        required("method"),
        key("institution"),
        optional("weight"),
        optional("valid_from"),
        optional("valid_to"),
        required("state"),
        optional("agreed_by"),
    ];

    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>> {
        let mut c = Cells::new(Self::COLUMNS, cells);
        let (key, applies_to, product) = (c.id("key"), applies_to(&mut c), product(&mut c));
        let method = c.word("method", &KeyMethod::ALL.map(KeyMethod::as_str));
        let (institution, weight) = (c.id("institution"), weight(&mut c, method));
        let (valid, state) = (c.validity(), c.word("state", &KeyState::ALL.map(KeyState::as_str)));
        let agreed_by = c.text("agreed_by");
        let row = (|| {
            Some(Self {
                key: key?,
                applies_to: applies_to?,
                product: product?,
                method: method?,
                institution: institution?,
                weight: weight?,
                valid: valid?,
                state: state?,
                agreed_by: agreed_by?,
            })
        })();
        c.finish(row)
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.key.to_string(),
            self.applies_to.to_string(),
            self.product.as_ref().map(ToString::to_string).unwrap_or_default(),
            self.method.to_string(),
            self.institution.to_string(),
            self.weight.map(|weight| weight.to_string()).unwrap_or_default(),
            open(self.valid.from),
            open(self.valid.to),
            self.state.to_string(),
            self.agreed_by.clone(),
        ]
    }
}

/// An account, one range, or nothing in particular.
fn applies_to(c: &mut Cells<'_>) -> Option<AppliesTo> {
    let cell = c.get("applies_to");
    if cell.is_empty() {
        return Some(AppliesTo::Anything);
    }
    if !cell.split_whitespace().all(|word| looks_like_addresses(word) || joins_addresses(word)) {
        return c.id("applies_to").map(AppliesTo::Account);
    }
    match parse_ranges(cell) {
        Ok(ranges) => match *ranges {
            [range] => Some(AppliesTo::Range(range)),
            _ => c.wrong(
                "applies_to",
                format!("stands for {} ranges; a key applies to one, or to an account, or to nothing in particular (empty)", ranges.len()),
            ),
        },
        Err(error) => c.wrong("applies_to", error.to_string()),
    }
}

#[allow(clippy::option_option, reason = "wrong and empty are different")]
fn product(c: &mut Cells<'_>) -> Option<Option<ProductId>> {
    if c.get("product").is_empty() { Some(None) } else { c.id("product").map(Some) }
}

/// Weights are entered where the method is `fixed`, and come about by themselves elsewhere.
#[allow(clippy::option_option, reason = "wrong and empty are different")]
fn weight(c: &mut Cells<'_>, method: Option<KeyMethod>) -> Option<Option<Weight>> {
    let cell = c.get("weight");
    match (cell.is_empty(), method) {
        (true, Some(KeyMethod::Fixed)) => c.wrong("weight", "is empty; method 'fixed' needs a weight for each institution (0 for none)"),
        (true, _) => Some(None),
        (false, _) => match cell.parse() {
            Ok(weight) => Some(Some(weight)),
            Err(error) => c.wrong("weight", format!("'{}' {error}", shortened(cell, QUOTED))),
        },
    }
}
