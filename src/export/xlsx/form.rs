//! A library's form about its networks: a workbook to fill in that `import networks` and `import keys` read.
//!
//! The sheets `networks` and `keys` are what is read: rows that begin with `#` are passed over, then follows a header with exactly the
//! columns of the kind. Everything in them is text, so that no spreadsheet turns a range into a date. Of a key that is proposed only the
//! library's own row is read, and those of others stand behind a `#`: each institution speaks for itself. Of a key that is suggested all
//! rows are read, because nobody has registered it yet, and it needs everybody from the start.

use std::convert::Infallible;
use std::io::Write;

use chrono::{DateTime, Utc};
use rust_xlsxwriter::{
    ColNum, Color, DataValidation, DataValidationRule, Format, FormatAlign, FormatBorder, Formula, IgnoreError, RowNum, Worksheet,
    XlsxError, utility,
};

use super::super::ExportError;
use super::super::audit::joined;
use super::super::form::{FormKey, LibraryForm, Neighbour, Neighbours};
use super::audit_words::institution_kind;
use super::explanation::month_words;
use super::save;
use super::sheet::{Styles, columns, for_printing, set_width, write_text, write_whole};
use crate::attribution::division::Method;
use crate::model::KeyRow;
use crate::model::registry::{Claim, Column, Kind, Row};

/// Empty rows for addresses that are not registered yet.
const EMPTY_ROWS: RowNum = 20;
/// What others see of a row that only shows something.
const NOT_READ: &str = "# ";

/// Writes a library's form.
///
/// # Errors
/// A limit of Excel, or the writer's error.
pub fn write_form_xlsx(out: &mut dyn Write, form: &LibraryForm, made_at: DateTime<Utc>) -> Result<(), ExportError<Infallible>> {
    let styles = FormStyles::new();
    let sheets = vec![read_me(form, &styles)?, networks(form, &styles)?, neighbours(form, &styles)?, keys(form, &styles)?];
    save(out, sheets, &format!("IP-adressene til {}", form.name), made_at)
}

/// Formats beside those of every workbook.
struct FormStyles {
    common: Styles,
    /// Text that stays as it is typed.
    text: Format,
    /// The same, where something is to be filled in.
    fill_in: Format,
    /// The one cell that asks for an answer.
    sign: Format,
    /// What is shown and not read.
    shown: Format,
}

impl FormStyles {
    fn new() -> Self {
        let text = Format::new().set_num_format("@").set_align(FormatAlign::Left);
        let framed = text.clone().set_border(FormatBorder::Thin).set_border_color(Color::RGB(0xC0_C8_CC));
        Self {
            common: Styles::new(),
            fill_in: framed.clone().set_background_color(Color::RGB(0xF7_FA_FB)),
            sign: framed.set_border_color(Color::RGB(0x80_60_00)).set_background_color(Color::RGB(0xFF_F2_99)).set_bold(),
            shown: text.clone().set_font_color(Color::RGB(0x50_50_50)),
            text,
        }
    }
}

