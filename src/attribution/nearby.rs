//! What of everything one figure can depend on: so that it is explained without working a country out.
//!
//! [`Nearby`] says, generously, which use may concern an institution, or nobody, and [`Nearby::narrow`] leaves of a registry the
//! accounts and claims that decide about that use. An explanation is the same with and without it.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::members::folded;
use super::rules::Rules;
use crate::model::address::successor;
use crate::model::registry::{Access, Account, ConsortiumMember, Covers, Registry, SharedTraffic};
use crate::model::{AccountId, AddressRange, Addresses, Count, InstitutionId, Member, Month, Scope};

/// What is near an institution, or near to belonging to nobody.
#[derive(Debug)]
pub struct Nearby {
    asked: Asked,
    /// The accounts whose use as a whole may concern it, with those that may report the same traffic.
    accounts: BTreeSet<AccountId>,
}

/// Who is asked about.
#[derive(Debug)]
enum Asked {
    /// Institutions.
    These {
        /// Their claims of all times: disjoint ranges, ascending.
        claims: Vec<AddressRange>,
        /// Their ISILs.
        isils: HashSet<String>,
        /// Customer ids under which an account covers one of them, or a vendor lists it as a member.
        customers: BTreeSet<String>,
        /// Names under which a vendor lists one of them as a member.
        names: BTreeSet<String>,
    },
    /// What could not be placed.
    Nobody {
        /// The accounts that are registered: others cover nobody.
        registered: BTreeSet<AccountId>,
    },
}

impl Nearby {
    /// What is near to an institution's figures of a month, or to what belongs to nobody in it.
    #[must_use]
    pub fn new(registry: &Registry, rules: &Rules, institution: Option<&InstitutionId>, month: Month) -> Self {
        match institution {
            Some(institution) => Self::of(registry, rules, &BTreeSet::from([institution])),
            None => Self::found(registry, rules, None, month),
        }
    }

    /// What is near to the figures of some institutions, of all times.
    #[must_use]
    pub fn of(registry: &Registry, rules: &Rules, institutions: &BTreeSet<&InstitutionId>) -> Self {
        Self::found(registry, rules, Some(institutions), Month::of(chrono::NaiveDate::MIN))
    }

    fn found(registry: &Registry, rules: &Rules, asked_about: Option<&BTreeSet<&InstitutionId>>, month: Month) -> Self {
        let reach = Reach::new(registry);
        let asked = match asked_about {
            Some(institutions) => {
                let of_them = registry.institutions.iter().filter(|i| institutions.contains(&i.id));
                let isils: HashSet<String> = of_them.map(|i| i.isil.clone()).filter(|isil| !isil.is_empty()).collect();
                let mut customers: BTreeSet<String> =
                    registry.accounts.iter().filter(|a| covers(a, institutions)).map(|a| a.customer_id.clone()).collect();
                let leads_here = |row: &&ConsortiumMember| {
                    customers.contains(&row.customer_id) || is_isil(&isils, &row.isil) || is_isil(&isils, &row.customer_id)
                };
                let listed: Vec<&ConsortiumMember> = registry.members.iter().filter(leads_here).collect();
                let names = listed.iter().map(|row| folded(&row.name)).collect();
                customers.extend(listed.iter().map(|row| row.customer_id.clone()));
                let claims = institutions.iter().filter_map(|id| reach.claims.get(id.as_str())).flatten().copied().collect();
                Asked::These { claims: merged(claims), isils, customers, names }
            }
            None => Asked::Nobody { registered: registry.accounts.iter().map(|account| account.id.clone()).collect() },
        };
        let exist: BTreeSet<&str> = registry.institutions.iter().filter(|i| i.valid.in_month(month)).map(|i| i.id.as_str()).collect();
        let may_have = |account: &Account| match (&account.covers, asked_about, &asked) {
            (Covers::Subscribers, ..) => true,
            (Covers::These { .. }, Some(institutions), Asked::These { claims, .. }) => {
                covers(account, institutions)
                    || (rules.access(account) != Access::Login && reach.of(account).any(|range| overlaps(claims, range)))
            }
            // Whoever is covered always takes part.
            (Covers::These { institutions, .. }, ..) => {
                !account.valid.in_month(month) || !institutions.iter().any(|id| exist.contains(id.as_str()))
            }
        };
        let mut accounts: BTreeSet<AccountId> = BTreeSet::new();
        let mut addresses: HashMap<&str, Vec<AddressRange>> = HashMap::new();
        for account in registry.accounts.iter().filter(|account| may_have(account)) {
            accounts.insert(account.id.clone());
            if rules.shared_traffic(&account.source) == SharedTraffic::Replicated {
                addresses.entry(account.source.as_str()).or_default().extend(reach.of(account));
            }
        }
        let addresses: HashMap<&str, Vec<AddressRange>> = addresses.into_iter().map(|(source, ranges)| (source, merged(ranges))).collect();
        // Accounts with the same addresses are one scope, whoever else they cover.
        for account in &registry.accounts {
            if addresses.get(account.source.as_str()).is_some_and(|near| reach.of(account).any(|range| overlaps(near, range))) {
                accounts.insert(account.id.clone());
            }
        }
        Self { asked, accounts }
    }

