//! Lines of a log of events, as an access control or a proxy writes it: JSON lines, CSV, or a pattern as Apache and EZproxy have it.
//!
//! [`Layout`] says what a line is and [`Names`] which field of it is what; [`Layout::fields`] cuts a line into [`Fields`], and
//! [`Moment`] is when it was. Who came in, and from where, is personal: nothing here repeats what stands in a line.

mod moment;
mod pattern;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

pub use moment::Moment;
pub use pattern::LinePattern;

use super::delimited::{Record, separator_of};

/// What a field of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// When it was.
    Time,
    /// Who it was: a name, or anything else that tells users apart.
    User,
    /// From which address.
    Address,
    /// With which program; tells users apart who are known by address only.
    Agent,
    /// Which institution's user it was.
    Institution,
    /// Which product was used.
    Product,
    /// What was asked for: an address on the web, whole or without its host.
    Url,
    /// The host, where the address is without it.
    Host,
    /// The HTTP status.
    Status,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 9] =
        [Self::Time, Self::User, Self::Address, Self::Agent, Self::Institution, Self::Product, Self::Url, Self::Host, Self::Status];

    /// Its word in the configuration, which also is the field's name where none is given.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::User => "user",
            Self::Address => "address",
            Self::Agent => "agent",
            Self::Institution => "institution",
            Self::Product => "product",
            Self::Url => "url",
            Self::Host => "host",
            Self::Status => "status",
        }
    }
}

/// The names of fields, where they are not those of their roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names([Option<String>; 9]);

impl Names {
    /// Says which field has this role.
    pub fn set(&mut self, role: Role, field: String) {
        self.0[role as usize] = Some(field);
    }

    /// The field that is said to have this role.
    #[must_use]
    pub fn given(&self, role: Role) -> Option<&str> {
        self.0[role as usize].as_deref()
    }

    /// The field that has this role.
    #[must_use]
    pub fn of(&self, role: Role) -> &str {
        self.given(role).unwrap_or(role.word())
    }
}

/// What a line is.
#[derive(Debug, Clone)]
pub enum Layout {
    /// A JSON object; a name with dots goes into objects within it.
    JsonLines,
    /// Cells under a header.
    Csv,
    /// Fields by a pattern.
    Pattern(LinePattern),
}

/// Why a line is of no use; never what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadLine(pub &'static str);

/// The fields of a line by their roles; empty if the line does not have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields<'a>([Cow<'a, str>; 9]);

impl Fields<'_> {
    /// The field of this role.
    #[must_use]
    pub fn of(&self, role: Role) -> &str {
        &self.0[role as usize]
    }
}

/// The header of CSV: what separates cells, and in which of them each role is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvHeader {
    separator: u8,
    places: [Option<usize>; 9],
    width: usize,
}

impl CsvHeader {
    /// The header that a line is; nothing if it does not name the time and anything else.
    #[must_use]
    pub fn new(line: &[u8], names: &Names) -> Option<Self> {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let is = |record: &Record, place: usize, role: Role| record.cell(place).is_ok_and(|cell| cell.eq_ignore_ascii_case(names.of(role)));
        let find = |record: &Record, role: Role| (0..record.len()).find(|place| is(record, *place, role));
        let separator = separator_of(line, |record| Role::ALL.into_iter().filter(|role| find(record, *role).is_some()).count());
        let mut record = Record::default();
        record.of_line(line, separator).ok()?;
        let places = Role::ALL.map(|role| find(&record, role));
        places[Role::Time as usize]?;
        (places.iter().flatten().count() > 1).then(|| Self { separator, places, width: record.len() })
    }
}

impl Layout {
    /// Whether a line is nothing but a remark, or blank.
    #[must_use]
    pub fn passes_over(&self, line: &[u8]) -> bool {
        line.trim_ascii_start().first().is_none_or(|first| *first == b'#')
    }

    /// The fields of a line, which is without its end. `header` is CSV's.
    ///
    /// # Errors
    /// It is not what the layout says.
    pub fn fields<'a>(&self, line: &'a [u8], names: &Names, header: Option<&CsvHeader>) -> Result<Fields<'a>, BadLine> {
        let fields = match self {
            Self::JsonLines => json(line, names)?,
            Self::Csv => csv(line, header.ok_or(BadLine("there is no header before it"))?)?,
            Self::Pattern(pattern) => pattern.fields(line)?,
        };
        // A dash is how logs write nothing.
        Ok(Fields(fields.0.map(|field| if field == "-" { Cow::Borrowed("") } else { field })))
    }
}

fn json<'a>(line: &[u8], names: &Names) -> Result<Fields<'a>, BadLine> {
    let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(line) else { return Err(BadLine("it is no JSON object")) };
    let mut fields = Fields::default();
    for role in Role::ALL {
        let name = names.of(role);
        let mut parts = name.split('.');
        let inner = parts.next().and_then(|first| object.get(first));
        let value = object.get(name).or_else(|| parts.try_fold(inner?, |value, part| value.get(part)));
        fields.0[role as usize] = match value {
            Some(Value::String(text)) => Cow::Owned(text.trim().to_owned()),
            Some(Value::Number(number)) => Cow::Owned(number.to_string()),
            _ => Cow::Borrowed(""),
        };
    }
    Ok(fields)
}

fn csv<'a>(line: &[u8], header: &CsvHeader) -> Result<Fields<'a>, BadLine> {
    let mut record = Record::default();
    record.of_line(line, header.separator).map_err(BadLine)?;
    if record.len() < header.width || record.filled() > header.width {
        return Err(BadLine("it has another number of cells than the header"));
    }
    let mut fields = Fields::default();
    for (field, place) in fields.0.iter_mut().zip(header.places) {
        // What is not UTF-8 is nobody who is known.
        let cell = place.map_or("", |place| record.cell(place).unwrap_or("\u{fffd}"));
        *field = Cow::Owned(cell.to_owned());
    }
    Ok(fields)
}

/// The host and the path of what was asked for, both in lower case: of a whole address, of one without scheme or host, or of a request
/// line (`GET /path HTTP/1.1`). The query is not part of the path.
#[must_use]
pub fn host_and_path(url: &str, host: &str) -> (String, String) {
    let mut words = url.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    // A method is nothing but capitals.
    let is_method = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_uppercase());
    let url = if is_method { words.next().unwrap_or_default() } else { first };
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (named, path) = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash)),
        None if url.starts_with('/') => ("", url),
        // What a proxy is asked to connect to: host:port.
        None => url.find('/').map_or((url, "/"), |slash| url.split_at(slash)),
    };
    let named = named.rsplit('@').next().unwrap_or_default();
    let host = if named.is_empty() { host } else { named };
    let bare = match host.rsplit_once(':') {
        Some((before, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !before.is_empty() => before,
        _ => host,
    };
    (bare.trim_end_matches('.').to_lowercase(), path.to_lowercase())
}
