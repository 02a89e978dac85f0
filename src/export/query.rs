//! The read model: rows of exports put together from what is stored and registered.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::Geography as Shown;
use super::rows::{FactRow, RunRow, Sharers, StatisticRow, SubscriptionRow, Text};
use super::xlsx::{MissingMonths, ProductInfo};
use crate::attribution::persons::PersonFigures;
use crate::model::registry::{Institution, Product, Registry, Validity};
use crate::model::statistic::{Basis, six_decimals};
use crate::model::{
    AccountId, Identifier, InstitutionId, Item, Month, MonthRange, MonthState, MunicipalityCode, ProductId, ReportId, Scope, SourceId,
    Statistic,
};
use crate::registry::geography::{Geography, Place};
use crate::store::{MonthRow, StoredFact, StoredStatistic};

/// Whose rows are wanted; nothing means everybody's, and use that could not be placed too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Who {
    /// This county's, two digits.
    pub county: Option<String>,
    /// This municipality's.
    pub municipality: Option<MunicipalityCode>,
    /// This institution's.
    pub institution: Option<InstitutionId>,
}

/// What is registered, ready for look-up.
pub struct ReadModel<'a> {
    institutions: HashMap<&'a str, &'a Institution>,
    products: HashMap<&'a str, &'a Product>,
    vendors: HashMap<&'a str, &'a str>,
    registry: &'a Registry,
    geography: Geography,
    persons: PersonFigures,
    today: NaiveDate,
    shown: Shown,
}

/// A time as exports have it.
fn time(time: Option<DateTime<Utc>>) -> Text {
    time.map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true).into()).unwrap_or_default()
}

fn join<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> Text {
    let joined = words.into_iter().fold(String::new(), |mut out, word| {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word.as_ref());
        out
    });
    joined.into()
}

/// Where an institution is shown, as cells.
struct Placed {
    county: Text,
    county_name: Text,
    municipality: Option<MunicipalityCode>,
    municipality_name: Text,
    institution_name: Text,
}

impl Placed {
    fn new(place: Option<&Place>, institution: Option<&Institution>) -> Self {
        let text = |text: fn(&Place) -> &str| place.map(|place| text(place).into()).unwrap_or_default();
        Self {
            county: text(|place| &place.county),
            county_name: text(|place| &place.county_name),
            municipality: place.map(|place| place.municipality.clone()),
            municipality_name: text(|place| &place.municipality_name),
            institution_name: institution.map(|i| i.name.as_str().into()).unwrap_or_default(),
        }
    }
}

/// What a figure rests on, as cells.
struct Based {
    /// Kept, so that its place in memory is nobody else's.
    _basis: Arc<Basis>,
    keys: Text,
    accounts: Text,
    notes: Text,
    harvested_at: Text,
}

impl Based {
    fn new(basis: Arc<Basis>, harvested_at: Option<DateTime<Utc>>) -> Self {
        Self {
            keys: join(&basis.keys),
            accounts: join(basis.accounts.iter().map(AccountId::as_str)),
            notes: join(&basis.notes),
            harvested_at: time(harvested_at),
            _basis: basis,
        }
    }
}

impl<'a> ReadModel<'a> {
    /// A read model of a registry as seen on a day.
    #[must_use]
    pub fn new(registry: &'a Registry, today: NaiveDate, shown: Shown) -> Self {
        Self {
            institutions: registry.institutions.iter().map(|i| (i.id.as_str(), i)).collect(),
            products: registry.products.iter().map(|p| (p.id.as_str(), p)).collect(),
            vendors: registry.vendors.iter().map(|v| (v.id.as_str(), v.name.as_str())).collect(),
            registry,
            geography: Geography::new(registry),
            persons: PersonFigures::new(registry),
            today,
            shown,
        }
    }

    /// Where an institution is shown in a month.
    fn place(&self, institution: &Institution, month: Month) -> Option<Place> {
        let code = institution.municipality.as_ref()?;
        Some(match self.shown {
            Shown::Today => self.geography.place_today(code, self.today),
            Shown::Month => self.geography.place_in(code, month),
        })
    }