/// What it is, and what to do.
fn read_me(form: &LibraryForm, styles: &FormStyles) -> Result<Worksheet, XlsxError> {
    let mut sheet = Worksheet::new();
    sheet.set_name("Les meg")?;
    sheet.set_column_width(0, 5)?;
    sheet.set_column_width(1, 96)?;
    let mut row: RowNum = 0;
    let mut line = |mark: &str, text: &str, format: &Format| -> Result<(), XlsxError> {
        if mark.is_empty() && text.len() < 60 {
            write_text(&mut sheet, row, 0, text, format)?;
        } else {
            write_text(&mut sheet, row, 0, mark, &styles.common.bold)?;
            write_text(&mut sheet, row, 1, text, format)?;
            let lines = u32::try_from(text.chars().count().div_ceil(92)).unwrap_or(1);
            sheet.set_row_height(row, 15.0 * f64::from(lines.max(1)) + 3.0)?;
        }
        row += 1;
        Ok(())
    };
    let wrapped = &styles.common.wrapped;
    line("", "Hvilke nettadresser bruker dere?", &styles.common.title)?;
    let place = if form.county.is_empty() { String::new() } else { format!(", {}", form.county) };
    line(" ", &format!("{} ({}){place}. Slik det er registrert i {}.", form.name, form.institution, month_words(form.month)), wrapped)?;
    line(
        " ",
        "Leverandørene av aviser, film, oppslagsverk og e-bøker slipper brukerne deres inn etter IP-adresse: nummeret som nettet i biblioteket \
         har på Internett. Har flere samme adresse, må bruken fordeles mellom dem. Derfor må vi vite hvilke adresser dere bruker, og hvem \
         dere deler dem med. Dere trenger ikke kunne noe om IP-adresser for å svare.",
        wrapped,
    )?;
    line("", "Fem steg", &styles.common.heading)?;
    for (number, step) in [
        "Åpne arket «networks». Søk etter «hva er min IP» på en av maskinene i biblioteket, og se om nummeret står i kolonnen range. \
         (192.0.2.0/24 og 192.0.2.1-192.0.2.9 er mange adresser på rad.) Gjør det samme på filialene og på det trådløse nettet.",
        "Mangler en adresse: skriv den i range på en tom linje. Er en adresse ikke i bruk lenger: skriv datoen i valid_to. Linjer som \
         stemmer, lar dere stå. Å slette en linje endrer ingenting.",
        "Åpne arket «Deler med» og se hvem andre som bruker adressene. Er det feil, skriv det i kolonnen note i arket «networks».",
        "Åpne arket «keys». Står det et forslag der om hvordan felles bruk skal fordeles, og er dere enige: skriv navnet ditt i den gule \
         ruten. Er dere ikke enige, lar dere den stå tom og skriver hvorfor når dere svarer.",
        "Lagre som Excel-arbeidsbok (.xlsx), og send filen tilbake til den dere fikk den av, innen fristen dere fikk.",
    ]
    .into_iter()
    .enumerate()
    {
        line(&format!("{}.", number + 1), step, wrapped)?;
    }
    line("", "Godt å vite", &styles.common.heading)?;
    for hint in [
        "Datoer skrives slik: 2025-01-31. valid_from er den første dagen adressen gjelder, valid_to den første dagen den ikke gjelder lenger.",
        "Skriv yes i exclusive bare når dere vet at ingen andre bruker adressen, enda den ligger i et område som flere har.",
        "La navnene på arkene og overskriftene i dem stå. De leses av et program. Linjer som begynner med # leses ikke.",
    ] {
        line("•", hint, wrapped)?;
    }
    for_printing(&mut sheet, 0)?;
    sheet.set_portrait();
    sheet.set_print_fit_to_pages(1, 0);
    Ok(sheet)
}

/// A sheet that is read: what stands above its header, which columns, how wide.
struct Importable {
    sheet: Worksheet,
    next: RowNum,
    columns: &'static [Column],
}

impl Importable {
    fn begin(kind: Kind, columns: &'static [Column], intro: &[String], widths: &[u8], styles: &FormStyles) -> Result<Self, XlsxError> {
        let mut sheet = Worksheet::new();
        sheet.set_name(kind.as_str())?;
        for (column, width) in self::columns(widths) {
            sheet.set_column_width(column, f64::from(*width))?;
        }
        let mut next: RowNum = 0;
        for text in intro {
            let format = if next == 0 { &styles.common.title } else { &styles.common.faint };
            write_text(&mut sheet, next, 0, &format!("{NOT_READ}{text}"), format)?;
            next += 1;
        }
        for (column, known) in self::columns(columns) {
            sheet.write_string_with_format(next, column, known.name, &styles.common.header)?;
        }
        sheet.set_freeze_panes(next + 1, 0)?;
        Ok(Self { sheet, next: next + 1, columns })
    }

    fn column(&self, name: &str) -> ColNum {
        self.columns.iter().position(|column| column.name == name).and_then(|place| ColNum::try_from(place).ok()).unwrap_or(0)
    }

    /// A row of text; an empty cell stays empty and keeps its format.
    fn row(&mut self, cells: &[String], format: impl Fn(ColNum) -> Format) -> Result<(), XlsxError> {
        for (column, text) in columns(cells) {
            let format = format(column);
            if text.is_empty() {
                self.sheet.write_blank(self.next, column, &format)?;
            } else {
                write_text(&mut self.sheet, self.next, column, text, &format)?;
            }
        }
        self.next += 1;
        Ok(())
    }

    fn finish(mut self, header: RowNum) -> Result<Worksheet, XlsxError> {
        let last = ColNum::try_from(self.columns.len().saturating_sub(1)).unwrap_or(0);
        self.sheet.ignore_error_range(0, 0, self.next.max(1), last, IgnoreError::NumberStoredAsText)?;
        for_printing(&mut self.sheet, header)?;
        self.sheet.set_print_fit_to_pages(1, 0);
        Ok(self.sheet)
    }
}

