//! Sheets of OpenDocument, cell by cell. A row or cell that is said to repeat is kept as often as it is filled, within the budget.
//!
//! (OpenDocument 1.3 part 3, sections 9.1 and 19.385; the usual prefixes are taken for granted, as every program writes them.)

use std::io::{BufRead, BufReader, Cursor};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zip::ZipArchive;

use super::{Budget, MOST_COLUMNS, MOST_ROWS, Rows, put};
use crate::formats::workbook::cell::{Value, iso, number, truth};
use crate::formats::workbook::container;

/// More blanks in a row than this are not told apart.
const MOST_BLANKS: usize = 1000;

/// Reads all sheets of a file that was [looked through](container::check), in their order.
pub(super) fn read(bytes: &[u8], budget: &mut Budget) -> Result<Vec<(String, Rows)>, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| container::broken(&error))?;
    let content = archive.by_name("content.xml").map_err(|error| container::broken(&error))?;
    let mut xml = Reader::from_reader(BufReader::new(content));
    xml.config_mut().expand_empty_elements = true;
    let mut sheets = Sheets { budget, sheets: Vec::new(), place: None, row: 0, repeats: 1, column: 0, cells: Vec::new() };
    sheets.read(&mut xml).map(|()| sheets.sheets)
}

/// What is known while content is read.
struct Sheets<'a> {
    budget: &'a mut Budget,
    sheets: Vec<(String, Rows)>,
    /// The sheet at hand.
    place: Option<usize>,
    row: u32,
    /// How often the row at hand stands there.
    repeats: u32,
    column: u32,
    /// Its filled cells.
    cells: Vec<(u32, Value)>,
}

impl Sheets<'_> {
    fn read(&mut self, xml: &mut Reader<impl BufRead>) -> Result<(), String> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            match xml.read_event_into(&mut buffer).map_err(|error| container::broken(&error))? {
                Event::Start(start) => match start.name().0 {
                    "table:table" => {
                        self.sheets.push((attribute(&start, "table:name")?.unwrap_or_default(), Rows::new()));
                        (self.place, self.row) = (Some(self.sheets.len() - 1), 0);
                    }
                    "table:table-row" => {
                        self.repeats = repeats(&start, "table:number-rows-repeated", MOST_ROWS)?;
                        self.column = 0;
                        self.cells.clear();
                    }
                    "table:table-cell" | "table:covered-table-cell" => {
                        let repeats = repeats(&start, "table:number-columns-repeated", MOST_COLUMNS)?;
                        let start = start.into_owned();
                        let value = value(&start, &text(xml, start.name().0)?)?;
                        self.cell(value, repeats)?;
                    }
                    _ => {}
                },
                Event::End(end) => match end.name().0 {
                    "table:table" => self.place = None,
                    "table:table-row" => self.end_row()?,
                    _ => {}
                },
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    fn cell(&mut self, value: Option<Value>, repeats: u32) -> Result<(), String> {
        if let Some(value) = value {
            for column in self.column..self.column.saturating_add(repeats) {
                self.budget.take(value.text().len())?;
                self.cells.push((column, value.clone()));
            }
        }
        self.column = self.column.saturating_add(repeats);
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), String> {
        let rows = self.place.and_then(|place| self.sheets.get_mut(place)).map(|(_, rows)| rows);
        if let Some(rows) = rows.filter(|_| !self.cells.is_empty()) {
            for row in self.row..self.row.saturating_add(self.repeats) {
                for (column, value) in &self.cells {
                    put(rows, self.budget, (row, *column), value.clone())?;
                }
            }
        }
        self.row = self.row.saturating_add(self.repeats);
        Ok(())
    }
}

/// An attribute's value.
fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let found = start.try_get_attribute(name).map_err(|error| container::broken(&error))?;
    let value = found.map(|found| found.normalized_value(XmlVersion::Explicit1_0).map(std::borrow::Cow::into_owned));
    value.transpose().map_err(|error| container::broken(&error))
}

/// How often something stands there: once, unless it says so.
fn repeats(start: &BytesStart<'_>, name: &str, most: u32) -> Result<u32, String> {
    Ok(attribute(start, name)?.and_then(|text| text.parse::<u32>().ok()).map_or(1, |repeats| repeats.clamp(1, most)))
}

/// What a cell shows, up to its end; remarks and drawings beside it are passed over.
fn text(xml: &mut Reader<impl BufRead>, cell: &str) -> Result<String, String> {
    let (mut text, mut buffer, mut skipped) = (String::new(), Vec::new(), Vec::new());
    let mut paragraphs = 0;
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer).map_err(|error| container::broken(&error))? {
            Event::Start(start) => match start.name().0 {
                "text:p" => {
                    if paragraphs > 0 {
                        text.push('\n');
                    }
                    paragraphs += 1;
                }
                "text:s" => {
                    let blanks = attribute(&start, "text:c")?.and_then(|text| text.parse().ok()).unwrap_or(1);
                    text.extend(std::iter::repeat_n(' ', blanks.min(MOST_BLANKS)));
                }
                "text:tab" => text.push('\t'),
                "text:line-break" => text.push('\n'),
                name if name == "office:annotation" || name == "table:table" || name.starts_with("draw:") => {
                    let end = start.to_end().into_owned();
                    xml.read_to_end_into(end.name(), &mut skipped).map_err(|error| container::broken(&error))?;
                    skipped.clear();
                }
                _ => {}
            },
            Event::Text(part) if paragraphs > 0 => text.push_str(&part.xml10_content()),
            Event::CData(part) if paragraphs > 0 => text.push_str(&part.xml10_content()),
            Event::GeneralRef(reference) if paragraphs > 0 => {
                let named = match &*reference {
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "amp" => Some('&'),
                    "apos" => Some('\''),
                    "quot" => Some('"'),
                    _ => None,
                };
                let character = named.or_else(|| reference.resolve_char_ref().ok().flatten());
                text.push(character.ok_or("is a broken workbook (an entity that XML does not know); save it again from the spreadsheet")?);
            }
            Event::End(end) if end.name().0 == cell => return Ok(text),
            Event::Eof => return Err("is a broken workbook (a cell breaks off); save it again from the spreadsheet".to_owned()),
            _ => {}
        }
    }
}

/// What a cell holds: by its type what its attributes say, else what it shows.
fn value(start: &BytesStart<'_>, shown: &str) -> Result<Option<Value>, String> {
    if attribute(start, "calcext:value-type")?.as_deref() == Some("error") {
        return Ok(Some(Value::Error(if shown.is_empty() { "an error".to_owned() } else { shown.to_owned() })));
    }
    let of = |name: &str| attribute(start, name).map(|value| value.unwrap_or_else(|| shown.to_owned()));
    let text = match attribute(start, "office:value-type")?.as_deref() {
        Some("float" | "percentage" | "currency") => {
            let text = of("office:value")?;
            text.trim().parse().map_or(text, number)
        }
        Some("date") => iso(&of("office:date-value")?),
        Some("boolean") => truth(of("office:boolean-value")?.eq_ignore_ascii_case("true")).to_owned(),
        Some("string") => of("office:string-value")?,
        _ => shown.to_owned(),
    };
    Ok((!text.is_empty()).then_some(Value::Text(text)))
}
