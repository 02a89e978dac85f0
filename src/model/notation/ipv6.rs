//! One piece of IPv6: an address, a prefix, from-to, or groups that end in a wildcard.

use std::net::{IpAddr, Ipv6Addr};

use super::{NotationError, refuse};
use crate::model::AddressRange;

/// The range that a piece without spaces stands for; it has a colon in it.
pub(super) fn parse(piece: &str) -> Result<AddressRange, NotationError> {
    if let Some((from, to)) = piece.split_once('-') {
        let (from, to) = (end(piece, from)?, end(piece, to)?);
        if from.is_ipv4() != to.is_ipv4() {
            return refuse(piece, "has an IPv4 address at one end and an IPv6 address at the other");
        }
        return AddressRange::new(from, to).map_or_else(|| refuse(piece, "runs backwards: its end is below its start"), Ok);
    }
    if let Some((start, length)) = piece.split_once('/') {
        let start = address(piece, start)?;
        return match length.parse::<u32>() {
            Ok(length) if length <= 128 && length.to_string().len() >= length_digits(piece) => prefix(piece, start, length),
            _ => refuse(piece, "has no prefix length from 0 to 128 after the slash"),
        };
    }
    if piece.contains('*') {
        return wildcard(piece);
    }
    let one = IpAddr::V6(address(piece, piece)?);
    AddressRange::new(one, one).map_or_else(|| refuse(piece, "is no address"), Ok)
}

/// How many digits stand after the slash: a number has no zeros before it.
fn length_digits(piece: &str) -> usize {
    piece.len() - piece.find('/').unwrap_or(0) - 1
}

fn prefix(piece: &str, start: Ipv6Addr, length: u32) -> Result<AddressRange, NotationError> {
    let host = u128::MAX.checked_shr(length).unwrap_or(0);
    let start = u128::from(start);
    if length == 0 && start != 0 {
        return refuse(piece, "stands for every address there is; write ::/0 if that is meant");
    }
    let (first, last) = (Ipv6Addr::from(start & !host), Ipv6Addr::from(start | host));
    AddressRange::new(first.into(), last.into()).map_or_else(|| refuse(piece, "has IPv4 addresses in part; write those as IPv4"), Ok)
}

/// `2001:db8:3456:4567:*`: all addresses that begin with these groups, none of which may be left out.
fn wildcard(piece: &str) -> Result<AddressRange, NotationError> {
    const WHY: &str = "cannot be read with a *; write it as a prefix, for example 2001:db8:1::/48";
    let groups: Vec<&str> = piece.split(':').collect();
    let fixed = groups.iter().position(|group| *group == "*").unwrap_or(groups.len());
    if fixed == 0 || groups.len() > 8 || groups[fixed..].iter().any(|group| *group != "*") {
        return refuse(piece, WHY);
    }
    let (mut first, mut last) = ([0_u16; 8], [0xffff_u16; 8]);
    for (i, group) in groups[..fixed].iter().enumerate() {
        let right = (1..=4).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_hexdigit());
        let Some(value) = right.then(|| u16::from_str_radix(group, 16).ok()).flatten() else {
            return refuse(piece, WHY);
        };
        (first[i], last[i]) = (value, value);
    }
    let (first, last) = (Ipv6Addr::from(first), Ipv6Addr::from(last));
    AddressRange::new(first.into(), last.into()).map_or_else(|| refuse(piece, WHY), Ok)
}

/// One end of from-to; the canonical form of a range may end in IPv4 addresses only if both ends are such.
fn end(piece: &str, text: &str) -> Result<IpAddr, NotationError> {
    if text.contains(':') {
        return Ok(IpAddr::V6(address(piece, text)?).to_canonical());
    }
    if text.contains('.') {
        return text.parse().map(IpAddr::V4).or_else(|_| refuse(piece, "has an end that is no address"));
    }
    refuse(piece, "needs a whole address at both ends, for example 2001:db8::1-2001:db8::ff")
}

fn address(piece: &str, text: &str) -> Result<Ipv6Addr, NotationError> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let groups: Vec<&str> = text.trim_end_matches(':').split(':').collect();
    let short = groups.len() < 8 && groups.iter().all(|g| (1..=4).contains(&g.len()) && g.bytes().all(|b| b.is_ascii_hexdigit()));
    if short && !piece.contains(['/', '-']) {
        let prefix = format!("{}::/{}", groups.join(":"), groups.len() * 16);
        return refuse(piece, &format!("is cut short; if all addresses that begin so are meant, write {prefix}"));
    }
    refuse(piece, "is no IPv6 address; write for example 2001:db8::1, 2001:db8:1::/48 or 2001:db8::1-2001:db8::ff")
}
