//! Norwegian (bokmål) for what stands in workbooks: qualities, marks, reports, metrics, columns, states.

use crate::model::{MonthState, Quality, ReportId};

/// The line of what could not be placed.
pub(super) const UNPLACED: &str = "(ikke plassert)";

/// A quality in two or three words.
pub(super) fn quality(quality: Quality) -> &'static str {
    match quality {
        Quality::Exact => "eksakt",
        Quality::Manual => "fordelt for hånd",
        Quality::AgreedKey => "avtalt nøkkel",
        Quality::DefaultKey => "standardnøkkel",
        Quality::Assumed => "antatt",
        Quality::Estimate => "anslag",
        Quality::Unresolved => "ikke plassert",
    }
}

/// What a quality means.
pub(super) fn quality_meaning(quality: Quality) -> &'static str {
    match quality {
        Quality::Exact => {
            "Bare denne institusjonen kan ha brukt tjenesten slik leverandøren har talt: egen innlogging, egen konto eller \
             IP-adresser som ingen andre bruker."
        }
        Quality::Manual => "Noen har fordelt tallet for hånd og lagt det inn.",
        Quality::AgreedKey => "Bruken kom fra en delt IP-adresse og er fordelt etter en nøkkel som institusjonene er enige om.",
        Quality::DefaultKey => {
            "Bruken kom fra en delt IP-adresse uten avtalt nøkkel. Den er fordelt etter folketall (for skoler: elever og ansatte)."
        }
        Quality::Assumed => {
            "Én institusjon får alt, fordi adressene ikke er kjent, eller fordi ingen av de andre på adressen abonnerer på produktet."
        }
        Quality::Estimate => {
            "Leverandøren gir bare ett tall for alle. Det er fordelt mellom alle som abonnerer, og sier lite om den enkelte."
        }
        Quality::Unresolved => {
            "Bruken er talt, men ingen institusjon er funnet. Den er ikke med i utvalg av fylker, kommuner eller institusjoner; uten utvalg står den på linjen «(ikke plassert)»."
        }
    }
}

/// The marks of the column `note`, each with its meaning.
pub(super) const MARKS: [(&str, &str); 4] = [
    ("no_subscriber", "Ingen av institusjonene på adressen abonnerer på produktet. Bruken er fordelt mellom alle som er der."),
    ("no_persons", "Folketall (eller elever og ansatte) mangler for minst én av dem som deler. Bruken er delt likt."),
    ("zero_weights", "Alle vektene i nøkkelen er null. Bruken er delt likt."),
    ("partial", "Leverandøren sier at tallene ikke er komplette. De hentes på nytt."),
];

/// The columns of the sheet of rows, each with its meaning.
pub(super) const COLUMNS: [(&str, &str); 25] = [
    ("month", "Måneden tjenesten ble brukt."),
    ("county", "Fylkesnummer."),
    ("county_name", "Fylke."),
    ("municipality", "Kommunenummer."),
    ("municipality_name", "Kommune."),
    ("institution", "Institusjonens id; for bibliotek biblioteknummeret der det finnes. Tom: ikke plassert."),
    ("institution_name", "Institusjonens navn."),
    ("kind", "Folkebibliotek, skolebibliotek, fylkesbibliotek, annet bibliotek (other_library) eller annen virksomhet (other_body)."),
    ("vendor", "Leverandørens id."),
    ("product", "Produktets id."),
    ("product_name", "Produkt."),
    ("report", "COUNTER-rapporten tallet kommer fra."),
    ("metric", "Hva som er talt (Metric_Type i COUNTER)."),
    ("data_type", "Slags innhold (Data_Type i COUNTER)."),
    ("value", "Tallet: helt, og slik at alle andeler til sammen blir det leverandøren meldte."),
    ("exact", "Den nøyaktige andelen før avrunding."),
    ("quality", "Hvor sikkert tallet er; se Kvalitet ovenfor."),
    ("key", "Fordelingsnøkkelen som er brukt: population (folketall), equal (likt) eller id-en til en avtalt nøkkel."),
    ("shared_with", "Institusjonene som bruken er delt med."),
    ("persons", "Innbyggere i kommunen; for skoler elever og ansatte."),
    ("per_1000", "Tallet per 1000 personer."),
    ("accounts", "Kundekontoene hos leverandøren som bruken er talt på."),
    ("revision", "1 første gang; øker med 1 hver gang tallet blir korrigert."),
    ("harvested_at", "Når tallene ble høstet (UTC)."),
    ("note", "Merker; se ovenfor."),
];

