//! One product's headline figure, institution by month: made from rows ([`pivots`]), then drawn as a sheet ([`draw`]).
//!
//! Data types are added together. Sums are formulas with their results stored beside them, so they are right in a
//! reader that computes nothing, and follow when somebody edits a cell.

use std::collections::{BTreeMap, BTreeSet};

use rust_xlsxwriter::utility::row_col_to_cell;
use rust_xlsxwriter::{ColNum, Format, Formula, IgnoreError, RowNum, Worksheet, XlsxError};

use super::super::rows::{StatisticRow, Text};
use super::sheet::{Styles, columns, excel_date, for_printing, set_width, write_text, write_whole};
use super::words;
use super::{ProductInfo, WorkbookNotes};
use crate::model::{InstitutionId, Month, MonthRange, ProductId, Quality, ReportId};

/// The headline where a product names none.
const DEFAULT_HEADLINE: (&str, &str) = ("PR", "Unique_Item_Requests");
/// More consecutive months than this are not shown as consecutive: there is a wrong date among them.
const MOST_MONTHS: i32 = 600;

/// A product's headline figure, by institution and month.
#[derive(Debug, PartialEq)]
pub(super) struct Pivot {
    /// The product.
    pub(super) product: ProductId,
    /// Its name.
    pub(super) name: Text,
    /// The vendor's name.
    pub(super) vendor: Text,
    /// The report that is shown.
    pub(super) report: ReportId,
    /// The metric that is shown.
    pub(super) metric: Text,
    /// The headline that was wanted, if the selection has no such figure.
    pub(super) instead_of: Option<String>,
    /// The columns.
    pub(super) months: Vec<Month>,
    /// Months with something missing for this product and report.
    pub(super) incomplete: BTreeSet<Month>,
    /// The rows: by county, municipality and name; what could not be placed last.
    pub(super) lines: Vec<Line>,
}

/// One institution's months.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    /// Nobody for what could not be placed.
    pub(super) institution: Option<InstitutionId>,
    /// Its name.
    pub(super) name: Text,
    /// Its municipality's name.
    pub(super) municipality: Text,
    /// Its county's name.
    pub(super) county: Text,
    /// The figures; a month without one is absent.
    pub(super) values: BTreeMap<Month, u128>,
    /// Persons in the newest month that has them.
    pub(super) persons: Option<u64>,
    /// The weakest quality of the figures.
    pub(super) quality: Quality,
}

impl Line {
    /// The sum of all months.
    pub(super) fn sum(&self) -> u128 {
        self.values.values().sum()
    }
}

/// What sorts lines, and tells them apart: an institution that has moved has a line for each place.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    unplaced: bool,
    county: Text,
    municipality: String,
    name: String,
    institution: Option<InstitutionId>,
}

impl Place {
    fn of(row: &StatisticRow) -> Self {
        Self {
            unplaced: row.institution.is_none(),
            county: row.county.clone(),
            municipality: row.municipality.as_ref().map(ToString::to_string).unwrap_or_default(),
            name: words::sort_key(&row.institution_name),
            institution: row.institution.clone(),
        }
    }
}

/// A pivot for each product that has rows, in the order of `products`; products that are not in it after, by id.
pub(super) fn pivots(rows: &[StatisticRow], products: &[ProductInfo], notes: &WorkbookNotes) -> Vec<Pivot> {
    let mut by_product: BTreeMap<&ProductId, Vec<&StatisticRow>> = BTreeMap::new();
    for row in rows {
        by_product.entry(&row.product).or_default().push(row);
    }
    let months = months(rows, notes);
    let known = products.iter().filter_map(|info| Some((by_product.remove(&info.id)?, Some(info)))).collect::<Vec<_>>();
    let unknown = by_product.into_values().map(|rows| (rows, None));
    known.into_iter().chain(unknown).filter_map(|(rows, info)| pivot(&rows, info, &months, notes)).collect()
}

fn pivot(rows: &[&StatisticRow], info: Option<&ProductInfo>, months: &[Month], notes: &WorkbookNotes) -> Option<Pivot> {
    let first = rows.first()?;
    let (shown, instead_of) = headline(rows, info.map_or("", |info| &info.headline))?;
    let (report, metric) = (shown.report.clone(), shown.metric.clone());
    let mut lines: BTreeMap<Place, (Line, Option<Month>)> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.report == report && row.metric == metric) {
        let (line, persons_in) = lines.entry(Place::of(row)).or_insert_with(|| (empty_line(row), None));
        *line.values.entry(row.month).or_default() += u128::from(row.value);
        line.quality = line.quality.max(row.quality);
        if row.persons.is_some() && Some(row.month) >= *persons_in {
            (line.persons, *persons_in) = (row.persons, Some(row.month));
        }
    }
    let about_this = notes.missing.iter().filter(|missing| missing.report == report && missing.products.contains(&first.product));
    let incomplete = about_this.flat_map(|missing| months.iter().filter(|month| missing.months.contains(**month))).copied().collect();
    let named = |name: &Text| if name.is_empty() { Text::from(first.product.as_str()) } else { name.clone() };
    Some(Pivot {
        product: first.product.clone(),
        name: named(info.map_or(&first.product_name, |info| &info.name)),
        vendor: info.map_or_else(|| first.vendor.as_ref().map_or("", |vendor| vendor.as_str()).into(), |info| info.vendor.clone()),
        report,
        metric,
        instead_of,
        months: months.to_vec(),
        incomplete,
        lines: lines.into_values().map(|(line, _)| line).collect(),
    })
}