    /// Whether somebody's rows are wanted, and where it is shown.
    #[allow(clippy::option_option, reason = "not wanted, and wanted but nowhere, are two things")]
    fn wanted(&self, institution: Option<&Institution>, month: Month, who: &Who) -> Option<Option<Place>> {
        let place = institution.and_then(|institution| self.place(institution, month));
        let county = who.county.as_ref().is_none_or(|county| place.as_ref().is_some_and(|place| place.county == *county));
        let municipality = who.municipality.as_ref().is_none_or(|code| place.as_ref().is_some_and(|place| place.municipality == *code));
        let itself = who.institution.as_ref().is_none_or(|id| institution.is_some_and(|institution| institution.id == *id));
        (county && municipality && itself).then_some(place)
    }

    /// Whether an institution is one of those that are asked for, where it lies today.
    #[must_use]
    pub fn is_wanted(&self, institution: &InstitutionId, who: &Who) -> bool {
        self.institutions.get(institution.as_str()).is_some_and(|found| self.wanted(Some(found), Month::of(self.today), who).is_some())
    }

    /// Whether somebody's figures of a month are asked for, where it is shown in that month; nobody's where everything is.
    #[must_use]
    pub fn is_wanted_in(&self, institution: Option<&InstitutionId>, month: Month, who: &Who) -> bool {
        self.wanted(institution.and_then(|id| self.institutions.get(id.as_str()).copied()), month, who).is_some()
    }

    /// Rows of statistics, sorted as files have them.
    #[must_use]
    pub fn statistics(&self, stored: Vec<StoredStatistic>, months: &[MonthRow], who: &Who) -> Vec<StatisticRow> {
        let harvested: HashMap<(&str, &str, Month), DateTime<Utc>> = months
            .iter()
            .filter_map(|row| Some(((row.key.account.as_str(), row.key.report.as_str(), row.key.month), row.harvested_at?)))
            .collect();
        let (mut placed, mut based) = (HashMap::new(), HashMap::new());
        let mut rows: Vec<StatisticRow> = Vec::with_capacity(stored.len());
        for StoredStatistic { statistic, revision } in stored {
            let Statistic { key, value, exact, basis } = statistic;
            let institution = key.institution.as_ref().and_then(|id| self.institutions.get(id.as_str()).copied());
            // Names repeat in every row of an institution, and what a figure rests on in many rows.
            let at = (institution.map(|institution| institution.id.as_str()), key.month);
            let place = placed
                .entry(at)
                .or_insert_with(|| self.wanted(institution, key.month, who).map(|place| Placed::new(place.as_ref(), institution)));
            let Some(place) = place else { continue };
            let rests = based.entry((Arc::as_ptr(&basis).addr(), key.report.clone(), key.month)).or_insert_with(|| {
                let newest = basis.accounts.iter().filter_map(|a| harvested.get(&(a.as_str(), key.report.as_str(), key.month))).max();
                Based::new(basis.clone(), newest.copied())
            });
            let product = self.products.get(key.product.as_str());
            rows.push(StatisticRow {
                month: key.month,
                county: place.county.clone(),
                county_name: place.county_name.clone(),
                municipality: place.municipality.clone(),
                municipality_name: place.municipality_name.clone(),
                institution_name: place.institution_name.clone(),
                kind: institution.map(|i| i.kind),
                vendor: product.map(|p| p.vendor.clone()),
                product_name: product.map(|p| p.name.as_str().into()).unwrap_or_default(),
                exact: six_decimals(&exact),
                value,
                quality: basis.quality,
                key: rests.keys.clone(),
                shared_with: Sharers { basis, own: key.institution.clone() },
                persons: institution.and_then(|i| self.persons.behind(i, key.month.year())),
                accounts: rests.accounts.clone(),
                revision,
                harvested_at: rests.harvested_at.clone(),
                note: rests.notes.clone(),
                institution: key.institution,
                product: key.product,
                report: key.report,
                metric: key.metric.into(),
                data_type: key.data_type.into(),
            });
        }
        rows.sort_by(|a, b| {
            (a.month, &a.county, &a.municipality, &a.institution)
                .cmp(&(b.month, &b.county, &b.municipality, &b.institution))
                .then_with(|| (&a.product, &a.report, &a.metric, &a.data_type).cmp(&(&b.product, &b.report, &b.metric, &b.data_type)))
        });
        rows
    }

