//! Addresses of one family as numbers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `u32` for IPv4, `u128` for IPv6.
pub(super) trait Number: Copy + Ord {
    /// The highest address.
    const HIGHEST: Self;
    /// The number of an address in canonical form, if it is of this family.
    fn of(address: IpAddr) -> Option<Self>;
    /// The address.
    fn address(self) -> IpAddr;
    /// The one above; the highest stays what it is.
    fn above(self) -> Self;
    /// The one below; the lowest stays what it is.
    fn below(self) -> Self;
    /// A range without ends that are addresses of the other family; nothing if all of it is.
    fn of_this_family(first: Self, last: Self) -> Option<(Self, Self)>;
}

impl Number for u32 {
    const HIGHEST: Self = Self::MAX;

    fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => Some(address.into()),
            IpAddr::V6(_) => None,
        }
    }

    fn address(self) -> IpAddr {
        Ipv4Addr::from(self).into()
    }

    fn above(self) -> Self {
        self.saturating_add(1)
    }

    fn below(self) -> Self {
        self.saturating_sub(1)
    }

    fn of_this_family(first: Self, last: Self) -> Option<(Self, Self)> {
        Some((first, last))
    }
}

/// `::ffff:0.0.0.0` and `::ffff:255.255.255.255`: IPv4 addresses, written otherwise.
const MAPPED: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);

impl Number for u128 {
    const HIGHEST: Self = Self::MAX;

    fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(address.into()),
        }
    }

    fn address(self) -> IpAddr {
        Ipv6Addr::from(self).into()
    }

    fn above(self) -> Self {
        self.saturating_add(1)
    }

    fn below(self) -> Self {
        self.saturating_sub(1)
    }

    fn of_this_family(first: Self, last: Self) -> Option<(Self, Self)> {
        let mapped = |number| MAPPED.0 <= number && number <= MAPPED.1;
        let first = if mapped(first) { MAPPED.1 + 1 } else { first };
        let last = if mapped(last) { MAPPED.0 - 1 } else { last };
        (first <= last).then_some((first, last))
    }
}
