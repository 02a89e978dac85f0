//! The sharing audit as a workbook to send out: a sheet that explains, then one for each kind of finding.

use std::convert::Infallible;
use std::io::Write;

use chrono::{DateTime, Utc};
use rust_xlsxwriter::{ColNum, Format, IgnoreError, RowNum, Worksheet, XlsxError};

use super::super::ExportError;
use super::super::audit::{AuditReport, Chapter, joined};
use super::audit_words as words;
use super::explanation::month_words;
use super::save;
use super::sheet::{MAX_ROWS, SheetNames, Styles, columns, for_printing, set_width, write_text, write_whole};
use crate::attribution::audit::{Finding, FindingKind, Per, Severity};
use crate::model::InstitutionId;

/// Ranges shown in a cell; whoever needs more needs the CSV file.
const MOST_RANGES: usize = 40;
/// Names shown in a cell.
const MOST_NAMES: usize = 60;

/// A column of a sheet of findings.
#[derive(Clone, Copy)]
enum Column {
    Severity,
    Counties,
    /// Who it is about.
    First,
    FirstId,
    /// The other of two.
    Second,
    SecondId,
    /// Everybody that it concerns.
    Everybody,
    /// Everybody but the one that it is about.
    Others,
    HowMany,
    Products,
    Accounts,
    Addresses,
    Ranges,
    Persons,
    Why,
}

use Column as C;

impl Column {
    fn title(self) -> &'static str {
        match self {
            Self::Severity => "Alvor",
            Self::Counties => "Fylke",
            Self::First => "Institusjon",
            Self::FirstId | Self::SecondId => "Id",
            Self::Second => "Deler med",
            Self::Everybody => "Institusjoner",
            Self::Others => "Andre det gjelder",
            Self::HowMany => "Antall institusjoner",
            Self::Products => "Produkt",
            Self::Accounts => "Konto",
            Self::Addresses => "Antall adresser",
            Self::Ranges => "Adresser",
            Self::Persons => "Personer",
            Self::Why => "Hvorfor",
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::HowMany | Self::Addresses | Self::Persons)
    }
}

/// The columns of a kind.
fn columns_of(kind: FindingKind, per: Per) -> &'static [Column] {
    match (kind, per) {
        (FindingKind::Shared, Per::Address) => &[C::Counties, C::Ranges, C::Addresses, C::HowMany, C::Everybody],
        (FindingKind::Shared, Per::Institution) => &[C::Counties, C::First, C::FirstId, C::Second, C::SecondId, C::Addresses, C::Ranges],
        (FindingKind::Shared, Per::County) => &[C::Counties, C::Why, C::HowMany, C::Addresses, C::Everybody],
        (FindingKind::Unaware, _) => &[C::Counties, C::First, C::FirstId, C::Second, C::SecondId, C::Addresses, C::Ranges, C::Why],
        (FindingKind::Exposed, _) => &[C::Severity, C::Counties, C::Accounts, C::Products, C::Everybody, C::Addresses, C::Ranges],
        (FindingKind::LockedOut, _) => {
            &[C::Severity, C::Counties, C::First, C::FirstId, C::Products, C::Addresses, C::Ranges, C::Why, C::Accounts]
        }
        (FindingKind::Unpaid, _) => {
            &[C::Counties, C::First, C::FirstId, C::Persons, C::Products, C::Accounts, C::Addresses, C::Ranges, C::Others]
        }
        (FindingKind::Reserved | FindingKind::TooWide, _) => {
            &[C::Severity, C::Counties, C::Everybody, C::Accounts, C::Addresses, C::Ranges, C::Why]
        }
    }
}

