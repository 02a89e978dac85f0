//! The sheet that explains a statistics workbook: what was asked for, what is missing, what the words mean.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_xlsxwriter::{ColNum, Format, RowNum, Worksheet, XlsxError};

use super::super::Geography;
use super::pivot::Pivot;
use super::sheet::{Styles, clean, columns, for_printing};
use super::words;
use super::{MissingMonths, ProductInfo, Selection, WorkbookNotes};
use crate::model::{Month, Quality};

/// The sheet's name.
pub(super) const SHEET: &str = "Forklaring";
/// Widths of the columns, in characters: the sheet is a page to read.
const WIDTHS: [u8; 6] = [26, 30, 12, 22, 24, 60];
/// More missing lines than this are counted, not shown: nobody reads them, and `export runs` has them all.
const MOST_MISSING: usize = 2_000;

/// Draws the sheet. `contents`: the pivots with their sheets' names.
pub(super) fn draw(
    sheet_name: &str,
    contents: &[(String, &Pivot)],
    products: &[ProductInfo],
    notes: &WorkbookNotes,
    styles: &Styles,
) -> Result<Worksheet, XlsxError> {
    let mut page = Page { sheet: Worksheet::new(), row: 0, styles };
    page.sheet.set_name(sheet_name)?;
    for (column, width) in columns(&WIDTHS) {
        page.sheet.set_column_width(column, f64::from(*width))?;
    }
    page.line(&["Forklaring"], &styles.title)?;
    page.line(&[&format!("Laget {} av avling.", clock_time(notes.made_at, notes.time_zone))], &styles.plain)?;

    page.heading("Utvalg")?;
    for (what, value) in selection(&notes.selection) {
        page.explained(what, &value)?;
    }

    page.heading("Hva som mangler")?;
    page.missing(&notes.missing, notes.time_zone)?;

    page.heading("Ark")?;
    page.explained("Statistikk", "Alle tall, én rad for hver institusjon, måned og slags bruk. Egnet for filter og pivottabeller.")?;
    for (name, pivot) in contents {
        page.explained(name, &format!("{}: {}", pivot.name, words::figure(&pivot.report, &pivot.metric)))?;
    }
    let without: Vec<&str> =
        products.iter().filter(|info| contents.iter().all(|(_, pivot)| pivot.product != info.id)).map(|info| &*info.name).collect();
    if !without.is_empty() {
        page.explained("Uten tall i utvalget", &without.join(", "))?;
    }

    page.heading("Slik leses arkene for hvert produkt")?;
    page.explained("Tom rute", "Leverandøren har ikke meldt noen bruk for institusjonen den måneden, eller måneden mangler (se *).")?;
    page.explained("*", "Tallene for måneden mangler eller er ikke komplette hos minst én konto; se «Hva som mangler».")?;
    page.explained("Personer", "Innbyggere i kommunen, for skoler elever og ansatte, slik det gjaldt i den nyeste måneden med tall.")?;
    page.explained("Per 1000", "Summen av alle månedene delt på personer, ganger 1000.")?;
    page.explained("Svakeste kvalitet", "Tallene i raden kan ha ulik kvalitet. Den svakeste vises.")?;
    page.explained(words::UNPLACED, words::quality_meaning(Quality::Unresolved))?;

    page.heading("Kvalitet, fra sterkest til svakest")?;
    for quality in Quality::ALL {
        page.explained(&format!("{} ({quality})", words::quality(quality)), words::quality_meaning(quality))?;
    }
    page.heading("Merker i kolonnen note")?;
    for (mark, meaning) in words::MARKS {
        page.explained(mark, meaning)?;
    }
    page.heading("Kolonner i arket Statistikk")?;
    for (column, meaning) in words::COLUMNS {
        page.explained(column, meaning)?;
    }
    for_printing(&mut page.sheet, 0)?;
    page.sheet.set_print_fit_to_pages(1, 0);
    Ok(page.sheet)
}

/// The sheet, written from the top.
struct Page<'a> {
    sheet: Worksheet,
    row: RowNum,
    styles: &'a Styles,
}