/// The library's claims, and room for more.
fn networks(form: &LibraryForm, styles: &FormStyles) -> Result<Worksheet, XlsxError> {
    let intro = [
        format!("IP-adressene til {}", form.name),
        "range: adressen eller området, slik som 192.0.2.7, 192.0.2.0/24 eller 192.0.2.1-192.0.2.9".to_owned(),
        "valid_from: første dag den gjelder. valid_to: første dag den ikke gjelder lenger. Skriv 2025-01-31. Tomt: hele tiden.".to_owned(),
        "exclusive: yes hvis ingen andre bruker adressen, ellers tomt. note: en merknad i egne ord, for eksempel hvem dere deler med."
            .to_owned(),
        "Skriv nye adresser på de tomme linjene nederst.".to_owned(),
    ];
    let mut sheet = Importable::begin(Kind::Networks, Claim::COLUMNS, &intro, &[16, 42, 13, 13, 11, 50], styles)?;
    let first = sheet.next;
    for claim in &form.claims {
        sheet.row(&claim.cells(), |_| styles.text.clone())?;
    }
    let institution = sheet.column("institution");
    for _ in 0..EMPTY_ROWS {
        let cells: Vec<String> = columns(Claim::COLUMNS)
            .map(|(column, _)| if column == institution { form.institution.to_string() } else { String::new() })
            .collect();
        sheet.row(&cells, |column| if column == institution { styles.shown.clone() } else { styles.fill_in.clone() })?;
    }
    let last = sheet.next.saturating_sub(1);
    for name in ["valid_from", "valid_to"] {
        let column = sheet.column(name);
        sheet.sheet.add_data_validation(first, column, last, column, &a_day(first, column)?)?;
    }
    let exclusive = DataValidation::new()
        .allow_list_strings(&["yes"])?
        .set_error_title("exclusive")?
        .set_error_message("Skriv yes hvis ingen andre bruker adressen. La ruten ellers stå tom.")?;
    let column = sheet.column("exclusive");
    sheet.sheet.add_data_validation(first, column, last, column, &exclusive)?;
    sheet.finish(first.saturating_sub(1))
}

/// A day as text, `2025-01-31`.
fn a_day(row: RowNum, column: ColNum) -> Result<DataValidation, XlsxError> {
    let cell = utility::row_col_to_cell(row, column);
    let rule = format!("=AND(LEN({cell})=10,MID({cell},5,1)=\"-\",MID({cell},8,1)=\"-\",ISNUMBER(DATEVALUE({cell})))");
    DataValidation::new()
        .allow_custom(Formula::new(rule))
        .ignore_blank(true)
        .set_error_title("Dato")?
        .set_error_message("Skriv datoen som år-måned-dag, slik: 2025-01-31.")
}

/// Who else uses the addresses, and what part of shared use falls to whom today.
fn neighbours(form: &LibraryForm, styles: &FormStyles) -> Result<Worksheet, XlsxError> {
    const HEADER: [&str; 8] = ["Adresser", "Antall adresser", "Institusjon", "Id", "Slags", "Kommune", "Andel i prosent", "Merknad"];
    let mut sheet = Worksheet::new();
    sheet.set_name("Deler med")?;
    write_text(&mut sheet, 0, 0, &format!("Hvem bruker adressene til {}?", form.name), &styles.common.title)?;
    write_text(
        &mut sheet,
        1,
        0,
        "Andelen er det som faller på hver når ingen nøkkel er avtalt: etter innbyggere i kommunen, for skoler etter elever og ansatte. For hvert \
         produkt deler bare de som abonnerer på det.",
        &styles.common.faint,
    )?;
    let header: RowNum = 3;
    let mut widths = HEADER.map(|title| title.chars().count() + 3);
    for (column, title) in columns(&HEADER) {
        let number = matches!(*title, "Antall adresser" | "Andel i prosent");
        let format = if number { &styles.common.header_number } else { &styles.common.header };
        sheet.write_string_with_format(header, column, *title, format)?;
    }
    let mut row = header;
    if form.neighbours.is_empty() {
        row += 1;
        write_text(&mut sheet, row, 0, "Ingen adresser er registrert på dere.", &styles.common.plain)?;
    }
    for together in &form.neighbours {
        let ranges = joined(together.addresses.ranges(), ", ");
        for neighbour in &together.who {
            row += 1;
            let texts = [
                (0, ranges.as_str()),
                (2, neighbour.name.as_str()),
                (3, neighbour.institution.as_str()),
                (4, institution_kind(neighbour.kind)),
                (5, neighbour.municipality.as_str()),
                (7, remark(form, together, neighbour)),
            ];
            for (column, text) in texts {
                let used = write_text(&mut sheet, row, column, text, &styles.common.plain)?;
                if let Some(width) = widths.get_mut(usize::from(column)) {
                    *width = used.max(*width);
                }
            }
            write_whole(&mut sheet, row, 1, together.addresses.count(), &styles.common.whole)?;
            if let Some(per_mille) = neighbour.per_mille.and_then(|per_mille| u32::try_from(per_mille).ok()) {
                sheet.write_number_with_format(row, 6, f64::from(per_mille) / 10.0, &styles.common.one_decimal)?;
            }
        }
    }
    sheet.set_freeze_panes(header + 1, 0)?;
    sheet.autofilter(header, 0, row, 7)?;
    sheet.ignore_error_range(header, 0, row, 7, IgnoreError::NumberStoredAsText)?;
    for (column, width) in columns(&widths) {
        set_width(&mut sheet, column, *width)?;
    }
    for_printing(&mut sheet, header)?;
    sheet.set_print_fit_to_pages(1, 0);
    Ok(sheet)
}

