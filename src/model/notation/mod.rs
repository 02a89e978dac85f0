//! What people write for addresses, as ranges.
//!
//! [`parse_ranges`] reads a cell: one or several of prefixes, from-to, wildcards and so on, with exceptions, as
//! libraries send them to vendors. What could mean two things is refused, and the message says what to write.
//! A cell is cut into pieces here; [`ipv4`] and [`ipv6`] read a piece each.

mod ipv4;
mod ipv6;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use super::AddressRange;
use super::address::{number, successor};

/// Longer cells are refused unread.
const LONGEST_CELL: usize = 20_000;

/// One piece that stands for more separate ranges than this is a slip (`192.0.0-255.4`).
const MOST_RANGES: usize = 64;

/// Words that begin exceptions.
const EXCEPT: [&str; 5] = ["unntatt", "utenom", "except", "excluding", "minus"];

/// Words that stand for a dash.
const TO: [&str; 2] = ["til", "to"];

/// Why a cell is not read as addresses: what is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotationError(String);

/// How much of what cannot be read a message repeats.
const QUOTED: usize = 60;

/// Refuses `text`, saying why.
fn refuse<T>(text: &str, why: &str) -> Result<T, NotationError> {
    let mut quoted: String = text.chars().take(QUOTED).collect();
    if quoted.len() < text.len() {
        quoted.push('…');
    }
    Err(NotationError(format!("'{quoted}' {why}")))
}

/// The ranges that a cell stands for, in its order, at least one, none of them twice.
///
/// Several are separated by spaces, commas or semicolons. After `unntatt` or `except` follows what is left out; a
/// piece after that which lies outside all before it begins anew.
///
/// # Errors
/// What cannot be read, or could mean several things.
pub fn parse_ranges(cell: &str) -> Result<Vec<AddressRange>, NotationError> {
    match canonical(cell) {
        Some(range) => Ok(vec![range]),
        None => parse_cell(cell),
    }
}

/// The range that a cell stands for in the form in which ranges are kept: an address, a prefix, or from-to. Most cells are so, and
/// thousands are read at once.
#[must_use]
pub fn canonical(cell: &str) -> Option<AddressRange> {
    if let Ok(address) = cell.parse::<IpAddr>() {
        return AddressRange::new(address, address);
    }
    if let Some((first, last)) = cell.split_once('-') {
        return AddressRange::new(first.parse().ok()?, last.parse().ok()?);
    }
    let (network, bits) = cell.split_once('/')?;
    if bits.len() > 3 || (bits.starts_with('0') && bits != "0") || !bits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (network, bits) = (network.parse::<IpAddr>().ok()?, bits.parse::<u32>().ok()?);
    let last = match network {
        IpAddr::V4(first) => {
            let hosts = u32::MAX.checked_shr(bits).unwrap_or(0);
            (bits <= 32 && u32::from(first) & hosts == 0).then(|| IpAddr::V4((u32::from(first) | hosts).into()))?
        }
        IpAddr::V6(first) => {
            let hosts = u128::MAX.checked_shr(bits).unwrap_or(0);
            (bits <= 128 && u128::from(first) & hosts == 0).then(|| IpAddr::V6((u128::from(first) | hosts).into()))?
        }
    };
    // An IPv4 address written as one of IPv6 counts bits otherwise.
    AddressRange::new(network, last).filter(|range| range.first() == network)
}

/// The same in any notation.
fn parse_cell(cell: &str) -> Result<Vec<AddressRange>, NotationError> {
    if cell.len() > LONGEST_CELL {
        return refuse(cell, "is too long; write several rows");
    }
    let text = normalised(cell);
    let (mut found, mut excepting, mut before): (Vec<AddressRange>, bool, &str) = (Vec::new(), false, "");
    let mut last_is_except = false;
    for (piece, follows_space) in pieces(&text) {
        if EXCEPT.contains(&piece.to_lowercase().as_str()) {
            if found.is_empty() || last_is_except {
                return refuse(cell, "has an exception with nothing before it");
            }
            (excepting, last_is_except) = (true, true);
            continue;
        }
        let ranges = parse_piece(piece)?;
        if follows_space && ipv4::is_netmask(piece) && !before.contains(['/', '-', '*']) && before.contains('.') {
            return refuse(&format!("{before} {piece}"), &format!("looks like an address and its netmask; write {before}/{piece}"));
        }
        if excepting && (last_is_except || ranges.iter().any(|r| found.iter().any(|f| f.overlaps(*r)))) {
            for range in &ranges {
                found = without(&found, *range).ok_or_else(|| not_within(*range))?;
            }
            if found.is_empty() {
                return refuse(cell, "leaves out all that it names");
            }
        } else {
            excepting = false;
            for range in ranges {
                if !found.contains(&range) {
                    found.push(range);
                }
            }
        }
        (last_is_except, before) = (false, piece);
    }
    if last_is_except {
        return refuse(cell, "has an exception with nothing after it");
    }
    if found.is_empty() {
        return Err(NotationError("is empty; write an address or range, for example 192.0.2.0/24".to_owned()));
    }
    Ok(found)
}

