//! What rows of each kind must agree with: what they name must exist, and some exclude one another.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::{Known as Outside, Place, Placed};
use crate::model::registry::{
    Account, Claim, ConsortiumMember, Covers, Institution, Kind, ManualFigure, Municipality, Persons, Product, Registry, Row, Subscription,
    Transition, Validity, Vendor,
};
use crate::model::{AccountId, AppliesTo, InstitutionId, KeyRow, Month, MunicipalityCode, ProductId, SessionCount};
use crate::registry::geography::Geography;
use crate::registry::problem::did_you_mean;

/// The rules of a kind of row.
pub(super) trait Rules: Row {
    /// The stored rows.
    fn stored(registry: &Registry) -> &[Self];

    /// What other kinds name it by, if they do.
    fn name(&self) -> Option<&str> {
        None
    }

    /// Rows with the same of these are not valid at the same time.
    fn one_at_a_time(&self) -> Option<[String; 2]> {
        None
    }

    /// How it is in another row's way, if that is not plain from both being valid: that row's column, and why.
    fn clash(&self) -> Option<(&'static str, String)> {
        None
    }

    /// When it is valid.
    fn valid(&self) -> Validity {
        Validity::default()
    }

    /// Rows against one another and against those stored: what they become, or what is wrong with which of them.
    fn settle(_rows: &mut Vec<Placed<Self>>, _stored: &Registry, _replace: bool) -> Vec<(Place, &'static str, String)> {
        Vec::new()
    }

    /// Whether what it names exists.
    fn check(&self, known: &Known<'_>, remarks: &mut Remarks);
}

/// What is said of one row, as column and text.
pub(super) struct Remarks {
    /// Whether guesses are wanted: they take time, and are for those that are shown.
    guess: bool,
    pub(super) wrong: Vec<(&'static str, String)>,
    pub(super) odd: Vec<(&'static str, String)>,
}

impl Remarks {
    pub(super) fn new(guess: bool) -> Self {
        Self { guess, wrong: Vec::new(), odd: Vec::new() }
    }
}

/// The ids that rows may name.
pub(super) struct Known<'a> {
    municipalities: HashMap<&'a str, Vec<&'a Municipality>>,
    institutions: HashSet<&'a str>,
    vendors: HashSet<&'a str>,
    products: HashSet<&'a str>,
    accounts: HashSet<&'a str>,
    given: &'a HashMap<(InstitutionId, ProductId, Month), BTreeSet<AccountId>>,
    sources: HashSet<&'a str>,
    geography: Geography,
    today: NaiveDate,
}

impl<'a> Known<'a> {
    pub(super) fn new(registry: &'a Registry, outside: &'a Outside<'a>, today: NaiveDate) -> Self {
        let mut municipalities: HashMap<&str, Vec<&Municipality>> = HashMap::new();
        for row in &registry.municipalities {
            municipalities.entry(row.code.as_str()).or_default().push(row);
        }
        Self {
            municipalities,
            institutions: registry.institutions.iter().map(|row| row.id.as_str()).collect(),
            vendors: registry.vendors.iter().map(|row| row.id.as_str()).collect(),
            products: registry.products.iter().map(|row| row.id.as_str()).collect(),
            accounts: registry.accounts.iter().map(|row| row.id.as_str()).collect(),
            given: &outside.given,
            sources: outside.sources.iter().copied().collect(),
            geography: Geography::new(registry),
            today,
        }
    }
}

/// Names that must exist: what they are of, the names, and where they come from.
fn exists(remarks: &mut Remarks, column: &'static str, id: &str, what: &str, known: &HashSet<&str>, from: &str) {
    if known.contains(id) {
        return;
    }
    let near = if remarks.guess { did_you_mean(id, known.iter().copied()) } else { String::new() };
    remarks.wrong.push((column, format!("there is no {what} '{id}'{near}; {from}")));
}

/// The same for a file that holds secrets: in a row that slipped sideways, what stands here may be one, so it is shown only if it is
/// nearly a name that there is.
fn exists_unless_secret(remarks: &mut Remarks, column: &'static str, id: &str, what: &str, known: &HashSet<&str>, from: &str) {
    if known.contains(id) {
        return;
    }
    let near = did_you_mean(id, known.iter().copied());
    let said = if near.is_empty() {
        format!("names no {what} that there is (not shown here, since a row that slipped sideways may have a secret there); {from}")
    } else {
        format!("there is no {what} '{id}'{near}; {from}")
    };
    remarks.wrong.push((column, said));
}

const INSTITUTIONS_FIRST: &str = "import institutions first";

fn municipality_exists(remarks: &mut Remarks, column: &'static str, code: &MunicipalityCode, known: &Known<'_>) -> bool {
    let found = known.municipalities.contains_key(code.as_str());
    if !found {
        remarks.wrong.push((column, format!("there is no municipality '{code}'; import municipalities first")));
    }
    found
}

impl Rules for Municipality {
    fn stored(registry: &Registry) -> &[Self] {
        &registry.municipalities
    }

