//! The sharing audit with the names that people know things by: as rows, as JSON, and for the workbook.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::rows::{Cell, Table};
use crate::attribution::audit::{Audit, Detail, Finding, FindingKind, Home, Per};
use crate::attribution::month_view::MonthView;
use crate::attribution::{PersonFigures, Rules};
use crate::model::registry::Registry;
use crate::model::{InstitutionId, Month, ProductId, SourceId};
use crate::registry::geography::Geography;

/// One month of a registry, ready to be audited.
#[derive(Debug)]
pub struct AuditReport<'a> {
    /// The month.
    pub month: Month,
    registry: &'a Registry,
    view: MonthView<'a>,
    rules: &'a Rules,
    products: &'a BTreeMap<SourceId, Vec<ProductId>>,
    persons: PersonFigures,
    homes: HashMap<InstitutionId, Home>,
    counties: BTreeMap<String, String>,
    institution_names: HashMap<&'a str, &'a str>,
    product_names: HashMap<&'a str, &'a str>,
}

impl<'a> AuditReport<'a> {
    /// The audit of a month. `products`: which a source serves. Institutions stand in the municipality and county where they lie `today`.
    #[must_use]
    pub fn new(
        registry: &'a Registry,
        month: Month,
        today: NaiveDate,
        rules: &'a Rules,
        products: &'a BTreeMap<SourceId, Vec<ProductId>>,
    ) -> Self {
        let view = MonthView::new(registry, month);
        let geography = Geography::new(registry);
        let (mut homes, mut counties) = (HashMap::new(), BTreeMap::new());
        for institution in registry.institutions.iter().filter(|i| view.institution(i.id.as_str()).is_some()) {
            let Some(code) = &institution.municipality else { continue };
            let place = geography.place_today(code, today);
            if !place.county.is_empty() {
                counties.insert(place.county.clone(), place.county_name);
            }
            let municipality = place.municipality.to_string();
            homes.insert(institution.id.clone(), Home { county: place.county, municipality, municipality_name: place.municipality_name });
        }
        Self {
            month,
            registry,
            view,
            rules,
            products,
            persons: PersonFigures::new(registry),
            homes,
            counties,
            institution_names: registry.institutions.iter().map(|i| (i.id.as_str(), i.name.as_str())).collect(),
            product_names: registry.products.iter().map(|p| (p.id.as_str(), p.name.as_str())).collect(),
        }
    }

    /// The findings of these kinds (none: all), kind after kind; only those that concern the county, if one is given. An empty county
    /// stands for those that concern no county that is known.
    #[must_use]
    pub fn findings(&self, kinds: &[FindingKind], per: Per, county: Option<&str>) -> Vec<Finding> {
        let kinds = FindingKind::ALL.into_iter().filter(|kind| kinds.is_empty() || kinds.contains(kind));
        let audit = self.audit();
        kinds.flat_map(|kind| audit.of_kind(kind, per)).filter(|finding| county.is_none_or(|county| concerns(finding, county))).collect()
    }

    /// The same for workbooks: kind by kind, also those that were not found; sharing in the way that is asked for, else in all three.
    #[must_use]
    pub fn chapters(&self, kinds: &[FindingKind], per: Option<Per>) -> Vec<Chapter> {
        let kinds = FindingKind::ALL.into_iter().filter(|kind| kinds.is_empty() || kinds.contains(kind));
        let audit = self.audit();
        let ways = |kind| match (kind, per) {
            (FindingKind::Shared, Some(per)) => vec![per],
            (FindingKind::Shared, None) => vec![Per::Institution, Per::Address, Per::County],
            _ => vec![Per::Institution],
        };
        let chapter = |(kind, per)| Chapter { kind, per, findings: audit.of_kind(kind, per) };
        kinds.flat_map(|kind| ways(kind).into_iter().map(move |per| (kind, per))).map(chapter).collect()
    }