/// Writes what concerns a county, or the whole country if `county` is nothing, as a workbook; an empty county stands for what concerns
/// none. Each of [`AuditReport::chapters`] has a sheet, also if nothing was found.
///
/// # Errors
/// A limit of Excel, or the writer's error.
pub fn write_audit_xlsx(
    out: &mut dyn Write,
    report: &AuditReport<'_>,
    chapters: &[Chapter],
    county: Option<&str>,
    made_at: DateTime<Utc>,
) -> Result<(), ExportError<Infallible>> {
    let styles = Styles::new();
    let mut names = SheetNames::default();
    let cover = names.unique("Les meg");
    let (mut sheets, mut contents) = (Vec::new(), Vec::new());
    for chapter in chapters {
        let (kind, per) = (chapter.kind, chapter.per);
        let findings: Vec<&Finding> = chapter.of(county).collect();
        let name = names.unique(words::sheet(kind, per));
        sheets.push(draw(report, &findings, columns_of(kind, per), &name, &styles)?);
        contents.push(Content { name, kind, count: findings.len(), gravest: findings.iter().map(|f| f.severity).min() });
    }
    let place = match county {
        None => "Hele landet".to_owned(),
        Some("") => "Uten kjent fylke".to_owned(),
        Some(county) => report.county(county),
    };
    sheets.insert(0, explain(&cover, &place, report, &contents, &styles)?);
    save(out, sheets, "Delte og registrerte IP-adresser", made_at)
}

/// A sheet, as the cover speaks of it.
struct Content {
    name: String,
    kind: FindingKind,
    count: usize,
    gravest: Option<Severity>,
}

fn draw(report: &AuditReport<'_>, findings: &[&Finding], shown: &[Column], name: &str, styles: &Styles) -> Result<Worksheet, XlsxError> {
    let mut sheet = Worksheet::new();
    sheet.set_name(name)?;
    let mut widths = Vec::with_capacity(shown.len());
    for (place, column) in columns(shown) {
        let header = if column.is_number() { &styles.header_number } else { &styles.header };
        sheet.write_string_with_format(0, place, column.title(), header)?;
        widths.push(column.title().chars().count() + 3);
    }
    let mut last: RowNum = 0;
    for finding in findings.iter().take(MAX_ROWS as usize - 1) {
        last += 1;
        for ((place, column), width) in columns(shown).zip(&mut widths) {
            let used = write(&mut sheet, (last, place), *column, report, finding, styles)?;
            *width = used.max(*width);
        }
    }
    let last_column = ColNum::try_from(shown.len().saturating_sub(1)).unwrap_or(ColNum::MAX);
    sheet.set_freeze_panes(1, 0)?;
    sheet.autofilter(0, 0, last, last_column)?;
    sheet.ignore_error_range(0, 0, last, last_column, IgnoreError::NumberStoredAsText)?;
    for (place, width) in columns(&widths) {
        set_width(&mut sheet, place, *width)?;
    }
    for_printing(&mut sheet, 0)?;
    Ok(sheet)
}

/// Writes one cell; gives the characters that it takes.
fn write(
    sheet: &mut Worksheet,
    (row, place): (RowNum, ColNum),
    column: Column,
    report: &AuditReport<'_>,
    finding: &Finding,
    styles: &Styles,
) -> Result<usize, XlsxError> {
    let number = |sheet: &mut Worksheet, number: u128| {
        write_whole(sheet, row, place, number, &styles.whole)?;
        Ok(number.to_string().len() * 4 / 3)
    };
    let name = |id: Option<&InstitutionId>| id.map(|id| report.institution(id).to_owned()).unwrap_or_default();
    let with_id = |id: &InstitutionId| format!("{} ({id})", report.institution(id));
    let (first, second) = (finding.institutions.first(), finding.institutions.get(1));
    let text = match column {
        C::HowMany => return number(sheet, finding.institutions.len() as u128),
        C::Addresses => return number(sheet, finding.addresses.count()),
        C::Persons => match finding.persons() {
            Some(persons) => return number(sheet, u128::from(persons)),
            None => String::new(),
        },
        C::Severity => words::severity(finding.severity).to_owned(),
        C::Counties => joined(finding.counties.iter().filter(|county| !county.is_empty()).map(|county| report.county(county)), ", "),
        C::First => name(first),
        C::FirstId => first.map(ToString::to_string).unwrap_or_default(),
        C::Second => name(second),
        C::SecondId => second.map(ToString::to_string).unwrap_or_default(),
        C::Everybody => some(finding.institutions.iter().map(with_id), MOST_NAMES),
        C::Others => some(finding.institutions.iter().skip(1).map(with_id), MOST_NAMES),
        C::Products => joined(finding.products.iter().map(|id| report.product(id)), ", "),
        C::Accounts => some(finding.accounts.iter(), MOST_NAMES),
        C::Ranges => some(finding.addresses.ranges(), MOST_RANGES),
        C::Why => words::why(finding),
    };
    if text.is_empty() { Ok(0) } else { write_text(sheet, row, place, &text, &styles.plain) }
}

