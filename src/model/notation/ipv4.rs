//! One piece of IPv4: an address, a prefix, a mask, from-to, or octets with intervals, wildcards and patterns.

use std::net::{IpAddr, Ipv4Addr};

use super::{MOST_RANGES, NotationError, refuse};
use crate::model::AddressRange;

/// Whether it is a netmask of at least eight bits, in four octets.
pub(super) fn is_netmask(piece: &str) -> bool {
    piece.parse::<Ipv4Addr>().is_ok_and(|mask| mask.octets()[0] == 255 && prefix_length(u32::from(mask)).is_some())
}

/// The ranges that a piece without spaces stands for; it has a point in it.
pub(super) fn parse(piece: &str) -> Result<Vec<AddressRange>, NotationError> {
    if let Some((address, mask)) = piece.split_once('/') {
        return masked(piece, address, mask).map(|range| vec![range]);
    }
    if piece.matches('.').count() > 3 {
        return from_to(piece).map(|range| vec![range]);
    }
    octets(piece)
}

/// `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `192.0.2.0/0.0.0.255`; bits beyond the mask are let go.
fn masked(piece: &str, address: &str, mask: &str) -> Result<AddressRange, NotationError> {
    let octets: Vec<&str> = address.split('.').collect();
    let [a, b, c, d] = *octets else {
        return refuse(piece, "needs an address of four numbers before the slash, for example 192.0.2.0/24");
    };
    let address = u32::from_be_bytes([octet(piece, a)?, octet(piece, b)?, octet(piece, c)?, octet(piece, d)?]);
    let length = if mask.contains('.') {
        let Ok(mask) = mask.parse::<Ipv4Addr>() else {
            return refuse(piece, "has no netmask after the slash; write for example 192.0.2.0/24");
        };
        let mask = u32::from(mask);
        match prefix_length(mask).filter(|length| *length > 0).or_else(|| prefix_length(!mask).filter(|length| *length < 32)) {
            Some(length) => length,
            None => return refuse(piece, "has a mask that is not a row of ones and a row of zeros; write the ranges that it stands for"),
        }
    } else {
        match mask.parse::<u32>() {
            Ok(length) if length <= 32 && mask.len() <= 2 && mask.bytes().all(|b| b.is_ascii_digit()) => length,
            _ => return refuse(piece, "has no prefix length from 0 to 32 after the slash"),
        }
    };
    let host = u32::MAX.checked_shr(length).unwrap_or(0);
    if length == 0 && address != 0 {
        return refuse(piece, "stands for every address there is; write 0.0.0.0/0 if that is meant");
    }
    range(piece, (address & !host).to_be_bytes(), (address | host).to_be_bytes())
}

/// The length of a netmask's row of ones, if ones are followed by zeros only.
fn prefix_length(mask: u32) -> Option<u32> {
    (mask.leading_ones() + mask.trailing_zeros() >= 32).then(|| mask.leading_ones())
}

/// `192.0.2.0-192.0.2.255`, `192.0.2.*-192.0.4.*`, `192.0.2-192.0.4`.
fn from_to(piece: &str) -> Result<AddressRange, NotationError> {
    let ends: Vec<&str> = piece.split('-').collect();
    let [from, to] = *ends else {
        return refuse(piece, "is no range; write it from address to address, for example 192.0.2.1-192.0.2.9");
    };
    let (first, last) = (end(piece, from)?, end(piece, to)?);
    if from.matches('.').count() != to.matches('.').count() {
        return refuse(piece, "is written differently at its two ends; write both in full, for example 192.0.2.1-192.0.3.9");
    }
    if u32::from_be_bytes(first.0) > u32::from_be_bytes(last.1) {
        return refuse(piece, "runs backwards: its end is below its start");
    }
    range(piece, first.0, last.1)
}

/// The lowest and the highest address of one end of from-to: four octets, the last of which may be `*`, or three.
fn end(piece: &str, text: &str) -> Result<([u8; 4], [u8; 4]), NotationError> {
    let parts: Vec<&str> = text.split('.').collect();
    if !(3..=4).contains(&parts.len()) {
        return refuse(piece, "is no range; write both ends in full, for example 192.0.2.1-192.0.2.9");
    }
    let (mut low, mut high) = ([0; 4], [255; 4]);
    let mut open = false;
    for (i, part) in parts.iter().enumerate() {
        if *part == "*" && i > 0 {
            open = true;
        } else if open {
            return refuse(piece, MIDDLE);
        } else {
            low[i] = octet(piece, part)?;
            high[i] = low[i];
        }
    }
    Ok((low, high))
}

const MIDDLE: &str = "has a * before a number; only the last numbers can be *";

