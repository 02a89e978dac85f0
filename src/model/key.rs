//! Allocation keys: dated weights that the institutions which share have agreed on (ATTRIBUTION section 3).

use std::fmt;
use std::str::FromStr;

use super::weight::Weight;
use super::{AccountId, AddressRange, InstitutionId, KeyId, ProductId};
use crate::model::registry::Validity;

/// How a key's weights come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyMethod {
    /// As entered.
    Fixed,
    /// The same for everyone.
    Equal,
    /// By inhabitants, pupils and staff.
    Population,
    /// By the sessions that the access control has seen of each.
    Measured,
}

impl KeyMethod {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Fixed, Self::Equal, Self::Population, Self::Measured];

    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Equal => "equal",
            Self::Population => "population",
            Self::Measured => "measured",
        }
    }
}

impl fmt::Display for KeyMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for KeyMethod {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or(())
    }
}

/// How far a key has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyState {
    /// Somebody has put it forward; it divides nothing yet.
    Proposed,
    /// Everybody concerned has agreed: it divides.
    Agreed,
    /// Another has taken its place altogether.
    Superseded,
    /// Somebody has said no.
    Rejected,
}

impl KeyState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Proposed, Self::Agreed, Self::Superseded, Self::Rejected];

    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Agreed => "agreed",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for KeyState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// What use a key is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AppliesTo {
    /// Nothing in particular: whatever its institutions share.
    Anything,
    /// Use that is counted on this account.
    Account(AccountId),
    /// Use of addresses that all lie in this range.
    Range(AddressRange),
}

impl fmt::Display for AppliesTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anything => Ok(()),
            Self::Account(account) => f.pad(account.as_str()),
            Self::Range(range) => f.pad(&range.to_string()),
        }
    }
}

/// One institution's part in a key. What is not of the institution is the same in all rows of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// The key.
    pub key: KeyId,
    /// What use it is for.
    pub applies_to: AppliesTo,
    /// Only for this product, if given.
    pub product: Option<ProductId>,
    /// How weights come about.
    pub method: KeyMethod,
    /// Who.
    pub institution: InstitutionId,
    /// With what weight; given where the method is `fixed`.
    pub weight: Option<Weight>,
    /// When.
    pub valid: Validity,
    /// How far it has come.
    pub state: KeyState,
    /// Who has agreed for this institution, as they signed; empty if nobody has yet.
    pub agreed_by: String,
}
