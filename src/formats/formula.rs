//! Text that a spreadsheet would take for a formula, made harmless in a table of text, and what it was before.
//!
//! [`guard`] puts an apostrophe before whatever begins a formula, and [`unguard`] takes it away: `unguard(guard(text)) == text` for
//! every text. Cells of text begin anew after a semicolon, a tab or a line end, because a spreadsheet of another language may cut there.
//! A text that began with an apostrophe and a formula already gets another one, so that it is known from a guarded one.

use std::borrow::Cow;

/// The text with an apostrophe before each beginning of a formula.
#[must_use]
pub fn guard(text: &str) -> Cow<'_, str> {
    change(text, |part| begins_formula(part).then_some(("'", part)))
}

/// The text that [`guard`] was given; any other text is left as it is, but for an apostrophe before a formula.
#[must_use]
pub fn unguard(text: &str) -> Cow<'_, str> {
    change(text, |part| part.strip_prefix('\'').filter(|rest| begins_formula(rest)).map(|rest| ("", rest)))
}

/// A text in a worksheet, where a text is no formula: only what [`unguard`] would change is guarded.
#[must_use]
pub fn guard_in_sheet(text: &str) -> Cow<'_, str> {
    change(text, |part| part.strip_prefix('\'').filter(|rest| begins_formula(rest)).map(|_| ("'", part)))
}

/// Changes each part of a text that could become a cell of its own.
fn change<'a>(text: &'a str, new: impl Fn(&'a str) -> Option<(&'static str, &'a str)>) -> Cow<'a, str> {
    let mut out = String::new();
    let (mut copied, mut start) = (0, 0);
    loop {
        let rest = text.get(start..).unwrap_or_default();
        if let Some((prefix, kept)) = new(rest) {
            out.push_str(text.get(copied..start).unwrap_or_default());
            out.push_str(prefix);
            copied = text.len() - kept.len();
        }
        match rest.find([';', '\t', '\r', '\n']) {
            Some(end) => start += end + 1,
            None => break,
        }
    }
    if copied == 0 && out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// Whether a part of a text begins a formula; quotes, blanks and what nobody sees hide nothing, nor do apostrophes before it.
fn begins_formula(part: &str) -> bool {
    for letter in part.chars() {
        match letter {
            '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}' => return true,
            ';' | '\t' | '\r' | '\n' => return false,
            '"' | '\'' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            _ if letter.is_whitespace() || letter.is_control() => {}
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_get_an_apostrophe_and_nothing_else_does() {
        for (text, guarded) in [
            ("=1+1", "'=1+1"),
            ("+47 22", "'+47 22"),
            ("-ing", "'-ing"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("Sult;=cmd|' /C calc'!A0;x", "Sult;'=cmd|' /C calc'!A0;x"),
            ("a\n=1;+2", "a\n'=1;'+2"),
            ("'=1", "''=1"),
            ("\"=1\"", "'\"=1\""),
            ("Å;=Å", "Å;'=Å"),
        ] {
            assert_eq!((guard(text).as_ref(), unguard(guarded).as_ref()), (guarded, text));
        }
        for text in ["", "a=b", "Bø - Ål", "1+1", "'s-Gravenhage", "'Tis", "Rock 'n' roll", ";;", "''"] {
            assert!(matches!(guard(text), Cow::Borrowed(_)) && matches!(unguard(text), Cow::Borrowed(_)), "{text}");
        }
        assert_eq!((guard_in_sheet("=1").as_ref(), guard_in_sheet("'=1").as_ref()), ("=1", "''=1"));
    }

    proptest! {
        #[test]
        fn what_was_guarded_comes_back(text in "[='+@a; \t\n\"-]{0,12}|\\PC{0,12}") {
            prop_assert_eq!(unguard(&guard(&text)).into_owned(), text.clone());
            prop_assert_eq!(unguard(&guard_in_sheet(&text)).into_owned(), text.clone());
            for part in guard(&text).split([';', '\t', '\r', '\n']) {
                prop_assert!(!part.trim_matches([' ', '"']).starts_with(['=', '+', '-', '@']), "{}", part);
            }
        }
    }
}
