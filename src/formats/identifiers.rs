//! Identifiers as vendors write them, brought to one form so that the same thing is known again.
//!
//! [`identifier`] makes an [`Identifier`] of a kind and a value; what the vendor wrote is kept where it was changed.

use crate::model::Identifier;

/// The kinds of the Code of Practice, and what they are also called.
const KINDS: [(&str, &str); 17] = [
    ("doi", "DOI"),
    ("isbn", "ISBN"),
    ("printisbn", "Print_ISBN"),
    ("onlineisbn", "Online_ISBN"),
    ("printissn", "Print_ISSN"),
    ("onlineissn", "Online_ISSN"),
    ("linkingissn", "Linking_ISSN"),
    ("eissn", "Online_ISSN"),
    ("uri", "URI"),
    ("proprietary", "Proprietary"),
    ("proprietaryid", "Proprietary"),
    ("isni", "ISNI"),
    ("isil", "ISIL"),
    ("oclc", "OCLC"),
    ("ror", "ROR"),
    ("orcid", "ORCID"),
    ("issn", "ISSN"),
];

/// The identifier in its usual form, or nothing if there is no value.
#[must_use]
pub fn identifier(kind: &str, value: &str) -> Option<Identifier> {
    let (kind, value) = (kind.trim(), value.trim());
    if value.is_empty() {
        return None;
    }
    let kind = known_kind(kind).unwrap_or(if kind.is_empty() { "Proprietary" } else { kind });
    let usual = match kind {
        _ if kind.ends_with("ISBN") => isbn(value),
        "DOI" => doi(value),
        _ if kind.ends_with("ISSN") => issn(value),
        _ => None,
    };
    let usual = usual.unwrap_or_else(|| value.to_owned());
    let original = (usual != value).then(|| value.to_owned());
    Some(Identifier { kind: kind.to_owned(), value: usual, original })
}

/// The kind as the Code of Practice writes it, if it is one of its kinds.
#[must_use]
pub fn known_kind(kind: &str) -> Option<&'static str> {
    if let Some((_, known)) = KINDS.iter().find(|(_, known)| *known == kind) {
        return Some(known);
    }
    let letters: String = kind.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    KINDS.iter().find(|(plain, _)| *plain == letters).map(|(_, known)| *known)
}

/// Digits, and an X at the end; nothing if there is anything but separators besides.
fn digits(value: &str) -> Option<Vec<u8>> {
    let mut digits = Vec::with_capacity(13);
    for c in value.chars() {
        match c {
            '0'..='9' | 'x' | 'X' if digits.len() < 13 => digits.push(c.to_ascii_uppercase() as u8),
            '-' | ' ' | '\u{2010}'..='\u{2015}' => {}
            _ => return None,
        }
    }
    let (_, rest) = digits.split_last()?;
    rest.iter().all(u8::is_ascii_digit).then_some(digits)
}

/// Whether the last of `digits` is the check digit of the others, weighted downwards to 2 (ISSN, ISBN-10; modulo 11).
fn checks_mod_11(digits: &[u8]) -> bool {
    let value = |digit: &u8| if *digit == b'X' { 10 } else { u32::from(digit - b'0') };
    digits.iter().rev().zip(1..).map(|(digit, weight)| value(digit) * weight).sum::<u32>() % 11 == 0
}

/// Text of ASCII digits.
fn text(digits: &[u8]) -> String {
    digits.iter().map(|&digit| char::from(digit)).collect()
}

/// Eight digits with a hyphen; leading zeros that a spreadsheet took away are put back if the check digit agrees.
fn issn(value: &str) -> Option<String> {
    let mut digits = digits(value)?;
    if (4..8).contains(&digits.len()) && checks_mod_11(&digits) {
        digits.splice(0..0, std::iter::repeat_n(b'0', 8 - digits.len()));
    }
    (digits.len() == 8).then(|| format!("{}-{}", text(&digits[..4]), text(&digits[4..])))
}