    /// A row of facts.
    #[must_use]
    pub fn fact(&self, fact: &StoredFact<'_>, row: &MonthRow) -> FactRow {
        let Item { platform, database, title, item, publisher, ids, parent, component, .. } = fact.item.clone();
        let parent = parent.map(|parent| if parent.title.is_empty() { identifiers(&parent.ids) } else { parent.title.into() });
        // A component is what was used; the item that it belongs to stands in its place as parent.
        let (item, ids, parent) = match component {
            Some(component) => (component.title, component.ids, Some(item.into())),
            None => (item, ids, parent),
        };
        FactRow {
            month: fact.month,
            source: row.source.clone(),
            account: fact.account.clone(),
            scope: if *fact.scope == Scope::Account { Text::default() } else { fact.scope.to_string().into() },
            report: fact.report.clone(),
            release: row.release.as_str().into(),
            product: fact.product.clone(),
            metric: fact.metric.into(),
            data_type: fact.data_type.into(),
            access_method: fact.access_method.into(),
            access_type: fact.access_type.into(),
            yop: fact.yop.into(),
            platform: platform.into(),
            database: database.into(),
            title: title.into(),
            item: item.into(),
            publisher: publisher.into(),
            identifiers: identifiers(&ids),
            parent: parent.unwrap_or_default(),
            count: fact.count,
            reply: row.reply.as_str().into(),
        }
    }

    /// Rows of subscriptions, by county, municipality, institution and product.
    #[must_use]
    pub fn subscriptions(&self, who: &Who, products: &[ProductId], from: Option<Month>, to: Option<Month>) -> Vec<SubscriptionRow> {
        let this_month = Month::of(self.today);
        let mut rows: Vec<SubscriptionRow> = self
            .registry
            .subscriptions
            .iter()
            .filter(|row| products.is_empty() || products.contains(&row.product))
            .filter(|row| is_valid_between(row.valid, from, to))
            .filter_map(|row| {
                let institution = self.institutions.get(row.institution.as_str()).copied();
                let place = self.wanted(institution, this_month, who)?;
                let product = self.products.get(row.product.as_str());
                Some(SubscriptionRow {
                    institution: row.institution.clone(),
                    institution_name: institution.map(|i| i.name.as_str().into()).unwrap_or_default(),
                    kind: institution.map(|i| i.kind),
                    municipality: place.as_ref().map(|p| p.municipality.clone()),
                    municipality_name: place.as_ref().map(|p| p.municipality_name.as_str().into()).unwrap_or_default(),
                    county: place.as_ref().map(|p| p.county.as_str().into()).unwrap_or_default(),
                    county_name: place.as_ref().map(|p| p.county_name.as_str().into()).unwrap_or_default(),
                    product: row.product.clone(),
                    product_name: product.map(|p| p.name.as_str().into()).unwrap_or_default(),
                    vendor: product.map(|p| p.vendor.clone()),
                    vendor_name: product.and_then(|p| self.vendors.get(p.vendor.as_str())).map(|n| (*n).into()).unwrap_or_default(),
                    valid_from: row.valid.from,
                    valid_to: row.valid.to,
                    price: row.price.as_str().into(),
                    currency: row.currency.as_str().into(),
                    funding: row.funding,
                })
            })
            .collect();
        rows.sort_by(|a, b| {
            (&a.county, &a.municipality, &a.institution, &a.product, a.valid_from).cmp(&(
                &b.county,
                &b.municipality,
                &b.institution,
                &b.product,
                b.valid_from,
            ))
        });
        rows
    }

    /// What the workbook says of products.
    #[must_use]
    pub fn products(&self) -> Vec<ProductInfo> {
        let info = |p: &Product| ProductInfo {
            id: p.id.clone(),
            name: p.name.as_str().into(),
            vendor: self.vendors.get(p.vendor.as_str()).map_or_else(|| p.vendor.as_str().into(), |name| (*name).into()),
            headline: p.headline.as_str().into(),
        };
        self.registry.products.iter().map(info).collect()
    }

