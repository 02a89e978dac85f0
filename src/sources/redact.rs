//! [`Redactor`]: no secret of ours may reach the archive, a log or an error, also when a vendor says it back to us.
//!
//! Vendors echo requests: in error texts, in headers, in HTML pages with the whole address. The redactor replaces
//! every occurrence of a secret by `***`, however its characters are written (as they are, percent-encoded, JSON
//! or HTML escapes, letters in any case). [`Redactor::stream`] does it to bytes as they come, in bounded memory,
//! and where the pieces of the stream end makes no difference.
//!
//! A secret of digits alone must not spoil the figures: it is replaced only as a whole run of digits, and never
//! where it is a number of JSON, is a count of XML, or looks like a number in a reply that is neither.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// What a secret is replaced by.
pub const MASK: &str = "***";
/// Shorter ones would be found in ordinary words, and are no secrets.
const SHORTEST: usize = 6;
/// How far a decision looks back: the longest escape of one character, `\u0022`.
const LOOK_BACK: usize = 6;

/// Knows the secrets, and takes them out.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
    /// The bytes with which some secret can begin.
    begins: Vec<u8>,
    /// How many bytes the longest way to write a secret takes.
    longest: usize,
}

/// The secrets themselves are not shown.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

/// For each of its bytes, all the ways to write it, letters in lower case.
#[derive(Clone)]
struct Secret {
    bytes: Vec<Vec<Vec<u8>>>,
    digits: bool,
    /// What it is replaced by, in its encoding.
    mask: Cow<'static, [u8]>,
    /// In UTF-16.
    wide: bool,
}

impl Redactor {
    /// A redactor of these secrets. Those under 6 bytes are left out, and those that are part of a text that is
    /// `public` anyway: many vendors let the requestor id be the customer id, which reports must keep.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>, public: &str) -> Self {
        let public = public.to_ascii_lowercase();
        let kept: BTreeSet<String> = secrets.into_iter().map(str::to_ascii_lowercase).collect();
        let kept = kept.iter().filter(|secret| secret.len() >= SHORTEST && !public.contains(secret.as_str()));
        let secrets: Vec<Secret> =
            kept.flat_map(|secret| [Secret::new(secret), Secret::wide(secret, true), Secret::wide(secret, false)]).collect();
        let begins: BTreeSet<u8> = secrets
            .iter()
            .filter_map(|secret| secret.bytes.first())
            .flatten()
            .filter_map(|way| way.first())
            .flat_map(|byte| [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()])
            .collect();
        let longest = secrets.iter().map(Secret::longest).max().unwrap_or(0);
        Self { secrets, begins: begins.into_iter().collect(), longest }
    }

    /// Begins a stream of bytes.
    #[must_use]
    pub fn stream(&self) -> RedactedStream<'_> {
        let mut begins = [false; 256];
        for byte in &self.begins {
            begins[usize::from(*byte)] = true;
        }
        RedactedStream { redactor: self, begins, pending: Vec::new(), before: Before::default() }
    }

    /// A text without the secrets.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let (mut stream, mut out) = (self.stream(), Vec::with_capacity(text.len()));
        stream.push(text.as_bytes(), &mut out);
        stream.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// The length of the longest secret that stands at the beginning of `rest`, and what takes its place.
    fn found(&self, rest: &[u8], before: &Before) -> Option<(usize, &[u8])> {
        let of_its_kind = self.secrets.iter().filter(|secret| secret.wide == before.wide.unwrap_or(false));
        of_its_kind.filter_map(|secret| Some((secret.at(rest, before)?, &*secret.mask))).max_by_key(|(length, _)| *length)
    }
}

impl Secret {
    fn new(secret: &str) -> Self {
        let digits = secret.bytes().all(|byte| byte.is_ascii_digit());
        Self { bytes: secret.chars().flat_map(ways_to_write).collect(), digits, mask: MASK.as_bytes().into(), wide: false }
    }

    /// The same in UTF-16, in which old servers answer in XML. Of digits alone it is replaced wherever it stands: a count that is
    /// spoilt by that is no number any more, so that its report is refused.
    fn wide(secret: &str, little: bool) -> Self {
        let encoded = |text: &str| -> Vec<u8> {
            text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
        };
        let way = |way: Vec<u8>| encoded(&String::from_utf8_lossy(&way));
        let bytes = secret.chars().flat_map(ways_to_write).map(|ways| ways.into_iter().map(way).collect()).collect();
        Self { bytes, digits: false, mask: encoded(MASK).into(), wide: true }
    }

    fn longest(&self) -> usize {
        self.bytes.iter().map(|ways| ways.iter().map(Vec::len).max().unwrap_or(0)).sum()
    }

