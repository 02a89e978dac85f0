//! Who shares addresses with whom, by address, by pair and by county; and who shares without a sign of knowing it.
//!
//! Only claims that count are looked at: where somebody's claim is exclusive, wider claims of others are no sharing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::set::AddressSet;
use super::{Audit, Detail, Finding, Per, Severity, Stranger};
use crate::attribution::month_view::MonthView;
use crate::model::address::successor;
use crate::model::registry::Claim;
use crate::model::{AddressRange, InstitutionId, KeyId, KeyState};

/// Neighbouring addresses that the same institutions claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch<'a> {
    /// The addresses.
    pub range: AddressRange,
    /// Who claims them, in the order of ids.
    pub who: Vec<&'a InstitutionId>,
}

/// All claimed addresses as stretches, ascending, each as long as it can be.
#[must_use]
pub fn stretches<'v>(view: &'v MonthView<'_>) -> Vec<Stretch<'v>> {
    let mut stretches: Vec<Stretch<'v>> = Vec::new();
    for (range, claims) in view.addresses().intervals() {
        let who: BTreeSet<&'v InstitutionId> = claims.map(|claim| &claim.institution).collect();
        let who: Vec<&'v InstitutionId> = who.into_iter().collect();
        if let Some(before) = stretches.last_mut()
            && before.who == who
            && successor(before.range.last()) == Some(range.first())
        {
            before.range = AddressRange::new(before.range.first(), range.last()).unwrap_or(before.range);
            continue;
        }
        stretches.push(Stretch { range, who });
    }
    stretches
}

/// What two institutions share.
#[derive(Debug, Default)]
struct Pair {
    all: AddressSet,
    /// Where neither claims exactly what the other does.
    part: AddressSet,
    /// Where one of them says that nobody else is there.
    exclusive: AddressSet,
    /// A remark on one's claim names the other.
    named: bool,
}

