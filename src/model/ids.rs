//! Names of things: short texts that people choose or authorities assign, each a type of its own.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Longer than 200 bytes.
    #[error("is longer than 200 bytes")]
    TooLong,
    /// Ids stand in lists separated by spaces, and in lines.
    #[error("'{0}' has a space or a control character in it; ids stand in lists separated by spaces")]
    Space(String),
    /// Reports are named by letters, digits and `_`.
    #[error("'{0}' is no name of a report; they look like TR or TR_J1")]
    NotReport(String),
    /// A municipality's code is four digits.
    #[error("'{0}' is not a municipality code of four digits")]
    NotMunicipality(String),
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        Err(IdError::Empty)
    } else if text.len() > 200 {
        Err(IdError::TooLong)
    } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Err(IdError::Space(text.chars().take(60).collect()))
    } else {
        Ok(())
    }
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// A name that is already known to be well formed: read back from the store, or written in this program.
            #[must_use]
            pub fn trusted(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

macro_rules! plain {
    ($($name:ident),+) => {$(
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                check(text)?;
                Ok(Self(Arc::from(text)))
            }
        }
    )+};
}

id! {
    /// A library or another body on the same network; a library's 7-digit bibnr where it has one.
    InstitutionId,
    /// A municipality's four digits, of any time.
    MunicipalityCode,
    /// A vendor.
    VendorId,
    /// A product that institutions subscribe to.
    ProductId,
    /// A source of usage, as configured.
    SourceId,
    /// A customer account at a vendor.
    AccountId,
    /// An allocation key.
    KeyId,
    /// A COUNTER report or view (`TR`, `TR_J1`), in capitals.
    ReportId,
}

plain!(InstitutionId, VendorId, ProductId, SourceId, AccountId, KeyId);

impl FromStr for MunicipalityCode {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(IdError::NotMunicipality(text.chars().take(40).collect()))
        }
    }
}

impl FromStr for ReportId {
    type Err = IdError;

    /// Vendors write report ids in any case; avling keeps them in capitals.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let text = text.trim().to_ascii_uppercase();
        check(&text)?;
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':' | b'.'));
        if plain { Ok(Self(Arc::from(text.as_str()))) } else { Err(IdError::NotReport(text.chars().take(40).collect())) }
    }
}

impl ReportId {
    /// The master report that a standard view belongs to (`TR` for `TR_J1`), or the report itself.
    #[must_use]
    pub fn master(&self) -> &str {
        self.0.split('_').next().unwrap_or(&self.0)
    }

    /// Whether the Code of Practice R5 or R5.1 knows it (sections 4.1 to 4.4: PR, DR, TR, IR and their standard views).
    #[must_use]
    pub fn is_counter(&self) -> bool {
        COUNTER_REPORTS.contains(&&*self.0)
    }
}

/// The master reports and standard views of the Code of Practice, R5 and R5.1.
pub const COUNTER_REPORTS: [&str; 16] =
    ["PR", "PR_P1", "DR", "DR_D1", "DR_D2", "TR", "TR_B1", "TR_B2", "TR_B3", "TR_J1", "TR_J2", "TR_J3", "TR_J4", "IR", "IR_A1", "IR_M1"];
