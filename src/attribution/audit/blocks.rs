//! Addresses that nobody on the Internet has: IANA's registries of special-purpose addresses, IPv4 and IPv6 (RFC 6890), and multicast.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::set::{AddressSet, common};
use crate::model::AddressRange;

/// What a block is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockClass {
    /// For use inside a house.
    Private,
    /// For use inside a provider's network, between customers and its own translation of addresses.
    Shared,
    /// The machine itself.
    Loopback,
    /// The cable or radio at hand.
    LinkLocal,
    /// Many receivers at once.
    Multicast,
    /// Examples in documentation.
    Documentation,
    /// Tests of network equipment.
    Benchmarking,
    /// Workings of the protocol itself, or not given out at all.
    Reserved,
}

/// A block of a registry.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// Its first address.
    first: IpAddr,
    /// The length of its prefix.
    bits: u8,
    /// What it is for.
    pub class: BlockClass,
    /// The registry's name for it.
    pub name: &'static str,
    /// Where that is written.
    pub written_in: &'static str,
}

impl Block {
    /// Its addresses.
    #[must_use]
    pub fn range(&self) -> Option<AddressRange> {
        let last = match self.first {
            IpAddr::V4(first) => IpAddr::V4((u32::from(first) | u32::MAX.checked_shr(self.bits.into()).unwrap_or(0)).into()),
            IpAddr::V6(first) => IpAddr::V6((u128::from(first) | u128::MAX.checked_shr(self.bits.into()).unwrap_or(0)).into()),
        };
        AddressRange::new(self.first, last)
    }
}

/// `private use (10.0.0.0/8, RFC 1918)`.
impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}/{}, {})", self.name, self.first, self.bits, self.written_in)
    }
}

const fn v4(first: [u8; 4], bits: u8, class: BlockClass, name: &'static str, written_in: &'static str) -> Block {
    let [a, b, c, d] = first;
    Block { first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits, class, name, written_in }
}

/// By the first four groups: no block needs more, but for two single addresses.
const fn v6(first: [u16; 4], bits: u8, class: BlockClass, name: &'static str, written_in: &'static str) -> Block {
    let [a, b, c, d] = first;
    Block { first: IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)), bits, class, name, written_in }
}

use BlockClass::{Benchmarking, Documentation, LinkLocal, Loopback, Multicast, Private, Reserved, Shared};