    fn name(&self) -> Option<&str> {
        Some(self.code.as_str())
    }

    fn one_at_a_time(&self) -> Option<[String; 2]> {
        Some([self.code.to_string(), String::new()])
    }

    fn valid(&self) -> Validity {
        self.valid
    }

    fn check(&self, _: &Known<'_>, _: &mut Remarks) {}
}

impl Rules for Transition {
    fn stored(registry: &Registry) -> &[Self] {
        &registry.transitions
    }

    fn check(&self, known: &Known<'_>, remarks: &mut Remarks) {
        municipality_exists(remarks, "from", &self.from, known);
        municipality_exists(remarks, "to", &self.to, known);
    }
}

impl Rules for Institution {
    fn stored(registry: &Registry) -> &[Self] {
        &registry.institutions
    }

    fn name(&self) -> Option<&str> {
        Some(self.id.as_str())
    }

    /// A member of a consortium is known by its ISIL.
    fn one_at_a_time(&self) -> Option<[String; 2]> {
        (!self.isil.is_empty()).then(|| [self.isil.clone(), String::new()])
    }

    fn clash(&self) -> Option<(&'static str, String)> {
        Some(("isil", format!("{} is also the ISIL of {}, of", self.isil, self.id)))
    }

    fn valid(&self) -> Validity {
        self.valid
    }

    fn check(&self, known: &Known<'_>, remarks: &mut Remarks) {
        if known.municipalities.contains_key(self.id.as_str()) {
            let what = format!("'{}' is a municipality's code too, and both have the same persons then; better give it another", self.id);
            remarks.odd.push(("institution", what));
        }
        let Some(code) = &self.municipality else { return };
        if !municipality_exists(remarks, "municipality", code, known) || !self.valid.on(known.today) {
            return;
        }
        let present = known.municipalities.get(code.as_str()).is_some_and(|rows| rows.iter().any(|row| row.valid.on(known.today)));
        if !present {
            let now = known.geography.place_today(code, known.today).municipality;
            let now = if now == *code { String::new() } else { format!(": {now}?") };
            remarks.odd.push(("municipality", format!("{code} is not a municipality today; an institution has the code of today{now}")));
        }
    }
}

impl Rules for Persons {
    fn stored(registry: &Registry) -> &[Self] {
        &registry.persons
    }

    fn check(&self, known: &Known<'_>, remarks: &mut Remarks) {
        if !known.municipalities.contains_key(self.subject.as_str()) {
            let from = "import municipalities and institutions first";
            exists(remarks, "subject", &self.subject, "municipality or institution", &known.institutions, from);
        }
    }
}

impl Rules for Claim {
    fn stored(registry: &Registry) -> &[Self] {
        &registry.claims
    }

    fn one_at_a_time(&self) -> Option<[String; 2]> {
        Some([self.institution.to_string(), self.range.to_string()])
    }

    fn valid(&self) -> Validity {
        self.valid
    }

    fn check(&self, known: &Known<'_>, remarks: &mut Remarks) {
        exists(remarks, "institution", self.institution.as_str(), "institution", &known.institutions, INSTITUTIONS_FIRST);
    }
}

impl Rules for Vendor {
    fn stored(registry: &Registry) -> &[Self] {
        &registry.vendors
    }

    fn name(&self) -> Option<&str> {
        Some(self.id.as_str())
    }

    fn check(&self, _: &Known<'_>, _: &mut Remarks) {}
}

impl Rules for Product {
    fn stored(registry: &Registry) -> &[Self] {
        &registry.products
    }

    fn name(&self) -> Option<&str> {
        Some(self.id.as_str())
    }

