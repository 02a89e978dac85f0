//! A line as a `LogFormat` directive describes it, as Apache's mod_log_config and EZproxy have it: `%h %l %u %t "%r" %s %b`.

use std::borrow::Cow;

use super::{BadLine, Fields, Names, Role};

/// A pattern of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePattern {
    /// What stands before the first directive.
    before: String,
    parts: Vec<Part>,
}

/// A directive, and what stands between it and the next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    role: Option<Role>,
    /// Written in brackets by itself, as the time is.
    bracketed: bool,
    /// It stands in quotes, within which a quote is written `\"`.
    quoted: bool,
    after: String,
}

impl LinePattern {
    /// The pattern that is written so; `names` says of directives (`%{ezproxy-session}i`) what else than usual they are.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn new(text: &str, names: &Names) -> Result<Self, String> {
        let (mut before, mut parts) = (String::new(), Vec::<Part>::new());
        let mut written: Vec<String> = Vec::new();
        let mut rest = text.trim();
        while let Some(percent) = rest.find('%') {
            let (literal, at) = rest.split_at(percent);
            add(&mut before, &mut parts, literal);
            if let Some(after) = at.strip_prefix("%%") {
                add(&mut before, &mut parts, "%");
                rest = after;
                continue;
            }
            let (directive, after) = directive(at)?;
            if parts.last().is_some_and(|part: &Part| part.after.is_empty()) {
                return Err(format!("nothing stands between {directive} and the directive before it, so nobody can tell where it begins"));
            }
            let quoted = parts.last().map_or(before.as_str(), |part| &part.after).ends_with('"');
            let usual = usual(&directive);
            let said = Role::ALL.into_iter().find(|role| names.given(*role).is_some_and(|name| plain(name) == plain(&directive)));
            // What is said to be something else takes the place of what usually is it.
            let role = said.or_else(|| usual.filter(|role| names.given(*role).is_none()));
            let bracketed = plain(&directive) == "%t";
            written.push(plain(&directive));
            parts.push(Part { role, bracketed, quoted, after: String::new() });
            rest = after;
        }
        add(&mut before, &mut parts, rest);
        if parts.is_empty() {
            return Err("has no directive in it; write it as the log's own LogFormat, for example %h %l %u %t \"%r\" %s %b".into());
        }
        for role in Role::ALL {
            if let Some(name) = names.given(role).filter(|name| !written.contains(&plain(name))) {
                return Err(format!("has no {name}, which is said to be the {}", role.word()));
            }
            if parts.iter().filter(|part| part.role == Some(role)).count() > 1 {
                return Err(format!("has several directives that are the {}; say which is meant under fields", role.word()));
            }
        }
        let pattern = Self { before, parts };
        if pattern.has(Role::Time) { Ok(pattern) } else { Err("has no time in it (%t), without which nothing can be counted".into()) }
    }

    /// Whether some directive has this role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.parts.iter().any(|part| part.role == Some(role))
    }

    /// The fields of a line.
    ///
    /// # Errors
    /// The line does not fit.
    pub fn fields<'a>(&self, line: &'a [u8]) -> Result<Fields<'a>, BadLine> {
        const UNLIKE: BadLine = BadLine("it does not fit the pattern");
        let mut rest = line.trim_ascii_end().strip_prefix(self.before.as_bytes()).ok_or(UNLIKE)?;
        let mut fields = Fields::default();
        for part in &self.parts {
            let (value, left) = part.cut(rest).ok_or(UNLIKE)?;
            if let Some(role) = part.role {
                fields.0[role as usize] = match String::from_utf8_lossy(value) {
                    Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                    Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
                };
            }
            rest = left;
        }
        // What follows a pattern is what somebody has added to it since.
        Ok(fields)
    }
}

impl Part {
    /// The value at the beginning of `rest`, and what follows the literal after it.
    fn cut<'a>(&self, rest: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let after = self.after.trim_end().as_bytes();
        if self.bracketed
            && let Some(inside) = rest.strip_prefix(b"[")
        {
            let end = inside.iter().position(|byte| *byte == b']')?;
            let left = inside.get(end + 1..)?;
            return Some((
                inside.get(..end)?,
                if left.is_empty() && after.is_empty() { left } else { left.strip_prefix(self.after.as_bytes())? },
            ));
        }
        if self.after.is_empty() {
            return Some((rest, &[]));
        }
        let mut from = 0;
        loop {
            let found = find(rest.get(from..)?, self.after.as_bytes());
            let Some(at) = found.map(|at| from + at) else {
                // At the end of a line blanks after the last value may be gone.
                return rest.strip_suffix(after).filter(|_| self.after.trim_end() != self.after).map(|value| (value, &[][..]));
            };
            let escaped = self.quoted && rest.get(..at)?.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
            if !escaped {
                return Some((rest.get(..at)?, rest.get(at + self.after.len()..)?));
            }
            from = at + 1;
        }
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// Adds what stands between directives.
fn add(before: &mut String, parts: &mut [Part], literal: &str) {
    // A directive of Apache's in quotes writes its own quotes with a backslash, and its tabs so too.
    let literal = literal.replace("\\\"", "\"").replace("\\t", "\t");
    match parts.last_mut() {
        Some(part) => part.after.push_str(&literal),
        None => before.push_str(&literal),
    }
}

/// The directive that a text begins with, and what follows it.
fn directive(text: &str) -> Result<(String, &str), String> {
    let mut at = 1;
    let is_modifier = |byte: u8| byte.is_ascii_digit() || matches!(byte, b',' | b'!' | b'<' | b'>');
    while text.as_bytes().get(at).copied().is_some_and(is_modifier) {
        at += 1;
    }
    if text.as_bytes().get(at) == Some(&b'{') {
        let close = text.get(at..).and_then(|rest| rest.find('}')).ok_or("has a { in it that is not closed")?;
        at += close + 1;
    }
    if text.as_bytes().get(at) == Some(&b'^') {
        at += 2;
    }
    match text.as_bytes().get(at) {
        Some(letter) if letter.is_ascii_alphabetic() => {
            let (directive, rest) = text.split_at(at + 1);
            Ok((directive.to_owned(), rest))
        }
        _ => Err("has a % in it that begins no directive; a % itself is written %%".into()),
    }
}

/// A directive without its modifiers, and what is in braces in lower case.
fn plain(directive: &str) -> String {
    let is_modifier = |c: char| c.is_ascii_digit() || matches!(c, ',' | '!' | '<' | '>');
    let rest = directive.trim().strip_prefix('%').unwrap_or(directive).trim_start_matches(is_modifier);
    match rest.rsplit_once('}') {
        Some((name, letter)) => format!("%{}}}{letter}", name.to_lowercase()),
        None => format!("%{rest}"),
    }
}

/// What a directive usually is.
fn usual(directive: &str) -> Option<Role> {
    let plain = plain(directive);
    Some(match plain.as_str() {
        "%h" | "%a" => Role::Address,
        "%u" => Role::User,
        "%t" => Role::Time,
        "%r" | "%U" => Role::Url,
        "%s" => Role::Status,
        "%v" | "%V" | "%{host}i" => Role::Host,
        "%{user-agent}i" => Role::Agent,
        other if other.starts_with("%{") && other.ends_with("}t") => Role::Time,
        _ => return None,
    })
}
