//! What all sheets share: formats ([`Styles`]), text that Excel accepts ([`clean`]), names ([`SheetNames`]), and
//! the plain sheet of rows ([`table_sheets`]).

use std::borrow::Cow;
use std::collections::HashSet;

use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{ColNum, Color, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, RowNum, Worksheet, XlsxError};

use super::super::ExportError;
use super::super::rows::{Cell, Table};

/// Rows that a sheet holds, its header included.
pub(super) const MAX_ROWS: RowNum = 1_048_576;
/// UTF-16 units that a cell holds.
const MAX_TEXT: usize = 32_767;
/// UTF-16 units that a sheet's name holds.
const MAX_NAME: usize = 31;
/// The largest whole number that a spreadsheet keeps exactly.
const MAX_EXACT: u64 = 1 << 53;
/// A4, in Excel's numbering of paper.
const A4: u8 = 9;

/// Formats, made once a workbook. Grouping and the decimal sign follow the reader's own language: `12 345,6` in Norwegian.
pub(super) struct Styles {
    pub(super) plain: Format,
    pub(super) header: Format,
    pub(super) header_number: Format,
    pub(super) header_month: Format,
    pub(super) header_month_incomplete: Format,
    pub(super) title: Format,
    pub(super) heading: Format,
    pub(super) faint: Format,
    pub(super) bold: Format,
    pub(super) wrapped: Format,
    pub(super) whole: Format,
    pub(super) whole_sum: Format,
    pub(super) whole_total: Format,
    pub(super) total: Format,
    pub(super) one_decimal: Format,
    pub(super) month: Format,
    day: Format,
    decimals: Vec<Format>,
}

impl Styles {
    pub(super) fn new() -> Self {
        let header = Format::new()
            .set_bold()
            .set_background_color(Color::RGB(0xE3_ED_F2))
            .set_border_bottom(FormatBorder::Thin)
            .set_align(FormatAlign::VerticalCenter);
        let header_number = header.clone().set_align(FormatAlign::Right);
        let total = Format::new().set_bold().set_border_top(FormatBorder::Thin);
        // 414 is Norwegian bokmål: the names of months are Norwegian whatever the reader's computer speaks.
        let month_name = "[$-414]mmm yyyy";
        let decimals = (0..=10).map(|n| match n {
            0 => Format::new().set_num_format("#,##0"),
            n => Format::new().set_num_format(format!("#,##0.{}", "0".repeat(n))),
        });
        Self {
            plain: Format::new(),
            header_month: header_number.clone().set_num_format(month_name),
            header_month_incomplete: header_number
                .clone()
                .set_num_format(format!("{month_name}\"*\""))
                .set_background_color(Color::RGB(0xFF_E6_B3)),
            header,
            header_number,
            title: Format::new().set_bold().set_font_size(14),
            heading: Format::new().set_bold().set_font_size(12),
            faint: Format::new().set_font_color(Color::RGB(0x50_50_50)),
            bold: Format::new().set_bold().set_align(FormatAlign::Top),
            wrapped: Format::new().set_text_wrap().set_align(FormatAlign::Top),
            whole: Format::new().set_num_format("#,##0"),
            whole_sum: Format::new().set_num_format("#,##0").set_bold(),
            whole_total: total.clone().set_num_format("#,##0"),
            total,
            one_decimal: Format::new().set_num_format("#,##0.0"),
            month: Format::new().set_num_format("yyyy\\-mm").set_align(FormatAlign::Left),
            day: Format::new().set_num_format("yyyy\\-mm\\-dd").set_align(FormatAlign::Left),
            decimals: decimals.collect(),
        }
    }
}

/// Rows of one kind as sheets of at most `limit` rows each, header included; and how many rows there were.
///
/// One sheet bears the table's name; of several, each bears it with a number.
pub(super) fn table_sheets<T: Table, E>(
    rows: impl IntoIterator<Item = Result<T, E>>,
    styles: &Styles,
    limit: RowNum,
) -> Result<(Vec<Worksheet>, u64), ExportError<E>> {
    let mut sheets = vec![TableSheet::begin::<T>(styles)?];
    let mut written = 0;
    for row in rows {
        let row = row.map_err(ExportError::Row)?;
        if sheets.last().is_none_or(|sheet| sheet.next_row >= limit) {
            sheets.push(TableSheet::begin::<T>(styles)?);
        }
        if let Some(sheet) = sheets.last_mut() {
            sheet.write(&row, styles)?;
        }
        written += 1;
    }
    let several = sheets.len() > 1;
    let mut finished = Vec::with_capacity(sheets.len());
    for (sheet, number) in sheets.into_iter().zip(1_u64..) {
        let name = if several { format!("{} {number}", T::SHEET) } else { T::SHEET.to_owned() };
        finished.push(sheet.finish(&name)?);
    }
    Ok((finished, written))
}

/// A sheet of rows that is being written.
struct TableSheet {
    sheet: Worksheet,
    next_row: RowNum,
    /// Characters of the widest cell so far, for each column.
    widths: Vec<usize>,
}

