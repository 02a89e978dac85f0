//! What a library is asked about its networks: its claims, who else is there, and the keys that it can sign.
//!
//! [`Forms`] looks at one month of the registry; [`Forms::of`] is one library's [`LibraryForm`]. The workbook is drawn by
//! [`super::xlsx::write_form_xlsx`] and comes back through `import networks` and `import keys`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use crate::attribution::PersonFigures;
use crate::attribution::audit::AddressSet;
use crate::attribution::audit::sharing::stretches;
use crate::attribution::claimants::{Because, Claimants};
use crate::attribution::division::{Division, Means, Method};
use crate::attribution::keys::{KeyBook, Sessions, Wanted};
use crate::attribution::month_view::MonthView;
use crate::model::registry::{Claim, Institution, InstitutionKind, Registry, Validity};
use crate::model::{AppliesTo, InstitutionId, KeyId, KeyMethod, KeyRow, KeyState, Month, ProductId};
use crate::registry::geography::{Geography, Place};

/// What one library is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryForm {
    /// The library.
    pub institution: InstitutionId,
    /// Its name.
    pub name: String,
    /// Its county as people know it, such as `31 Østfold`; empty if unknown.
    pub county: String,
    /// The month that is looked at.
    pub month: Month,
    /// What it claims, in that month or later.
    pub claims: Vec<Claim>,
    /// Who else uses its addresses.
    pub neighbours: Vec<Neighbours>,
    /// The keys that wait for its word.
    pub keys: Vec<FormKey>,
}

/// Addresses of the library that the same institutions use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbours {
    /// The addresses.
    pub addresses: AddressSet,
    /// Everybody who claims them, the library itself first.
    pub who: Vec<Neighbour>,
    /// How the default key divides their use.
    pub method: Method,
}

/// Somebody on an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Who.
    pub institution: InstitutionId,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: InstitutionKind,
    /// The municipality's name; empty if unknown.
    pub municipality: String,
    /// Its weight in the default key; nothing if it takes no part, having no subscription.
    pub weight: Option<u64>,
    /// Its part in per mille, half up; nothing likewise.
    pub per_mille: Option<u64>,
}

/// A key that the library can sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormKey {
    /// All of its rows, in the order of institutions.
    pub rows: Vec<KeyRow>,
    /// Nobody has proposed it yet: it is avling's own suggestion.
    pub suggested: bool,
}

/// One month of a registry, ready for every library's form.
pub struct Forms<'a> {
    month: Month,
    registry: &'a Registry,
    view: MonthView<'a>,
    persons: PersonFigures,
    places: HashMap<&'a str, Place>,
    subscribers_only: bool,
    /// Who subscribes to something.
    subscribers: BTreeSet<&'a InstitutionId>,
    /// Ids of keys with all of their rows.
    keys: BTreeMap<&'a KeyId, Vec<&'a KeyRow>>,
    /// The suggested key of each institution that shares and has no key for it.
    suggested: HashMap<InstitutionId, FormKey>,
}

impl<'a> Forms<'a> {
    /// The forms of a month. `subscribers_only`: those without any subscription take no part in what is divided.
    #[must_use]
    pub fn new(registry: &'a Registry, month: Month, today: NaiveDate, subscribers_only: bool) -> Self {
        let view = MonthView::new(registry, month);
        let geography = Geography::new(registry);
        let place = |i: &'a Institution| Some((i.id.as_str(), geography.place_today(i.municipality.as_ref()?, today)));
        let mut keys: BTreeMap<&KeyId, Vec<&KeyRow>> = BTreeMap::new();
        for row in &registry.keys {
            keys.entry(&row.key).or_default().push(row);
        }
        let subscribes = |id: &InstitutionId| view.institution(id.as_str()).is_some();
        let subscriptions = registry.subscriptions.iter().filter(|s| s.valid.in_month(month) && subscribes(&s.institution));
        let mut forms = Self {
            month,
            registry,
            persons: PersonFigures::new(registry),
            places: registry.institutions.iter().filter_map(place).collect(),
            subscribers_only,
            subscribers: subscriptions.map(|s| &s.institution).collect(),
            keys,
            suggested: HashMap::new(),
            view,
        };
        forms.suggested = forms.suggestions();
        forms
    }