    /// The county's name after its number, as people know it.
    #[must_use]
    pub fn county_name(&self, county: &str) -> Option<Text> {
        let named = |m: &&crate::model::registry::Municipality| m.county == county;
        let newest = self.registry.municipalities.iter().filter(named).max_by_key(|m| m.valid.from);
        newest.map(|m| format!("{county} {}", m.county_name).into())
    }

    /// The counties of today, by number.
    #[must_use]
    pub fn counties(&self) -> BTreeMap<String, String> {
        let today = self.registry.municipalities.iter().filter(|m| m.valid.on(self.today));
        today.map(|m| (m.county.clone(), m.county_name.clone())).collect()
    }
}

/// Whether something is valid in some month of a range, open where it has no end.
fn is_valid_between(valid: Validity, from: Option<Month>, to: Option<Month>) -> bool {
    // Valid in a month means: on its first day.
    let begins = valid.from.map(|day| if Month::of(day).first_day() == day { Month::of(day) } else { Month::of(day).next() });
    let ends = valid.to.and_then(|day| day.pred_opt()).map(Month::of);
    let first = begins.max(from);
    let last = match (ends, to) {
        (Some(ends), Some(to)) => Some(ends.min(to)),
        (ends, to) => ends.or(to),
    };
    first.is_none_or(|first| last.is_none_or(|last| first <= last))
}

fn identifiers(ids: &[Identifier]) -> Text {
    ids.iter().map(|id| format!("{}:{}", id.kind, id.value)).collect::<Vec<_>>().join("; ").into()
}

/// A row of runs.
#[must_use]
pub fn run(row: &MonthRow) -> RunRow {
    let harvested = row.state == MonthState::Harvested;
    RunRow {
        source: row.source.clone(),
        account: row.key.account.clone(),
        report: row.key.report.clone(),
        month: row.key.month,
        state: row.state,
        reason: row.reason.as_str().into(),
        partial: row.partial,
        unconfirmed: row.unconfirmed,
        attempts: row.attempts.count.into(),
        next_attempt: time(row.next_attempt),
        harvested_at: time(row.harvested_at),
        checked_at: time(row.checked_at),
        records: harvested.then_some(row.records),
        total: harvested.then_some(row.total),
        reply: row.reply.as_str().into(),
    }
}

/// Why a month is missing; the workbook's own words where nobody has said anything.
fn reason(row: &MonthRow) -> &str {
    if row.was_asked() { &row.reason } else { "Ikke hentet ennå." }
}

/// Months that are missing or may still change, those in a row with one reason together.
#[must_use]
pub fn missing(rows: &[MonthRow], products: &dyn Fn(&SourceId) -> Vec<ProductId>) -> Vec<MissingMonths> {
    let mut missing: Vec<MissingMonths> = Vec::new();
    let unsettled = |row: &&MonthRow| {
        matches!(row.state, MonthState::Waiting | MonthState::Failing | MonthState::Gone) || row.partial || row.unconfirmed
    };
    for row in rows.iter().filter(unsettled) {
        let same = |m: &MissingMonths| {
            let ids: (&AccountId, &ReportId) = (&m.account, &m.report);
            ids == (&row.key.account, &row.key.report)
                && m.months.last.next() == row.key.month
                && (m.state, m.partial, m.unconfirmed, &*m.reason) == (row.state, row.partial, row.unconfirmed, reason(row))
        };
        match missing.last_mut() {
            Some(before) if same(before) => before.months.last = row.key.month,
            _ => missing.push(MissingMonths {
                source: row.source.clone(),
                account: row.key.account.clone(),
                report: row.key.report.clone(),
                products: products(&row.source),
                months: MonthRange::new(row.key.month, row.key.month),
                state: row.state,
                partial: row.partial,
                unconfirmed: row.unconfirmed,
                reason: reason(row).into(),
                next_attempt: row.next_attempt,
            }),
        }
    }
    missing
}
