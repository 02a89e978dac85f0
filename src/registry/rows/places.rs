//! Municipalities, what became of them, institutions, and how many persons they have.

use super::{Cells, QUOTED, key, open, optional, optional_key, required, shortened, without_thousands};
use crate::model::InstitutionId;
use crate::model::notation::looks_like_addresses;
use crate::model::registry::{CellError, Column, Institution, InstitutionKind, Kind, Municipality, Persons, Row, Transition};

/// More persons than this are a slip.
const MOST_PERSONS: u64 = 1_000_000_000_000;

impl Row for Municipality {
    const KIND: Kind = Kind::Municipalities;
    const COLUMNS: &'static [Column] = &[
        key("municipality"),
        required("name"),
        required("county"),
        optional("county_name"),
        optional_key("valid_from"),
        optional("valid_to"),
    ];

    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>> {
        let mut c = Cells::new(Self::COLUMNS, cells);
        let (code, name, county, county_name) = (c.municipality("municipality"), c.filled("name"), county(&mut c), c.text("county_name"));
        let valid = c.validity();
        let row = (|| Some(Self { code: code?, name: name?, county: county?, county_name: county_name?, valid: valid? }))();
        c.finish(row)
    }

    fn cells(&self) -> Vec<String> {
        let (from, to) = (open(self.valid.from), open(self.valid.to));
        vec![self.code.to_string(), self.name.clone(), self.county.clone(), self.county_name.clone(), from, to]
    }
}

/// Two digits.
fn county(c: &mut Cells<'_>) -> Option<String> {
    let cell = c.get("county");
    let digits = cell.bytes().all(|b| b.is_ascii_digit());
    match cell.len() {
        2 if digits => Some(cell.to_owned()),
        1 if digits => c.wrong("county", format!("'{cell}' is not a county of two digits; was it 0{cell} before a spreadsheet?")),
        _ => c.wrong("county", format!("'{}' is not a county of two digits", shortened(cell, QUOTED))),
    }
}

impl Row for Transition {
    const KIND: Kind = Kind::Transitions;
    const COLUMNS: &'static [Column] = &[key("date"), key("from"), key("to")];

    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>> {
        let mut c = Cells::new(Self::COLUMNS, cells);
        let (date, from, to) = (c.date("date"), c.municipality("from"), c.municipality("to"));
        let row = (|| Some(Self { date: date?, from: from?, to: to? }))();
        c.finish(row)
    }

    fn cells(&self) -> Vec<String> {
        vec![self.date.to_string(), self.from.to_string(), self.to.to_string()]
    }
}

impl Row for Institution {
    const KIND: Kind = Kind::Institutions;
    const COLUMNS: &'static [Column] = &[
        key("institution"),
        required("name"),
        required("kind"),
        optional("municipality"),
        optional("isil"),
        optional("valid_from"),
        optional("valid_to"),
    ];

    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>> {
        let mut c = Cells::new(Self::COLUMNS, cells);
        let id = institution_id(&mut c);
        let (name, kind) = (c.filled("name"), c.word("kind", &InstitutionKind::ALL.map(InstitutionKind::as_str)));
        let municipality = if c.get("municipality").is_empty() { Some(None) } else { c.municipality("municipality").map(Some) };
        let (isil, valid) = (isil(&mut c), c.validity());
        let row = (|| Some(Self { id: id?, name: name?, kind: kind?, municipality: municipality?, isil: isil?, valid: valid? }))();
        c.finish(row)
    }

    fn cells(&self) -> Vec<String> {
        let municipality = self.municipality.as_ref().map_or_else(String::new, ToString::to_string);
        let (id, name, kind) = (self.id.to_string(), self.name.clone(), self.kind.to_string());
        vec![id, name, kind, municipality, self.isil.clone(), open(self.valid.from), open(self.valid.to)]
    }
}

/// An id that can stand among ranges in what an account covers.
fn institution_id(c: &mut Cells<'_>) -> Option<InstitutionId> {
    let id: InstitutionId = c.id("institution")?;
    let text = id.as_str();
    if text == "*" || text.contains([',', ';']) || looks_like_addresses(text) {
        let why = "accounts name institutions in lists with ranges and *, so an id is none of these and has no comma or semicolon";
        return c.wrong("institution", format!("'{}' cannot be an id: {why}", shortened(text, QUOTED)));
    }
    Some(id)
}

/// One word, if any.
pub(super) fn isil(c: &mut Cells<'_>) -> Option<String> {
    let isil = c.text("isil")?;
    if isil.contains(char::is_whitespace) {
        return c.wrong("isil", format!("'{}' has a space in it", shortened(&isil, QUOTED)));
    }
    Some(isil)
}

impl Row for Persons {
    const KIND: Kind = Kind::Persons;
    const COLUMNS: &'static [Column] = &[key("subject"), key("date"), required("persons")];

    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>> {
        let mut c = Cells::new(Self::COLUMNS, cells);
        let subject = c.id::<InstitutionId>("subject").map(|id| id.to_string());
        let (date, persons) = (c.date("date"), persons(&mut c));
        let row = (|| Some(Self { subject: subject?, date: date?, persons: persons? }))();
        c.finish(row)
    }

    fn cells(&self) -> Vec<String> {
        vec![self.subject.clone(), self.date.to_string(), self.persons.to_string()]
    }
}

/// A whole number, thousands apart if people like.
fn persons(c: &mut Cells<'_>) -> Option<u64> {
    let cell = c.get("persons");
    let digits = without_thousands(cell).filter(|n| n.len() <= 20 && n.bytes().all(|b| b.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(persons) if persons <= MOST_PERSONS => Some(persons),
        _ => c.wrong("persons", format!("'{}' is not a whole number from 0 to {MOST_PERSONS}", shortened(cell, QUOTED))),
    }
}