impl Page<'_> {
    fn heading(&mut self, text: &str) -> Result<(), XlsxError> {
        self.row += 1;
        self.line(&[text], &self.styles.heading)
    }

    /// Cells side by side.
    fn line(&mut self, cells: &[&str], format: &Format) -> Result<(), XlsxError> {
        for (column, text) in columns(cells) {
            self.sheet.write_string_with_format(self.row, column, &*clean(text), format)?;
        }
        self.row += 1;
        Ok(())
    }

    /// A word and what is said about it, across the page.
    fn explained(&mut self, word: &str, meaning: &str) -> Result<(), XlsxError> {
        const LAST: ColNum = 5;
        let wide: u32 = WIDTHS.iter().skip(1).map(|width| u32::from(*width)).sum();
        self.sheet.write_string_with_format(self.row, 0, &*clean(word), &self.styles.bold)?;
        self.sheet.merge_range(self.row, 1, self.row, LAST, &clean(meaning), &self.styles.wrapped)?;
        // Excel does not fit the height of merged cells by itself.
        let lines = u32::try_from(meaning.chars().count()).unwrap_or(u32::MAX).div_ceil(wide).clamp(1, 25);
        self.sheet.set_row_height(self.row, 15.0 * f64::from(lines))?;
        self.row += 1;
        Ok(())
    }

    fn missing(&mut self, missing: &[MissingMonths], zone: Tz) -> Result<(), XlsxError> {
        if missing.is_empty() {
            return self.line(&["Ingenting: alle måneder i utvalget er høstet eller bekreftet tomme."], &self.styles.plain);
        }
        self.line(&["Kilde", "Konto", "Rapport", "Måneder", "Status", "Årsak"], &self.styles.header)?;
        for line in missing.iter().take(MOST_MISSING) {
            let mut reason = line.reason.to_string();
            if let Some(next) = line.next_attempt {
                let gap = match reason.chars().last() {
                    None => "",
                    Some('.') => " ",
                    Some(_) => ". ",
                };
                reason = format!("{reason}{gap}Nytt forsøk {}.", clock_time(next, zone));
            }
            let state = words::state(line.state, line.partial, line.unconfirmed);
            let (first, last) = (month_words(line.months.first), month_words(line.months.last));
            let months = if first == last { first } else { format!("{first} – {last}") };
            let cells = [line.source.as_str(), line.account.as_str(), line.report.as_str(), &months, state, &reason];
            self.line(&cells, &self.styles.wrapped)?;
        }
        match missing.len().saturating_sub(MOST_MISSING) {
            0 => Ok(()),
            more => self.line(&[&format!("… og {more} til.")], &self.styles.plain),
        }
    }
}

/// What was asked for, in words.
fn selection(selection: &Selection) -> Vec<(&'static str, String)> {
    let or_all = |text: &str, all: &str| if text.is_empty() { all.to_owned() } else { text.to_owned() };
    let names = |names: &[super::Text]| names.iter().map(|name| &**name).collect::<Vec<_>>().join(", ");
    let mut lines = vec![("Fylke", or_all(&selection.county, "alle"))];
    if !selection.municipality.is_empty() {
        lines.push(("Kommune", selection.municipality.to_string()));
    }
    if !selection.institution.is_empty() {
        lines.push(("Institusjon", selection.institution.to_string()));
    }
    lines.push(("Produkter", or_all(&names(&selection.products), "alle")));
    if let Some(report) = &selection.report {
        lines.push(("Rapport", report.to_string()));
    }
    if !selection.metrics.is_empty() {
        lines.push(("Måltall", names(&selection.metrics)));
    }
    let months = match (selection.from, selection.to) {
        (None, None) => "alle".to_owned(),
        (Some(from), None) => format!("fra og med {}", month_words(from)),
        (None, Some(to)) => format!("til og med {}", month_words(to)),
        (Some(from), Some(to)) if from == to => month_words(from),
        (Some(from), Some(to)) => format!("{} – {}", month_words(from), month_words(to)),
    };
    lines.push(("Måneder", months));
    let geography = match selection.geography {
        Geography::Today => "Institusjonene står i dagens kommune og fylke i alle måneder.",
        Geography::Month => "Institusjonene står i den kommunen og det fylket de hørte til i hver måned.",
    };
    lines.push(("Kommuner og fylker", geography.to_owned()));
    lines
}

/// `mars 2024`.
pub(super) fn month_words(month: Month) -> String {
    const NAMES: [&str; 12] =
        ["januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember"];
    let name = usize::try_from(month.number()).ok().and_then(|number| NAMES.get(number.checked_sub(1)?));
    name.map_or_else(|| month.to_string(), |name| format!("{name} {}", month.year()))
}

/// `20.01.2025 kl. 04:30`, in the readers' own time.
fn clock_time(time: DateTime<Utc>, zone: Tz) -> String {
    time.with_timezone(&zone).format("%d.%m.%Y kl. %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_months_are_written_for_people() {
        let time = DateTime::parse_from_rfc3339("2025-07-20T22:30:00Z").unwrap().to_utc();
        assert_eq!(clock_time(time, chrono_tz::Europe::Oslo), "21.07.2025 kl. 00:30");
        assert_eq!(month_words("2024-03".parse().unwrap()), "mars 2024");
    }

    #[test]
    fn a_selection_says_what_was_asked_for() {
        let asked = Selection {
            county: "56 Finnmark".into(),
            from: "2024-01".parse().ok(),
            to: "2024-12".parse().ok(),
            metrics: vec!["Searches_Regular".into()],
            geography: Geography::Month,
            ..Selection::default()
        };
        let lines = selection(&asked);
        assert!(lines.contains(&("Fylke", "56 Finnmark".into())));
        assert!(lines.contains(&("Måltall", "Searches_Regular".into())));
        assert!(lines.contains(&("Måneder", "januar 2024 – desember 2024".into())));
        assert!(selection(&Selection::default()).contains(&("Fylke", "alle".into())));
    }
}
