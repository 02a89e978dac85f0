//! Rows of exports and what a row looks like to a writer.
//!
//! [`Table`] gives a row's columns and [`Cell`]s; every writer takes any `Table`. Rows own their text as [`Text`],
//! shared and cheap to copy, because names repeat in every month.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::model::registry::{Funding, InstitutionKind};
use crate::model::statistic::Basis;
use crate::model::{AccountId, InstitutionId, Month, MonthState, MunicipalityCode, ProductId, Quality, ReportId, SourceId, VendorId};

/// Text that many rows share; empty where nothing is known.
pub type Text = Arc<str>;

/// One cell, typed so that each writer can do it justice.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// Words or ids.
    Text(Cow<'a, str>),
    /// A whole number.
    Whole(u64),
    /// A decimal number as it is written: digits, and a point with digits after it.
    Decimal(Cow<'a, str>),
    /// A month.
    Month(Month),
    /// A day.
    Date(NaiveDate),
    /// Yes or no.
    Flag(bool),
}

impl<'a> Cell<'a> {
    /// Text, or nothing if it is empty.
    #[must_use]
    pub fn text(text: &'a str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(Cow::Borrowed(text)) }
    }

    /// A decimal number; text if it is not written as one, so that nothing else ever passes for a number.
    #[must_use]
    pub fn decimal(text: &'a str) -> Self {
        if is_decimal(text) { Self::Decimal(Cow::Borrowed(text)) } else { Self::text(text) }
    }

    pub(super) fn optional(text: Option<&'a str>) -> Self {
        text.map_or(Self::Empty, Self::text)
    }
}

/// Whether `text` is a number in JSON's grammar without exponent (RFC 8259 section 6), which CSV and Excel share.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(whole, fraction)| (whole, Some(fraction)));
    digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(digits)
}

/// A row of a table.
pub trait Table {
    /// What the rows are, as the name of a sheet: at most 25 characters, none of `[]:*?/\`.
    const SHEET: &'static str;
    /// The columns' names, in order.
    const COLUMNS: &'static [&'static str];

    /// The cells, one for each of [`Self::COLUMNS`], in order.
    fn cells(&self) -> impl Iterator<Item = Cell<'_>>;
}

impl<T: Table> Table for &T {
    const SHEET: &'static str = T::SHEET;
    const COLUMNS: &'static [&'static str] = T::COLUMNS;

    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        T::cells(self)
    }
}

/// `value` per 1,000 persons, two decimals, half to even; nothing if there are no persons.
#[must_use]
pub fn per_1000(value: u64, persons: Option<u64>) -> Option<String> {
    let persons = u128::from(persons.filter(|&persons| persons > 0)?);
    let scaled = u128::from(value) * 100_000;
    let (quotient, twice) = (scaled / persons, scaled % persons * 2);
    let up = twice > persons || (twice == persons && quotient % 2 == 1);
    let hundredths = quotient + u128::from(up);
    Some(format!("{}.{:02}", hundredths / 100, hundredths % 100))
}

/// Those who share a figure's use with its institution. Put into words when it is written: they may be hundreds, in every row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharers {
    /// What the figure rests on: its claimants, and the institution itself.
    pub basis: Arc<Basis>,
    /// The institution.
    pub own: Option<InstitutionId>,
}

impl Sharers {
    fn others(&self) -> impl Iterator<Item = &InstitutionId> {
        self.basis.claimants.iter().filter(|id| Some(*id) != self.own.as_ref())
    }

    /// Whether it is shared with nobody.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.others().next().is_none()
    }
}

/// Their ids, separated by spaces.
impl fmt::Display for Sharers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, id) in self.others().enumerate() {
            f.write_str(if place == 0 { "" } else { " " })?;
            f.write_str(id.as_str())?;
        }
        Ok(())
    }
}