impl TableSheet {
    fn begin<T: Table>(styles: &Styles) -> Result<Self, XlsxError> {
        let mut sheet = Worksheet::new();
        for (column, name) in columns(T::COLUMNS) {
            sheet.write_string_with_format(0, column, *name, &styles.header)?;
        }
        // Room for the filter's button beside the name.
        let widths = T::COLUMNS.iter().map(|name| name.chars().count() + 3).collect();
        Ok(Self { sheet, next_row: 1, widths })
    }

    fn write<T: Table>(&mut self, row: &T, styles: &Styles) -> Result<(), XlsxError> {
        for ((column, cell), width) in (0..).zip(row.cells()).zip(&mut self.widths) {
            let used = write_cell(&mut self.sheet, self.next_row, column, &cell, styles)?;
            *width = used.max(*width);
        }
        self.next_row += 1;
        Ok(())
    }

    fn finish(mut self, name: &str) -> Result<Worksheet, XlsxError> {
        let last_row = self.next_row - 1;
        let last_column = ColNum::try_from(self.widths.len().saturating_sub(1)).unwrap_or(ColNum::MAX);
        self.sheet.set_name(name)?;
        self.sheet.set_freeze_panes(1, 0)?;
        self.sheet.autofilter(0, 0, last_row, last_column)?;
        // Municipality codes and library numbers are text on purpose; Excel would mark every one of them.
        self.sheet.ignore_error_range(0, 0, last_row, last_column, IgnoreError::NumberStoredAsText)?;
        for (column, width) in columns(&self.widths) {
            set_width(&mut self.sheet, column, *width)?;
        }
        for_printing(&mut self.sheet, 0)?;
        Ok(self.sheet)
    }
}

/// Writes a cell; gives the characters that it takes.
fn write_cell(sheet: &mut Worksheet, row: RowNum, column: ColNum, cell: &Cell<'_>, styles: &Styles) -> Result<usize, XlsxError> {
    Ok(match cell {
        Cell::Empty | Cell::Flag(false) => 0,
        Cell::Text(text) => write_text(sheet, row, column, text, &styles.plain)?,
        Cell::Flag(true) => write_text(sheet, row, column, "yes", &styles.plain)?,
        Cell::Whole(number) => {
            write_whole(sheet, row, column, u128::from(*number), &styles.whole)?;
            number.to_string().len() * 4 / 3
        }
        Cell::Decimal(text) => match (text.parse::<f64>(), decimals(text, styles)) {
            (Ok(number), Some(format)) if number.is_finite() => {
                sheet.write_number_with_format(row, column, number, format)?;
                text.len() * 5 / 4
            }
            _ => write_text(sheet, row, column, text, &styles.plain)?,
        },
        Cell::Month(month) => match excel_date(month.first_day()) {
            Some(date) => {
                sheet.write_with_format(row, column, date, &styles.month)?;
                7
            }
            None => write_text(sheet, row, column, &month.to_string(), &styles.plain)?,
        },
        Cell::Date(date) => match excel_date(*date) {
            Some(date) => {
                sheet.write_with_format(row, column, date, &styles.day)?;
                10
            }
            None => write_text(sheet, row, column, &date.to_string(), &styles.plain)?,
        },
    })
}

/// The format that shows a decimal number with the decimals that it was written with.
fn decimals<'a>(text: &str, styles: &'a Styles) -> Option<&'a Format> {
    styles.decimals.get(text.split_once('.').map_or(0, |(_, fraction)| fraction.len()))
}

/// Writes text as text; gives the characters of its longest line.
pub(super) fn write_text(sheet: &mut Worksheet, row: RowNum, column: ColNum, text: &str, format: &Format) -> Result<usize, XlsxError> {
    let text = clean(text);
    sheet.write_string_with_format(row, column, &*text, format)?;
    Ok(text.lines().map(|line| line.chars().count()).max().unwrap_or(0))
}

/// Writes a whole number as a number, or as text where a spreadsheet would lose its last digits.
pub(super) fn write_whole(sheet: &mut Worksheet, row: RowNum, column: ColNum, number: u128, format: &Format) -> Result<(), XlsxError> {
    #[allow(clippy::cast_precision_loss, reason = "exact up to 2^53, which is checked")]
    match u64::try_from(number) {
        Ok(number) if number <= MAX_EXACT => sheet.write_number_with_format(row, column, number as f64, format)?,
        _ => sheet.write_string_with_format(row, column, number.to_string(), format)?,
    };
    Ok(())
}

/// A day for Excel, whose years begin at 1900.
pub(super) fn excel_date(date: NaiveDate) -> Option<ExcelDateTime> {
    let year = u16::try_from(date.year()).ok().filter(|year| *year >= 1900)?;
    ExcelDateTime::from_ymd(year, u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?).ok()
}

