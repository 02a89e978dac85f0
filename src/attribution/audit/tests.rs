//! Each kind of finding, with figures by hand; and sharing beside a scan of every address.

use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::attribution::SourceRules;
use crate::model::registry::{
    Access, Account, Claim, Covers, Institution, InstitutionKind, Persons, Registry, SharedTraffic, Subscription, Validity,
};
use crate::model::{AddressRange, AppliesTo, KeyId, KeyMethod, KeyState, Month, MunicipalityCode};

/// Halden's library with its school and town hall, Aremark's, Moss's: in 31; Alta's, in 56.
const INSTITUTIONS: [(&str, &str, InstitutionKind, &str); 6] = [
    ("aremark", "Aremark bibliotek", InstitutionKind::PublicLibrary, "3124"),
    ("alta", "Alta bibliotek", InstitutionKind::PublicLibrary, "5601"),
    ("halden", "Halden bibliotek", InstitutionKind::PublicLibrary, "3101"),
    ("moss", "Moss bibliotek", InstitutionKind::PublicLibrary, "3103"),
    ("school", "Halden videregående", InstitutionKind::SchoolLibrary, "3101"),
    ("townhall", "Halden rådhus", InstitutionKind::OtherBody, "3101"),
];

fn id(text: &str) -> InstitutionId {
    InstitutionId::trusted(text)
}

/// `192.0.2.0/25`, `192.0.2.1-192.0.2.9` or a single address.
fn range(text: &str) -> AddressRange {
    if let Some((first, last)) = text.split_once('-') {
        return AddressRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap();
    }
    if !text.contains('/') {
        return AddressRange::new(text.parse().unwrap(), text.parse().unwrap()).unwrap();
    }
    let network: ipnetwork::IpNetwork = text.parse().unwrap();
    AddressRange::new(network.network(), network.broadcast()).unwrap()
}

/// What is audited.
struct Case {
    registry: Registry,
    rules: Rules,
    products: BTreeMap<SourceId, Vec<ProductId>>,
}

impl Case {
    fn new(claims: &[(&str, &str)]) -> Self {
        let institution = |(name, words, kind, code): &(&str, &str, InstitutionKind, &str)| Institution {
            id: id(name),
            name: (*words).to_owned(),
            kind: *kind,
            municipality: Some(MunicipalityCode::trusted(code)),
            isil: String::new(),
            valid: Validity::default(),
        };
        let claim = |(institution, text): &(&str, &str)| {
            let (text, exclusive) = text.strip_suffix('!').map_or((*text, false), |text| (text, true));
            Claim { institution: id(institution), range: range(text), valid: Validity::default(), exclusive, note: String::new() }
        };
        Self {
            registry: Registry {
                institutions: INSTITUTIONS.iter().map(institution).collect(),
                claims: claims.iter().map(claim).collect(),
                ..Registry::default()
            },
            rules: Rules::default(),
            products: BTreeMap::new(),
        }
    }

    /// A source that serves these products, with accounts `id: what it covers`.
    fn source(mut self, source: &str, access: Access, products: &[&str], accounts: &[(&str, &str)]) -> Self {
        let source = SourceId::trusted(source);
        self.rules.sources.insert(source.clone(), SourceRules { access, shared_traffic: SharedTraffic::Single });
        self.products.insert(source.clone(), products.iter().map(|product| ProductId::trusted(product)).collect());
        for (account, covers) in accounts {
            let (ranges, institutions): (Vec<&str>, Vec<&str>) =
                covers.split_whitespace().filter(|word| *word != "*").partition(|word| word.contains(['.', ':']));
            let these =
                Covers::These { institutions: institutions.into_iter().map(id).collect(), ranges: ranges.into_iter().map(range).collect() };
            self.registry.accounts.push(Account {
                id: AccountId::trusted(account),
                source: source.clone(),
                customer_id: (*account).to_owned(),
                covers: if covers.contains('*') { Covers::Subscribers } else { these },
                access: None,
                requestor_id: String::new(),
                api_key: String::new(),
                valid: Validity::default(),
            });
        }
        self
    }

    fn subscribe(mut self, product: &str, who: &[&str]) -> Self {
        self.registry.subscriptions.extend(who.iter().map(|who| Subscription {
            institution: id(who),
            product: ProductId::trusted(product),
            valid: Validity::default(),
            price: String::new(),
            currency: String::new(),
            funding: None,
        }));
        self
    }

