//! Workbooks for people who live in Excel.
//!
//! [`write_table_xlsx`] writes any [`Table`] as sheets with a frozen header, filters, and numbers that are numbers.
//! [`write_statistics_xlsx`] writes the same for statistics, then one sheet per product with its headline figure
//! ([`pivot`]: institution by month, with sums), then an explanation in Norwegian ([`explanation`]).
//! [`write_audit_xlsx`] is the sharing audit for those who can mend what it found, [`write_form_xlsx`] a form for one library.
//! Text is always written as text, so nothing from a vendor becomes a formula. The workbook's date is the one
//! passed in: the same rows give the same bytes.

mod audit;
mod audit_words;
mod explanation;
mod form;
mod pivot;
mod sheet;
#[cfg(test)]
mod tests;
mod words;

use std::convert::Infallible;
use std::io::Write;

use chrono::{DateTime, Datelike, Timelike, Utc};
use chrono_tz::Tz;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};

use super::rows::{StatisticRow, Table, Text};
use super::{ExportError, Geography};
use crate::model::{AccountId, Month, MonthRange, MonthState, ProductId, ReportId, SourceId};

pub use audit::write_audit_xlsx;
pub use form::write_form_xlsx;
pub(super) use sheet::clean;
use sheet::{MAX_ROWS, SheetNames, Styles, table_sheets};

/// What a sheet says about its product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductInfo {
    /// The product.
    pub id: ProductId,
    /// Its name; names its sheet.
    pub name: Text,
    /// The vendor's name.
    pub vendor: Text,
    /// `REPORT:METRIC`; empty: `PR:Unique_Item_Requests`, or what there is.
    pub headline: Text,
}

/// What a statistics workbook says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkbookNotes {
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// The zone in which times are shown to people.
    pub time_zone: Tz,
    /// What was asked for.
    pub selection: Selection,
    /// What is not there although it should be.
    pub missing: Vec<MissingMonths>,
}

/// What an export was asked for; empty or nothing means everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The county as people know it, such as `56 Finnmark`.
    pub county: Text,
    /// The municipality, such as `5601 Alta`.
    pub municipality: Text,
    /// The institution, such as `2201200 Alta bibliotek`.
    pub institution: Text,
    /// The products' names.
    pub products: Vec<Text>,
    /// The report.
    pub report: Option<ReportId>,
    /// The metrics.
    pub metrics: Vec<Text>,
    /// The first month.
    pub from: Option<Month>,
    /// The last month, included.
    pub to: Option<Month>,
    /// Where institutions are shown.
    pub geography: Geography,
}

/// Months of one report of one account whose figures are missing or may still change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingMonths {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account: AccountId,
    /// The report.
    pub report: ReportId,
    /// The products that get their figures from it.
    pub products: Vec<ProductId>,
    /// The months.
    pub months: MonthRange,
    /// Where they stand; `Harvested` when `partial`, `Empty` when `unconfirmed`.
    pub state: MonthState,
    /// The vendor says that there will be more.
    pub partial: bool,
    /// Empty, but the vendor has not said so.
    pub unconfirmed: bool,
    /// Why, for people.
    pub reason: Text,
    /// When they are asked for again, if they are.
    pub next_attempt: Option<DateTime<Utc>>,
}

/// Writes rows of one kind as a workbook; more than a sheet holds go on in further sheets. Gives the number of rows.
///
/// # Errors
/// The first row that cannot be had, a limit of Excel, or the writer's error.
pub fn write_table_xlsx<T: Table, E>(
    out: &mut dyn Write,
    rows: impl IntoIterator<Item = Result<T, E>>,
    made_at: DateTime<Utc>,
) -> Result<u64, ExportError<E>> {
    let (sheets, written) = table_sheets(rows, &Styles::new(), MAX_ROWS)?;
    save(out, sheets, T::SHEET, made_at)?;
    Ok(written)
}

/// Writes statistics as a workbook: all rows, one sheet per product that has any, and an explanation.
///
/// `rows` in the contract's order; the sheets of products stand in the order of `products`, those that are not in it after.
///
/// # Errors
/// A limit of Excel, or the writer's error.
pub fn write_statistics_xlsx(
    out: &mut dyn Write,
    rows: &[StatisticRow],
    products: &[ProductInfo],
    notes: &WorkbookNotes,
) -> Result<(), ExportError<Infallible>> {
    let styles = Styles::new();
    let mut names = SheetNames::default();
    let (mut sheets, _) = table_sheets(rows.iter().map(Ok::<_, Infallible>), &styles, MAX_ROWS)?;
    for sheet in &sheets {
        names.unique(&sheet.name());
    }
    let explanation_name = names.unique(explanation::SHEET);
    let pivots = pivot::pivots(rows, products, notes);
    let mut contents = Vec::with_capacity(pivots.len());
    for pivot in &pivots {
        let name = names.unique(&pivot.name);
        sheets.push(pivot::draw(pivot, &name, &styles)?);
        contents.push((name, pivot));
    }
    sheets.push(explanation::draw(&explanation_name, &contents, products, notes, &styles)?);
    save(out, sheets, "Bruksstatistikk", notes.made_at)?;
    Ok(())
}

fn save<E>(out: &mut dyn Write, sheets: Vec<Worksheet>, title: &str, made_at: DateTime<Utc>) -> Result<(), ExportError<E>> {
    let mut workbook = Workbook::new();
    let properties = DocProperties::new().set_title(title).set_author("avling").set_creation_datetime(&moment(made_at)?);
    workbook.set_properties(&properties);
    for sheet in sheets {
        workbook.push_worksheet(sheet);
    }
    // Through memory, because a zip is written with seeks and standard output has none.
    out.write_all(&workbook.save_to_buffer()?)?;
    out.flush()?;
    Ok(())
}

/// `time` for Excel, whose years begin at 1900; what lies outside is moved to the edge.
fn moment(time: DateTime<Utc>) -> Result<ExcelDateTime, XlsxError> {
    let small = |number: u32| u8::try_from(number).unwrap_or(1);
    let year = u16::try_from(time.year().clamp(1900, 9999)).unwrap_or(1900);
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    let hour = u16::try_from(hour).unwrap_or(0);
    ExcelDateTime::from_ymd(year, small(time.month()), small(time.day()))?.and_hms(hour, small(minute), f64::from(second))
}