fn not_within(range: AddressRange) -> NotationError {
    NotationError(format!("'{range}' is left out of something that it is not wholly part of; write the ranges that remain"))
}

/// `ranges` less the addresses of `hole`; nothing if not all of `hole` is in one of them.
fn without(ranges: &[AddressRange], hole: AddressRange) -> Option<Vec<AddressRange>> {
    if !ranges.iter().any(|range| range.covers(hole)) {
        return None;
    }
    let mut left = Vec::new();
    for range in ranges {
        if !range.overlaps(hole) {
            left.push(*range);
            continue;
        }
        if range.first() < hole.first() {
            left.extend(predecessor(hole.first()).and_then(|end| AddressRange::new(range.first(), end)));
        }
        if hole.last() < range.last() {
            left.extend(successor(hole.last()).and_then(|start| AddressRange::new(start, range.last())));
        }
    }
    Some(left)
}

/// The address just below, or nothing below the lowest.
fn predecessor(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(a) => u32::from(a).checked_sub(1).map(|n| IpAddr::V4(n.into())),
        IpAddr::V6(_) => number(address).checked_sub(1).map(|n| IpAddr::V6(n.into())),
    }
}

/// One kind of dash, one kind of space, and no space around dashes and slashes.
fn normalised(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    for c in cell.chars() {
        match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' => text.push('-'),
            '\u{200b}' | '\u{feff}' => {}
            _ if c.is_whitespace() => text.push(' '),
            _ => text.push(c),
        }
    }
    let mut tight = String::with_capacity(text.len());
    let mut words = text.split(' ').filter(|w| !w.is_empty()).peekable();
    while let Some(word) = words.next() {
        let word = if TO.contains(&word.to_lowercase().as_str()) { "-" } else { word };
        tight.push_str(word);
        let next_joins = words.peek().is_some_and(|next| next.starts_with(['-', '/']) || TO.contains(&next.to_lowercase().as_str()));
        if words.peek().is_some() && !next_joins && !word.ends_with(['-', '/']) {
            tight.push(' ');
        }
    }
    tight
}

/// The pieces between separators, and whether only a space stands before each.
fn pieces(text: &str) -> impl Iterator<Item = (&str, bool)> {
    text.split([',', ';']).flat_map(|part| part.split(' ').filter(|piece| !piece.is_empty()).enumerate().map(|(i, piece)| (piece, i > 0)))
}

fn parse_piece(piece: &str) -> Result<Vec<AddressRange>, NotationError> {
    if piece.contains(':') {
        ipv6::parse(piece).map(|range| vec![range])
    } else if piece.contains('.') && piece.bytes().all(|b| b.is_ascii_digit() || b".-/*?[]!".contains(&b)) {
        ipv4::parse(piece)
    } else {
        refuse(piece, "is no address and no range of addresses; write for example 192.0.2.0/24, 192.0.2.1-192.0.2.9 or 192.0.2.*")
    }
}

/// Whether a word can only be meant as addresses, rightly written or not: what tells ranges from ids in a list of both.
#[must_use]
pub fn looks_like_addresses(word: &str) -> bool {
    let dash = |c: char| c == '-' || ('\u{2010}'..='\u{2015}').contains(&c);
    let v4 = word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit() || dash(c) || c == '/');
    let v4 = v4 && word.chars().all(|c| c.is_ascii_digit() || ".*?/[]".contains(c) || dash(c));
    let v6 = word.matches(':').count() >= 2 && word.chars().all(|c| c.is_ascii_hexdigit() || ":.*/".contains(c) || dash(c));
    v4 || v6
}

/// Whether a word joins addresses in a cell: a dash that stands alone, or the word for an exception.
#[must_use]
pub fn joins_addresses(word: &str) -> bool {
    matches!(word, "-" | "–" | "—") || EXCEPT.contains(&word.to_lowercase().as_str())
}