    fn check(&self, known: &Known<'_>, remarks: &mut Remarks) {
        exists(remarks, "vendor", self.vendor.as_str(), "vendor", &known.vendors, "import vendors first");
    }
}

impl Rules for Subscription {
    fn stored(registry: &Registry) -> &[Self] {
        &registry.subscriptions
    }

    fn one_at_a_time(&self) -> Option<[String; 2]> {
        Some([self.institution.to_string(), self.product.to_string()])
    }

    fn valid(&self) -> Validity {
        self.valid
    }

    fn check(&self, known: &Known<'_>, remarks: &mut Remarks) {
        exists(remarks, "institution", self.institution.as_str(), "institution", &known.institutions, INSTITUTIONS_FIRST);
        exists(remarks, "product", self.product.as_str(), "product", &known.products, "import products first");
    }
}

impl Rules for Account {
    fn stored(registry: &Registry) -> &[Self] {
        &registry.accounts
    }

    fn name(&self) -> Option<&str> {
        Some(self.id.as_str())
    }

    /// One customer asked for twice would be counted twice.
    fn one_at_a_time(&self) -> Option<[String; 2]> {
        (!self.customer_id.is_empty()).then(|| [self.source.to_string(), self.customer_id.clone()])
    }

    fn clash(&self) -> Option<(&'static str, String)> {
        Some(("customer_id", format!("is also that of account {} at the same source, and its use would be counted twice; see", self.id)))
    }

    fn valid(&self) -> Validity {
        self.valid
    }

    fn check(&self, known: &Known<'_>, remarks: &mut Remarks) {
        exists_unless_secret(remarks, "source", self.source.as_str(), "source", &known.sources, "put it into the configuration first");
        if let Covers::These { institutions, .. } = &self.covers {
            for id in institutions {
                exists_unless_secret(remarks, "covers", id.as_str(), "institution", &known.institutions, INSTITUTIONS_FIRST);
            }
        }
    }
}

impl Rules for ConsortiumMember {
    fn stored(registry: &Registry) -> &[Self] {
        &registry.members
    }

    fn check(&self, known: &Known<'_>, remarks: &mut Remarks) {
        exists(remarks, "source", self.source.as_str(), "source", &known.sources, "put it into the configuration first");
    }
}

impl Rules for KeyRow {
    fn stored(registry: &Registry) -> &[Self] {
        &registry.keys
    }

    fn settle(rows: &mut Vec<Placed<Self>>, stored: &Registry, replace: bool) -> Vec<(Place, &'static str, String)> {
        super::keys::settle(rows, stored, replace)
    }

    fn valid(&self) -> Validity {
        self.valid
    }

    fn check(&self, known: &Known<'_>, remarks: &mut Remarks) {
        exists(remarks, "institution", self.institution.as_str(), "institution", &known.institutions, INSTITUTIONS_FIRST);
        if let AppliesTo::Account(account) = &self.applies_to {
            exists(remarks, "applies_to", account.as_str(), "account", &known.accounts, "import accounts first");
        }
        if let Some(product) = &self.product {
            exists(remarks, "product", product.as_str(), "product", &known.products, "import products first");
        }
    }
}

impl Rules for SessionCount {
    fn stored(registry: &Registry) -> &[Self] {
        &registry.sessions
    }

    fn check(&self, known: &Known<'_>, remarks: &mut Remarks) {
        exists(remarks, "institution", self.institution.as_str(), "institution", &known.institutions, INSTITUTIONS_FIRST);
        exists(remarks, "product", self.product.as_str(), "product", &known.products, "import products first");
    }
}

impl Rules for ManualFigure {
    fn stored(registry: &Registry) -> &[Self] {
        &registry.manual
    }