fn empty_line(row: &StatisticRow) -> Line {
    Line {
        institution: row.institution.clone(),
        name: if row.institution.is_none() { words::UNPLACED.into() } else { row.institution_name.clone() },
        municipality: row.municipality_name.clone(),
        county: row.county_name.clone(),
        values: BTreeMap::new(),
        persons: None,
        quality: row.quality,
    }
}

/// A row of the figure that stands for the product; and, if that is not the figure that was wanted, which was.
///
/// Not wanted by name: `PR:Unique_Item_Requests`, or what there is, the most telling first.
fn headline<'a>(rows: &[&'a StatisticRow], wanted: &str) -> Option<(&'a StatisticRow, Option<String>)> {
    let find = |report: &str, metric: &str| {
        rows.iter().find(|row| row.report.as_str().eq_ignore_ascii_case(report) && *row.metric == *metric).copied()
    };
    let asked = (!wanted.trim().is_empty()).then(|| wanted.trim());
    let (report, metric) = asked.map_or(DEFAULT_HEADLINE, |asked| asked.split_once(':').unwrap_or(("", asked)));
    if let Some(row) = find(report.trim(), metric.trim()) {
        return Some((row, None));
    }
    let figures: BTreeMap<_, _> = rows.iter().map(|row| ((&row.report, &row.metric), *row)).collect();
    let telling = |row: &&StatisticRow| (words::metric_rank(&row.metric), words::report_rank(&row.report));
    let row = figures.into_values().min_by_key(telling)?;
    Some((row, asked.map(str::to_owned)))
}

/// The months of all pivots: from the first to the last that was asked for, or that there is anything about.
fn months(rows: &[StatisticRow], notes: &WorkbookNotes) -> Vec<Month> {
    let selection = &notes.selection;
    let within = |month: &Month| selection.from.is_none_or(|from| from <= *month) && selection.to.is_none_or(|to| *month <= to);
    let used: BTreeSet<Month> = rows.iter().map(|row| row.month).collect();
    let missing = notes.missing.iter().flat_map(|missing| [missing.months.first, missing.months.last]).filter(within);
    let known: BTreeSet<Month> = used.iter().copied().chain(missing).collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else { return Vec::new() };
    let first = selection.from.map_or(*first, |from| from.min(*first));
    if last.index() - first.index() < MOST_MONTHS { MonthRange::new(first, *last).iter().collect() } else { used.into_iter().collect() }
}

/// The row of column heads, and the first column with a month.
const HEAD: RowNum = 4;
const FIRST_MONTH: ColNum = 4;

/// Draws the sheet.
pub(super) fn draw(pivot: &Pivot, sheet_name: &str, styles: &Styles) -> Result<Worksheet, XlsxError> {
    let mut sheet = Worksheet::new();
    sheet.set_name(sheet_name)?;
    let sum_column = FIRST_MONTH.saturating_add(ColNum::try_from(pivot.months.len()).unwrap_or(ColNum::MAX));
    let (persons_column, rate_column, quality_column) = (sum_column + 1, sum_column + 2, sum_column + 3);
    draw_heads(&mut sheet, pivot, sum_column, styles)?;
    let mut row = HEAD;
    for line in &pivot.lines {
        row += 1;
        write_text(&mut sheet, row, 0, &line.name, &styles.plain)?;
        write_text(&mut sheet, row, 1, &line.municipality, &styles.plain)?;
        write_text(&mut sheet, row, 2, &line.county, &styles.plain)?;
        write_text(&mut sheet, row, 3, line.institution.as_ref().map_or("", InstitutionId::as_str), &styles.plain)?;
        for (month, column) in pivot.months.iter().zip(FIRST_MONTH..) {
            if let Some(value) = line.values.get(month) {
                write_whole(&mut sheet, row, column, *value, &styles.whole)?;
            }
        }
        let (sum, last_month) = (line.sum(), sum_column - 1);
        write_sum(&mut sheet, (row, sum_column), [(row, FIRST_MONTH), (row, last_month)], sum, &styles.whole_sum)?;
        if let Some(persons) = line.persons.filter(|&persons| persons > 0) {
            write_whole(&mut sheet, row, persons_column, u128::from(persons), &styles.whole)?;
            let formula = format!("={}/{}*1000", row_col_to_cell(row, sum_column), row_col_to_cell(row, persons_column));
            let rate = super::super::per_1000(u64::try_from(sum).unwrap_or(u64::MAX), Some(persons)).unwrap_or_default();
            sheet.write_formula_with_format(row, rate_column, Formula::new(formula).set_result(rate), &styles.one_decimal)?;
        }
        write_text(&mut sheet, row, quality_column, words::quality(line.quality), &styles.plain)?;
    }
    draw_totals(&mut sheet, pivot, row, sum_column, styles)?;

    sheet.set_freeze_panes(HEAD + 1, 1)?;
    sheet.autofilter(HEAD, 0, row, quality_column)?;
    sheet.ignore_error_range(HEAD, 3, row.saturating_add(1), 3, IgnoreError::NumberStoredAsText)?;
    let longest = |text: fn(&Line) -> &str| pivot.lines.iter().map(|line| text(line).chars().count()).max().unwrap_or(0);
    set_width(&mut sheet, 0, longest(|line| &line.name).max(20))?;
    set_width(&mut sheet, 1, longest(|line| &line.municipality).max(11))?;
    set_width(&mut sheet, 2, longest(|line| &line.county).max(9))?;
    set_width(&mut sheet, 3, longest(|line| line.institution.as_ref().map_or("", InstitutionId::as_str)).max(7))?;
    if !pivot.months.is_empty() {
        sheet.set_column_range_width(FIRST_MONTH, sum_column - 1, 11.5)?;
    }
    for (column, characters) in [(sum_column, 10), (persons_column, 11), (rate_column, 12), (quality_column, 20)] {
        set_width(&mut sheet, column, characters)?;
    }
    for_printing(&mut sheet, HEAD)?;
    sheet.set_print_fit_to_pages(1, 0);
    Ok(sheet)
}

