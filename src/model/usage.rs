//! Usage as a vendor reported it: one count with all that was said about what was used.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{AddressRange, Month};

/// One count of a report, borrowed from the parser that reads it.
#[derive(Debug, Clone, Copy)]
pub struct UsageRecord<'a> {
    /// What was used.
    pub item: &'a Item,
    /// The institution it is broken down to in a consortium's report, if it is.
    pub member: Option<&'a Member>,
    /// The addresses that it was counted on, if the report says.
    pub addresses: Option<Addresses>,
    /// `Metric_Type`, as reported.
    pub metric: &'a str,
    /// The month of use.
    pub month: Month,
    /// `Data_Type`, as reported; empty where the report has none.
    pub data_type: &'a str,
    /// `Access_Method`; `Regular` where the report does not say.
    pub access_method: &'a str,
    /// `Access_Type`, as reported; empty where the report has none.
    pub access_type: &'a str,
    /// `YOP`, as reported; empty where the report has none.
    pub yop: &'a str,
    /// The count; above zero and at most `i64::MAX` (zeros are not passed on).
    pub count: u64,
}

/// What was used: everything that describes it but its month, metric, type and access.
///
/// Empty strings and lists stand for what was not said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// `Platform`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub platform: String,
    /// `Database` of a DR.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub database: String,
    /// `Title` of a TR, or of the parent in an R5.1 IR.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// `Item` of an IR.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub item: String,
    /// `Publisher`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub publisher: String,
    /// `Publisher_ID`, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub publisher_ids: Vec<Identifier>,
    /// `Item_ID`, sorted: of the item itself, never of its parent or component.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<Identifier>,
    /// `Authors`, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// `Publication_Date`, as reported.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub publication_date: String,
    /// `Article_Version`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub article_version: String,
    /// `Section_Type` (R5 only).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub section_type: String,
    /// The parent that an IR names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Box<Related>>,
    /// The component that the count belongs to, if it is not the item's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<Box<Related>>,
}

/// A parent or a component of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Related {
    /// Its title or name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Its `Data_Type`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub data_type: String,
    /// Its identifiers, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<Identifier>,
    /// Its authors, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// Its publication date, as reported.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub publication_date: String,
    /// Its article version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub article_version: String,
}

/// An identifier of an item, a publisher, a parent or a component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// `DOI`, `ISBN`, `Print_ISSN`, `Online_ISSN`, `Linking_ISSN`, `URI`, `Proprietary`, or what the vendor wrote.
    pub kind: String,
    /// The value; ISSN and ISBN normalised.
    pub value: String,
    /// What the vendor wrote, where normalising changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
}

/// The institution to which a consortium's report breaks a count down (Code of Practice 11.5).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// `Customer_ID`; empty if not given.
    pub customer_id: String,
    /// `Institution_Name`; empty if not given.
    pub name: String,
    /// An ISIL found in the member's `Institution_ID`; empty if not given.
    pub isil: String,
}

/// The addresses that a count is attached to.
///
/// A report names an address or a range. What is kept is the range of claims that it lies in, a single address only where claims
/// leave a range of one: who claims what is registered, who used what is personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Addresses {
    /// These: as reported, or once kept, an unbroken range with the same claims throughout, or a range wider than any such.
    Range(AddressRange),
    /// Addresses that nobody claims.
    Unclaimed,
}

/// The range, or `nobody's`.
impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => fmt::Display::fmt(range, f),
            Self::Unclaimed => f.write_str("nobody's"),
        }
    }
}

/// What a vendor attached a count to (ATTRIBUTION section 1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole account.
    Account,
    /// One member institution of a consortium's account.
    Member(Member),
    /// Addresses that a custom report names.
    Addresses(Addresses),
}

impl Scope {
    /// The scope of a record broken down to `member` or `addresses`, if it is; a member says more than an address.
    #[must_use]
    pub fn of(member: Option<&Member>, addresses: Option<Addresses>) -> Self {
        match (member, addresses) {
            (Some(member), _) if *member != Member::default() => Self::Member(member.clone()),
            (_, Some(addresses)) => Self::Addresses(addresses),
            _ => Self::Account,
        }
    }
}

/// `account`, `addresses` with their range, or `member` with what is known of it: the form in exports and explanations.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let member = match self {
            Self::Account => return f.write_str("account"),
            Self::Addresses(addresses) => return write!(f, "addresses {addresses}"),
            Self::Member(member) => member,
        };
        f.write_str("member")?;
        for (name, value) in [("customer_id", &member.customer_id), ("isil", &member.isil), ("name", &member.name)] {
            if !value.is_empty() {
                write!(f, " {name}={value:?}")?;
            }
        }
        Ok(())
    }
}

impl Item {
    /// The canonical form: stable over time, machines and the order in which a vendor lists identifiers.
    ///
    /// It decides which item a count belongs to and in which order counts are divided (ATTRIBUTION section 4),
    /// so it never changes.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut out = String::with_capacity(256);
        let mut field = |name: &str, value: &str| {
            if !value.is_empty() {
                // Lengths make it unambiguous whatever a title holds.
                let _ = write!(out, "{name}={}:{value};", value.len());
            }
        };
        let ids = |ids: &[Identifier]| {
            let mut ids: Vec<_> = ids.iter().map(|id| format!("{}={}:{}", id.kind, id.value.len(), id.value)).collect();
            ids.sort_unstable();
            ids.dedup();
            ids.join(",")
        };
        field("platform", &self.platform);
        field("database", &self.database);
        field("title", &self.title);
        field("item", &self.item);
        field("publisher", &self.publisher);
        field("publisher_ids", &ids(&self.publisher_ids));
        field("ids", &ids(&self.ids));
        field("authors", &self.authors.join("\u{1f}"));
        field("publication_date", &self.publication_date);
        field("article_version", &self.article_version);
        field("section_type", &self.section_type);
        for (name, related) in [("parent", &self.parent), ("component", &self.component)] {
            if let Some(related) = related {
                field(name, "1");
                field("title", &related.title);
                field("data_type", &related.data_type);
                field("ids", &ids(&related.ids));
                field("authors", &related.authors.join("\u{1f}"));
                field("publication_date", &related.publication_date);
                field("article_version", &related.article_version);
            }
        }
        out
    }

    /// SHA-256 of the canonical form, cut to 128 bits: the item's identity in the store.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 16] {
        short_hash(self.canonical().as_bytes())
    }

    /// Whether nothing at all describes it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The first 16 bytes of SHA-256.
#[must_use]
pub fn short_hash(bytes: &[u8]) -> [u8; 16] {
    let digest = Sha256::digest(bytes);
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_identifiers_does_not_make_another_item() {
        let id = |kind: &str, value: &str| Identifier { kind: kind.into(), value: value.into(), original: None };
        let one = Item { title: "A".into(), ids: vec![id("DOI", "1"), id("URI", "2")], ..Item::default() };
        let two = Item { title: "A".into(), ids: vec![id("URI", "2"), id("DOI", "1")], ..Item::default() };
        assert_eq!(one.fingerprint(), two.fingerprint());
        assert_ne!(one.fingerprint(), Item { title: "B".into(), ..one.clone() }.fingerprint());
    }

    #[test]
    fn no_title_can_pretend_to_be_two_fields() {
        let one = Item { title: "A;item=1:B".into(), ..Item::default() };
        let two = Item { title: "A".into(), item: "B".into(), ..Item::default() };
        assert_ne!(one.fingerprint(), two.fingerprint());
    }
}