    /// The accounts whose use as a whole may concern it, if no others can.
    #[must_use]
    pub fn accounts(&self) -> Option<&BTreeSet<AccountId>> {
        match self.asked {
            Asked::These { .. } => Some(&self.accounts),
            Asked::Nobody { .. } => None,
        }
    }

    /// Whether use of an account's scope may concern it.
    #[must_use]
    pub fn may_concern(&self, account: &AccountId, scope: &Scope) -> bool {
        match (&self.asked, scope) {
            (Asked::These { .. }, Scope::Account) => self.accounts.contains(account),
            (Asked::These { claims, .. }, Scope::Addresses(Addresses::Range(range))) => overlaps(claims, *range),
            (Asked::These { .. }, Scope::Addresses(Addresses::Unclaimed)) => false,
            (Asked::These { isils, customers, names, .. }, Scope::Member(member)) => {
                let Member { customer_id, isil: theirs, name } = member;
                customers.contains(customer_id)
                    || is_isil(isils, theirs)
                    || is_isil(isils, customer_id)
                    || (customer_id.is_empty() && names.contains(&folded(name)))
            }
            (Asked::Nobody { registered }, Scope::Account) => self.accounts.contains(account) || !registered.contains(account),
            (Asked::Nobody { .. }, _) => true,
        }
    }

    /// Leaves the counts that may concern it, and of the registry the accounts and the claims that decide about these.
    pub fn narrow(&self, registry: &mut Registry, counts: &mut Vec<Count>) {
        counts.retain(|count| self.may_concern(&count.account, &count.scope));
        let with_counts: BTreeSet<&AccountId> = counts.iter().map(|count| &count.account).collect();
        // Who a member is, the account with its customer id says: its own, or that of its name in a list.
        let of_members = counts.iter().filter_map(|count| match &count.scope {
            Scope::Member(member) => Some(member),
            _ => None,
        });
        let mut members: BTreeSet<&str> = of_members.clone().map(|member| member.customer_id.as_str()).collect();
        let names: BTreeSet<String> =
            of_members.filter(|member| member.customer_id.is_empty()).map(|member| folded(&member.name)).collect();
        members.extend(registry.members.iter().filter(|row| names.contains(&folded(&row.name))).map(|row| row.customer_id.as_str()));
        let near = |account: &Account| self.accounts.contains(&account.id);
        registry
            .accounts
            .retain(|account| near(account) || with_counts.contains(&account.id) || members.contains(account.customer_id.as_str()));
        let reach = Reach::new(registry);
        let mut ranges: Vec<AddressRange> =
            registry.accounts.iter().filter(|account| near(account)).flat_map(|account| reach.of(account)).collect();
        ranges.extend(counts.iter().filter_map(|count| match count.scope {
            Scope::Addresses(Addresses::Range(range)) => Some(range),
            _ => None,
        }));
        let ranges = merged(ranges);
        registry.claims.retain(|claim| overlaps(&ranges, claim.range));
    }
}