/// Thirteen digits without hyphens, also of an ISBN-10 whose check digit agrees.
fn isbn(value: &str) -> Option<String> {
    let mut digits = digits(value)?;
    if digits.len() == 9 && checks_mod_11(&digits) {
        digits.insert(0, b'0');
    }
    match digits.len() {
        13 if !digits.contains(&b'X') => Some(text(&digits)),
        10 if checks_mod_11(&digits) => {
            let mut long = b"978".to_vec();
            long.extend_from_slice(&digits[..9]);
            let sum: u32 = long.iter().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
            long.push(b'0' + u8::try_from((10 - sum % 10) % 10).unwrap_or(0));
            Some(text(&long))
        }
        10 => Some(text(&digits)),
        _ => None,
    }
}

/// Without the address of a resolver.
fn doi(value: &str) -> Option<String> {
    let mut rest = value;
    for prefix in ["https://", "http://", "dx.", "www.", "doi.org/", "doi:"] {
        if rest.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
            rest = &rest[prefix.len()..];
        }
    }
    let rest = rest.trim();
    rest.starts_with("10.").then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(kind: &str, value: &str) -> String {
        identifier(kind, value).unwrap().value
    }

    #[test]
    fn an_issn_gets_its_hyphen_its_x_and_its_lost_zeros() {
        assert_eq!(value("Print_ISSN", "2049-3630"), "2049-3630");
        assert_eq!(value("Print_ISSN", "2049363 0"), "2049-3630");
        assert_eq!(value("Online_ISSN", "2434561x"), "2434-561X");
        assert_eq!(value("Online_ISSN", "280836"), "0028-0836");
        // Not an ISSN at all: left as it is.
        assert_eq!(value("Online_ISSN", "n/a"), "n/a");
        assert_eq!(value("Online_ISSN", "280837"), "280837");
    }

    #[test]
    fn an_isbn_has_thirteen_digits_and_no_hyphens() {
        assert_eq!(value("ISBN", "978-0-306-40615-7"), "9780306406157");
        assert_eq!(value("ISBN", "0-306-40615-2"), "9780306406157");
        assert_eq!(value("ISBN", "080442957X"), "9780804429573");
        assert_eq!(value("ISBN", "979-8-88888-888-8"), "9798888888888");
        assert_eq!(value("ISBN", "0-306-40615-3"), "0306406153");
    }

    #[test]
    fn a_doi_is_not_the_address_of_its_resolver() {
        assert_eq!(value("doi", "https://doi.org/10.1000/AbC"), "10.1000/AbC");
        assert_eq!(value("DOI", "http://dx.doi.org/10.1000/x"), "10.1000/x");
        assert_eq!(value("DOI", "doi:10.1000/x"), "10.1000/x");
        assert_eq!(value("DOI", "xx.DOI"), "xx.DOI");
    }

    #[test]
    fn what_the_vendor_wrote_is_kept_where_it_was_changed() {
        let changed = identifier("ISBN", "978-0-306-40615-7").unwrap();
        assert_eq!(changed.original.as_deref(), Some("978-0-306-40615-7"));
        assert_eq!(identifier("Print_ISSN", "2049-3630").unwrap().original, None);
    }

    #[test]
    fn kinds_are_known_in_any_spelling_and_others_stay_as_they_are() {
        assert_eq!(identifier("online_issn", "2049-3630").unwrap().kind, "Online_ISSN");
        assert_eq!(identifier("Proprietary_ID", "p:1").unwrap().kind, "Proprietary");
        assert_eq!(identifier("Shelfmark", "Q 7").unwrap().kind, "Shelfmark");
        assert_eq!(identifier("DOI", "  "), None);
    }

    proptest! {
        #[test]
        fn the_usual_form_of_the_usual_form_is_itself(kind in "DOI|ISBN|Print_ISSN|URI|Other", text in "\\PC{0,30}|[0-9Xx -]{1,16}") {
            if let Some(once) = identifier(&kind, &text) {
                let twice = identifier(&once.kind, &once.value).unwrap();
                prop_assert_eq!(twice.original, None);
                prop_assert_eq!(once.value, twice.value);
            }
        }
    }
}