impl Audit<'_> {
    /// Who shares with whom.
    #[must_use]
    pub fn shared(&self, per: Per) -> Vec<Finding> {
        match per {
            Per::Address => self.by_address(),
            Per::Institution => self.by_pair(),
            Per::County => self.by_county(),
        }
    }

    fn by_address(&self) -> Vec<Finding> {
        let shared = stretches(self.view).into_iter().filter(|stretch| stretch.who.len() > 1);
        let finding = |stretch: Stretch<'_>| {
            let who = stretch.who.into_iter().cloned().collect();
            self.finding(Severity::Note, Detail::Shared(Per::Address), who, [stretch.range].into_iter().collect())
        };
        shared.map(finding).collect()
    }

    fn by_pair(&self) -> Vec<Finding> {
        // Pairs by number: there may be many, on many stretches.
        let mut names: Vec<&InstitutionId> = Vec::new();
        let mut numbers: HashMap<&InstitutionId, usize> = HashMap::new();
        let mut pairs: HashMap<(usize, usize), AddressSet> = HashMap::new();
        let stretches = stretches(self.view);
        for stretch in stretches.iter().filter(|stretch| stretch.who.len() > 1) {
            let who: Vec<usize> = stretch
                .who
                .iter()
                .map(|id| {
                    *numbers.entry(id).or_insert_with(|| {
                        names.push(id);
                        names.len() - 1
                    })
                })
                .collect();
            for (place, one) in who.iter().enumerate() {
                for other in who.iter().skip(place + 1) {
                    pairs.entry((*one, *other)).or_default().append(stretch.range);
                }
            }
        }
        let mut found: Vec<Finding> = pairs
            .into_iter()
            .filter_map(|((one, other), addresses)| {
                let who = vec![(*names.get(one)?).clone(), (*names.get(other)?).clone()];
                Some(self.finding(Severity::Note, Detail::Shared(Per::Institution), who, addresses))
            })
            .collect();
        found.sort_by(|a, b| a.institutions.cmp(&b.institutions));
        found
    }

    /// Within each county, and between each two.
    fn by_county(&self) -> Vec<Finding> {
        type Sharing<'i> = (BTreeSet<&'i InstitutionId>, AddressSet);
        let stretches = stretches(self.view);
        let mut counties: BTreeMap<(&str, &str), Sharing<'_>> = BTreeMap::new();
        for stretch in stretches.iter().filter(|stretch| stretch.who.len() > 1) {
            let mut here: BTreeMap<&str, Vec<&InstitutionId>> = BTreeMap::new();
            for id in &stretch.who {
                here.entry(self.county_of(id)).or_default().push(id);
            }
            for (county, who) in &here {
                if who.len() > 1 {
                    let (institutions, addresses) = counties.entry((county, county)).or_default();
                    institutions.extend(who);
                    addresses.append(stretch.range);
                }
                for (other, theirs) in here.range(*county..).filter(|(other, _)| *other != county) {
                    let (institutions, addresses) = counties.entry((county, other)).or_default();
                    institutions.extend(who.iter().chain(theirs));
                    addresses.append(stretch.range);
                }
            }
        }
        let finding = |(_, (who, addresses)): (_, Sharing<'_>)| {
            self.finding(Severity::Note, Detail::Shared(Per::County), who.into_iter().cloned().collect(), addresses)
        };
        counties.into_iter().map(finding).collect()
    }

    /// Pairs that share and seem not to know it.
    ///
    /// They count as knowing each other if a key that is proposed or agreed, and has not ended, has both of them, or if the
    /// remark on one's overlapping claim names the other: its id, its name, or its municipality where that is another than
    /// one's own. Of the rest, those are strangers whose sharing is odd: see [`Stranger`]. Two that claim the very same range in one
    /// municipality, the library and its town hall, are taken to know each other.
    #[must_use]
    pub fn unaware(&self) -> Vec<Finding> {
        let mut pairs: BTreeMap<(&InstitutionId, &InstitutionId), Pair> = BTreeMap::new();
        let names = self.names();
        for (range, claims) in self.view.addresses().intervals() {
            let mut here: BTreeMap<&InstitutionId, Vec<&Claim>> = BTreeMap::new();
            for claim in claims {
                here.entry(&claim.institution).or_default().push(claim);
            }
            let here: Vec<(&InstitutionId, Vec<&Claim>)> = here.into_iter().collect();
            for (place, (one, ours)) in here.iter().enumerate() {
                for (other, theirs) in here.iter().skip(place + 1) {
                    let pair = pairs.entry((one, other)).or_default();
                    pair.all.append(range);
                    if !ours.iter().any(|our| theirs.iter().any(|their| our.range == their.range)) {
                        pair.part.append(range);
                    }
                    if ours.iter().chain(theirs).any(|claim| claim.exclusive) {
                        pair.exclusive.append(range);
                    }
                    pair.named |= self.named(ours, other, &names) || self.named(theirs, one, &names);
                }
            }
        }
        let keys = self.keys_of();
        let known = |one: &InstitutionId, other: &InstitutionId| match (keys.get(one), keys.get(other)) {
            (Some(ours), Some(theirs)) => !ours.is_disjoint(theirs),
            _ => false,
        };
        let strangers = pairs.into_iter().filter(|((one, other), pair)| !pair.named && !known(one, other));
        strangers.filter_map(|((one, other), pair)| self.strangers(one, other, pair)).collect()
    }

    fn strangers(&self, one: &InstitutionId, other: &InstitutionId, pair: Pair) -> Option<Finding> {
        let mut why = BTreeSet::new();
        if let (Some(ours), Some(theirs)) = (self.homes.get(one), self.homes.get(other)) {
            let differ = |ours: &str, theirs: &str| !ours.is_empty() && !theirs.is_empty() && ours != theirs;
            if differ(&ours.county, &theirs.county) {
                why.insert(Stranger::County);
            } else if differ(&ours.municipality, &theirs.municipality) {
                why.insert(Stranger::Municipality);
            }
        }
        let far = !why.is_empty();
        if !pair.part.is_empty() {
            why.insert(Stranger::Part);
        }
        if !pair.exclusive.is_empty() {
            why.insert(Stranger::Exclusive);
        }
        if why.is_empty() {
            return None;
        }
        let addresses = if far { pair.all } else { pair.part.ranges().iter().chain(pair.exclusive.ranges()).copied().collect() };
        Some(self.finding(Severity::Warning, Detail::Unaware(why), vec![one.clone(), other.clone()], addresses))
    }

    /// The keys that an institution is in: proposed or agreed, and not ended.
    fn keys_of(&self) -> HashMap<&InstitutionId, BTreeSet<&KeyId>> {
        let today = self.view.month.first_day();
        let alive = self
            .keys
            .iter()
            .filter(|row| matches!(row.state, KeyState::Proposed | KeyState::Agreed) && row.valid.to.is_none_or(|end| end > today));
        let mut keys: HashMap<&InstitutionId, BTreeSet<&KeyId>> = HashMap::new();
        for row in alive {
            keys.entry(&row.institution).or_default().insert(&row.key);
        }
        keys
    }

    /// What an institution is called in remarks, in lower case: its id and name, and apart from these its municipality's names.
    fn names(&self) -> HashMap<&InstitutionId, (Vec<String>, Vec<String>)> {
        let names = |id: &InstitutionId| {
            let name = self.view.institution(id.as_str()).map(|institution| institution.name.as_str()).unwrap_or_default();
            let places = self.homes.get(id).map(|home| home.municipality_name.as_str()).unwrap_or_default();
            let lower = |name: &str| Some(name.trim().to_lowercase()).filter(|name| !name.is_empty());
            (lower(id.as_str()).into_iter().chain(lower(name)).collect(), places.split(" - ").filter_map(lower).collect())
        };
        self.view.institutions().into_iter().map(|id| (id, names(id))).collect()
    }

    /// Whether a remark on these claims, all of one institution, names the other.
    fn named(&self, claims: &[&Claim], other: &InstitutionId, names: &HashMap<&InstitutionId, (Vec<String>, Vec<String>)>) -> bool {
        claims.iter().filter(|claim| !claim.note.is_empty()).any(|claim| {
            let note = claim.note.to_lowercase();
            let Some((own, places)) = names.get(other) else { return false };
            let elsewhere = match (self.homes.get(&claim.institution), self.homes.get(other)) {
                (Some(here), Some(there)) => here.municipality != there.municipality,
                _ => true,
            };
            own.iter().any(|name| has_words(&note, name)) || (elsewhere && places.iter().any(|name| has_words(&note, name)))
        })
    }
}

/// Whether `words` stand in `text` and do not go on as other words.
fn has_words(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(place, _)| {
        let before = text.get(..place).and_then(|before| before.chars().next_back());
        let after = text.get(place + words.len()..).and_then(|after| after.chars().next());
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !letter(before) && !letter(after)
    })
}