/// Narrow before wide: an address belongs to the first block that has it. IPv4-mapped addresses (`::ffff:0:0/96`) are read as the
/// IPv4 addresses that they stand for, so that block never turns up.
const BLOCKS: &[Block] = &[
    v4([10, 0, 0, 0], 8, Private, "private use", "RFC 1918"),
    v4([172, 16, 0, 0], 12, Private, "private use", "RFC 1918"),
    v4([192, 168, 0, 0], 16, Private, "private use", "RFC 1918"),
    v4([100, 64, 0, 0], 10, Shared, "shared address space of providers", "RFC 6598"),
    v4([127, 0, 0, 0], 8, Loopback, "loopback", "RFC 1122"),
    v4([169, 254, 0, 0], 16, LinkLocal, "link-local", "RFC 3927"),
    v4([224, 0, 0, 0], 4, Multicast, "multicast", "RFC 5771"),
    v4([192, 0, 2, 0], 24, Documentation, "documentation", "RFC 5737"),
    v4([198, 51, 100, 0], 24, Documentation, "documentation", "RFC 5737"),
    v4([203, 0, 113, 0], 24, Documentation, "documentation", "RFC 5737"),
    v4([198, 18, 0, 0], 15, Benchmarking, "benchmarking", "RFC 2544"),
    v4([0, 0, 0, 0], 8, Reserved, "this network", "RFC 791"),
    v4([192, 0, 0, 0], 24, Reserved, "protocol assignments", "RFC 6890"),
    v4([192, 31, 196, 0], 24, Reserved, "AS112", "RFC 7535"),
    v4([192, 52, 193, 0], 24, Reserved, "automatic multicast tunnelling", "RFC 7450"),
    v4([192, 88, 99, 0], 24, Reserved, "6to4 relays, out of use", "RFC 7526"),
    v4([192, 175, 48, 0], 24, Reserved, "AS112", "RFC 7534"),
    v4([255, 255, 255, 255], 32, Reserved, "broadcast", "RFC 919"),
    v4([240, 0, 0, 0], 4, Reserved, "reserved", "RFC 1112"),
    v6([0, 0, 0, 0], 128, Reserved, "unspecified address", "RFC 4291"),
    Block { first: IpAddr::V6(Ipv6Addr::LOCALHOST), bits: 128, class: Loopback, name: "loopback", written_in: "RFC 4291" },
    v6([0xfc00, 0, 0, 0], 7, Private, "unique local", "RFC 4193"),
    v6([0xfe80, 0, 0, 0], 10, LinkLocal, "link-local", "RFC 4291"),
    v6([0xfec0, 0, 0, 0], 10, Private, "site-local, out of use", "RFC 3879"),
    v6([0xff00, 0, 0, 0], 8, Multicast, "multicast", "RFC 4291"),
    v6([0x2001, 0xdb8, 0, 0], 32, Documentation, "documentation", "RFC 3849"),
    v6([0x3fff, 0, 0, 0], 20, Documentation, "documentation", "RFC 9637"),
    v6([0x2001, 2, 0, 0], 48, Benchmarking, "benchmarking", "RFC 5180"),
    v6([0x64, 0xff9b, 0, 0], 96, Reserved, "translation between IPv4 and IPv6", "RFC 6052"),
    v6([0x64, 0xff9b, 1, 0], 48, Reserved, "translation between IPv4 and IPv6", "RFC 8215"),
    v6([0x100, 0, 0, 0], 64, Reserved, "discard-only", "RFC 6666"),
    v6([0x100, 0, 0, 1], 64, Reserved, "dummy prefix", "RFC 9780"),
    v6([0x2001, 0, 0, 0], 32, Reserved, "Teredo", "RFC 4380"),
    v6([0x2001, 0, 0, 0], 23, Reserved, "protocol assignments", "RFC 2928"),
    v6([0x2002, 0, 0, 0], 16, Reserved, "6to4", "RFC 3056"),
    v6([0x2620, 0x4f, 0x8000, 0], 48, Reserved, "AS112", "RFC 7534"),
    v6([0x5f00, 0, 0, 0], 16, Reserved, "segment routing", "RFC 9602"),
    // What IANA gives to the Internet is 2000::/3; the rest is kept.
    v6([0, 0, 0, 0], 3, Reserved, "not given out", "RFC 4291"),
    v6([0x4000, 0, 0, 0], 2, Reserved, "not given out", "RFC 4291"),
    v6([0x8000, 0, 0, 0], 1, Reserved, "not given out", "RFC 4291"),
];