    /// The libraries of a county where they lie today, in the order of ids; those of all counties if none is given. Other bodies get
    /// no form.
    #[must_use]
    pub fn libraries(&self, county: Option<&str>) -> Vec<&'a Institution> {
        let here = |i: &&'a Institution| {
            let place = self.places.get(i.id.as_str());
            i.kind != InstitutionKind::OtherBody
                && self.view.institution(i.id.as_str()).is_some()
                && county.is_none_or(|county| place.is_some_and(|place| place.county == county))
        };
        self.registry.institutions.iter().filter(here).collect()
    }

    /// A library's form.
    #[must_use]
    pub fn of(&self, library: &Institution) -> LibraryForm {
        let id = &library.id;
        let open = |claim: &&Claim| claim.institution == *id && claim.valid.to.is_none_or(|end| end > self.month.first_day());
        LibraryForm {
            institution: id.clone(),
            name: library.name.clone(),
            county: self.places.get(id.as_str()).map(|place| format!("{} {}", place.county, place.county_name)).unwrap_or_default(),
            month: self.month,
            claims: self.registry.claims.iter().filter(open).cloned().collect(),
            neighbours: self.neighbours(id),
            keys: self.keys_for(id),
        }
    }

    /// Its addresses, those with the same neighbours together, in the order of their lowest address.
    fn neighbours(&self, id: &InstitutionId) -> Vec<Neighbours> {
        let mut together: Vec<(Vec<&InstitutionId>, AddressSet)> = Vec::new();
        let own: AddressSet = self.view.addresses().claims_of(id).map(|claim| claim.range).collect();
        for stretch in stretches(&self.view) {
            // Also where somebody else's exclusive claim leaves the library out: that is what it should see.
            for range in own.within(stretch.range) {
                match together.iter_mut().find(|(who, _)| *who == stretch.who) {
                    Some((_, addresses)) => addresses.append(range),
                    None => together.push((stretch.who.clone(), [range].into_iter().collect())),
                }
            }
        }
        together.into_iter().map(|(who, addresses)| self.divided(id, &who, addresses)).collect()
    }

    fn divided(&self, id: &InstitutionId, who: &[&InstitutionId], addresses: AddressSet) -> Neighbours {
        let takes_part = self.take_part(who);
        let all = takes_part.iter().map(|id| ((*id).clone(), Because::Claims(addresses.ranges().to_vec()))).collect();
        let claimants = Claimants { all, dropped: BTreeMap::new(), no_subscriber: false, undivided: None, estimate: false };
        // Without any agreed key: what the default key does.
        let (keys, sessions) = (KeyBook::default(), Sessions::default());
        let means = Means { view: &self.view, persons: &self.persons, keys: &keys, sessions: &sessions };
        let mut wanted = Wanted { accounts: &[], product: &ProductId::trusted(""), addresses: &mut Vec::new };
        let division = Division::new(&means, claimants, &mut wanted);
        let sum: u128 = division.claimants.iter().map(|claimant| u128::from(claimant.weight)).sum();
        let mut who: Vec<Neighbour> = who
            .iter()
            .map(|id| {
                let institution = self.view.institution(id.as_str());
                let weight = division.claimants.iter().find(|claimant| claimant.institution == **id).map(|claimant| claimant.weight);
                let per_mille = |weight: u64| u64::try_from((u128::from(weight) * 2000 + sum) / (sum * 2).max(1)).unwrap_or(0);
                Neighbour {
                    institution: (*id).clone(),
                    name: institution.map(|i| i.name.clone()).unwrap_or_default(),
                    kind: institution.map_or(InstitutionKind::OtherBody, |i| i.kind),
                    municipality: self.places.get(id.as_str()).map(|place| place.municipality_name.clone()).unwrap_or_default(),
                    weight,
                    per_mille: weight.map(per_mille),
                }
            })
            .collect();
        who.sort_by_key(|neighbour| neighbour.institution != *id);
        Neighbours { addresses, who, method: division.method }
    }

    /// Those who take part in what is divided; everybody, if nobody subscribes to anything.
    fn take_part<'i>(&self, who: &[&'i InstitutionId]) -> Vec<&'i InstitutionId> {
        let subscribers: Vec<&InstitutionId> =
            who.iter().copied().filter(|id| !self.subscribers_only || self.subscribers.contains(id)).collect();
        if subscribers.is_empty() { who.to_vec() } else { subscribers }
    }

    /// Proposed keys that have the institution, then what is suggested to it.
    fn keys_for(&self, id: &InstitutionId) -> Vec<FormKey> {
        let proposed = self.keys.values().filter(|rows| rows.iter().any(|row| row.institution == *id && waits(row, self.month)));
        let proposed = proposed.map(|rows| FormKey { rows: rows.iter().map(|row| (*row).clone()).collect(), suggested: false });
        proposed.chain(self.suggested.get(id).cloned()).collect()
    }

    /// A key for each group of institutions that are tied together by shared addresses, directly or through others, where keys that are
    /// proposed or agreed do not already have each of them together with all whom it shares with.
    ///
    /// Groups and not pairs, because an account's addresses are all claims of whom it covers: use of a library in the middle of a chain
    /// is divided among its neighbours on both sides, and only a key that has them all fits (ATTRIBUTION section 3).
    fn suggestions(&self) -> HashMap<InstitutionId, FormKey> {
        let mut shares: BTreeMap<&InstitutionId, BTreeSet<&InstitutionId>> = BTreeMap::new();
        let stretches = stretches(&self.view);
        for stretch in &stretches {
            let who: Vec<&InstitutionId> = stretch.who.iter().copied().filter(|id| self.subscribers.contains(id)).collect();
            if who.len() > 1 {
                for id in &who {
                    shares.entry(id).or_default().extend(&who);
                }
            }
        }
        let mut suggested = HashMap::new();
        let mut left: BTreeSet<&InstitutionId> = shares.keys().copied().collect();
        while let Some(first) = left.pop_first() {
            let (mut group, mut next) = (BTreeSet::from([first]), vec![first]);
            while let Some(one) = next.pop() {
                for other in shares.get(one).into_iter().flatten().filter(|other| left.remove(**other)) {
                    group.insert(other);
                    next.push(other);
                }
            }
            if group.iter().all(|id| shares.get(*id).is_none_or(|circle| self.has_key(circle))) {
                continue;
            }
            let key = self.suggestion(&group);
            suggested.extend(group.into_iter().map(|id| (id.clone(), key.clone())));
        }
        suggested
    }

    /// Whether one key that is proposed or agreed, and has not ended, has them all.
    fn has_key(&self, circle: &BTreeSet<&InstitutionId>) -> bool {
        self.keys.values().any(|rows| {
            let alive = |row: &&&KeyRow| waits(row, self.month) || (row.state == KeyState::Agreed && lasts(row, self.month));
            let of_key: BTreeSet<&InstitutionId> = rows.iter().filter(alive).map(|row| &row.institution).collect();
            circle.is_subset(&of_key)
        })
    }

    /// By population, from 1 January of the year that the next month lies in: a whole year's use is divided in one way.
    fn suggestion(&self, group: &BTreeSet<&InstitutionId>) -> FormKey {
        let from = self.month.next().january();
        let valid = Validity { from: Some(from.first_day()), to: None };
        let lowest = group.first().map_or("", |id| id.as_str());
        // With what stands around it, an id has to stay within 200 bytes.
        let lowest = if lowest.len() > 180 { lowest.chars().take(45).collect() } else { lowest.to_owned() };
        let row = |key: &KeyId, institution: &InstitutionId| KeyRow {
            key: key.clone(),
            applies_to: AppliesTo::Anything,
            product: None,
            method: KeyMethod::Population,
            institution: institution.clone(),
            weight: None,
            valid,
            state: KeyState::Proposed,
            agreed_by: String::new(),
        };
        let name = |number: usize| {
            let more = if number > 1 { format!("-{number}") } else { String::new() };
            KeyId::trusted(&format!("delt-{lowest}-{:04}{more}", from.year()))
        };
        // One more name than there are keys: one of them is free.
        let free = |key: &KeyId| !self.keys.contains_key(key);
        let key = (1..=self.keys.len() + 1).map(name).find(free).unwrap_or_else(|| name(1));
        let rows = group.iter().map(|id| row(&key, id)).collect();
        FormKey { rows, suggested: true }
    }
}

/// Whether a key's row waits for an answer.
fn waits(row: &KeyRow, month: Month) -> bool {
    row.state == KeyState::Proposed && lasts(row, month)
}

/// Whether it has not ended by the month.
fn lasts(row: &KeyRow, month: Month) -> bool {
    row.valid.to.is_none_or(|end| end > month.first_day())
}

impl Neighbours {
    /// Whether the library has them to itself.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.who.len() < 2
    }
}