    fn at(&self, rest: &[u8], before: &Before) -> Option<usize> {
        if self.digits && before.digit() {
            return None;
        }
        let end = self.bytes.iter().try_fold(vec![0], |ends, ways| step(rest, &ends, ways))?.into_iter().max()?;
        let next = rest.get(end).copied();
        if self.digits && (next.is_some_and(|byte| byte.is_ascii_digit()) || before.number_may_stand_here(next)) {
            return None;
        }
        Some(end)
    }
}

/// Where the text may go on after one more byte of the secret: several ways may fit (`%` and `%25`).
fn step(rest: &[u8], ends: &[usize], ways: &[Vec<u8>]) -> Option<Vec<usize>> {
    let mut next = Vec::new();
    for end in ends {
        for way in ways {
            let fits = rest.get(*end..*end + way.len()).is_some_and(|part| part.eq_ignore_ascii_case(way));
            if fits && !next.contains(&(end + way.len())) {
                next.push(end + way.len());
            }
        }
    }
    (!next.is_empty()).then_some(next)
}

/// All the ways to write a character, as one element for each unit that can be written on its own:
/// a character beyond ASCII is one unit in JSON and HTML, so all its ways are given as one.
fn ways_to_write(character: char) -> Vec<Vec<Vec<u8>>> {
    if character.is_ascii_lowercase() {
        // An escape of the capital is another text than an escape of the small letter.
        let (small, capital) = (escapes(character), escapes(character.to_ascii_uppercase()));
        return vec![small.into_iter().chain(capital).collect()];
    }
    vec![escapes(character)]
}

/// The ways to write just this character.
fn escapes(character: char) -> Vec<Vec<u8>> {
    let mut utf8 = [0; 4];
    let utf8 = character.encode_utf8(&mut utf8).as_bytes();
    let percent: String = utf8.iter().map(|byte| format!("%{byte:02x}")).collect();
    let mut utf16 = [0; 2];
    let json: String = character.encode_utf16(&mut utf16).iter().map(|unit| format!("\\u{unit:04x}")).collect();
    let number = u32::from(character);
    let mut ways = vec![utf8.to_vec(), percent.into_bytes(), json.into_bytes()];
    ways.push(format!("&#{number};").into_bytes());
    ways.push(format!("&#x{number:x};").into_bytes());
    ways.push(format!("&#x{number:02x};").into_bytes());
    let more: &[&str] = match character {
        ' ' => &["+"],
        '"' => &["\\\"", "&quot;"],
        '\\' => &["\\\\"],
        '/' => &["\\/"],
        '&' => &["&amp;"],
        '<' => &["&lt;"],
        '>' => &["&gt;"],
        '\'' => &["&apos;", "&#039;"],
        '\t' => &["\\t"],
        '\n' => &["\\n"],
        _ => &[],
    };
    ways.extend(more.iter().map(|way| way.as_bytes().to_vec()));
    ways
}

/// A redactor at work on a stream.
pub struct RedactedStream<'a> {
    redactor: &'a Redactor,
    begins: [bool; 256],
    /// What has come, but cannot be decided before more comes.
    pending: Vec<u8>,
    before: Before,
}

impl std::fmt::Debug for RedactedStream<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedactedStream").field("redactor", &self.redactor).finish_non_exhaustive()
    }
}

impl RedactedStream<'_> {
    /// Takes the next bytes, and adds to `out` what is certain.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.redactor.secrets.is_empty() {
            out.extend_from_slice(bytes);
            return;
        }
        self.pending.extend_from_slice(bytes);
        // A decision needs the whole of the longest secret, and the byte after it.
        let decided = self.pending.len().saturating_sub(self.redactor.longest);
        self.decide(decided, out);
    }

    /// Adds the rest to `out`.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.decide(self.pending.len(), out);
    }

    /// Decides all that begins in the first `until` bytes.
    fn decide(&mut self, until: usize, out: &mut Vec<u8>) {
        let digits = self.redactor.secrets.iter().any(|secret| secret.digits);
        if self.before.wide.is_none() && until > 0 {
            self.before.wide = Some(matches!(*self.pending, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'<', ..] | [b'<', 0, ..]));
        }
        let mut at = 0;
        while let Some(rest) = self.pending.get(at..).filter(|_| at < until) {
            let begins = |byte: &u8| self.begins.get(usize::from(*byte)).copied().unwrap_or(false);
            let plain = rest.iter().take(until - at).position(begins).unwrap_or(until - at);
            let found = if plain == 0 { self.redactor.found(rest, &self.before) } else { None };
            let taken = found.map_or(plain.max(1), |(length, _)| length);
            let passed = rest.get(..taken).unwrap_or(rest);
            out.extend_from_slice(found.map_or(passed, |(_, mask)| mask));
            if digits {
                for byte in passed {
                    self.before.pass(*byte);
                }
            }
            at += taken;
        }
        self.pending.drain(..at.min(self.pending.len()));
    }
}