/// Whether a text is one of these ISILs, of which none is empty.
fn is_isil(isils: &HashSet<String>, text: &str) -> bool {
    isils.contains(text.strip_prefix("ISIL:").unwrap_or(text))
}

fn covers(account: &Account, some: &BTreeSet<&InstitutionId>) -> bool {
    matches!(&account.covers, Covers::These { institutions, .. } if institutions.iter().any(|id| some.contains(id)))
}

/// The addresses of accounts, of all times.
struct Reach<'r> {
    claims: HashMap<&'r str, Vec<AddressRange>>,
}

impl<'r> Reach<'r> {
    fn new(registry: &'r Registry) -> Self {
        let mut claims: HashMap<&str, Vec<AddressRange>> = HashMap::new();
        for claim in &registry.claims {
            claims.entry(claim.institution.as_str()).or_default().push(claim.range);
        }
        Self { claims }
    }

    fn of<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = AddressRange> + 'a {
        let (institutions, ranges) = match &account.covers {
            Covers::Subscribers => (&[][..], &[][..]),
            Covers::These { institutions, ranges } => (&institutions[..], &ranges[..]),
        };
        let claimed = institutions.iter().filter_map(|id| self.claims.get(id.as_str())).flatten();
        claimed.chain(ranges).copied()
    }
}

/// Whether a range has an address in common with one of these, which are disjoint and ascending.
fn overlaps(ranges: &[AddressRange], range: AddressRange) -> bool {
    let place = ranges.partition_point(|other| other.last() < range.first());
    ranges.get(place).is_some_and(|other| other.overlaps(range))
}