/// A figure of one institution and month: a row of `export statistics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatisticRow {
    /// The month of use.
    pub month: Month,
    /// The county's two digits; empty if unknown.
    pub county: Text,
    /// The county's name.
    pub county_name: Text,
    /// The institution's municipality.
    pub municipality: Option<MunicipalityCode>,
    /// The municipality's name.
    pub municipality_name: Text,
    /// The institution; nobody for use that could not be placed.
    pub institution: Option<InstitutionId>,
    /// Its name.
    pub institution_name: Text,
    /// Its kind.
    pub kind: Option<InstitutionKind>,
    /// The vendor's id, if the product is known.
    pub vendor: Option<VendorId>,
    /// The product.
    pub product: ProductId,
    /// The product's name.
    pub product_name: Text,
    /// The report.
    pub report: ReportId,
    /// `Metric_Type`.
    pub metric: Text,
    /// `Data_Type`; empty where the report has none.
    pub data_type: Text,
    /// The whole number that adds up.
    pub value: u64,
    /// The exact share, six decimals.
    pub exact: String,
    /// How sure it is.
    pub quality: Quality,
    /// The keys used, separated by spaces.
    pub key: Text,
    /// The institutions that it was shared with.
    pub shared_with: Sharers,
    /// Inhabitants, or pupils and staff, of the institution.
    pub persons: Option<u64>,
    /// The accounts that it was counted on, separated by spaces.
    pub accounts: Text,
    /// From 1; one more each time the value or the exact share changes.
    pub revision: u32,
    /// When the newest of its facts was fetched: RFC 3339, UTC, seconds.
    pub harvested_at: Text,
    /// The marks of ATTRIBUTION, separated by spaces.
    pub note: Text,
}

impl StatisticRow {
    /// The value per 1,000 persons of the institution.
    #[must_use]
    pub fn per_1000(&self) -> Option<String> {
        per_1000(self.value, self.persons)
    }
}

impl Table for StatisticRow {
    const SHEET: &'static str = "Statistikk";
    const COLUMNS: &'static [&'static str] = &[
        "month",
        "county",
        "county_name",
        "municipality",
        "municipality_name",
        "institution",
        "institution_name",
        "kind",
        "vendor",
        "product",
        "product_name",
        "report",
        "metric",
        "data_type",
        "value",
        "exact",
        "quality",
        "key",
        "shared_with",
        "persons",
        "per_1000",
        "accounts",
        "revision",
        "harvested_at",
        "note",
    ];

    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        [
            Cell::Month(self.month),
            Cell::text(&self.county),
            Cell::text(&self.county_name),
            Cell::optional(self.municipality.as_ref().map(MunicipalityCode::as_str)),
            Cell::text(&self.municipality_name),
            Cell::optional(self.institution.as_ref().map(InstitutionId::as_str)),
            Cell::text(&self.institution_name),
            Cell::optional(self.kind.map(InstitutionKind::as_str)),
            Cell::optional(self.vendor.as_ref().map(VendorId::as_str)),
            Cell::text(self.product.as_str()),
            Cell::text(&self.product_name),
            Cell::text(self.report.as_str()),
            Cell::text(&self.metric),
            Cell::text(&self.data_type),
            Cell::Whole(self.value),
            Cell::decimal(&self.exact),
            Cell::text(self.quality.as_str()),
            Cell::text(&self.key),
            if self.shared_with.is_nobody() { Cell::Empty } else { Cell::Text(Cow::Owned(self.shared_with.to_string())) },
            self.persons.map_or(Cell::Empty, Cell::Whole),
            self.per_1000().map_or(Cell::Empty, |number| Cell::Decimal(Cow::Owned(number))),
            Cell::text(&self.accounts),
            Cell::Whole(u64::from(self.revision)),
            Cell::text(&self.harvested_at),
            Cell::text(&self.note),
        ]
        .into_iter()
    }
}

/// A count as a vendor reported it: a row of `export facts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRow {
    /// The month of use.
    pub month: Month,
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account: AccountId,
    /// What the count was attached to: empty for the whole account, else a member or addresses.
    pub scope: Text,
    /// The report.
    pub report: ReportId,
    /// The release it was reported in (`4`, `5`, `5.1`); empty for what is not COUNTER.
    pub release: Text,
    /// The product.
    pub product: ProductId,
    /// `Metric_Type`.
    pub metric: Text,
    /// `Data_Type`.
    pub data_type: Text,
    /// `Access_Method`.
    pub access_method: Text,
    /// `Access_Type`.
    pub access_type: Text,
    /// `YOP`, as reported; text, because `0001` and `9999` are not years.
    pub yop: Text,
    /// `Platform`.
    pub platform: Text,
    /// `Database`.
    pub database: Text,
    /// `Title`.
    pub title: Text,
    /// `Item`.
    pub item: Text,
    /// `Publisher`.
    pub publisher: Text,
    /// `Item_ID` as `kind:value`, separated by `; ` because values may hold spaces.
    pub identifiers: Text,
    /// The parent's title, or its identifiers where it has none.
    pub parent: Text,
    /// The count.
    pub count: u64,
    /// SHA-256 of the archived reply.
    pub reply: Text,
}