/// The first of several things, and how many more there are.
fn some<T: std::fmt::Display>(things: impl IntoIterator<Item = T>, most: usize) -> String {
    let mut things = things.into_iter();
    let shown = joined(things.by_ref().take(most), ", ");
    match things.count() {
        0 => shown,
        more => format!("{shown} … og {more} til"),
    }
}

/// The cover: where it is about, what each sheet shows, what it means and what to do.
fn explain(name: &str, place: &str, report: &AuditReport<'_>, contents: &[Content], styles: &Styles) -> Result<Worksheet, XlsxError> {
    const WIDTHS: [f64; 5] = [30.0, 9.0, 16.0, 62.0, 62.0];
    let mut sheet = Worksheet::new();
    sheet.set_name(name)?;
    for (column, width) in columns(&WIDTHS) {
        sheet.set_column_width(column, *width)?;
    }
    let month = month_words(report.month);
    sheet.write_string_with_format(0, 0, format!("Delte og registrerte IP-adresser: {place}"), &styles.title)?;
    let intro = [
        format!("Slik adressene er registrert i {month}. Hver linje i arkene er ett funn."),
        "Arkene kan sorteres og filtreres. Er noe feil, er det registreringen som må rettes: bruk skjemaet som fylket sender ut, eller si fra til fylkesbiblioteket.".to_owned(),
        "Et funn er et spørsmål, ikke en anklage: det sier hva som er registrert, ikke hva som er sant.".to_owned(),
    ];
    let mut row: RowNum = 1;
    for line in &intro {
        write_text(&mut sheet, row, 0, line, &styles.plain)?;
        row += 1;
    }
    row += 1;
    for (column, title) in columns(&["Ark", "Funn", "Alvor", "Hva det betyr", "Hva dere kan gjøre"]) {
        sheet.write_string_with_format(row, column, *title, if column == 1 { &styles.header_number } else { &styles.header })?;
    }
    let header = row;
    let top = Format::new().set_align(rust_xlsxwriter::FormatAlign::Top);
    for content in contents {
        row += 1;
        write_text(&mut sheet, row, 0, &content.name, &styles.bold)?;
        write_whole(&mut sheet, row, 1, content.count as u128, &top)?;
        write_text(&mut sheet, row, 2, content.gravest.map_or("ingen funn", words::severity), &top)?;
        write_text(&mut sheet, row, 3, words::meaning(content.kind), &styles.wrapped)?;
        write_text(&mut sheet, row, 4, words::what_to_do(content.kind), &styles.wrapped)?;
        let longest = words::meaning(content.kind).chars().count().max(words::what_to_do(content.kind).chars().count());
        let lines = u32::try_from(longest.div_ceil(58)).unwrap_or(1);
        sheet.set_row_height(row, 15.0 * f64::from(lines))?;
    }
    sheet.set_freeze_panes(header + 1, 0)?;
    for_printing(&mut sheet, header)?;
    sheet.set_print_fit_to_pages(1, 0);
    Ok(sheet)
}
