//! Rows of the registry: what exists, who claims which addresses, who subscribes to what.
//!
//! Each struct is one row of one kind of file in the contract. [`Row`] gives its columns and turns it
//! into cells and back: the files that people import and the tables of the store share that form.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    AccountId, AddressRange, InstitutionId, KeyRow, Month, MunicipalityCode, ProductId, ReportId, SessionCount, SourceId, VendorId,
};

/// A kind of registry file and table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Municipalities of all times.
    Municipalities,
    /// What became of municipalities.
    Transitions,
    /// Libraries and other bodies.
    Institutions,
    /// Inhabitants, pupils and staff.
    Persons,
    /// Claims of addresses.
    Networks,
    /// Vendors.
    Vendors,
    /// Products.
    Products,
    /// Who subscribes to what.
    Subscriptions,
    /// Customer accounts.
    Accounts,
    /// Members of consortia, as vendors list them.
    Members,
    /// Allocation keys.
    Keys,
    /// Sessions that the access control has seen, by month.
    Sessions,
    /// Figures that people have divided by hand.
    Statistics,
}

impl Kind {
    /// In the order in which they must be imported.
    pub const ALL: [Self; 13] = [
        Self::Municipalities,
        Self::Transitions,
        Self::Institutions,
        Self::Persons,
        Self::Networks,
        Self::Vendors,
        Self::Products,
        Self::Subscriptions,
        Self::Accounts,
        Self::Members,
        Self::Keys,
        Self::Sessions,
        Self::Statistics,
    ];

    /// Its name on the command line and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Municipalities => "municipalities",
            Self::Transitions => "transitions",
            Self::Institutions => "institutions",
            Self::Persons => "persons",
            Self::Networks => "networks",
            Self::Vendors => "vendors",
            Self::Products => "products",
            Self::Subscriptions => "subscriptions",
            Self::Accounts => "accounts",
            Self::Members => "members",
            Self::Keys => "keys",
            Self::Sessions => "sessions",
            Self::Statistics => "statistics",
        }
    }

    /// Its table in the store.
    #[must_use]
    pub fn table(self) -> &'static str {
        match self {
            // `statistic` is what avling works out.
            Self::Statistics => "manual_figure",
            Self::Members => "consortium_member",
            Self::Keys => "key_row",
            other => other.as_str(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// A column of a kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// Part of the row's identity.
    pub identity: bool,
    /// May not be left out of the header. Whether a cell may be empty is the row's own matter.
    pub required: bool,
}

/// What is wrong with one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellError {
    /// The column's name.
    pub column: &'static str,
    /// What is wrong, and what would be right; says the value.
    pub what: String,
}

/// A row of the registry, to and from its cells.
pub trait Row: Sized + Clone + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// Its kind.
    const KIND: Kind;
    /// Its columns, in the contract's order.
    const COLUMNS: &'static [Column];

    /// Reads the cells, one for each of [`Self::COLUMNS`] in order, trimmed; all that is wrong, not just the first.
    ///
    /// # Errors
    /// What is wrong with which cells.
    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>>;

    /// The cells in canonical form: reading them gives the same row.
    fn cells(&self) -> Vec<String>;

    /// The cells that identify it.
    fn identity(&self) -> Vec<String> {
        self.cells().into_iter().zip(Self::COLUMNS).filter(|(_, column)| column.identity).map(|(cell, _)| cell).collect()
    }
}

/// From a day on (open: always), to the first day no longer valid (open: still).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Validity {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The first day that it is no longer valid.
    pub to: Option<NaiveDate>,
}

impl Validity {
    /// Valid in a month means: valid on its first day.
    #[must_use]
    pub fn in_month(self, month: Month) -> bool {
        self.on(month.first_day())
    }

    /// Whether some day is in both.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        let begins_in = |a: Self, b: Self| a.from.is_none_or(|from| b.to.is_none_or(|to| from < to));
        begins_in(self, other) && begins_in(other, self)
    }

    /// Whether it is valid on `day`.
    #[must_use]
    pub fn on(self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day < to)
    }
}

/// A municipality's name and county while both were these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Municipality {
    /// Four digits.
    pub code: MunicipalityCode,
    /// Its name.
    pub name: String,
    /// Two digits.
    pub county: String,
    /// The county's name.
    pub county_name: String,
    /// When.
    pub valid: Validity,
}

/// On a day one municipality became another: renumbered, merged (several with one `to`) or split (several with one `from`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Transition {
    /// The first day of the new code.
    pub date: NaiveDate,
    /// The code before.
    pub from: MunicipalityCode,
    /// The code after.
    pub to: MunicipalityCode,
}

/// What kind of institution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstitutionKind {
    /// A municipality's library.
    PublicLibrary,
    /// An upper secondary school's library.
    SchoolLibrary,
    /// A county's library.
    CountyLibrary,
    /// Any other library.
    OtherLibrary,
    /// Another body on the same network.
    OtherBody,
}

impl InstitutionKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::PublicLibrary, Self::SchoolLibrary, Self::CountyLibrary, Self::OtherLibrary, Self::OtherBody];

    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PublicLibrary => "public_library",
            Self::SchoolLibrary => "school_library",
            Self::CountyLibrary => "county_library",
            Self::OtherLibrary => "other_library",
            Self::OtherBody => "other_body",
        }
    }
}

impl fmt::Display for InstitutionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for InstitutionKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// A library, or another body that uses the same network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Institution {
    /// Its id.
    pub id: InstitutionId,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: InstitutionKind,
    /// The code that its municipality has today; earlier codes follow from transitions.
    pub municipality: Option<MunicipalityCode>,
    /// Its ISIL; empty if it has none.
    pub isil: String,
    /// When it exists.
    pub valid: Validity,
}