fn remark(form: &LibraryForm, together: &Neighbours, neighbour: &Neighbour) -> &'static str {
    let ours = neighbour.institution == form.institution;
    let we_are_in = together.who.iter().any(|one| one.institution == form.institution);
    match (ours, neighbour.weight, together.method) {
        (true, ..) if together.is_alone() => "Bare dere.",
        (true, None, _) => "Dere. Dere abonnerer ikke på noe, og får ingen del.",
        (true, Some(_), Method::Equal) => "Dere. Delt likt, fordi folketall mangler for noen av dem.",
        (true, ..) => "Dere.",
        (false, ..) if !we_are_in => "Har skrevet at ingen andre bruker disse adressene, dere heller ikke.",
        (false, None, _) => "Abonnerer ikke på noe, og får ingen del.",
        (false, ..) => "",
    }
}

/// Keys to sign.
fn keys(form: &LibraryForm, styles: &FormStyles) -> Result<Worksheet, XlsxError> {
    let what = if form.keys.is_empty() {
        "Her er det ingenting å gjøre: dere deler ikke adresser med noen som abonnerer, eller det er allerede avtalt hvordan bruken fordeles."
    } else {
        "Enig? Skriv navnet ditt i den gule ruten (agreed_by). Uenig? La den stå tom, og skriv hvorfor når dere svarer."
    };
    let intro = [
        "Nøkler: hvordan bruken av felles adresser fordeles".to_owned(),
        what.to_owned(),
        "method: population er etter folketall (skoler: elever og ansatte), equal er likt, fixed etter tallene i weight, measured etter målt bruk."
            .to_owned(),
        "Skriv bare i den gule ruten: hver svarer for seg. Linjer som begynner med # viser de andre som er med, og leses ikke inn.".to_owned(),
    ];
    let mut sheet = Importable::begin(Kind::Keys, KeyRow::COLUMNS, &intro, &[30, 22, 16, 13, 16, 12, 13, 13, 12, 36], styles)?;
    let first = sheet.next;
    let sign = sheet.column("agreed_by");
    for key in &form.keys {
        for row in own_first(form, key) {
            let ours = row.institution == form.institution;
            let mut cells = row.cells();
            if let (false, false, Some(cell)) = (ours, key.suggested, cells.first_mut()) {
                cell.insert_str(0, NOT_READ);
            }
            let at = sheet.next;
            sheet.row(&cells, |column| match (ours, column == sign) {
                (true, true) => styles.sign.clone(),
                (true, false) => styles.text.clone(),
                (false, _) => styles.shown.clone(),
            })?;
            if ours {
                let name = DataValidation::new()
                    .allow_text_length(DataValidationRule::LessThanOrEqualTo(200))
                    .set_input_title("Enig?")?
                    .set_input_message("Skriv navnet ditt her hvis dere er enige i nøkkelen. La ruten ellers stå tom.")?;
                sheet.sheet.add_data_validation(at, sign, at, sign, &name)?;
            }
        }
    }
    sheet.finish(first.saturating_sub(1))
}

/// A key's rows, the library's own at the top.
fn own_first<'k>(form: &LibraryForm, key: &'k FormKey) -> Vec<&'k KeyRow> {
    let mut rows: Vec<&KeyRow> = key.rows.iter().collect();
    rows.sort_by_key(|row| row.institution != form.institution);
    rows
}