/// The same addresses as disjoint ranges, ascending.
fn merged(mut ranges: Vec<AddressRange>) -> Vec<AddressRange> {
    ranges.sort_unstable();
    let mut merged: Vec<AddressRange> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if last.overlaps(range) || successor(last.last()) == Some(range.first()) => {
                let end = last.last().max(range.last());
                *last = AddressRange::new(last.first(), end).unwrap_or(*last);
            }
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::*;
    use crate::attribution::explain::{Evidence, Question, explain};
    use crate::attribution::{Attributor, SourceRules};
    use crate::model::registry::{Claim, Institution, InstitutionKind, ManualFigure, Persons, Subscription, Validity};
    use crate::model::{
        AppliesTo, Group, KeyId, KeyMethod, KeyRow, KeyState, Month, MonthFacts, MonthsKnown, MunicipalityCode, ProductId, ReportId,
        SourceId,
    };

    const INSTITUTIONS: usize = 6;
    const ACCOUNTS: usize = 6;

    fn id(place: usize) -> InstitutionId {
        InstitutionId::trusted(&format!("i{place}"))
    }

    fn month(number: u32) -> Month {
        Month::new(2024, number).unwrap()
    }

    fn range(first: u32, width: u32) -> AddressRange {
        AddressRange::new(IpAddr::V4(first.into()), IpAddr::V4((first + width).into())).unwrap()
    }

    fn validity() -> impl Strategy<Value = Validity> {
        prop_oneof![
            4 => Just(Validity::default()),
            1 => (1_u32..6).prop_map(|number| Validity { from: Some(month(number).first_day()), to: None }),
            1 => (1_u32..6).prop_map(|number| Validity { from: None, to: Some(month(number).first_day()) }),
        ]
    }

    fn accounts() -> impl Strategy<Value = Vec<Account>> {
        let covers = prop_oneof![
            1 => Just(Covers::Subscribers),
            8 => (prop::collection::vec(0..INSTITUTIONS, 0..3), prop::collection::vec((0_u32..40, 0_u32..6), 0..2)).prop_map(|(who, ranges)| {
                Covers::These {
                    institutions: who.into_iter().map(id).collect(),
                    ranges: ranges.into_iter().map(|(first, width)| range(first, width)).collect(),
                }
            }),
        ];
        let access = prop_oneof![3 => Just(Access::Ip), 1 => Just(Access::Login)];
        prop::collection::vec((covers, access, any::<bool>(), 0..ACCOUNTS, validity()), ACCOUNTS).prop_map(|rows| {
            let account =
                |(place, (covers, access, replicated, customer, valid)): (usize, (Covers, Access, bool, usize, Validity))| Account {
                    id: AccountId::trusted(&format!("a{place}")),
                    source: SourceId::trusted(if replicated { "replicated" } else { "single" }),
                    customer_id: format!("c{customer}"),
                    covers,
                    access: Some(access),
                    requestor_id: String::new(),
                    api_key: String::new(),
                    valid,
                };
            rows.into_iter().enumerate().map(account).collect()
        })
    }

    fn registries() -> impl Strategy<Value = Registry> {
        let claims = prop::collection::vec((0..INSTITUTIONS, 0_u32..40, 0_u32..6, any::<bool>(), validity()), 0..14);
        let subscriptions = prop::collection::vec((0..INSTITUTIONS, validity()), 0..8);
        let keys = prop::collection::vec((0_usize..2, 0..INSTITUTIONS, 0_u64..9), 0..8);
        let manual = prop::collection::vec((0..INSTITUTIONS, 1_u32..5, prop::collection::vec(0..ACCOUNTS, 0..2)), 0..2);
        let persons = prop::collection::vec(0_u64..500, INSTITUTIONS);
        (claims, accounts(), subscriptions, keys, manual, persons).prop_map(|(claims, accounts, subscriptions, keys, manual, persons)| {
            let institution = |place| Institution {
                id: id(place),
                name: String::new(),
                kind: InstitutionKind::PublicLibrary,
                municipality: Some(MunicipalityCode::trusted(&format!("000{place}"))),
                isil: format!("NO-{place}"),
                valid: Validity::default(),
            };
            let product = ProductId::trusted("p");
            let mut keys: Vec<KeyRow> = keys
                .into_iter()
                .map(|(key, who, weight)| KeyRow {
                    key: KeyId::trusted(&format!("k{key}")),
                    applies_to: if key == 0 { AppliesTo::Anything } else { AppliesTo::Range(range(0, 30)) },
                    product: None,
                    method: KeyMethod::Fixed,
                    institution: id(who),
                    weight: Some(crate::model::Weight::whole(weight)),
                    valid: Validity::default(),
                    state: KeyState::Agreed,
                    agreed_by: String::new(),
                })
                .collect();
            keys.sort_by(|a, b| (&a.key, &a.institution).cmp(&(&b.key, &b.institution)));
            Registry {
                institutions: (0..INSTITUTIONS).map(institution).collect(),
                persons: (0..INSTITUTIONS)
                    .zip(persons)
                    .map(|(place, persons)| Persons { subject: format!("000{place}"), date: "2024-01-01".parse().unwrap(), persons })
                    .collect(),
                claims: claims
                    .into_iter()
                    .map(|(who, first, width, exclusive, valid)| Claim {
                        institution: id(who),
                        range: range(first, width),
                        valid,
                        exclusive,
                        note: String::new(),
                    })
                    .collect(),
                accounts,
                subscriptions: subscriptions
                    .into_iter()
                    .map(|(who, valid)| Subscription {
                        institution: id(who),
                        product: product.clone(),
                        valid,
                        price: String::new(),
                        currency: String::new(),
                        funding: None,
                    })
                    .collect(),
                keys,
                manual: manual
                    .into_iter()
                    .map(|(who, number, instead_of)| ManualFigure {
                        institution: id(who),
                        product: product.clone(),
                        month: month(number),
                        report: ReportId::trusted("PR"),
                        metric: "M".into(),
                        value: 3,
                        note: String::new(),
                        instead_of: instead_of.into_iter().map(|place| AccountId::trusted(&format!("a{place}"))).collect(),
                    })
                    .collect(),
                ..Registry::default()
            }
        })
    }

    fn counts() -> impl Strategy<Value = Vec<Count>> {
        let scope = prop_oneof![
            6 => Just(Scope::Account),
            1 => (0..ACCOUNTS, 0..INSTITUTIONS, any::<bool>()).prop_map(|(customer, place, isil)| Scope::Member(Member {
                customer_id: format!("c{customer}"),
                name: String::new(),
                isil: if isil { format!("NO-{place}") } else { String::new() },
            })),
            1 => (0_u32..40, 0_u32..6).prop_map(|(first, width)| Scope::Addresses(Addresses::Range(range(first, width)))),
            1 => Just(Scope::Addresses(Addresses::Unclaimed)),
        ];
        let one = (0..=ACCOUNTS, scope, 1_u32..5, any::<bool>(), 1_u64..60);
        prop::collection::vec(one, 1..40).prop_map(|rows| {
            let mut counts: Vec<Count> = rows
                .into_iter()
                .map(|(account, scope, number, book, total)| Count {
                    // One of them is not registered.
                    account: AccountId::trusted(&format!("a{account}")),
                    scope,
                    metric: "M".into(),
                    group: Group {
                        month: month(number),
                        data_type: if book { "Book" } else { "Journal" }.into(),
                        access_method: "Regular".into(),
                        total,
                    },
                })
                .collect();
            counts.sort();
            counts.dedup_by_key(|count| (count.account.clone(), count.scope.clone(), count.group.month, count.group.data_type.clone()));
            counts
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        /// What is left out moves nothing: every step of the explanation is the same.
        #[test]
        fn an_explanation_is_the_same_without_what_is_far_away(
            registry in registries(), counts in counts(), asked in 0..INSTITUTIONS, number in 1_u32..5, subscribers_only in any::<bool>(),
            nobody in prop::bool::weighted(0.2),
        ) {
            let source = |shared_traffic| SourceRules { access: Access::Ip, shared_traffic };
            let sources = [
                (SourceId::trusted("replicated"), source(SharedTraffic::Replicated)),
                (SourceId::trusted("single"), source(SharedTraffic::Single)),
            ];
            let rules = Rules { subscribers_only, sources: sources.into() };
            let question = Question {
                institution: (!nobody).then(|| id(asked)),
                product: ProductId::trusted("p"),
                month: month(number),
                metric: "M".into(),
                report: ReportId::trusted("PR"),
            };
            let mut months = MonthsKnown::new();
            for count in &counts {
                let key = (count.account.clone(), count.group.month);
                *months.entry(key).or_insert(MonthFacts { total: 0, partial: false }) =
                    MonthFacts { total: count.group.total, partial: count.group.total % 5 == 0 };
            }
            let answer = |registry: &Registry, counts: &[Count]| {
                let evidence = Evidence { counts, months: &months, replies: &HashMap::new(), entered: None, earlier: Vec::new() };
                format!("{:#?}", explain(&mut Attributor::new(registry, &rules), &question, evidence).unwrap())
            };
            let whole = answer(&registry, &counts);
            let (mut narrow, mut some) = (registry.clone(), counts.clone());
            let nearby = Nearby::new(&registry, &rules, question.institution.as_ref(), question.month);
            // As the store does it.
            some.retain(|count| count.scope != Scope::Account || nearby.accounts().is_none_or(|near| near.contains(&count.account)));
            nearby.narrow(&mut narrow, &mut some);
            prop_assert!(narrow.claims.len() <= registry.claims.len() && some.len() <= counts.len());
            prop_assert_eq!(answer(&narrow, &some), whole);
        }
    }
}