impl Table for FactRow {
    const SHEET: &'static str = "Bruk";
    const COLUMNS: &'static [&'static str] = &[
        "month",
        "source",
        "account",
        "scope",
        "report",
        "release",
        "product",
        "metric",
        "data_type",
        "access_method",
        "access_type",
        "yop",
        "platform",
        "database",
        "title",
        "item",
        "publisher",
        "identifiers",
        "parent",
        "count",
        "reply",
    ];

    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        [
            Cell::Month(self.month),
            Cell::text(self.source.as_str()),
            Cell::text(self.account.as_str()),
            Cell::text(&self.scope),
            Cell::text(self.report.as_str()),
            Cell::text(&self.release),
            Cell::text(self.product.as_str()),
            Cell::text(&self.metric),
            Cell::text(&self.data_type),
            Cell::text(&self.access_method),
            Cell::text(&self.access_type),
            Cell::text(&self.yop),
            Cell::text(&self.platform),
            Cell::text(&self.database),
            Cell::text(&self.title),
            Cell::text(&self.item),
            Cell::text(&self.publisher),
            Cell::text(&self.identifiers),
            Cell::text(&self.parent),
            Cell::Whole(self.count),
            Cell::text(&self.reply),
        ]
        .into_iter()
    }
}

/// Who has what: a row of `export subscriptions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// The institution.
    pub institution: InstitutionId,
    /// Its name.
    pub institution_name: Text,
    /// Its kind.
    pub kind: Option<InstitutionKind>,
    /// Its municipality today.
    pub municipality: Option<MunicipalityCode>,
    /// The municipality's name.
    pub municipality_name: Text,
    /// The county's two digits.
    pub county: Text,
    /// The county's name.
    pub county_name: Text,
    /// The product.
    pub product: ProductId,
    /// The product's name.
    pub product_name: Text,
    /// The vendor.
    pub vendor: Option<VendorId>,
    /// The vendor's name.
    pub vendor_name: Text,
    /// The first day; open if none.
    pub valid_from: Option<NaiveDate>,
    /// The first day no longer valid; open if none.
    pub valid_to: Option<NaiveDate>,
    /// Price a year, a decimal number; empty if unknown.
    pub price: Text,
    /// Three letters.
    pub currency: Text,
    /// Who pays.
    pub funding: Option<Funding>,
}

impl Table for SubscriptionRow {
    const SHEET: &'static str = "Abonnement";
    const COLUMNS: &'static [&'static str] = &[
        "institution",
        "institution_name",
        "kind",
        "municipality",
        "municipality_name",
        "county",
        "county_name",
        "product",
        "product_name",
        "vendor",
        "vendor_name",
        "valid_from",
        "valid_to",
        "price",
        "currency",
        "funding",
    ];

    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        [
            Cell::text(self.institution.as_str()),
            Cell::text(&self.institution_name),
            Cell::optional(self.kind.map(InstitutionKind::as_str)),
            Cell::optional(self.municipality.as_ref().map(MunicipalityCode::as_str)),
            Cell::text(&self.municipality_name),
            Cell::text(&self.county),
            Cell::text(&self.county_name),
            Cell::text(self.product.as_str()),
            Cell::text(&self.product_name),
            Cell::optional(self.vendor.as_ref().map(VendorId::as_str)),
            Cell::text(&self.vendor_name),
            self.valid_from.map_or(Cell::Empty, Cell::Date),
            self.valid_to.map_or(Cell::Empty, Cell::Date),
            Cell::decimal(&self.price),
            Cell::text(&self.currency),
            Cell::optional(self.funding.map(Funding::as_str)),
        ]
        .into_iter()
    }
}