/// The blocks that a range lies in, each with what of the range it has; no address twice.
#[must_use]
pub fn blocks_of(range: AddressRange) -> Vec<(&'static Block, AddressSet)> {
    let mut found = Vec::new();
    let mut left: AddressSet = [range].into_iter().collect();
    for block in BLOCKS {
        let Some(addresses) = block.range().filter(|addresses| common(*addresses, range).is_some()) else { continue };
        let block_set: AddressSet = [addresses].into_iter().collect();
        let here = left.and(&block_set);
        if !here.is_empty() {
            left = left.without(&block_set);
            found.push((block, here));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(first: &str, last: &str) -> Vec<(String, u128)> {
        let range = AddressRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap();
        blocks_of(range).into_iter().map(|(block, set)| (block.to_string(), set.count())).collect()
    }

    #[test]
    fn every_block_is_a_prefix_and_stands_before_those_that_hold_it() {
        for (place, block) in BLOCKS.iter().enumerate() {
            let range = block.range().unwrap();
            assert_eq!(range.as_prefix().unwrap().prefix(), block.bits, "{block}");
            assert_eq!(range.first(), block.first, "{block}");
            for wider in &BLOCKS[..place] {
                assert!(!wider.range().unwrap().covers(range), "{block} is hidden by {wider}");
            }
        }
    }

    #[test]
    fn each_kind_of_address_is_known_by_its_block() {
        for (address, block) in [
            ("10.1.2.3", "private use (10.0.0.0/8, RFC 1918)"),
            ("172.31.255.255", "private use (172.16.0.0/12, RFC 1918)"),
            ("192.168.0.1", "private use (192.168.0.0/16, RFC 1918)"),
            ("100.127.0.1", "shared address space of providers (100.64.0.0/10, RFC 6598)"),
            ("127.0.0.1", "loopback (127.0.0.0/8, RFC 1122)"),
            ("169.254.1.1", "link-local (169.254.0.0/16, RFC 3927)"),
            ("239.1.1.1", "multicast (224.0.0.0/4, RFC 5771)"),
            ("192.0.2.1", "documentation (192.0.2.0/24, RFC 5737)"),
            ("198.19.0.1", "benchmarking (198.18.0.0/15, RFC 2544)"),
            ("0.0.0.0", "this network (0.0.0.0/8, RFC 791)"),
            ("255.255.255.255", "broadcast (255.255.255.255/32, RFC 919)"),
            ("255.255.255.254", "reserved (240.0.0.0/4, RFC 1112)"),
            ("::ffff:10.0.0.1", "private use (10.0.0.0/8, RFC 1918)"),
            ("::", "unspecified address (::/128, RFC 4291)"),
            ("::1", "loopback (::1/128, RFC 4291)"),
            ("fd12::1", "unique local (fc00::/7, RFC 4193)"),
            ("fe80::1", "link-local (fe80::/10, RFC 4291)"),
            ("ff02::1", "multicast (ff00::/8, RFC 4291)"),
            ("2001:db8::1", "documentation (2001:db8::/32, RFC 3849)"),
            ("3fff:fff::1", "documentation (3fff::/20, RFC 9637)"),
            ("2001:2::1", "benchmarking (2001:2::/48, RFC 5180)"),
            ("2001::1", "Teredo (2001::/32, RFC 4380)"),
            ("2001:20::1", "protocol assignments (2001::/23, RFC 2928)"),
            ("2002:c000:201::1", "6to4 (2002::/16, RFC 3056)"),
            ("64:ff9b::1", "translation between IPv4 and IPv6 (64:ff9b::/96, RFC 6052)"),
            ("::2", "not given out (::/3, RFC 4291)"),
            ("4000::1", "not given out (4000::/2, RFC 4291)"),
        ] {
            assert_eq!(of(address, address), [(block.to_owned(), 1)], "{address}");
        }
        // Just outside: what a library can have.
        for address in ["9.255.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "198.17.255.255", "198.20.0.0", "192.0.1.0"] {
            assert!(of(address, address).is_empty(), "{address}");
        }
        for address in ["2001:200::1", "2a02::1", "3fff:1000::1", "2003::1"] {
            assert!(of(address, address).is_empty(), "{address}");
        }
    }

    #[test]
    fn a_wide_range_is_told_apart_by_blocks_and_no_address_is_counted_twice() {
        // 240.0.0.0/4 has 2^28 addresses, one of which is the broadcast address.
        let found = of("240.0.0.0", "255.255.255.255");
        assert_eq!(found.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [1, (1 << 28) - 1]);
        // All of IPv6 but 2000::/3 is special, and some of that too: 7/8 of 2^128 is not given out or has a block of its own.
        let all = of("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        let special: u128 = all.iter().map(|(_, n)| n).sum();
        assert!(special > (1 << 127) + (1 << 126) + (1 << 125) && special < u128::MAX - (1 << 124), "{special}");
    }
}