    fn persons(mut self, subject: &str, persons: u64) -> Self {
        self.registry.persons.push(Persons { subject: subject.into(), date: "2024-01-01".parse().unwrap(), persons });
        self
    }

    fn key(mut self, state: KeyState, valid_to: Option<&str>, who: &[&str]) -> Self {
        self.registry.keys.extend(who.iter().map(|who| KeyRow {
            key: KeyId::trusted("k"),
            applies_to: AppliesTo::Anything,
            product: None,
            method: KeyMethod::Equal,
            institution: id(who),
            weight: None,
            valid: Validity { from: None, to: valid_to.map(|day| day.parse().unwrap()) },
            state,
            agreed_by: String::new(),
        }));
        self
    }

    fn note(mut self, place: usize, note: &str) -> Self {
        note.clone_into(&mut self.registry.claims[place].note);
        self
    }

    fn look<T>(&self, look: impl FnOnce(&Audit<'_>) -> T) -> T {
        let homes = INSTITUTIONS.iter().filter(|(.., code)| !code.is_empty()).map(|(name, _, _, code)| {
            let names = [("3101", "Halden"), ("3103", "Moss"), ("3124", "Aremark"), ("5601", "Alta - Áltá")];
            let municipality_name = names.iter().find(|(known, _)| known == code).map(|(_, name)| (*name).to_owned()).unwrap_or_default();
            (id(name), Home { county: code[..2].to_owned(), municipality: (*code).to_owned(), municipality_name })
        });
        let month: Month = "2024-03".parse().unwrap();
        look(&Audit {
            view: &MonthView::new(&self.registry, month),
            rules: &self.rules,
            persons: &PersonFigures::new(&self.registry),
            keys: &self.registry.keys,
            products: &self.products,
            homes: &homes.collect(),
        })
    }

    fn find(&self, kind: FindingKind) -> Vec<String> {
        self.look(|audit| audit.of_kind(kind, Per::Institution)).iter().map(line).collect()
    }
}

/// A finding in one line: severity, institutions, counties, addresses, ranges, products, accounts, why.
fn line(finding: &Finding) -> String {
    let words = |words: Vec<String>| words.join(" ");
    let mut parts = vec![
        finding.severity.to_string(),
        words(finding.institutions.iter().map(ToString::to_string).collect()),
        words(finding.counties.iter().cloned().collect()),
        format!("{}: {}", finding.addresses.count(), words(finding.addresses.ranges().iter().map(ToString::to_string).collect())),
        words(finding.products.iter().map(ToString::to_string).chain(finding.accounts.iter().map(ToString::to_string)).collect()),
        finding.why(),
    ];
    parts.retain(|part| !part.is_empty());
    parts.join(" | ")
}

#[test]
fn sharing_is_shown_by_address_by_pair_and_by_county() {
    // Halden has .0-.127, its school the lower half of that, Aremark .64-.127 and beyond, Alta .120-.255.
    let case = Case::new(&[
        ("halden", "192.0.2.0/25"),
        ("school", "192.0.2.0/26"),
        ("aremark", "192.0.2.64-192.0.2.131"),
        ("alta", "192.0.2.120-192.0.2.255"),
        ("moss", "198.51.100.0/24"),
    ]);
    let shown = |by| case.look(|audit| audit.shared(by)).iter().map(line).collect::<Vec<_>>();
    assert_eq!(
        shown(Per::Address),
        [
            "note | halden school | 31 | 64: 192.0.2.0/26",
            "note | aremark halden | 31 | 56: 192.0.2.64-192.0.2.119",
            "note | alta aremark halden | 31 56 | 8: 192.0.2.120/29",
            "note | alta aremark | 31 56 | 4: 192.0.2.128/30",
        ]
    );
    assert_eq!(
        shown(Per::Institution),
        [
            "note | alta aremark | 31 56 | 12: 192.0.2.120-192.0.2.131",
            "note | alta halden | 31 56 | 8: 192.0.2.120/29",
            "note | aremark halden | 31 | 64: 192.0.2.64/26",
            "note | halden school | 31 | 64: 192.0.2.0/26",
        ]
    );
    // Within Østfold .0-.127, with Finnmark .120-.131.
    assert_eq!(
        shown(Per::County),
        [
            "note | aremark halden school | 31 | 128: 192.0.2.0/25 | within the county",
            "note | alta aremark halden | 31 56 | 12: 192.0.2.120-192.0.2.131 | between two counties",
        ]
    );
}

#[test]
fn where_one_is_alone_by_an_exclusive_claim_nothing_is_shared() {
    let case = Case::new(&[("halden", "192.0.2.0/24"), ("school", "192.0.2.16/28!"), ("alta", "192.0.2.16/29")]);
    assert_eq!(case.find(FindingKind::Shared), Vec::<String>::new());
    assert_eq!(case.find(FindingKind::Unaware), Vec::<String>::new());
}

#[test]
fn two_claims_of_one_institution_are_no_sharing() {
    let case = Case::new(&[("halden", "192.0.2.0/24"), ("halden", "192.0.2.0/28")]);
    assert_eq!(case.find(FindingKind::Shared), Vec::<String>::new());
}

#[test]
fn strangers_are_those_whose_sharing_is_odd_and_of_whom_nothing_says_that_they_know() {
    let unaware = |case: Case| case.find(FindingKind::Unaware);
    let none = Vec::<String>::new();
    // The library and its town hall on the same range: as it usually is.
    assert_eq!(unaware(Case::new(&[("halden", "192.0.2.0/24"), ("townhall", "192.0.2.0/24")])), none);
    // A part, and what is the same beside it is no cause for a question.
    assert_eq!(
        unaware(Case::new(&[
            ("halden", "192.0.2.0/24"),
            ("townhall", "192.0.2.0/25"),
            ("halden", "198.51.100.7"),
            ("townhall", "198.51.100.7")
        ])),
        ["warning | halden townhall | 31 | 128: 192.0.2.0/25 | one claims only a part of what the other does"]
    );
    // The same range in another municipality, in another county.
    assert_eq!(
        unaware(Case::new(&[("halden", "192.0.2.0/24"), ("aremark", "192.0.2.0/24")])),
        ["warning | aremark halden | 31 | 256: 192.0.2.0/24 | they lie in different municipalities"]
    );
    assert_eq!(
        unaware(Case::new(&[("halden", "192.0.2.0/24"), ("alta", "192.0.2.8/29")])),
        ["warning | alta halden | 31 56 | 8: 192.0.2.8/29 | they lie in different counties; one claims only a part of what the other does"]
    );
    // The same range in one municipality, but one of them says that nobody else is there.
    assert_eq!(
        unaware(Case::new(&[("halden", "192.0.2.0/24"), ("townhall", "192.0.2.0/24!")])),
        ["warning | halden townhall | 31 | 256: 192.0.2.0/24 | a claim says that nobody else uses the addresses"]
    );
}

#[test]
fn a_key_or_a_remark_makes_acquaintances() {
    let case = || Case::new(&[("halden", "192.0.2.0/24"), ("aremark", "192.0.2.64/26")]);
    let strange = |case: Case| case.find(FindingKind::Unaware).len();
    assert_eq!(strange(case()), 1);
    assert_eq!(strange(case().key(KeyState::Proposed, None, &["halden", "aremark"])), 0);
    assert_eq!(strange(case().key(KeyState::Agreed, Some("2024-03-02"), &["halden", "aremark"])), 0);
    assert_eq!(strange(case().key(KeyState::Agreed, Some("2024-03-01"), &["halden", "aremark"])), 1, "it has ended");
    assert_eq!(strange(case().key(KeyState::Rejected, None, &["halden", "aremark"])), 1);
    assert_eq!(strange(case().key(KeyState::Agreed, None, &["halden", "moss"])), 1, "it has only one of them");
    // By municipality, name or id, on either's claim.
    for (place, note) in [(1, "bak Halden"), (1, "se halden bibliotek"), (0, "også AREMARK"), (0, "deles med aremark.")] {
        assert_eq!(strange(case().note(place, note)), 0, "{note}");
    }
    for (place, note) in [(1, "filialene"), (1, "Haldensvassdraget"), (0, "Halden hovedbibliotek"), (1, "Aremark")] {
        assert_eq!(strange(case().note(place, note)), 1, "{note}");
    }
    // Its own municipality's name names nobody else in it.
    let own = Case::new(&[("townhall", "192.0.2.0/24"), ("school", "192.0.2.0/26")]).note(1, "skolen i Halden");
    assert_eq!(strange(own), 1);
}

#[test]
fn what_a_vendor_lets_in_and_nobody_claims_is_exposed() {
    let case = Case::new(&[("halden", "192.0.2.0/25"), ("moss", "198.51.100.0/24")]).source(
        "s",
        Access::Ip,
        &["news", "film"],
        &[
            ("all-claimed", "192.0.2.0/26"),
            ("half", "192.0.2.0/24"),
            ("named", "halden 203.0.113.9 198.51.100.1"),
            ("six", "2001:db8::/64"),
            ("star", "*"),
        ],
    );
    assert_eq!(
        case.find(FindingKind::Exposed),
        [
            // Halden uses the lower half; nobody the upper.
            "serious | halden | 31 | 128: 192.0.2.128/25 | film news half",
            "serious | halden | 31 | 1: 203.0.113.9 | film news named",
            "serious | 18446744073709551616: 2001:db8::/64 | film news six",
        ]
    );
    let login = Case::new(&[]).source("s", Access::Login, &["news"], &[("a", "203.0.113.0/24")]);
    assert_eq!(login.find(FindingKind::Exposed), Vec::<String>::new(), "where users log in, addresses let nobody in");
    let mut ended = Case::new(&[]).source("s", Access::Mixed, &["news"], &[("a", "203.0.113.0/24")]);
    assert_eq!(ended.find(FindingKind::Exposed).len(), 1, "mixed lets in by address too");
    ended.registry.accounts[0].valid.to = Some("2024-03-01".parse().unwrap());
    assert_eq!(ended.find(FindingKind::Exposed), Vec::<String>::new());
}

#[test]
fn a_subscriber_whose_addresses_no_account_has_is_locked_out() {
    let case = || Case::new(&[("halden", "192.0.2.0/25"), ("moss", "198.51.100.0/24"), ("moss", "203.0.113.7"), ("alta", "203.0.113.8")]);
    let locked = |case: Case| case.subscribe("news", &["halden", "moss", "alta", "school"]).find(FindingKind::LockedOut);
    // Moss has 257 addresses, of which the account has 128; Alta has one, which nobody has. The school claims nothing at all.
    assert_eq!(
        locked(case().source("s", Access::Ip, &["news"], &[("a", "halden 198.51.100.0/25")])),
        [
            "serious | alta | 56 | 1: 203.0.113.8 | news | none of its addresses is let in",
            "warning | moss | 31 | 129: 198.51.100.128/25 203.0.113.7 | news a | 129 of its 257 addresses are not let in",
        ]
    );
    // Another account of the product may have them, also at another source; one of another product does not help.
    let two =
        case().source("s", Access::Ip, &["news"], &[("a", "halden moss")]).source("t", Access::Ip, &["news"], &[("b", "203.0.113.8")]);
    assert_eq!(locked(two), Vec::<String>::new());
    let other = case().source("s", Access::Ip, &["news"], &[("a", "halden moss")]).source("t", Access::Ip, &["film"], &[("b", "alta")]);
    assert_eq!(locked(other).len(), 1);
    // `*` covers everybody, and who is covered by name is let in whatever its addresses, also by login.
    assert_eq!(locked(case().source("s", Access::Ip, &["news"], &[("a", "halden"), ("b", "*")])), Vec::<String>::new());
    let by_login =
        case().source("s", Access::Ip, &["news"], &[("a", "halden moss")]).source("t", Access::Login, &["news"], &[("b", "alta")]);
    assert_eq!(locked(by_login), Vec::<String>::new());
    // Where everybody logs in, nobody is let in by address.
    assert_eq!(locked(case().source("s", Access::Login, &["news"], &[("a", "halden")])), Vec::<String>::new());
    // Halden's network has Aremark's addresses, so Aremark needs no account of its own.
    let behind = Case::new(&[("halden", "192.0.2.0/24"), ("aremark", "192.0.2.64/26")])
        .source("s", Access::Ip, &["news"], &[("a", "halden")])
        .subscribe("news", &["halden", "aremark"]);
    assert_eq!(behind.find(FindingKind::LockedOut), Vec::<String>::new());
}

#[test]
fn a_town_hall_on_the_librarys_addresses_is_let_in_and_not_paid_for() {
    let case = || {
        Case::new(&[("halden", "192.0.2.0/25"), ("townhall", "192.0.2.0/24"), ("school", "192.0.2.0/28")])
            .source("s", Access::Ip, &["law", "open"], &[("a", "halden"), ("b", "192.0.2.128-192.0.2.130")])
            .persons("townhall", 900)
    };
    // Of the town hall's 256 addresses the accounts have Halden's 128 and three more. `open` has no subscriptions: open to everyone.
    assert_eq!(
        case().subscribe("law", &["halden"]).find(FindingKind::Unpaid),
        ["warning | townhall halden | 31 | 131: 192.0.2.0-192.0.2.130 | law a b | 900 persons are registered for it"]
    );
    // With a subscription of its own it is paid for; a school is a library and no other body.
    assert_eq!(case().subscribe("law", &["halden", "townhall"]).find(FindingKind::Unpaid), Vec::<String>::new());
    // A subscription that has ended pays for nothing, and the product stays one that must be paid for.
    let mut ended = case().subscribe("law", &["townhall"]);
    ended.registry.subscriptions[0].valid.to = Some("2024-02-01".parse().unwrap());
    assert_eq!(ended.find(FindingKind::Unpaid).len(), 1);
    // Where the library has the addresses exclusively, the town hall's wider claim does not count.
    let exclusive = Case::new(&[("halden", "192.0.2.0/25!"), ("townhall", "192.0.2.0/24")])
        .source("s", Access::Ip, &["law"], &[("a", "halden")])
        .subscribe("law", &["halden"]);
    assert_eq!(exclusive.find(FindingKind::Unpaid), Vec::<String>::new());
    // By login nobody comes in by being in the house.
    let login = Case::new(&[("halden", "192.0.2.0/25"), ("townhall", "192.0.2.0/25")])
        .source("s", Access::Login, &["law"], &[("a", "halden")])
        .subscribe("law", &["halden"]);
    assert_eq!(login.find(FindingKind::Unpaid), Vec::<String>::new());
}

#[test]
fn reserved_addresses_are_named_by_block_as_claims_and_in_covers() {
    let case = Case::new(&[
        ("halden", "9.255.255.0-10.0.0.255"),
        ("halden", "10.9.0.0/24"),
        ("halden", "fd00::/64"),
        ("moss", "81.0.0.0/24"),
        ("moss", "100.64.0.0/30"),
    ])
    .source("s", Access::Login, &["news"], &[("a", "moss 192.168.1.1"), ("b", "alta")]);
    assert_eq!(
        case.find(FindingKind::Reserved),
        [
            // 256 of the first range and 256 of the second; what lies below 10.0.0.0 is fine.
            "warning | halden | 31 | 512: 10.0.0.0/24 10.9.0.0/24 | private use (10.0.0.0/8, RFC 1918)",
            "warning | halden | 31 | 18446744073709551616: fd00::/64 | unique local (fc00::/7, RFC 4193)",
            "warning | moss | 31 | 4: 100.64.0.0/30 | shared address space of providers (100.64.0.0/10, RFC 6598)",
            "warning | moss | 31 | 1: 192.168.1.1 | news a | private use (192.168.0.0/16, RFC 1918)",
        ]
    );
}

#[test]
fn ranges_are_too_wide_by_themselves_or_for_those_who_claim_them() {
    let case = Case::new(&[
        ("alta", "81.0.0.0/16"),
        ("halden", "80.0.0.0/15"),
        ("halden", "2a00::/31"),
        ("moss", "2a02::/32"),
        // 31 persons may have 31,000 addresses; these are 32,768 and 31,000.
        ("school", "82.0.0.0/17"),
        ("school", "82.1.0.0-82.1.121.23"),
        ("townhall", "83.0.0.0/16"),
        ("alta", "0.0.0.0-255.255.255.255"),
    ])
    .persons("school", 31)
    .persons("townhall", 0)
    .source("s", Access::Ip, &["news"], &[("a", "84.0.0.0/8"), ("b", "84.0.0.0/16")]);
    assert_eq!(
        case.find(FindingKind::TooWide),
        [
            "serious | alta | 56 | 4294967296: 0.0.0.0/0 | wider than a /16 (IPv4) or a /32 (IPv6)",
            "serious | halden | 31 | 131072: 80.0.0.0/15 | wider than a /16 (IPv4) or a /32 (IPv6)",
            "serious | halden | 31 | 158456325028528675187087900672: 2a00::/31 | wider than a /16 (IPv4) or a /32 (IPv6)",
            "warning | school | 31 | 32768: 82.0.0.0/17 | more than 1000 addresses for each of its 31 persons",
            "serious | 16777216: 84.0.0.0/8 | news a | wider than a /16 (IPv4) or a /32 (IPv6)",
        ]
    );
}

#[test]
fn an_empty_registry_has_nothing_to_find() {
    assert_eq!(Case::new(&[]).look(|audit| audit.findings(Per::County)), Vec::new());
}

#[test]
fn words_are_read_as_they_are_written() {
    for kind in FindingKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
        assert_eq!(kind.as_str().replace('_', "-").parse(), Ok(kind));
        assert!(!kind.title().is_empty() && kind.meaning() != kind.what_to_do());
    }
    assert!("overlap".parse::<FindingKind>().unwrap_err().contains("locked_out"));
    for per in Per::ALL {
        assert_eq!(per.as_str().parse(), Ok(per));
    }
    assert!("town".parse::<Per>().is_err());
}