fn draw_heads(sheet: &mut Worksheet, pivot: &Pivot, sum_column: ColNum, styles: &Styles) -> Result<(), XlsxError> {
    let by = if pivot.vendor.is_empty() { String::new() } else { format!(" ({})", pivot.vendor) };
    write_text(sheet, 0, 0, &format!("{}{by}", pivot.name), &styles.title)?;
    let figure = words::figure(&pivot.report, &pivot.metric);
    write_text(sheet, 1, 0, &figure, &styles.plain)?;
    let mut remarks = String::from("Tom rute: ingen tall.");
    if !pivot.incomplete.is_empty() {
        remarks.push_str(" * Måneden mangler helt eller delvis, se arket Forklaring.");
    }
    if let Some(wanted) = &pivot.instead_of {
        remarks = format!("{remarks} Produktets nøkkeltall {wanted} finnes ikke i utvalget; dette vises i stedet.");
    }
    write_text(sheet, 2, 0, &remarks, &styles.faint)?;
    sheet.set_row_height(HEAD, 20)?;
    for (column, head) in columns(&["Institusjon", "Kommune", "Fylke", "Id"]) {
        sheet.write_string_with_format(HEAD, column, *head, &styles.header)?;
    }
    for (month, column) in pivot.months.iter().zip(FIRST_MONTH..) {
        let (marked, mark) =
            if pivot.incomplete.contains(month) { (&styles.header_month_incomplete, "*") } else { (&styles.header_month, "") };
        match excel_date(month.first_day()) {
            Some(date) => sheet.write_with_format(HEAD, column, date, marked)?,
            None => sheet.write_string_with_format(HEAD, column, format!("{month}{mark}"), marked)?,
        };
    }
    for (head, column) in ["Sum", "Personer", "Per 1000"].into_iter().zip(sum_column..) {
        sheet.write_string_with_format(HEAD, column, head, &styles.header_number)?;
    }
    sheet.write_string_with_format(HEAD, sum_column + 3, "Svakeste kvalitet", &styles.header)?;
    Ok(())
}

fn draw_totals(sheet: &mut Worksheet, pivot: &Pivot, last: RowNum, sum_column: ColNum, styles: &Styles) -> Result<(), XlsxError> {
    let (first, total) = (HEAD + 1, last + 1);
    for column in 0..=sum_column + 3 {
        sheet.write_blank(total, column, &styles.total)?;
    }
    sheet.write_string_with_format(total, 0, "Sum", &styles.total)?;
    for (month, column) in pivot.months.iter().zip(FIRST_MONTH..) {
        let sum = pivot.lines.iter().filter_map(|line| line.values.get(month)).sum();
        write_sum(sheet, (total, column), [(first, column), (last, column)], sum, &styles.whole_total)?;
    }
    let sum = pivot.lines.iter().map(Line::sum).sum();
    write_sum(sheet, (total, sum_column), [(first, sum_column), (last, sum_column)], sum, &styles.whole_total)
}

/// A `SUM` over the cells from one to another, with its result.
fn write_sum(
    sheet: &mut Worksheet,
    (row, column): (RowNum, ColNum),
    [from, to]: [(RowNum, ColNum); 2],
    sum: u128,
    format: &Format,
) -> Result<(), XlsxError> {
    let formula = format!("=SUM({}:{})", row_col_to_cell(from.0, from.1), row_col_to_cell(to.0, to.1));
    sheet.write_formula_with_format(row, column, Formula::new(formula).set_result(sum.to_string()), format)?;
    Ok(())
}