/// Where one month of one report of one account stands: a row of `export runs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// The source.
    pub source: SourceId,
    /// The account.
    pub account: AccountId,
    /// The report.
    pub report: ReportId,
    /// The month.
    pub month: Month,
    /// Where it stands.
    pub state: MonthState,
    /// Why, for people.
    pub reason: Text,
    /// The vendor says that there will be more.
    pub partial: bool,
    /// An empty month that the vendor has not said to be empty.
    pub unconfirmed: bool,
    /// The latest attempts in a row that met the same trouble.
    pub attempts: u64,
    /// When it is asked for again: RFC 3339; empty if it is not.
    pub next_attempt: Text,
    /// When the data that counts was fetched: RFC 3339; empty if never.
    pub harvested_at: Text,
    /// When it was last asked for: RFC 3339; empty if never.
    pub checked_at: Text,
    /// Counts above zero that were stored; nothing if never harvested.
    pub records: Option<u64>,
    /// Their sum; nothing if never harvested.
    pub total: Option<u64>,
    /// SHA-256 of the archived reply; empty if there is none.
    pub reply: Text,
}

impl Table for RunRow {
    const SHEET: &'static str = "Høsting";
    const COLUMNS: &'static [&'static str] = &[
        "source",
        "account",
        "report",
        "month",
        "state",
        "reason",
        "partial",
        "unconfirmed",
        "attempts",
        "next_attempt",
        "harvested_at",
        "checked_at",
        "records",
        "total",
        "reply",
    ];

    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        [
            Cell::text(self.source.as_str()),
            Cell::text(self.account.as_str()),
            Cell::text(self.report.as_str()),
            Cell::Month(self.month),
            Cell::text(self.state.as_str()),
            Cell::text(&self.reason),
            Cell::Flag(self.partial),
            Cell::Flag(self.unconfirmed),
            Cell::Whole(self.attempts),
            Cell::text(&self.next_attempt),
            Cell::text(&self.harvested_at),
            Cell::text(&self.checked_at),
            self.records.map_or(Cell::Empty, Cell::Whole),
            self.total.map_or(Cell::Empty, Cell::Whole),
            Cell::text(&self.reply),
        ]
        .into_iter()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use proptest::prelude::*;

    use super::*;

    /// A plausible row, for the tests of all writers.
    pub(crate) fn statistic(month: &str, institution: &str, name: &str, value: u64) -> StatisticRow {
        StatisticRow {
            month: month.parse().unwrap(),
            county: "56".into(),
            county_name: "Finnmark - Finnmárku - Finmarkku".into(),
            municipality: Some("5601".parse().unwrap()),
            municipality_name: "Alta".into(),
            institution: Some(institution.parse().unwrap()),
            institution_name: name.into(),
            kind: Some(InstitutionKind::PublicLibrary),
            vendor: Some("naxos".parse().unwrap()),
            product: "naxos-jazz".parse().unwrap(),
            product_name: "Naxos Jazz".into(),
            report: "PR".parse().unwrap(),
            metric: "Unique_Item_Requests".into(),
            data_type: "Audiovisual".into(),
            value,
            exact: format!("{value}.250000"),
            quality: Quality::DefaultKey,
            key: "population".into(),
            shared_with: Sharers {
                basis: Arc::new(Basis {
                    quality: Quality::DefaultKey,
                    keys: Vec::new(),
                    claimants: [institution, "2562800", "alta-vgs"].map(InstitutionId::trusted).to_vec(),
                    accounts: Vec::new(),
                    notes: Vec::new(),
                }),
                own: Some(InstitutionId::trusted(institution)),
            },
            persons: Some(21_708),
            accounts: "naxos-finnmark".into(),
            revision: 2,
            harvested_at: "2025-01-20T03:30:00Z".into(),
            note: "".into(),
        }
    }

    fn counts<T: Table>(row: &T) -> (usize, usize) {
        (row.cells().count(), T::COLUMNS.len())
    }

    #[test]
    fn every_column_has_its_cell() {
        let (cells, columns) = counts(&statistic("2024-03", "2201200", "Alta bibliotek", 1));
        assert_eq!((cells, columns), (25, 25));
        let (month, empty) = ("2024-03".parse().unwrap(), Text::from(""));
        let fact = FactRow {
            month,
            source: "s".parse().unwrap(),
            account: "a".parse().unwrap(),
            scope: empty.clone(),
            report: "TR".parse().unwrap(),
            release: "5.1".into(),
            product: "p".parse().unwrap(),
            metric: "Total_Item_Requests".into(),
            data_type: "Book".into(),
            access_method: "Regular".into(),
            access_type: "Controlled".into(),
            yop: "2019".into(),
            platform: empty.clone(),
            database: empty.clone(),
            title: "Sult".into(),
            item: empty.clone(),
            publisher: empty.clone(),
            identifiers: "ISBN:978-82-05-00000-0".into(),
            parent: empty.clone(),
            count: 3,
            reply: empty.clone(),
        };
        let (cells, columns) = counts(&fact);
        assert_eq!(cells, columns);
        assert_eq!(fact.cells().nth(19), Some(Cell::Whole(3)));
        let run = RunRow {
            source: "s".parse().unwrap(),
            account: "a".parse().unwrap(),
            report: "TR".parse().unwrap(),
            month,
            state: MonthState::Waiting,
            reason: empty.clone(),
            partial: false,
            unconfirmed: false,
            attempts: 1,
            next_attempt: empty.clone(),
            harvested_at: empty.clone(),
            checked_at: empty.clone(),
            records: None,
            total: None,
            reply: empty.clone(),
        };
        let (cells, columns) = counts(&run);
        assert_eq!(cells, columns);
        let subscription = SubscriptionRow {
            institution: "2201200".parse().unwrap(),
            institution_name: empty.clone(),
            kind: None,
            municipality: None,
            municipality_name: empty.clone(),
            county: empty.clone(),
            county_name: empty.clone(),
            product: "p".parse().unwrap(),
            product_name: empty.clone(),
            vendor: None,
            vendor_name: empty.clone(),
            valid_from: None,
            valid_to: None,
            price: "=1+1".into(),
            currency: empty,
            funding: Some(Funding::County),
        };
        let (cells, columns) = counts(&subscription);
        assert_eq!(cells, columns);
        assert_eq!(subscription.cells().nth(13), Some(Cell::Text("=1+1".into())), "what is no number does not pass for one");
    }

    #[test]
    fn only_numbers_are_numbers() {
        for text in ["0", "12", "-3.50", "0.000001", "1999.999999"] {
            assert!(matches!(Cell::decimal(text), Cell::Decimal(_)), "{text}");
        }
        for text in ["-", ".5", "5.", "007", "1e9", "+1", "1,5", " 1", "NaN", "1.2.3", "=1", "--1", "१"] {
            assert!(matches!(Cell::decimal(text), Cell::Text(_)), "{text}");
        }
        assert_eq!(Cell::decimal(""), Cell::Empty);
    }

    #[test]
    fn per_thousand_is_rounded_half_to_even_and_needs_persons() {
        assert_eq!(per_1000(7, Some(450)).as_deref(), Some("15.56"));
        assert_eq!(per_1000(1, Some(200_000)).as_deref(), Some("0.00"), "0.005 goes to even");
        assert_eq!(per_1000(3, Some(200_000)).as_deref(), Some("0.02"), "0.015 goes to even");
        assert_eq!(per_1000(0, Some(450)).as_deref(), Some("0.00"));
        assert_eq!(per_1000(u64::MAX, Some(1)).as_deref(), Some("18446744073709551615000.00"));
        assert_eq!(per_1000(7, Some(0)), None);
        assert_eq!(per_1000(7, None), None);
    }

    proptest! {
        #[test]
        fn per_thousand_is_the_nearest_hundredth(value in any::<u64>(), persons in prop_oneof![1..2_000_u64, 1..=u64::MAX]) {
            let text = per_1000(value, Some(persons)).unwrap();
            let (whole, hundredths) = text.split_once('.').unwrap();
            prop_assert_eq!(hundredths.len(), 2);
            let shown = format!("{whole}{hundredths}").parse::<BigInt>().unwrap();
            let true_value = BigRational::new(BigInt::from(value) * 100_000, persons.into());
            let double_error = (BigRational::from(shown.clone()) - true_value) * BigInt::from(2);
            let one = BigRational::from(BigInt::from(1));
            prop_assert!(double_error <= one && -double_error.clone() <= one);
            if double_error == one || -double_error == one {
                prop_assert_eq!(shown % 2, BigInt::from(0));
            }
        }
    }
}
