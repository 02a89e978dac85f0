//! Names and identifiers of simulated titles, items, databases and publishers; all invented.

use serde_json::{Value, json};

use crate::model::Release;

use super::books::TitleKind;

const BEGINNINGS: [&str; 10] = ["Fjord", "Skog", "Kyst", "Grense", "Fjell", "Dal", "Strand", "Elve", "Vinter", "Morgen"];

/// The name of title number `title`; the first forty of each data type have no number in it.
pub(super) fn title_name(kind: TitleKind, title: usize) -> String {
    let ends: [&str; 4] = match kind.data_type {
        "Newspaper_or_Newsletter" => ["posten", "bladet", "tidende", "avisa"],
        "Journal" => ["studier", "forskning", "arkivet", "tidsskriftet"],
        "Book" => ["sagaen", "arven", "mysteriet", "brevene"],
        "Reference_Work" => ["leksikonet", "ordboka", "atlaset", "håndboka"],
        "Sound" => ["valsen", "symfonien", "visene", "konserten"],
        "Interactive_Resource" => ["kurset", "skolen", "språket", "oppgavene"],
        _ => ["filmen", "reisen", "natten", "huset"],
    };
    let beginning = BEGINNINGS.get(title % 10).copied().unwrap_or_default();
    let end = ends.get(title / 10 % 4).copied().unwrap_or_default();
    if title < 40 { format!("{beginning}{end}") } else { format!("{beginning}{end} {}", title + 1) }
}

/// The publisher of title number `title`.
pub(super) fn publisher(title: usize) -> String {
    format!("{} forlag", BEGINNINGS.get(title / 3 % 10).copied().unwrap_or_default())
}

/// `Item_ID` of title number `title`.
pub(super) fn title_ids(kind: TitleKind, title: usize, release: Release) -> Value {
    let number = title % 100_000;
    let mut ids = vec![("Proprietary", format!("simulator:T{title:05}"))];
    match kind.data_type {
        "Book" | "Reference_Work" => ids.push(("ISBN", isbn(number))),
        "Journal" | "Newspaper_or_Newsletter" => {
            ids.push(("Online_ISSN", issn(number * 2 + 1)));
            if title.is_multiple_of(2) {
                ids.push(("Print_ISSN", issn(number * 2)));
            }
        }
        _ => {}
    }
    id_json(&ids, release)
}

/// `Item_ID` of item number `item` of title number `title`.
pub(super) fn item_ids(title: usize, item: usize, release: Release) -> Value {
    let ids = [("Proprietary", format!("simulator:T{title:05}I{item}")), ("DOI", format!("10.9999/simulator.{title}.{item}"))];
    id_json(&ids, release)
}

/// A single proprietary `Item_ID`.
pub(super) fn proprietary(value: String, release: Release) -> Value {
    id_json(&[("Proprietary", value)], release)
}

fn id_json(ids: &[(&str, String)], release: Release) -> Value {
    match release {
        Release::R4 | Release::R5 => ids.iter().map(|(kind, value)| json!({ "Type": kind, "Value": value })).collect(),
        Release::R51 => Value::Object(ids.iter().map(|(kind, value)| ((*kind).to_owned(), json!(value))).collect()),
    }
}

/// An ISBN-13 with its check digit; `number` below 100,000.
fn isbn(number: usize) -> String {
    let digits = format!("9788299{number:05}");
    let sum: u32 = digits.bytes().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("978-82-99-{number:05}-{}", (10 - sum % 10) % 10)
}

/// An ISSN with its check digit; `number` below 200,000.
fn issn(number: usize) -> String {
    let digits = format!("9{number:06}");
    let sum: u32 = digits.bytes().zip((2..=8).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = match (11 - sum % 11) % 11 {
        10 => "X".to_owned(),
        digit => digit.to_string(),
    };
    let (front, back) = digits.split_at(4);
    format!("{front}-{back}{check}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_true_check_digits() {
        assert_eq!(isbn(0), "978-82-99-00000-0");
        // Weighted sums must divide by 10 and by 11.
        for number in [0, 7, 123, 99_999] {
            let digits: Vec<u32> = isbn(number).chars().filter_map(|c| c.to_digit(10)).collect();
            assert_eq!(digits.iter().zip([1, 3].into_iter().cycle()).map(|(d, w)| d * w).sum::<u32>() % 10, 0);
            let digits: Vec<u32> = issn(number).chars().filter(|c| *c != '-').map(|c| c.to_digit(10).unwrap_or(10)).collect();
            assert_eq!(digits.iter().zip((1..=8).rev()).map(|(d, w)| d * w).sum::<u32>() % 11, 0);
        }
    }
}