proptest! {
    /// A small space of addresses, scanned one by one: who counts there, then every pair and every two counties.
    #[test]
    fn all_views_of_sharing_agree_with_a_scan(
        spans in prop::collection::vec((0_usize..6, 0_u32..48, 0_u32..16, prop::bool::weighted(0.15)), 0..24),
    ) {
        let address = |n: u32| IpAddr::V4((0x5100_0000 + n).into());
        let mut case = Case::new(&[]);
        case.registry.claims = spans.iter().map(|(who, first, len, exclusive)| Claim {
            institution: id(INSTITUTIONS[*who].0),
            range: AddressRange::new(address(*first), address(first + len)).unwrap(),
            valid: Validity::default(),
            exclusive: *exclusive,
            note: String::new(),
        }).collect();
        let county = |who: &str| INSTITUTIONS.iter().find(|(name, ..)| *name == who).unwrap().3[..2].to_owned();
        let (mut on_address, mut of_pair, mut of_county) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for n in 0..70 {
            // Rule 1, by a scan of all claims.
            let on: Vec<&Claim> = case.registry.claims.iter().filter(|claim| claim.range.contains(address(n))).collect();
            let narrowest = on.iter().filter(|claim| claim.exclusive).map(|claim| claim.range.span()).min();
            let counts = |claim: &&&Claim| narrowest.is_none_or(|span| {
                on.iter().any(|other| other.exclusive && other.range.span() == span && other.range == claim.range)
            });
            let who: BTreeSet<String> = on.iter().filter(counts).map(|claim| claim.institution.to_string()).collect();
            if who.len() < 2 {
                continue;
            }
            on_address.insert(n, who.clone());
            let mut counties: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
            for one in &who {
                for other in who.iter().filter(|other| *other > one) {
                    *of_pair.entry(vec![one.clone(), other.clone()]).or_insert(0_u128) += 1;
                    let both: BTreeSet<String> = [county(one), county(other)].into();
                    counties.entry(both.into_iter().collect()).or_default().extend([one.clone(), other.clone()]);
                }
            }
            for (counties, who) in counties {
                let known = of_county.entry(counties).or_insert((0_u128, BTreeSet::new()));
                known.0 += 1;
                known.1.extend(who);
            }
        }
        let names = |finding: &Finding| finding.institutions.iter().map(ToString::to_string).collect::<Vec<_>>();
        let found = case.look(|audit| Per::ALL.map(|per| audit.shared(per)));
        let [by_address, by_pair, by_county] = &found;
        let mut seen = BTreeMap::new();
        for finding in by_address {
            for n in 0..70 {
                if finding.addresses.ranges().iter().any(|range| range.contains(address(n))) {
                    prop_assert!(seen.insert(n, names(finding).into_iter().collect::<BTreeSet<_>>()).is_none());
                }
            }
        }
        prop_assert_eq!(seen, on_address);
        let pairs: BTreeMap<Vec<String>, u128> = by_pair.iter().map(|f| (names(f), f.addresses.count())).collect();
        prop_assert_eq!(pairs, of_pair);
        let counties: BTreeMap<Vec<String>, (u128, BTreeSet<String>)> = by_county.iter()
            .map(|f| (f.counties.iter().cloned().collect(), (f.addresses.count(), names(f).into_iter().collect()))).collect();
        prop_assert_eq!(counties, of_county);
    }
}