/// How many persons a municipality or an institution has on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persons {
    /// A municipality code of any time, or an institution's id.
    pub subject: String,
    /// The day of the count.
    pub date: NaiveDate,
    /// How many; at most 10^12.
    pub persons: u64,
}

/// One institution's claim to one range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who.
    pub institution: InstitutionId,
    /// The addresses.
    pub range: AddressRange,
    /// When.
    pub valid: Validity,
    /// Nobody else uses them, whatever wider claims say.
    pub exclusive: bool,
    /// A remark.
    pub note: String,
}

/// A vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendor {
    /// Its id.
    pub id: VendorId,
    /// Its name.
    pub name: String,
    /// Whom to write to.
    pub contact: String,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// Who sells it.
    pub vendor: VendorId,
    /// What it is (newspapers, film, …), in free words.
    pub kind: String,
    /// `REPORT:METRIC`, the figure that stands for it; empty: `PR:Unique_Item_Requests`, or what there is.
    pub headline: String,
}

/// Who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Funding {
    /// The library itself.
    Own,
    /// Its county.
    County,
    /// Somebody else, a ministry for example.
    External,
}

impl Funding {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::County => "county",
            Self::External => "external",
        }
    }
}

impl FromStr for Funding {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Own, Self::County, Self::External].into_iter().find(|f| f.as_str() == text).ok_or(())
    }
}

/// One institution's subscription to one product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Who.
    pub institution: InstitutionId,
    /// To what.
    pub product: ProductId,
    /// When.
    pub valid: Validity,
    /// Price a year, a decimal number as written (at most two decimals are usual); empty if unknown.
    pub price: String,
    /// Three letters; empty if unknown.
    pub currency: String,
    /// Who pays, if known.
    pub funding: Option<Funding>,
}

/// How users get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// By whitelisted address.
    Ip,
    /// By library card or single sign-on.
    Login,
    /// Both; treated as by address.
    Mixed,
}

impl Access {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Login => "login",
            Self::Mixed => "mixed",
        }
    }
}

impl FromStr for Access {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Ip, Self::Login, Self::Mixed].into_iter().find(|a| a.as_str() == text).ok_or(())
    }
}

/// How a source books traffic that several of its accounts share (ATTRIBUTION section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedTraffic {
    /// Each use on one account; every account is counted.
    #[default]
    Single,
    /// Every account reports all traffic of its addresses; one of them is counted.
    Replicated,
}

/// What an account covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covers {
    /// `*`: every subscriber.
    Subscribers,
    /// These institutions and ranges, in the order in which they were written.
    These {
        /// Institutions.
        institutions: Vec<InstitutionId>,
        /// Address ranges.
        ranges: Vec<AddressRange>,
    },
}

/// A customer account at a vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The configured source that it is harvested from.
    pub source: SourceId,
    /// `customer_id` at the vendor.
    pub customer_id: String,
    /// What it covers.
    pub covers: Covers,
    /// How its users get in; nothing: as its source says.
    pub access: Option<Access>,
    /// `requestor_id` as stored: `env:NAME`, `credential:NAME`, sealed, or empty.
    pub requestor_id: String,
    /// `api_key`, likewise.
    pub api_key: String,
    /// When.
    pub valid: Validity,
}

/// A member of a consortium, as a vendor lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsortiumMember {
    /// The configured source that lists it.
    pub source: SourceId,
    /// Its `customer_id` at the vendor.
    pub customer_id: String,
    /// Its name at the vendor; empty if it has none.
    pub name: String,
    /// Its ISIL; empty if it is not said.
    pub isil: String,
}

/// A figure of an institution that people have entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualFigure {
    /// Whose.
    pub institution: InstitutionId,
    /// Of what.
    pub product: ProductId,
    /// When it was used.
    pub month: Month,
    /// The report that it would have stood in.
    pub report: ReportId,
    /// `Metric_Type`.
    pub metric: String,
    /// The figure; at most `i64::MAX`.
    pub value: u64,
    /// A remark.
    pub note: String,
    /// Accounts whose use of the product in the month it stands instead of.
    pub instead_of: Vec<AccountId>,
}

/// Everything that is registered, as plain lists in the order of identity.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// Municipalities of all times.
    pub municipalities: Vec<Municipality>,
    /// What became of them.
    pub transitions: Vec<Transition>,
    /// Libraries and other bodies.
    pub institutions: Vec<Institution>,
    /// Person figures.
    pub persons: Vec<Persons>,
    /// Claims of addresses.
    pub claims: Vec<Claim>,
    /// Vendors.
    pub vendors: Vec<Vendor>,
    /// Products.
    pub products: Vec<Product>,
    /// Subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// Accounts.
    pub accounts: Vec<Account>,
    /// Members of consortia.
    pub members: Vec<ConsortiumMember>,
    /// Allocation keys, a row for each institution.
    pub keys: Vec<KeyRow>,
    /// What the access control has seen.
    pub sessions: Vec<SessionCount>,
    /// Figures by hand.
    pub manual: Vec<ManualFigure>,
}

/// One row that an import adds, replaces or removes, as cells in the order of its kind's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The cells that identify it.
    pub identity: Vec<String>,
    /// The row before; nothing if it is new.
    pub before: Option<Vec<String>>,
    /// The row after; nothing if it is removed.
    pub after: Option<Vec<String>>,
}