    fn check(&self, known: &Known<'_>, remarks: &mut Remarks) {
        exists(remarks, "institution", self.institution.as_str(), "institution", &known.institutions, INSTITUTIONS_FIRST);
        exists(remarks, "product", self.product.as_str(), "product", &known.products, "import products first");
        let of = (self.institution.clone(), self.product.clone(), self.month);
        let given = known.given.get(&of).into_iter().flatten().filter(|account| !self.instead_of.contains(account));
        let given: Vec<&str> = given.map(AccountId::as_str).collect();
        if !given.is_empty() {
            let options: Vec<String> = given.iter().map(|account| format!("--instead-of {account}")).collect();
            let what = format!(
                "{} already gives {} figures of {} in {}, and it would be counted twice; leave the row out, or import it with {}: \
                 then that account's use of the product in the month is kept but not counted",
                given.join(" and "),
                self.institution,
                self.product,
                self.month,
                options.join(" ")
            );
            remarks.wrong.push(("product", what));
        }
        for account in &self.instead_of {
            exists(remarks, "instead_of", account.as_str(), "account", &known.accounts, "import accounts first");
        }
    }
}

/// When, in words.
pub(super) fn days(valid: Validity) -> String {
    match (valid.from, valid.to) {
        (None, None) => "always".to_owned(),
        (Some(from), None) => format!("from {from}"),
        (None, Some(to)) => format!("until {to}"),
        (Some(from), Some(to)) => format!("from {from} until {to}"),
    }
}

/// Of the names of one kind that are to go, those that rows of other kinds still have, with how many rows of which.
pub(super) fn still_named(kind: Kind, gone: &[&str], registry: &Registry) -> Vec<(String, BTreeMap<Kind, usize>)> {
    let mut named: BTreeMap<&str, BTreeMap<Kind, usize>> = BTreeMap::new();
    let gone: HashSet<&str> = gone.iter().copied().collect();
    let mut by = |kind: Kind, name: &str| {
        if let Some(name) = gone.get(name) {
            *named.entry(name).or_default().entry(kind).or_default() += 1;
        }
    };
    match kind {
        Kind::Municipalities => {
            let institutions: HashSet<&str> = registry.institutions.iter().map(|row| row.id.as_str()).collect();
            for row in &registry.transitions {
                by(Kind::Transitions, row.from.as_str());
                by(Kind::Transitions, row.to.as_str());
            }
            registry.institutions.iter().filter_map(|row| row.municipality.as_ref()).for_each(|code| by(Kind::Institutions, code.as_str()));
            let subjects = registry.persons.iter().filter(|row| !institutions.contains(row.subject.as_str()));
            subjects.for_each(|row| by(Kind::Persons, &row.subject));
        }
        Kind::Institutions => {
            let municipalities: HashSet<&str> = registry.municipalities.iter().map(|row| row.code.as_str()).collect();
            let subjects = registry.persons.iter().filter(|row| !municipalities.contains(row.subject.as_str()));
            subjects.for_each(|row| by(Kind::Persons, &row.subject));
            registry.claims.iter().for_each(|row| by(Kind::Networks, row.institution.as_str()));
            registry.subscriptions.iter().for_each(|row| by(Kind::Subscriptions, row.institution.as_str()));
            registry.keys.iter().for_each(|row| by(Kind::Keys, row.institution.as_str()));
            registry.sessions.iter().for_each(|row| by(Kind::Sessions, row.institution.as_str()));
            registry.manual.iter().for_each(|row| by(Kind::Statistics, row.institution.as_str()));
            for row in &registry.accounts {
                if let Covers::These { institutions, .. } = &row.covers {
                    for id in institutions {
                        by(Kind::Accounts, id.as_str());
                    }
                }
            }
        }
        Kind::Vendors => registry.products.iter().for_each(|row| by(Kind::Products, row.vendor.as_str())),
        Kind::Products => {
            registry.subscriptions.iter().for_each(|row| by(Kind::Subscriptions, row.product.as_str()));
            registry.keys.iter().filter_map(|row| row.product.as_ref()).for_each(|product| by(Kind::Keys, product.as_str()));
            registry.sessions.iter().for_each(|row| by(Kind::Sessions, row.product.as_str()));
            registry.manual.iter().for_each(|row| by(Kind::Statistics, row.product.as_str()));
        }
        Kind::Accounts => {
            for row in &registry.keys {
                if let AppliesTo::Account(account) = &row.applies_to {
                    by(Kind::Keys, account.as_str());
                }
            }
            registry.manual.iter().flat_map(|row| &row.instead_of).for_each(|account| by(Kind::Statistics, account.as_str()));
        }
        Kind::Transitions
        | Kind::Persons
        | Kind::Networks
        | Kind::Subscriptions
        | Kind::Members
        | Kind::Keys
        | Kind::Sessions
        | Kind::Statistics => {}
    }
    named.into_iter().map(|(name, by)| (name.to_owned(), by)).collect()
}
