//! Customer accounts. Their secrets are read only as they are stored (a reference, sealed, or empty), so that a row
//! never holds one in clear; no error repeats them.

use super::{Cells, QUOTED, key, open, optional, required, shortened};
use crate::model::notation::{joins_addresses, looks_like_addresses, parse_ranges};
use crate::model::registry::{Access, Account, CellError, Column, Covers, Kind, Row};
use crate::model::{AddressRange, InstitutionId};

/// What a sealed secret begins with.
pub const SEALED: &str = "sealed:";

/// The columns that hold secrets.
pub const SECRETS: [&str; 2] = ["requestor_id", "api_key"];

/// Whether a secret's cell says where the secret is (`env:NAME`, `credential:NAME`) instead of what it is.
#[must_use]
pub fn is_reference(cell: &str) -> bool {
    cell.starts_with("env:") || cell.starts_with("credential:")
}

impl Row for Account {
    const KIND: Kind = Kind::Accounts;
    const COLUMNS: &'static [Column] = &[
        key("account"),
        required("source"),
        required("customer_id"),
        required("covers"),
        optional("access"),
        optional("requestor_id"),
        optional("api_key"),
        optional("valid_from"),
        optional("valid_to"),
    ];

    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>> {
        let mut c = Cells { discreet: true, ..Cells::new(Self::COLUMNS, cells) };
        let (id, source, customer_id, covers) = (c.id("account"), c.id("source"), c.text("customer_id"), covers(&mut c));
        let access = c.word_or_empty("access", &[Access::Ip, Access::Login, Access::Mixed].map(Access::as_str));
        let (requestor_id, api_key) = (secret(&mut c, "requestor_id"), secret(&mut c, "api_key"));
        let valid = c.validity();
        let row = (|| {
            Some(Self {
                id: id?,
                source: source?,
                customer_id: customer_id?,
                covers: covers?,
                access: access?,
                requestor_id: requestor_id?,
                api_key: api_key?,
                valid: valid?,
            })
        })();
        c.finish(row)
    }

    fn cells(&self) -> Vec<String> {
        let covers = match &self.covers {
            Covers::Subscribers => "*".to_owned(),
            Covers::These { institutions, ranges } => {
                let words: Vec<String> =
                    institutions.iter().map(ToString::to_string).chain(ranges.iter().map(ToString::to_string)).collect();
                words.join(" ")
            }
        };
        vec![
            self.id.to_string(),
            self.source.to_string(),
            self.customer_id.clone(),
            covers,
            self.access.map_or_else(String::new, |access| access.as_str().to_owned()),
            self.requestor_id.clone(),
            self.api_key.clone(),
            open(self.valid.from),
            open(self.valid.to),
        ]
    }
}

/// `*`, or institutions and ranges; a range may have spaces in it, so words that can be parts of one are read together.
fn covers(c: &mut Cells<'_>) -> Option<Covers> {
    let cell = c.get("covers");
    let words: Vec<&str> = cell.split(|ch: char| ch.is_whitespace() || ch == ',' || ch == ';').filter(|w| !w.is_empty()).collect();
    match *words {
        [] => return c.wrong("covers", "is empty; name the institutions or ranges that it covers, or * for every subscriber"),
        ["*"] => return Some(Covers::Subscribers),
        _ if words.contains(&"*") => return c.wrong("covers", "has * beside others; * alone means every subscriber"),
        _ => {}
    }
    let (mut institutions, mut ranges): (Vec<InstitutionId>, Vec<AddressRange>) = (Vec::new(), Vec::new());
    let mut right = true;
    for run in words.chunk_by(|a, b| is_address(a) && is_address(b)) {
        if is_address(run[0]) {
            match parse_ranges(&run.join(" ")) {
                Ok(found) => found.into_iter().for_each(|range| add(&mut ranges, range)),
                Err(error) => {
                    c.wrong::<()>("covers", error.to_string());
                    right = false;
                }
            }
        } else {
            for word in run {
                match word.parse() {
                    Ok(id) => add(&mut institutions, id),
                    Err(error) => {
                        c.wrong::<()>("covers", format!("{error}: '{}'", shortened(word, QUOTED)));
                        right = false;
                    }
                }
            }
        }
    }
    right.then_some(Covers::These { institutions, ranges })
}

fn is_address(word: &str) -> bool {
    looks_like_addresses(word) || joins_addresses(word)
}

fn add<T: PartialEq>(list: &mut Vec<T>, one: T) {
    if !list.contains(&one) {
        list.push(one);
    }
}

fn secret(c: &mut Cells<'_>, column: &'static str) -> Option<String> {
    let cell = c.get(column);
    if cell.is_empty() || cell.strip_prefix(SEALED).is_some_and(|sealed| !sealed.is_empty()) {
        return Some(cell.to_owned());
    }
    let right = match cell.split_once(':') {
        Some(("env", name)) => is_variable(name),
        Some(("credential", name)) => is_credential(name),
        _ => return c.wrong(column, "is in clear; it must be sealed before it is kept"),
    };
    if right {
        return Some(cell.to_owned());
    }
    c.wrong(column, "must have a variable's name after env: (letters, digits and _), or a file's name after credential:")
}

/// A name that an environment can have; the same that secrets are later looked up by.
fn is_variable(name: &str) -> bool {
    let start = name.starts_with(|ch: char| ch.is_ascii_alphabetic() || ch == '_');
    start && name.len() <= 200 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The name of a file in the folder of credentials, and of nothing outside of it.
fn is_credential(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'+');
    !matches!(name, "" | "." | "..") && name.len() <= 200 && name.bytes().all(plain)
}