    fn audit(&self) -> Audit<'_> {
        Audit {
            view: &self.view,
            rules: self.rules,
            persons: &self.persons,
            keys: &self.registry.keys,
            products: self.products,
            homes: &self.homes,
        }
    }

    /// The counties that have institutions in the month, with their names.
    #[must_use]
    pub fn counties(&self) -> &BTreeMap<String, String> {
        &self.counties
    }

    /// A county as people know it, such as `31 Østfold`.
    #[must_use]
    pub fn county(&self, code: &str) -> String {
        self.counties.get(code).map_or_else(|| code.to_owned(), |name| format!("{code} {name}"))
    }

    /// An institution's name; its id if it has none.
    #[must_use]
    pub fn institution<'n>(&'n self, id: &'n InstitutionId) -> &'n str {
        self.institution_names.get(id.as_str()).copied().filter(|name| !name.is_empty()).unwrap_or(id.as_str())
    }

    /// A product's name; its id if it is not registered.
    #[must_use]
    pub fn product<'n>(&'n self, id: &'n ProductId) -> &'n str {
        self.product_names.get(id.as_str()).copied().filter(|name| !name.is_empty()).unwrap_or(id.as_str())
    }

    /// The two digits of the county where an institution lies; empty if unknown.
    #[must_use]
    pub fn county_of(&self, id: &InstitutionId) -> &str {
        self.homes.get(id).map_or("", |home| home.county.as_str())
    }

    /// A finding as a row of a file.
    #[must_use]
    pub fn row(&self, finding: &Finding) -> AuditRow {
        let counties: Vec<&String> = finding.counties.iter().filter(|county| !county.is_empty()).collect();
        AuditRow {
            month: self.month,
            kind: finding.kind(),
            severity: finding.severity.as_str(),
            counties: joined(counties.iter(), " "),
            county_names: joined(counties.iter().filter_map(|code| self.counties.get(*code)), "; "),
            institutions: joined(&finding.institutions, " "),
            institution_names: joined(finding.institutions.iter().map(|id| self.institution(id)), "; "),
            products: joined(&finding.products, " "),
            accounts: joined(&finding.accounts, " "),
            addresses: finding.addresses.count().to_string(),
            ranges: joined(finding.addresses.ranges(), " "),
            persons: finding.persons(),
            why: finding.why(),
        }
    }

    /// A finding as JSON. The number of addresses is a text: it may be larger than JSON's readers count.
    #[must_use]
    pub fn json(&self, finding: &Finding) -> Value {
        let kind = finding.kind();
        let institution = |id: &InstitutionId| json!({ "institution": id, "name": self.institution(id), "county": self.county_of(id) });
        let block = if let Detail::Reserved(block) = &finding.detail { json!(block.class.as_str()) } else { Value::Null };
        json!({
            "kind": kind.as_str(),
            "severity": finding.severity.as_str(),
            "institutions": finding.institutions.iter().map(institution).collect::<Vec<_>>(),
            "counties": finding.counties.iter().filter(|county| !county.is_empty()).collect::<Vec<_>>(),
            "addresses": finding.addresses.count().to_string(),
            "ranges": finding.addresses.ranges().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "products": finding.products,
            "accounts": finding.accounts,
            "persons": finding.persons(),
            "block": block,
            "why": finding.why(),
            "meaning": kind.meaning(),
            "what_to_do": kind.what_to_do(),
        })
    }
}

/// The findings of one kind, shown in one way.
#[derive(Debug)]
pub struct Chapter {
    /// The kind.
    pub kind: FindingKind,
    /// How sharing is shown.
    pub per: Per,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Chapter {
    /// Those that concern the county, or all.
    pub fn of<'c>(&'c self, county: Option<&'c str>) -> impl Iterator<Item = &'c Finding> {
        self.findings.iter().filter(move |finding| county.is_none_or(|county| concerns(finding, county)))
    }
}

/// Whether a finding is one for this county's people; for nobody's, if the county is empty.
fn concerns(finding: &Finding, county: &str) -> bool {
    if county.is_empty() { finding.counties.iter().all(String::is_empty) } else { finding.counties.contains(county) }
}

/// Things as text, with `gap` between.
pub(super) fn joined<T: std::fmt::Display>(things: impl IntoIterator<Item = T>, gap: &str) -> String {
    let mut out = String::new();
    for thing in things {
        if !out.is_empty() {
            out.push_str(gap);
        }
        out.push_str(&thing.to_string());
    }
    out
}

/// A finding of the audit: a row of `networks overlaps`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// The month that was audited.
    pub month: Month,
    /// What it is.
    pub kind: FindingKind,
    /// How grave it is.
    pub severity: &'static str,
    /// Two digits each, separated by spaces.
    pub counties: String,
    /// Their names, separated by semicolons.
    pub county_names: String,
    /// Ids, separated by spaces; who it is about stands first.
    pub institutions: String,
    /// Their names, separated by semicolons.
    pub institution_names: String,
    /// Ids, separated by spaces.
    pub products: String,
    /// Ids, separated by spaces.
    pub accounts: String,
    /// How many; all digits.
    pub addresses: String,
    /// Which, separated by spaces.
    pub ranges: String,
    /// The persons that it speaks of.
    pub persons: Option<u64>,
    /// What is particular to it.
    pub why: String,
}

impl Table for AuditRow {
    const SHEET: &'static str = "Funn";
    const COLUMNS: &'static [&'static str] = &[
        "month",
        "kind",
        "severity",
        "counties",
        "county_names",
        "institutions",
        "institution_names",
        "products",
        "accounts",
        "addresses",
        "ranges",
        "persons",
        "why",
        "meaning",
        "what_to_do",
    ];

    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        [
            Cell::Month(self.month),
            Cell::text(self.kind.as_str()),
            Cell::text(self.severity),
            Cell::text(&self.counties),
            Cell::text(&self.county_names),
            Cell::text(&self.institutions),
            Cell::text(&self.institution_names),
            Cell::text(&self.products),
            Cell::text(&self.accounts),
            Cell::Decimal(Cow::Borrowed(&self.addresses)),
            Cell::text(&self.ranges),
            self.persons.map_or(Cell::Empty, Cell::Whole),
            Cell::text(&self.why),
            Cell::text(self.kind.meaning()),
            Cell::text(self.kind.what_to_do()),
        ]
        .into_iter()
    }
}