/// Sets a column's width to hold `characters`, within what is comfortable to read.
pub(super) fn set_width(sheet: &mut Worksheet, column: ColNum, characters: usize) -> Result<(), XlsxError> {
    let characters = u8::try_from(characters.clamp(6, 44)).unwrap_or(44);
    sheet.set_column_width(column, f64::from(characters) + 1.5)?;
    Ok(())
}

/// A4 across, with the header row on every page and page numbers.
pub(super) fn for_printing(sheet: &mut Worksheet, header_row: RowNum) -> Result<(), XlsxError> {
    sheet.set_landscape().set_paper_size(A4).set_footer("&L&A&RSide &P av &N");
    sheet.set_repeat_rows(header_row, header_row)?;
    Ok(())
}

/// Values with their columns' numbers.
pub(super) fn columns<T>(values: &[T]) -> impl Iterator<Item = (ColNum, &T)> {
    (0..).zip(values)
}

/// Text that XML can hold and a cell takes: control characters replaced, line ends `\n`, at most 32,767 UTF-16 units.
pub(in crate::export) fn clean(text: &str) -> Cow<'_, str> {
    let bad = |c: char| (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{fffe}' | '\u{ffff}');
    let text = if text.contains(bad) {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n").replace(bad, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    };
    // A text has at least as many bytes as UTF-16 units.
    if text.len() <= MAX_TEXT { text } else { Cow::Owned(cut(&text, MAX_TEXT)) }
}

/// `text` in at most `units` UTF-16 units, with an ellipsis where something was cut off.
fn cut(text: &str, units: usize) -> String {
    if text.encode_utf16().count() <= units {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut room = units.saturating_sub(1);
    for letter in text.chars() {
        let Some(rest) = room.checked_sub(letter.len_utf16()) else { break };
        room = rest;
        out.push(letter);
    }
    out.push('…');
    out
}

/// Gives sheets names that Excel accepts and that no other sheet of the workbook has.
#[derive(Default)]
pub(super) struct SheetNames {
    /// In lower case: Excel does not tell names apart by case.
    taken: HashSet<String>,
}

impl SheetNames {
    /// `wanted`, or the nearest to it that is allowed and free.
    pub(super) fn unique(&mut self, wanted: &str) -> String {
        let spaced = wanted.replace(|c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'), " ");
        let allowed = spaced.replace(['[', ']', ':', '*', '?', '/', '\\'], "-");
        let base = match allowed.trim_matches(|c: char| c == '\'' || c.is_whitespace()) {
            "" => "Ark",
            // Excel keeps this name for itself.
            base if base.eq_ignore_ascii_case("history") => "Ark History",
            base => base,
        };
        let end = |name: String| name.trim_end_matches('\'').to_owned();
        let mut name = end(cut(base, MAX_NAME));
        let mut number = 2_u64;
        while !self.taken.insert(name.to_lowercase()) {
            let suffix = format!(" ({number})");
            name = format!("{}{suffix}", cut(base, MAX_NAME.saturating_sub(suffix.len())));
            number += 1;
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sheets_are_allowed_and_differ() {
        let mut names = SheetNames::default();
        let long = "Norsk Tidsskrift for Migrasjonsforskning og mer";
        let wanted = [
            "Statistikk",
            "statistikk",
            "Forklaring",
            "A/B: [C]*?\\",
            "'Sitat'",
            "",
            "''",
            "History",
            long,
            long,
            long,
            "🎷🎷🎷🎷🎷🎷🎷🎷🎷🎷🎷🎷🎷🎷🎷🎷🎷🎷",
            "\u{1}x",
            "ÆØÅ",
            "æøå",
        ];
        let given: Vec<_> = wanted.iter().map(|wanted| names.unique(wanted)).collect();
        for name in &given {
            rust_xlsxwriter::utility::check_sheet_name(name).unwrap();
        }
        let distinct: HashSet<_> = given.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(distinct.len(), given.len());
        assert_eq!(given[1], "statistikk (2)");
        assert_eq!(given[3], "A-B- -C----");
        assert_eq!(given[4], "Sitat");
        assert_eq!(given[8], "Norsk Tidsskrift for Migrasjon…");
        assert_eq!(given[9], "Norsk Tidsskrift for Migra… (2)");
        assert_eq!(given[14], "æøå (2)");
    }

    #[test]
    fn text_that_excel_refuses_is_mended() {
        assert!(matches!(clean("Bø\tog\nÅl"), Cow::Borrowed(_)));
        assert_eq!(clean("a\r\nb\rc\u{0}d\u{1f}e\u{ffff}\u{85}"), "a\nb\nc\u{fffd}d\u{fffd}e\u{fffd}\u{fffd}");
        let long = clean(&"🎷".repeat(20_000)).into_owned();
        assert_eq!(long.encode_utf16().count(), MAX_TEXT);
        assert!(long.ends_with('…'));
        assert_eq!(clean(&"ø".repeat(MAX_TEXT)).chars().count(), MAX_TEXT);
    }
}