/// What a decision must know of the bytes before.
#[derive(Default)]
struct Before {
    /// The last ones, the newest at the end; zeros before the beginning.
    last: [u8; LOOK_BACK],
    /// What the stream is, known from its first character.
    json: Option<bool>,
    /// It is XML or HTML.
    markup: bool,
    /// In UTF-16; known from its first bytes.
    wide: Option<bool>,
    /// The last bytes that are not space.
    solid: [u8; LOOK_BACK],
    /// Within a string of JSON.
    in_string: bool,
    /// After a backslash within a string of JSON.
    escaped: bool,
}

impl Before {
    fn pass(&mut self, byte: u8) {
        self.last.rotate_left(1);
        self.last[LOOK_BACK - 1] = byte;
        if self.markup && !byte.is_ascii_whitespace() {
            self.solid.rotate_left(1);
            self.solid[LOOK_BACK - 1] = byte;
        }
        let byte_order_mark = matches!(byte, 0xef | 0xbb | 0xbf);
        match self.json {
            None if byte.is_ascii_whitespace() || byte_order_mark => {}
            None => {
                self.json = Some(matches!(byte, b'{' | b'[' | b'"'));
                self.markup = byte == b'<';
                self.in_string = byte == b'"';
            }
            Some(true) if self.escaped => self.escaped = false,
            Some(true) if byte == b'"' => self.in_string = !self.in_string,
            Some(true) if byte == b'\\' => self.escaped = self.in_string,
            Some(_) => {}
        }
    }

    /// Whether a digit stands just before, and is not the end of an escape (`%22`, `\u0022`).
    fn digit(&self) -> bool {
        let [.., percent, high, low] = self.last;
        let [backslash, u, hex @ ..] = self.last;
        let after_percent = percent == b'%' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit();
        let after_unicode = backslash == b'\\' && u == b'u' && hex.iter().all(u8::is_ascii_hexdigit);
        low.is_ascii_digit() && !after_percent && !after_unicode
    }

