//! Ranges of Internet addresses, IPv4 and IPv6 in one order, as people claim them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;

/// From one address to another of the same family, both included; `first <= last`.
///
/// An IPv4-mapped IPv6 address is the IPv4 address that it stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    first: IpAddr,
    last: IpAddr,
}

impl AddressRange {
    /// The range, or nothing if the families differ or it runs backwards.
    #[must_use]
    pub fn new(first: IpAddr, last: IpAddr) -> Option<Self> {
        let (first, last) = (first.to_canonical(), last.to_canonical());
        (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(Self { first, last })
    }

    /// The lowest address.
    #[must_use]
    pub fn first(self) -> IpAddr {
        self.first
    }

    /// The highest address.
    #[must_use]
    pub fn last(self) -> IpAddr {
        self.last
    }

    /// Whether `address` lies in it.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.first.is_ipv4() == address.is_ipv4() && self.first <= address && address <= self.last
    }

    /// Whether every address of `other` lies in it.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.contains(other.first) && self.contains(other.last)
    }

    /// Whether they share an address.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.first.is_ipv4() == other.first.is_ipv4() && self.first <= other.last && other.first <= self.last
    }

    /// The number of its addresses less one, which also fits for all of IPv6.
    #[must_use]
    pub fn span(self) -> u128 {
        number(self.last) - number(self.first)
    }

    /// The prefix that it is, if it is one.
    #[must_use]
    pub fn as_prefix(self) -> Option<IpNetwork> {
        let bits: u8 = if self.first.is_ipv4() { 32 } else { 128 };
        let host_bits = u8::try_from(u128::BITS - self.span().leading_zeros()).ok()?;
        let network = IpNetwork::new(self.first, bits - host_bits).ok()?;
        (network.network() == self.first && network.broadcast() == self.last).then_some(network)
    }
}

/// An address as a number within its family.
#[must_use]
pub fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(a) => u128::from(u32::from(a)),
        IpAddr::V6(a) => u128::from(a),
    }
}

/// The address just above, or nothing above the highest.
#[must_use]
pub fn successor(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(a) => u32::from(a).checked_add(1).map(|n| IpAddr::V4(Ipv4Addr::from(n))),
        IpAddr::V6(a) => u128::from(a).checked_add(1).map(|n| IpAddr::V6(Ipv6Addr::from(n))),
    }
}

/// A single address alone, a prefix as CIDR, anything else as from-to: the form in which claims are kept.
impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else if let Some(prefix) = self.as_prefix() {
            write!(f, "{prefix}")
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

impl fmt::Debug for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: &str, last: &str) -> AddressRange {
        AddressRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap()
    }

    #[test]
    fn ranges_are_written_in_their_shortest_form() {
        assert_eq!(range("192.0.2.7", "192.0.2.7").to_string(), "192.0.2.7");
        assert_eq!(range("192.0.2.0", "192.0.2.255").to_string(), "192.0.2.0/24");
        assert_eq!(range("192.0.2.1", "192.0.2.9").to_string(), "192.0.2.1-192.0.2.9");
        assert_eq!(range("::ffff:192.0.2.1", "192.0.2.1").to_string(), "192.0.2.1");
        assert_eq!(range("0.0.0.0", "255.255.255.255").to_string(), "0.0.0.0/0");
        assert_eq!(range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").to_string(), "::/0");
        assert_eq!(range("2001:db8::", "2001:db8::ffff").to_string(), "2001:db8::/112");
    }

    #[test]
    fn families_never_meet() {
        assert!(AddressRange::new("192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()).is_none());
        assert!(!range("::", "ffff::").contains("192.0.2.1".parse().unwrap()));
    }
}
