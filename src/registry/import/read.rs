//! Files into rows: tables of any kind as text or workbooks, and the national library register for institutions.

use super::{Place, Placed, Rules, Run, Seal};
use crate::model::AccountId;
use crate::model::notation::parse_ranges;
use crate::model::registry::{CellError, Claim, Institution, Kind, Row as _};
use crate::registry::basebibliotek::{self, RegisterError};
use crate::registry::geography::Geography;
use crate::registry::rows::{SEALED, SECRETS, is_reference};
use crate::registry::table::{self, TableRow};

/// A range that is always right, in the place of one that is wrong while the other cells are looked at.
const ANY_RANGE: &str = "192.0.2.0";

impl Run<'_> {
    /// The rows of all files that can be read; the rest are problems.
    pub(super) fn read<R: Rules>(&mut self, seal: &mut Seal<'_>) -> Vec<Placed<R>> {
        let mut rows = Vec::new();
        for (file, input) in self.files.iter().enumerate() {
            if R::KIND == Kind::Institutions && is_xml(input.name, input.bytes) {
                self.register(file, &mut rows);
                continue;
            }
            let mut table = table::read(input.name, input.bytes, R::KIND.as_str(), R::COLUMNS);
            if let Some(name) = self.names.get_mut(file) {
                table.file.clone_into(name);
            }
            if R::KIND == Kind::Networks && table.is_sheet {
                table.rows.retain(|row| !is_left_open(row));
            }
            self.warnings.extend(table.warnings);
            self.problems.extend(table.problems);
            self.rows += table.rows.len();
            for row in table.rows {
                self.row(Place { file, line: row.line }, row.cells, seal, &mut rows);
            }
        }
        rows
    }

    /// One row of a file, which is several rows of the registry if a cell has several ranges.
    fn row<R: Rules>(&mut self, at: Place, mut cells: Vec<String>, seal: &mut Seal<'_>, rows: &mut Vec<Placed<R>>) {
        let mut errors = Vec::new();
        let mut ranges = Vec::new();
        let place = |name: &str| R::COLUMNS.iter().position(|column| column.name == name);
        match R::KIND {
            Kind::Accounts => self.seal(&mut cells, place, seal, &mut errors),
            Kind::Statistics => {
                if let Some(cell) = place("instead_of").and_then(|at| cells.get_mut(at)) {
                    self.known.instead_of.iter().for_each(|account| cell.push_str(&format!(" {account}")));
                }
            }
            Kind::Networks => {
                if let Some(cell) = place("range").and_then(|at| cells.get_mut(at)) {
                    match parse_ranges(cell) {
                        Ok(found) => ranges.extend(found.iter().map(ToString::to_string)),
                        Err(error) => {
                            errors.push(CellError { column: "range", what: error.to_string() });
                            ranges.push(ANY_RANGE.to_owned());
                        }
                    }
                }
            }
            _ => {}
        }
        let variants = if ranges.is_empty() { 1 } else { ranges.len() };
        let mut found = Vec::with_capacity(variants);
        for i in 0..variants {
            if let (Some(range), Some(cell)) = (ranges.get(i), place("range").and_then(|at| cells.get_mut(at))) {
                range.clone_into(cell);
            }
            let texts: Vec<&str> = cells.iter().map(String::as_str).collect();
            match R::parse(&texts) {
                Ok(row) => found.push(Placed { identity: row.identity(), row, at }),
                Err(more) => {
                    // What is wrong beside the range is wrong in each of its rows alike.
                    errors.extend(more);
                    break;
                }
            }
        }
        if errors.is_empty() {
            rows.append(&mut found);
        }
        for CellError { column, what } in errors {
            self.wrong(at, column, what);
        }
    }

    /// Puts secrets into the form in which they are stored, before anything is made of the row.
    fn seal(&self, cells: &mut [String], place: impl Fn(&str) -> Option<usize>, seal: &mut Seal<'_>, errors: &mut Vec<CellError>) {
        let id: Option<AccountId> = place("account").and_then(|at| cells.get(at)?.parse().ok());
        let stored = id.as_ref().and_then(|id| self.stored.accounts.iter().find(|account| account.id == *id));
        for column in SECRETS {
            let Some(cell) = place(column).and_then(|at| cells.get_mut(at)) else { continue };
            if cell.is_empty() || is_reference(cell) {
                continue;
            }
            // Without an account there is nothing to seal for, and the row is refused for that.
            let Some(id) = &id else {
                cell.clear();
                continue;
            };
            let result = if cell.starts_with(SEALED) {
                let before = stored.map(|account| if column == "api_key" { &account.api_key } else { &account.requestor_id });
                let why = "is sealed, but not as it is stored for this account; write the secret itself, env:NAME or credential:NAME";
                if before == Some(cell) { Ok(cell.clone()) } else { Err(why.to_owned()) }
            } else {
                seal(id, column, cell).map_err(|why| if why.contains(cell.as_str()) { "cannot be sealed".to_owned() } else { why })
            };
            match result {
                Ok(sealed) => *cell = sealed,
                Err(what) => {
                    cell.clear();
                    errors.push(CellError { column, what });
                }
            }
        }
    }

    /// The national library register. Records that cannot be used are told and let go: nobody here can put them right.
    fn register<R: Rules>(&mut self, file: usize, rows: &mut Vec<Placed<R>>) {
        let Some(input) = self.files.get(file) else { return };
        let register = match basebibliotek::read(input.bytes, self.today) {
            Ok(register) => register,
            Err(RegisterError::Broken { line, column, what }) => {
                return self.wrong(Place { file, line: line as u64 }, &format!("character {column}"), what);
            }
            Err(error @ RegisterError::Read(_)) => return self.wrong(Place { file, line: 0 }, "", error.to_string()),
        };
        for remark in register.skipped.iter().map(|r| (r, " (not used)")).chain(register.notes.iter().map(|r| (r, ""))) {
            let (remark, used) = remark;
            let record = if remark.record.is_empty() { "the record" } else { &remark.record };
            self.warn(Place { file, line: remark.line as u64 }, "", format!("{record} {}{used}", remark.why));
        }
        self.rows += register.institutions.len();
        let geography = Geography::new(self.stored);
        for (line, mut institution) in register.institutions {
            let at = Place { file, line: line as u64 };
            self.present_municipality(at, &mut institution, &geography);
            let cells = institution.cells();
            let texts: Vec<&str> = cells.iter().map(String::as_str).collect();
            match R::parse(&texts) {
                Ok(row) => rows.push(Placed { identity: row.identity(), row, at }),
                Err(errors) => {
                    for CellError { column, what } in errors {
                        self.warn(at, column, format!("{what} (not used)"));
                    }
                }
            }
        }
    }

    /// The register keeps codes that are no more, and the registry wants the one of today.
    fn present_municipality(&mut self, at: Place, institution: &mut Institution, geography: &Geography) {
        let Some(code) = institution.municipality.clone() else { return };
        if !self.stored.municipalities.iter().any(|row| row.code == code) {
            let name = &institution.name;
            self.warn(at, "municipality", format!("there is no municipality '{code}'; {name} is imported without one"));
            institution.municipality = None;
            return;
        }
        let present = geography.place_today(&code, self.today).municipality;
        if present != code {
            self.warn(at, "municipality", format!("{code} is now {present}, and {} is imported with that", institution.name));
            institution.municipality = Some(present);
        }
    }
}

/// Whether a form was given back with nothing in this row but the institution that stood there before.
fn is_left_open(row: &TableRow) -> bool {
    let filled = |name: &str| {
        let at = Claim::COLUMNS.iter().position(|column| column.name == name);
        at.and_then(|at| row.cells.get(at)).is_some_and(|cell| !cell.is_empty())
    };
    filled("institution") && Claim::COLUMNS.iter().all(|column| column.name == "institution" || !filled(column.name))
}

fn is_xml(name: &str, bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    name.to_ascii_lowercase().ends_with(".xml") || text.trim_ascii_start().starts_with(b"<")
}
