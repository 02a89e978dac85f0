//! What findings mean and what to do about them, in English.

use super::{BlockClass, Detail, Finding, FindingKind, Stranger, Width};

impl FindingKind {
    /// In a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Shared => "Shared addresses",
            Self::Unaware => "Shared by institutions that seem not to know of each other",
            Self::Exposed => "Let in by a vendor, claimed by nobody",
            Self::LockedOut => "Subscribers' addresses that the vendor does not let in",
            Self::Unpaid => "Other bodies that are let in without a subscription",
            Self::Reserved => "Addresses that nobody on the Internet has",
            Self::TooWide => "Ranges far too wide",
        }
    }

    /// What such a finding means.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Shared => {
                "Several institutions use these addresses, so a vendor cannot tell their use apart, and it is divided by a key."
            }
            Self::Unaware => {
                "They claim the same addresses, and nothing that is registered says that they know: no key that is proposed or agreed has \
                 both, and no remark on their claims names the other. One of the claims may be wrong, and then one gets the other's use."
            }
            Self::Exposed => {
                "The vendor lets these addresses in, and no institution has claimed them. Somebody outside the libraries may be let in, \
                 and use from there is given to those who did not make it."
            }
            Self::LockedOut => {
                "It subscribes, users are let in by address, and none of the product's accounts has these addresses of it: whoever sits \
                 there is not let in."
            }
            Self::Unpaid => {
                "It uses addresses that are let in for those who subscribe, and has no subscription of its own. If the price goes by \
                 employees or users, as with legal databases, its people use what nobody pays for."
            }
            Self::Reserved => {
                "Addresses of this kind do not appear on the Internet: a vendor never sees them, so nobody is let in or counted by them."
            }
            Self::TooWide => "The range has far more addresses than the institution can use, so others are let in and counted as it.",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn what_to_do(self) -> &'static str {
        match self {
            Self::Shared => "Nothing, if division by inhabitants is fair to both; else agree on a key, or get addresses of one's own.",
            Self::Unaware => {
                "Ask both who uses the addresses. If they share, agree on a key or name the other in the claim's note; if not, give the wrong \
                 claim an end (valid_to) or mark the right one exclusive."
            }
            Self::Exposed => {
                "Find out whose they are. A library's: register them (import networks). Nobody's: have the vendor take them out, and take \
                 them out of the account's covers."
            }
            Self::LockedOut => {
                "Send the vendor the addresses, and put them or the institution into an account's covers. If they are out of use, give the \
                 claim an end (valid_to)."
            }
            Self::Unpaid => {
                "Look what the licence says. If the body is not part of it: pay for it, or give library and body addresses of their own and \
                 have the vendor take the body's out."
            }
            Self::Reserved => {
                "Ask whoever runs the network for the public address, as a web page that shows one's address sees it, and register that \
                 instead."
            }
            Self::TooWide => "Ask whoever runs the network which addresses the institution really uses, and register these instead.",
        }
    }
}

impl BlockClass {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Shared => "shared",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link_local",
            Self::Multicast => "multicast",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::Reserved => "reserved",
        }
    }
}

impl Finding {
    /// What is particular to this one; empty if nothing is.
    #[must_use]
    pub fn why(&self) -> String {
        match &self.detail {
            Detail::Shared(super::Per::County) if self.counties.contains("") => "with an institution whose county is unknown".to_owned(),
            Detail::Shared(super::Per::County) if self.counties.len() > 1 => "between two counties".to_owned(),
            Detail::Shared(super::Per::County) => "within the county".to_owned(),
            Detail::Shared(_) | Detail::Exposed => String::new(),
            Detail::Unaware(why) => why.iter().map(|why| stranger(*why)).collect::<Vec<_>>().join("; "),
            Detail::LockedOut { claimed } if *claimed == self.addresses.count() => "none of its addresses is let in".to_owned(),
            Detail::LockedOut { claimed } => format!("{} of its {claimed} addresses are not let in", self.addresses.count()),
            Detail::Unpaid { persons: Some(1) } => "1 person is registered for it".to_owned(),
            Detail::Unpaid { persons: Some(persons) } => format!("{persons} persons are registered for it"),
            Detail::Unpaid { persons: None } => "how many persons it has is not registered".to_owned(),
            Detail::Reserved(block) => block.to_string(),
            Detail::TooWide(Width::Absolute) => "wider than a /16 (IPv4) or a /32 (IPv6)".to_owned(),
            Detail::TooWide(Width::For(persons)) => format!("more than 1000 addresses for each of its {persons} persons"),
        }
    }
}

fn stranger(why: Stranger) -> &'static str {
    match why {
        Stranger::County => "they lie in different counties",
        Stranger::Municipality => "they lie in different municipalities",
        Stranger::Part => "one claims only a part of what the other does",
        Stranger::Exclusive => "a claim says that nobody else uses the addresses",
    }
}
