//! [`Template`]: a text with places in braces that are filled in for each request.

use std::fmt::Write as _;

use chrono::NaiveDate;
use chrono::format::{Item, StrftimeItems};

use crate::model::MonthRange;

/// The names that may stand in braces.
const NAMES: [&str; 8] = ["account", "customer_id", "month", "begin", "end", "cursor", "page", "offset"];

/// A text with places; `{{` and `}}` stand for braces.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

/// As it was written.
impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.text, f)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Account,
    CustomerId,
    /// The first month.
    Month(String),
    /// The first day.
    Begin(String),
    /// The last day, or the day after it.
    End(String),
    Cursor,
    Page,
    Offset,
}

/// What is filled in.
#[derive(Debug, Clone, Copy)]
pub struct Fill<'a> {
    /// The account's id.
    pub account: &'a str,
    /// The account's customer id.
    pub customer_id: &'a str,
    /// The months asked for.
    pub months: MonthRange,
    /// `{end}` is the day after the last.
    pub end_excluded: bool,
    /// The cursor of the page; empty on the first.
    pub cursor: &'a str,
    /// The page's number.
    pub page: u64,
    /// How many rows come before it.
    pub offset: u64,
}

impl Template {
    /// The template that is written so.
    ///
    /// # Errors
    /// What is wrong: a brace alone, a name that is not known, a format that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
                plain.push_str(brace.get(..1).unwrap_or_default());
                rest = after;
                continue;
            }
            let inside = brace.strip_prefix('{').and_then(|inside| inside.split_once('}'));
            let Some((name, after)) = inside else {
                return Err("has a brace that is not closed, or not opened; a brace that stands for itself is written twice".into());
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::parse(name)?);
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The text with its places filled in; what is filled in goes through `encode` first.
    #[must_use]
    pub fn fill(&self, fill: &Fill<'_>, encode: impl Fn(&str) -> String) -> String {
        let end = if fill.end_excluded { fill.months.last.next().first_day() } else { fill.months.last.last_day() };
        let mut out = String::new();
        for part in &self.parts {
            let value = match part {
                Part::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Part::Account => fill.account.to_owned(),
                Part::CustomerId => fill.customer_id.to_owned(),
                Part::Month(format) | Part::Begin(format) => written(fill.months.first.first_day(), format),
                Part::End(format) => written(end, format),
                Part::Cursor => fill.cursor.to_owned(),
                Part::Page => fill.page.to_string(),
                Part::Offset => fill.offset.to_string(),
            };
            out.push_str(&encode(&value));
        }
        out
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is nothing but one place that is empty on the first page: a parameter that is left out there.
    #[must_use]
    pub fn is_cursor(&self) -> bool {
        self.parts == [Part::Cursor]
    }

    /// Whether what is filled in differs from page to page.
    #[must_use]
    pub fn is_of_page(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Cursor | Part::Page | Part::Offset))
    }

    /// Whether it has `{cursor}`, `{page}`, `{offset}`.
    #[must_use]
    pub fn pages_by(&self) -> [bool; 3] {
        [Part::Cursor, Part::Page, Part::Offset].map(|part| self.parts.contains(&part))
    }

    /// Whether it says which months are asked for.
    #[must_use]
    pub fn is_of_months(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Month(_) | Part::Begin(_) | Part::End(_)))
    }
}

impl Part {
    fn parse(inside: &str) -> Result<Self, String> {
        let (name, format) = inside.split_once(':').map_or((inside, None), |(name, format)| (name, Some(format)));
        let date = |usual: &str| {
            let format = format.unwrap_or(usual);
            let sound = !StrftimeItems::new(format).any(|item| matches!(item, Item::Error));
            let mut out = String::new();
            // A time of the day cannot be written of a day.
            if sound && !format.is_empty() && write!(out, "{}", NaiveDate::MIN.format(format)).is_ok() {
                Ok(format.to_owned())
            } else {
                Err(format!("'{{{name}:…}}' has no format of a date after the colon; write it as {{{name}:%Y-%m-%d}}"))
            }
        };
        let part = match name {
            "account" => Self::Account,
            "customer_id" => Self::CustomerId,
            "cursor" => Self::Cursor,
            "page" => Self::Page,
            "offset" => Self::Offset,
            "month" => return Ok(Self::Month(date("%Y-%m")?)),
            "begin" => return Ok(Self::Begin(date("%Y-%m-%d")?)),
            "end" => return Ok(Self::End(date("%Y-%m-%d")?)),
            _ => {
                let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
                return Err(format!("nothing is called '{{{shown}}}'; there are {{{}}}", NAMES.join("} {")));
            }
        };
        if format.is_some() {
            return Err(format!("'{{{name}}}' is no date and takes no format after a colon"));
        }
        Ok(part)
    }
}

fn written(day: NaiveDate, format: &str) -> String {
    let mut out = String::new();
    // Whether it can be written was found out when the template was made.
    let _ = write!(out, "{}", day.format(format));
    out
}