/// Up to four octets, each a number, an interval, a pattern, or `*` for all the rest.
fn octets(piece: &str) -> Result<Vec<AddressRange>, NotationError> {
    let parts: Vec<&str> = piece.split('.').collect();
    let wild = parts.iter().position(|part| *part == "*").unwrap_or(parts.len());
    if parts[wild..].iter().any(|part| *part != "*") {
        return refuse(piece, MIDDLE);
    }
    if wild == 0 {
        return refuse(piece, "stands for every address there is; write 0.0.0.0/0 if that is meant");
    }
    let mut sets: Vec<Vec<u8>> = Vec::with_capacity(4);
    for part in &parts[..wild] {
        sets.push(values(piece, part)?);
    }
    // Three numbers are how people write all addresses that begin with them; fewer, or an interval, need a *.
    let complete = parts.len() == 4 || wild < parts.len() || (parts.len() == 3 && sets.iter().all(|set| set.len() == 1));
    if !complete {
        return refuse(piece, &format!("is cut short; if all addresses that begin so are meant, write {piece}.*"));
    }
    expand(piece, &sets)
}

/// The ranges of all addresses whose octets are in `sets`; any value where there is no set.
fn expand(piece: &str, sets: &[Vec<u8>]) -> Result<Vec<AddressRange>, NotationError> {
    // Full octets at the end only widen what stands before them.
    let full = sets.iter().rev().take_while(|set| set.len() == 256).count();
    let sets = &sets[..sets.len() - full];
    let Some((runs_of, heads)) = sets.split_last() else {
        return refuse(piece, "stands for every address there is; write 0.0.0.0/0 if that is meant");
    };
    let runs: Vec<&[u8]> = runs_of.chunk_by(|a, b| a.checked_add(1) == Some(*b)).collect();
    let many = heads.iter().map(Vec::len).product::<usize>() * runs.len();
    if many > MOST_RANGES {
        return refuse(piece, &format!("stands for {many} separate ranges; write those that are meant one by one"));
    }
    let mut starts: Vec<Vec<u8>> = vec![Vec::new()];
    for head in heads {
        starts = starts.iter().flat_map(|start| head.iter().map(|value| [start.as_slice(), &[*value]].concat())).collect();
    }
    let mut ranges = Vec::with_capacity(many);
    for start in &starts {
        for run in &runs {
            let (mut low, mut high) = ([0; 4], [255; 4]);
            low[..start.len()].copy_from_slice(start);
            high[..start.len()].copy_from_slice(start);
            (low[start.len()], high[start.len()]) = (run[0], run[run.len() - 1]);
            ranges.push(range(piece, low, high)?);
        }
    }
    Ok(ranges)
}

/// What one octet may be: a number, `66-144`, or a pattern of digits, `?` and `[1-9]`.
fn values(piece: &str, part: &str) -> Result<Vec<u8>, NotationError> {
    if part.contains(['?', '[', ']', '!']) {
        return pattern(piece, part);
    }
    match part.split_once('-') {
        None => Ok(vec![octet(piece, part)?]),
        Some((from, to)) => {
            let (from, to) = (octet(piece, from)?, octet(piece, to)?);
            if from > to { refuse(piece, "runs backwards: its end is below its start") } else { Ok((from..=to).collect()) }
        }
    }
}

/// The octets whose digits match.
fn pattern(piece: &str, part: &str) -> Result<Vec<u8>, NotationError> {
    const WHY: &str = "has a pattern that is not read; digits, ? for any one and [1-9] for some are";
    let mut classes: Vec<(u8, u8)> = Vec::new();
    let mut rest = part.as_bytes();
    loop {
        rest = match rest {
            [] => break,
            [b'?', rest @ ..] => {
                classes.push((b'0', b'9'));
                rest
            }
            [digit @ b'0'..=b'9', rest @ ..] => {
                classes.push((*digit, *digit));
                rest
            }
            [b'[', from @ b'0'..=b'9', b'-', to @ b'0'..=b'9', b']', rest @ ..] => {
                classes.push((*from, *to));
                rest
            }
            _ => return refuse(piece, WHY),
        };
    }
    let fits = |value: &u8| {
        let digits = value.to_string();
        digits.len() == classes.len() && digits.bytes().zip(&classes).all(|(digit, (from, to))| (*from..=*to).contains(&digit))
    };
    let values: Vec<u8> = (0..=255).filter(fits).collect();
    if values.is_empty() { refuse(piece, "has a pattern that fits no number from 0 to 255") } else { Ok(values) }
}

/// A number from 0 to 255, with no zero before it: some programs read such a number in base eight.
fn octet(piece: &str, text: &str) -> Result<u8, NotationError> {
    if text == "*" {
        return refuse(piece, "has a * where only a number can stand");
    }
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return refuse(piece, "is no address and no range of addresses; an address is four numbers from 0 to 255 with points between them");
    }
    if text.len() > 1 && text.starts_with('0') {
        return refuse(piece, &format!("has a number with a zero before it, which some read in base eight: {text}; write it without"));
    }
    text.parse().or_else(|_| refuse(piece, &format!("has a number above 255: {text}")))
}

fn range(piece: &str, first: [u8; 4], last: [u8; 4]) -> Result<AddressRange, NotationError> {
    let (first, last) = (IpAddr::V4(first.into()), IpAddr::V4(last.into()));
    AddressRange::new(first, last).map_or_else(|| refuse(piece, "runs backwards: its end is below its start"), Ok)
}
