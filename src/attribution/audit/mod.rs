//! The sharing audit: who uses whose addresses, and what is wrong with what is registered about them.
//!
//! An [`Audit`] looks at one month of the registry and gives [`Finding`]s: what it is about (institutions, addresses,
//! products, accounts), how grave it is, and in its [`Detail`] what is particular to its kind. [`sharing`] finds who shares
//! with whom and who does not know of it, [`vendors`] compares claims with what vendors let in, [`ranges`] looks at each
//! range by itself. [`words`] says all of it in English.

pub mod blocks;
pub mod ranges;
pub mod set;
pub mod sharing;
#[cfg(test)]
mod tests;
pub mod vendors;
pub mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;

use super::month_view::MonthView;
use super::persons::PersonFigures;
use super::rules::Rules;
use crate::model::{AccountId, InstitutionId, KeyRow, ProductId, SourceId};

pub use blocks::{Block, BlockClass};
pub use set::AddressSet;

/// What a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// Several institutions claim the same addresses.
    Shared,
    /// They do, and nothing says that they know of each other.
    Unaware,
    /// A vendor lets addresses in that nobody claims.
    Exposed,
    /// A subscriber's addresses that the vendor does not let in.
    LockedOut,
    /// Another body that is let in and has no subscription.
    Unpaid,
    /// Addresses that nobody on the Internet has.
    Reserved,
    /// A range far too wide.
    TooWide,
}

impl FindingKind {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Shared, Self::Unaware, Self::Exposed, Self::LockedOut, Self::Unpaid, Self::Reserved, Self::TooWide];

    /// The word on the command line and in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Unaware => "unaware",
            Self::Exposed => "exposed",
            Self::LockedOut => "locked_out",
            Self::Unpaid => "unpaid",
            Self::Reserved => "reserved",
            Self::TooWide => "too_wide",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for FindingKind {
    type Err = String;

    /// A dash does for `_`.
    fn from_str(text: &str) -> Result<Self, String> {
        let word = text.replace('-', "_");
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or_else(|| format!("use {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

/// How grave a finding is, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Somebody is let in or kept out who should not be.
    Serious,
    /// Something that is probably wrong.
    Warning,
    /// As it is; good to know.
    Note,
}

impl Severity {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serious => "serious",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How sharing is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Per {
    /// A finding for each stretch of addresses, with all who claim it.
    Address,
    /// A finding for each two institutions, with all that they share.
    Institution,
    /// A finding for each county, and for each two counties.
    County,
}

impl Per {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Address, Self::Institution, Self::County];

    /// The word on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Institution => "institution",
            Self::County => "county",
        }
    }
}

impl fmt::Display for Per {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Per {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|per| per.as_str() == text).ok_or_else(|| "use address, institution or county".to_owned())
    }
}

/// Why two institutions that share are taken for strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stranger {
    /// They lie in different counties.
    County,
    /// They lie in different municipalities of one county.
    Municipality,
    /// Their claims overlap and are not the same: one has a part of the other's.
    Part,
    /// One of them says that nobody else uses the addresses.
    Exclusive,
}

/// In what way a range is too wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Wider than [`ranges::WIDEST_V4`] or [`ranges::WIDEST_V6`].
    Absolute,
    /// More than [`ranges::ADDRESSES_PER_PERSON`] addresses for each of so many persons.
    For(u64),
}

/// What is particular to a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// How it is shown.
    Shared(Per),
    /// Why they are taken for strangers.
    Unaware(BTreeSet<Stranger>),
    /// Nothing more.
    Exposed,
    /// How many addresses the institution claims in all.
    LockedOut {
        /// That many.
        claimed: u128,
    },
    /// How many persons the body has, if that is known.
    Unpaid {
        /// That many.
        persons: Option<u64>,
    },
    /// Which block.
    Reserved(&'static Block),
    /// In what way.
    TooWide(Width),
}

/// Something that the audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How grave it is.
    pub severity: Severity,
    /// What is particular to it.
    pub detail: Detail,
    /// Whom it concerns. Who it is about stands first where that is one; `exposed`, `reserved` and `too_wide` may be about an account alone.
    pub institutions: Vec<InstitutionId>,
    /// The two digits of their counties; an empty text stands for those whose county is unknown.
    pub counties: BTreeSet<String>,
    /// Which addresses.
    pub addresses: AddressSet,
    /// Which products.
    pub products: BTreeSet<ProductId>,
    /// Which accounts.
    pub accounts: BTreeSet<AccountId>,
}

impl Finding {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> FindingKind {
        match self.detail {
            Detail::Shared(_) => FindingKind::Shared,
            Detail::Unaware(_) => FindingKind::Unaware,
            Detail::Exposed => FindingKind::Exposed,
            Detail::LockedOut { .. } => FindingKind::LockedOut,
            Detail::Unpaid { .. } => FindingKind::Unpaid,
            Detail::Reserved(_) => FindingKind::Reserved,
            Detail::TooWide(_) => FindingKind::TooWide,
        }
    }

    /// The persons that it speaks of.
    #[must_use]
    pub fn persons(&self) -> Option<u64> {
        match self.detail {
            Detail::Unpaid { persons } => persons,
            Detail::TooWide(Width::For(persons)) => Some(persons),
            _ => None,
        }
    }
}

/// Where an institution lies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Home {
    /// The county's two digits.
    pub county: String,
    /// The municipality's code.
    pub municipality: String,
    /// The municipality's name.
    pub municipality_name: String,
}

/// What is audited, and what must be known for it.
#[derive(Debug, Clone, Copy)]
pub struct Audit<'a> {
    /// The month of the registry.
    pub view: &'a MonthView<'a>,
    /// How accounts' users get in.
    pub rules: &'a Rules,
    /// How many persons stand behind whom.
    pub persons: &'a PersonFigures,
    /// Keys of all states.
    pub keys: &'a [KeyRow],
    /// Which products a source serves.
    pub products: &'a BTreeMap<SourceId, Vec<ProductId>>,
    /// Where institutions lie, as far as it is known.
    pub homes: &'a HashMap<InstitutionId, Home>,
}

impl Audit<'_> {
    /// All findings of one kind, in a fixed order.
    #[must_use]
    pub fn of_kind(&self, kind: FindingKind, per: Per) -> Vec<Finding> {
        match kind {
            FindingKind::Shared => self.shared(per),
            FindingKind::Unaware => self.unaware(),
            FindingKind::Exposed => self.exposed(),
            FindingKind::LockedOut => self.locked_out(),
            FindingKind::Unpaid => self.unpaid(),
            FindingKind::Reserved => self.reserved(),
            FindingKind::TooWide => self.too_wide(),
        }
    }

    /// All findings, kind after kind.
    #[must_use]
    pub fn findings(&self, per: Per) -> Vec<Finding> {
        FindingKind::ALL.into_iter().flat_map(|kind| self.of_kind(kind, per)).collect()
    }

    fn county_of(&self, institution: &InstitutionId) -> &str {
        self.homes.get(institution).map_or("", |home| home.county.as_str())
    }

    fn counties<'i>(&self, institutions: impl IntoIterator<Item = &'i InstitutionId>) -> BTreeSet<String> {
        institutions.into_iter().map(|id| self.county_of(id).to_owned()).collect()
    }

    /// A finding about these institutions and addresses, and nothing else yet.
    fn finding(&self, severity: Severity, detail: Detail, institutions: Vec<InstitutionId>, addresses: AddressSet) -> Finding {
        let counties = self.counties(&institutions);
        Finding { severity, detail, institutions, counties, addresses, products: BTreeSet::new(), accounts: BTreeSet::new() }
    }
}