/// What is shown, for the line under a pivot's title.
pub(super) fn figure(report: &ReportId, metric: &str) -> String {
    let words = metric_words(metric).map(|words| format!("{words} – ")).unwrap_or_default();
    format!("{words}{metric} i {} ({report})", report_words(report))
}

fn report_words(report: &ReportId) -> &'static str {
    match report.master() {
        "PR" => "plattformrapporten",
        "DR" => "databaserapporten",
        "TR" => "tittelrapporten",
        "IR" => "enhetsrapporten",
        _ => "rapporten",
    }
}

fn metric_words(metric: &str) -> Option<&'static str> {
    Some(match metric {
        "Unique_Item_Requests" => "Ulike artikler, sanger, filmer o.l. som er åpnet (én gang per økt)",
        "Total_Item_Requests" => "Artikler, sanger, filmer o.l. som er åpnet (alle ganger)",
        "Unique_Title_Requests" => "Ulike bøker som er åpnet (én gang per økt)",
        "Unique_Item_Investigations" => "Ulike artikler, sanger, filmer o.l. som er åpnet eller sett på (én gang per økt)",
        "Total_Item_Investigations" => "Artikler, sanger, filmer o.l. som er åpnet eller sett på (alle ganger)",
        "Unique_Title_Investigations" => "Ulike bøker som er åpnet eller sett på (én gang per økt)",
        "Searches_Platform" => "Søk på plattformen",
        "Searches_Regular" => "Søk i databasen",
        "Searches_Automated" => "Søk gjort av søkesystemer",
        "Searches_Federated" => "Søk gjort gjennom samsøk",
        "No_License" => "Avvist: mangler abonnement",
        "Limit_Exceeded" => "Avvist: for mange samtidige brukere",
        _ => return None,
    })
}

/// How well a metric stands for a product where nobody has chosen: smaller is better.
pub(super) fn metric_rank(metric: &str) -> usize {
    const TELLING: [&str; 8] = [
        "Unique_Item_Requests",
        "Total_Item_Requests",
        "Unique_Title_Requests",
        "Unique_Item_Investigations",
        "Total_Item_Investigations",
        "Unique_Title_Investigations",
        "Searches_Regular",
        "Searches_Platform",
    ];
    let refused = matches!(metric, "No_License" | "Limit_Exceeded");
    TELLING.iter().position(|known| *known == metric).unwrap_or(TELLING.len() + usize::from(refused))
}

/// Likewise for a report; a master report before its views.
pub(super) fn report_rank(report: &ReportId) -> (usize, bool) {
    let masters = ["PR", "DR", "TR", "IR"];
    let master = report.master();
    (masters.iter().position(|known| *known == master).unwrap_or(masters.len()), report.as_str() != master)
}

/// Where missing months stand.
pub(super) fn state(state: MonthState, partial: bool, unconfirmed: bool) -> &'static str {
    match state {
        _ if partial => "ikke komplett",
        MonthState::Empty if unconfirmed => "tomt, ikke bekreftet",
        MonthState::Harvested => "høstet",
        MonthState::Empty => "tomt",
        MonthState::Waiting => "venter",
        MonthState::Failing => "feiler",
        MonthState::Gone => "borte hos leverandøren",
    }
}

/// A key that sorts names as Norwegian does: æ, ø, å last, without regard to case; Sámi letters with their Latin kin.
pub(super) fn sort_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len() + 4);
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            // `{` follows `z`.
            'æ' | 'ä' => key.push_str("{1"),
            'ø' | 'ö' => key.push_str("{2"),
            'å' => key.push_str("{3"),
            'á' | 'à' => key.push('a'),
            'č' => key.push('c'),
            'đ' => key.push('d'),
            'é' | 'è' | 'ê' => key.push('e'),
            'ŋ' => key.push('n'),
            'ò' | 'ó' | 'ô' => key.push('o'),
            'š' => key.push('s'),
            'ŧ' => key.push('t'),
            'ž' => key.push('z'),
            other => key.push(other),
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::super::super::rows::{StatisticRow, Table};
    use super::*;

    #[test]
    fn every_column_is_explained() {
        assert!(COLUMNS.iter().map(|(name, _)| name).eq(StatisticRow::COLUMNS));
    }

    #[test]
    fn names_sort_as_norwegian_does() {
        let mut names = ["Ål", "Østre Toten", "Ærø", "Alta", "Áltá", "bø", "Zz", "Bodø", "Kárášjohka", "Karmøy"];
        names.sort_by_key(|name| sort_key(name));
        assert_eq!(names, ["Alta", "Áltá", "Bodø", "bø", "Kárášjohka", "Karmøy", "Zz", "Ærø", "Østre Toten", "Ål"]);
    }
}