    /// Whether digits here, with `next` after them, may be a number that means something.
    fn number_may_stand_here(&self, next: Option<u8>) -> bool {
        let [.., last] = self.last;
        match self.json {
            Some(true) => !self.in_string,
            // Whatever else stands between tags may be a requestor that is said back to us.
            _ if self.markup => self.solid.eq_ignore_ascii_case(b"Count>"),
            _ => {
                let begins = matches!(last, 0 | b':' | b',' | b';' | b'[' | b'-') || last.is_ascii_whitespace();
                let ends = next.is_none_or(|byte| matches!(byte, b',' | b';' | b']' | b'}' | b'.') || byte.is_ascii_whitespace());
                begins && ends
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redacted(secret: &str, text: &str) -> String {
        Redactor::new([secret], "").text(text)
    }

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        let secret = r#"aB"c\d/e f&g'h%i<é"#;
        for text in [
            r#"aB"c\d/e f&g'h%i<é"#,
            r#"AB"C\D/E F&G'H%I<é"#,
            "aB%22c%5Cd%2Fe%20f%26g%27h%25i%3C%C3%A9",
            "aB%22c%5cd%2fe+f%26g'h%25i%3c%c3%a9",
            "aB%22c%5Cd/e%20f%26g'h%25i%3Cé",
            r#"aB\"c\\d/e f&g'h%i<é"#,
            r#"aB\"c\\d\/e f\u0026g\u0027h%i\u003C\u00e9"#,
            "aB&quot;c\\d/e f&amp;g&#39;h%i&lt;&#233;",
            "aB&#34;c\\d/e f&amp;g&#039;h%i&lt;&#xE9;",
        ] {
            assert_eq!(redacted(secret, &format!("<{text}>")), "<***>", "{text}");
        }
        assert_eq!(redacted(secret, "aB-c"), "aB-c");
    }

    #[test]
    fn what_is_short_or_public_stays() {
        assert_eq!(redacted("short", "short"), "short");
        assert_eq!(redacted("", "anything"), "anything");
        let same = Redactor::new(["nb-oslo", "OSLO-2030", "secret-key"], "oslo-2030");
        assert_eq!(same.text("nb-oslo oslo-2030 secret-key"), "*** oslo-2030 ***");
    }

    #[test]
    fn the_longest_secret_wins_and_two_in_a_row_are_two() {
        let both = Redactor::new(["abcdef", "abcdefgh"], "");
        assert_eq!(both.text("abcdefghabcdefabcdef"), "*********");
        assert_eq!(both.text("abcdeabcdefg"), "abcde***g");
    }

    #[test]
    fn numbers_of_json_stay_and_digits_in_its_strings_go() {
        let text = r#"{"Count":123456, "a":[123456,123456 , 1234567,9123456],"URL":"?key=123456&x","M":"Requestor 123456 is unknown: 9123456","\"":123456,"b":"%22123456\u0022123456"}"#;
        let right = r#"{"Count":123456, "a":[123456,123456 , 1234567,9123456],"URL":"?key=***&x","M":"Requestor *** is unknown: 9123456","\"":123456,"b":"%22***\u0022***"}"#;
        assert_eq!(redacted("123456", text), right);
        assert_eq!(redacted("123456", &format!("\u{feff} \n{text}")), format!("\u{feff} \n{right}"));
    }

    #[test]
    fn numbers_of_tables_stay_and_digits_in_addresses_go() {
        assert_eq!(redacted("123456", "a,123456,b\t123456\n123456"), "a,123456,b\t123456\n123456");
        assert_eq!(redacted("123456", "<a href='?requestor_id=123456&b'>id \"123456\""), "<a href='?requestor_id=***&b'>id \"***\"");
        assert_eq!(redacted("123456", "9780123456789"), "9780123456789");
    }

    #[test]
    fn counts_of_xml_stay_and_what_is_said_back_goes() {
        let text = "<r><ID>123456</ID><ID>\n 123456 \n</ID><x:Count>123456</x:Count><Count>\n123456\n</Count><Count>1234567</Count></r>";
        let right = "<r><ID>***</ID><ID>\n *** \n</ID><x:Count>123456</x:Count><Count>\n123456\n</Count><Count>1234567</Count></r>";
        assert_eq!(redacted("123456", text), right);
    }

    #[test]
    fn a_reply_in_utf_16_is_no_way_out() {
        for little in [true, false] {
            let encode = |text: &str| -> Vec<u8> {
                text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
            };
            for mark in ["", "\u{feff}"] {
                let text = encode(&format!("{mark}<?xml?><ID>s&amp;cr\u{e9}t-1</ID><ID>S&amp;CR\u{e9}T-1</ID>"));
                let right = encode(&format!("{mark}<?xml?><ID>***</ID><ID>***</ID>"));
                let redactor = Redactor::new(["s&cr\u{e9}t-1"], "");
                assert_eq!(in_pieces(&redactor, &text, &[1, 2, 7, 40]), right);
            }
        }
    }

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        assert!(!format!("{:?}", Redactor::new(["secret-key"], "")).contains("secret-key"));
    }

    fn in_pieces(redactor: &Redactor, text: &[u8], cuts: &[usize]) -> Vec<u8> {
        let (mut stream, mut out, mut from) = (redactor.stream(), vec![], 0);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.push(text.len());
        for cut in cuts {
            stream.push(&text[from..cut], &mut out);
            from = cut;
        }
        stream.finish(&mut out);
        out
    }

    /// Texts with much that is, or nearly is, a secret.
    fn texts() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just("abcabd"),
            Just("abc"),
            Just("123456"),
            Just("12"),
            Just("%"),
            Just("%25%"),
            Just("%61"),
            Just("\\u0062"),
            Just("a%b%c%"),
            Just("{\""),
            Just("\""),
            Just("\\"),
            Just(":"),
            Just(","),
            Just(" "),
            Just("&amp;"),
            Just("é"),
            Just("x"),
        ];
        prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn where_the_pieces_end_makes_no_difference(text in texts(), cuts in prop::collection::vec(any::<usize>(), 0..20)) {
            let redactor = Redactor::new(["abcabd", "123456", "a%b%c%"], "");
            let whole = redactor.text(&text);
            prop_assert_eq!(in_pieces(&redactor, text.as_bytes(), &cuts), whole.as_bytes());
            let every: Vec<usize> = (0..text.len()).collect();
            prop_assert_eq!(in_pieces(&redactor, text.as_bytes(), &every), whole.as_bytes());
        }

        #[test]
        fn no_secret_is_left(secret in "[a-z%/\"&é ]{6,12}", before in texts(), after in texts()) {
            let out = redacted(&secret, &format!("{before}{secret}{after}"));
            // Only what the mask itself makes up could be left.
            prop_assert!(!out.to_lowercase().contains(&secret), "{}", out);
        }

        #[test]
        fn without_the_secret_nothing_changes(text in "[a-y0-9{}\":,%\\\\ ]{0,200}") {
            prop_assert_eq!(redacted("zzzzzz", &text), text.clone());
            prop_assert_eq!(Redactor::default().text(&text), text);
        }
    }
}
