//! Tables of addresses beside a scan of all claims.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::attribution::month_view::MonthView;
use crate::model::Month;
use crate::model::address::{number, successor};
use crate::model::registry::{Institution, InstitutionKind, Registry, Validity};

fn range(first: IpAddr, last: IpAddr) -> AddressRange {
    AddressRange::new(first, last).unwrap()
}

fn text(text: &str) -> AddressRange {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    range(first.parse().unwrap(), last.parse().unwrap())
}

fn claim(institution: &str, range: AddressRange, exclusive: bool) -> Claim {
    Claim { institution: InstitutionId::trusted(institution), range, valid: Validity::default(), exclusive, note: String::new() }
}

/// A claim of low IPv4 addresses.
fn low(institution: &str, first: u32, last: u32, exclusive: bool) -> Claim {
    claim(institution, range(IpAddr::V4(first.into()), IpAddr::V4(last.into())), exclusive)
}

fn table(claims: &[Claim]) -> AddressTable<'_> {
    AddressTable::new(claims.iter().collect())
}

fn who(table: &AddressTable<'_>, address: IpAddr) -> Vec<String> {
    table.of_address(address).map(|c| c.institution.to_string()).collect()
}

/// Rule 1, as ATTRIBUTION section 2 has it, by looking at every claim.
fn scan(claims: &[Claim], address: IpAddr) -> Vec<&Claim> {
    let on: Vec<&Claim> = claims.iter().filter(|c| c.range.contains(address)).collect();
    let Some(narrowest) = on.iter().filter(|c| c.exclusive).map(|c| c.range.span()).min() else { return on };
    let shuts_out: BTreeSet<AddressRange> = on.iter().filter(|c| c.exclusive && c.range.span() == narrowest).map(|c| c.range).collect();
    on.into_iter().filter(|c| shuts_out.contains(&c.range)).collect()
}

/// Places where mistakes would be: the ends of both families, the edge of a /64, the edges of the IPv4 addresses in IPv6.
fn address(place: usize, offset: u32) -> IpAddr {
    const FOUR: [u32; 3] = [0, 0x0a00_ffd0, u32::MAX - 127];
    const SIX: [u128; 4] = [0, 0x2001_0db8_0000_0000_ffff_ffff_ffff_ffd0, 0x1_0000_0000_0000, u128::MAX - 127];
    match FOUR.get(place) {
        Some(base) => IpAddr::V4((base + offset).into()),
        None => IpAddr::V6((SIX[place - FOUR.len()] + u128::from(offset)).into()),
    }
}

fn ranges() -> impl Strategy<Value = AddressRange> {
    (0..7_usize, 0_u32..90, 0_u32..30).prop_map(|(place, first, width)| range(address(place, first), address(place, first + width)))
}

fn claims() -> impl Strategy<Value = Vec<Claim>> {
    let one = (ranges(), prop::bool::weighted(0.3), 0..6_u8);
    prop::collection::vec(one, 0..40)
        .prop_map(|all| all.into_iter().map(|(range, exclusive, who)| claim(&format!("i{who}"), range, exclusive)).collect())
}

/// All the addresses of a narrow range.
fn each(range: AddressRange) -> impl Iterator<Item = IpAddr> {
    std::iter::successors(Some(range.first()), move |address| successor(*address).filter(|next| range.contains(*next)))
}

/// The narrow ranges in which all that [`claims`] makes lies.
fn everywhere() -> impl Iterator<Item = AddressRange> {
    (0..7).map(|place| range(address(place, 0), address(place, 127)))
}

#[test]
fn an_exclusive_claim_shuts_wider_ones_out_but_not_one_of_its_own_range() {
    let claims = [
        low("county", 0, 1000, false),
        low("school", 100, 200, true),
        low("town-hall", 100, 200, false),
        low("inner", 120, 130, false),
        low("wide", 50, 300, true),
    ];
    let table = table(&claims);
    let who = |address: u32| who(&table, IpAddr::V4(address.into()));
    assert_eq!(who(10), ["county"]);
    assert_eq!(who(60), ["wide"]);
    assert_eq!(who(125), ["school", "town-hall"]);
    assert_eq!(who(1001), Vec::<String>::new());
}

#[test]
fn the_ends_of_the_address_space_are_addresses_too() {
    let all = text("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    let claims = [claim("six", all, false), low("last", u32::MAX, u32::MAX, false), low("first", 0, 0, false)];
    let table = table(&claims);
    assert_eq!(who(&table, IpAddr::V4(u32::MAX.into())), ["last"]);
    assert_eq!(who(&table, IpAddr::V4(0.into())), ["first"]);
    assert_eq!(who(&table, all.last()), ["six"]);
    assert_eq!(table.of_range(all).len(), 1);
    assert_eq!(table.position(all.first()), Some(2));
    let nobody = AddressTable::new(Vec::new());
    assert_eq!((nobody.of_address(all.last()).count(), nobody.position(all.last())), (0, None));
    assert_eq!((nobody.of_address(IpAddr::V4(u32::MAX.into())).count(), nobody.position(IpAddr::V4(u32::MAX.into()))), (0, None));
}

#[test]
fn an_ipv4_address_is_the_same_however_it_is_written_and_no_ipv6_claim_holds_it() {
    let claims = [
        claim("six", text("::-::2:0:0:0"), false),
        claim("below", text("::-::fffe:ffff:ffff"), false),
        claim("four", text("192.0.2.1"), false),
    ];
    let table = table(&claims);
    assert_eq!(who(&table, "::ffff:192.0.2.1".parse().unwrap()), ["four"]);
    assert_eq!(who(&table, "::ffff:192.0.2.2".parse().unwrap()), Vec::<String>::new());
    assert_eq!(who(&table, "::fffe:ffff:ffff".parse().unwrap()), ["six", "below"]);
    assert_eq!(who(&table, "::1:0:0:0".parse().unwrap()), ["six"]);
    let intervals: Vec<String> = table.intervals().map(|(range, _)| range.to_string()).collect();
    assert_eq!(intervals, ["192.0.2.1", "::-::fffe:ffff:ffff", "::1:0:0:0-::2:0:0:0"]);
}

#[test]
fn an_address_is_kept_as_the_interval_it_lies_in() {
    let claims = [
        claim("a", text("192.0.2.0-192.0.2.255"), false),
        claim("b", text("192.0.2.128-192.0.3.127"), false),
        claim("c", text("192.0.2.7"), false),
    ];
    let cut = text("192.0.2.64-192.0.2.79");
    let table = AddressTable::with_cuts(claims.iter().collect(), &[cut]);
    let place = |named: &str| table.place(text(named)).to_string();
    assert_eq!(place("192.0.2.200"), "192.0.2.128/25");
    assert_eq!(place("192.0.2.130-192.0.2.140"), "192.0.2.128/25");
    assert_eq!(place("192.0.2.7"), "192.0.2.7", "somebody claims just it");
    assert_eq!(place("192.0.2.8"), "192.0.2.8-192.0.2.63");
    assert_eq!(place("192.0.2.70"), "192.0.2.64/28", "a key is for these");
    assert_eq!(place("192.0.2.80"), "192.0.2.80-192.0.2.127");
    assert_eq!(place("192.0.2.60-192.0.2.90"), "192.0.2.60-192.0.2.90", "it lies in three");
    assert_eq!(place("192.0.3.100-192.0.3.200"), "192.0.3.100-192.0.3.200", "a part of it is nobody's");
    assert_eq!(place("192.0.4.1"), "nobody's");
    assert_eq!(place("2001:db8::1-2001:db8::2"), "nobody's");
}

/// More intervals than a property test makes: crowded, scattered, many in one /64.
#[test]
fn a_large_table_finds_every_end_of_every_interval() {
    let mut random = 1_u64;
    let mut next = |below: u32| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(((random >> 32) * u64::from(below)) >> 32).unwrap()
    };
    let mut claims = Vec::new();
    for number in 0..20_000_u32 {
        let width = next(9);
        let crowded = 0x0a01_0000 + next(0x1_0000);
        let anywhere = next(u32::MAX - 9);
        let in_one_64 = 0x2001_0db8_u128 << 96 | u128::from(next(u32::MAX));
        let prefix = (0x2a00_0000_u128 + u128::from(next(5000))) << 96 | u128::from(next(1 << 16)) << 80;
        let (first, last) = match number % 4 {
            0 => (IpAddr::V4(crowded.into()), IpAddr::V4((crowded + width).into())),
            1 => (IpAddr::V4(anywhere.into()), IpAddr::V4((anywhere + width).into())),
            2 => (IpAddr::V6(in_one_64.into()), IpAddr::V6((in_one_64 + u128::from(width)).into())),
            _ => (IpAddr::V6(prefix.into()), IpAddr::V6((prefix | u128::MAX >> 48).into())),
        };
        claims.push(claim(&format!("i{number}"), range(first, last), false));
    }
    let table = table(&claims);
    let intervals: Vec<(AddressRange, Vec<&Claim>)> = table.intervals().map(|(range, claims)| (range, claims.collect())).collect();
    assert!(intervals.len() > 20_000, "{}", intervals.len());
    let holds = |place: usize, address: IpAddr| intervals.get(place).is_some_and(|(range, _)| range.contains(address));
    for (place, (range, claims)) in intervals.iter().enumerate() {
        for address in [range.first(), range.last()] {
            assert_eq!(table.position(address), Some(place), "{address}");
            assert_eq!(&table.of_address(address).collect::<Vec<_>>(), claims, "{address}");
        }
        if let Some(above) = successor(range.last()) {
            assert_eq!(table.position(above), holds(place + 1, above).then_some(place + 1), "{above}");
        }
        let bound = |address: IpAddr| claims.iter().all(|c| c.range.contains(address));
        assert!(!claims.is_empty() && bound(range.first()) && bound(range.last()));
    }
    let disjoint = |pair: &[(AddressRange, Vec<&Claim>)]| {
        let (one, other) = (pair[0].0, pair[1].0);
        one.last().is_ipv4() != other.first().is_ipv4() || number(one.last()) < number(other.first())
    };
    assert!(intervals.windows(2).all(disjoint));
}

/// A registry with one institution for each of these times, and claims of `(institution, first, last, valid)`.
fn registry(institutions: &[(&str, Validity)], claims: &[(&str, u32, Validity)]) -> Registry {
    let institution = |(id, valid): &(&str, Validity)| Institution {
        id: InstitutionId::trusted(id),
        isil: String::new(),
        name: (*id).to_owned(),
        kind: InstitutionKind::PublicLibrary,
        municipality: None,
        valid: *valid,
    };
    let mut registry = Registry { institutions: institutions.iter().map(institution).collect(), ..Registry::default() };
    registry.claims = claims.iter().map(|(id, at, valid)| Claim { valid: *valid, ..low(id, *at, *at, false) }).collect();
    registry
}

#[test]
fn months_with_the_same_claims_share_a_table() {
    let time = |from: &str, to: &str| Validity { from: from.parse().ok(), to: to.parse().ok() };
    let always = Validity::default();
    let registry = registry(
        &[("closed", time("", "2024-07-01")), ("open", always), ("without", time("2024-03-01", ""))],
        &[("closed", 1, always), ("open", 2, always), ("open", 3, time("2024-04-15", "2024-10-01"))],
    );
    let mut tables = AddressTables::new(&registry);
    let months: Vec<Month> = (1..=12).filter_map(|month| Month::new(2024, month)).collect();
    let of_months: Vec<Arc<AddressTable<'_>>> = months.iter().map(|month| tables.of_month(*month)).collect();
    let counts: Vec<usize> = of_months.iter().map(|table| table.claims().len()).collect();
    assert_eq!(counts, [2, 2, 2, 2, 3, 3, 2, 2, 2, 1, 1, 1]);
    let made: Vec<usize> =
        of_months.windows(2).filter(|pair| !Arc::ptr_eq(&pair[0], &pair[1])).map(|pair| pair[1].claims().len()).collect();
    assert_eq!(made, [3, 2, 1], "a month without changes has the table of the month before");
    for (month, shared) in months.iter().zip(&of_months) {
        let alone = MonthView::new(&registry, *month);
        assert_eq!(alone.addresses().claims(), shared.claims());
    }
    assert!(Arc::ptr_eq(&tables.of_month(months[0]), &of_months[3]));
}

proptest! {
    #[test]
    fn the_table_says_of_every_address_what_a_scan_of_all_claims_says(claims in claims()) {
        let table = table(&claims);
        let intervals: Vec<(AddressRange, Vec<&Claim>)> = table.intervals().map(|(range, claims)| (range, claims.collect())).collect();
        for address in everywhere().flat_map(each) {
            let expected = scan(&claims, address);
            prop_assert_eq!(&table.of_address(address).collect::<Vec<_>>(), &expected);
            let position = table.position(address);
            prop_assert_eq!(position, intervals.iter().position(|(range, _)| range.contains(address)));
            prop_assert_eq!(position.map(|place| &intervals[place].1).cloned().unwrap_or_default(), expected);
        }
    }

    #[test]
    fn a_range_has_the_claims_of_all_its_addresses(claims in claims(), asked in ranges()) {
        let mut expected: Vec<&Claim> = Vec::new();
        for claim in &claims {
            if each(asked).any(|address| scan(&claims, address).iter().any(|c| std::ptr::eq(*c, claim))) {
                expected.push(claim);
            }
        }
        prop_assert_eq!(table(&claims).of_range(asked), expected);
    }

    #[test]
    fn intervals_are_as_wide_as_claims_and_cuts_let_them_be(claims in claims(), cuts in prop::collection::vec(ranges(), 0..6)) {
        let table = AddressTable::with_cuts(claims.iter().collect(), &cuts);
        let intervals: Vec<(AddressRange, Vec<&Claim>)> = table.intervals().map(|(range, claims)| (range, claims.collect())).collect();
        for address in everywhere().flat_map(each) {
            prop_assert_eq!(&table.of_address(address).collect::<Vec<_>>(), &scan(&claims, address));
        }
        for (interval, _) in &intervals {
            prop_assert!(cuts.iter().all(|cut| cut.covers(*interval) || !cut.overlaps(*interval)), "{} is cut", interval);
        }
        for pair in intervals.windows(2) {
            let adjacent = successor(pair[0].0.last()) == Some(pair[1].0.first());
            let cut = cuts.iter().any(|cut| cut.covers(pair[0].0) != cut.covers(pair[1].0));
            prop_assert!(!adjacent || cut || pair[0].1 != pair[1].1, "{} and {} are one", pair[0].0, pair[1].0);
        }
    }

    #[test]
    fn what_is_kept_of_addresses_is_where_they_lie(
        claims in claims(), cuts in prop::collection::vec(ranges(), 0..4), named in ranges(), alone in any::<bool>(),
    ) {
        let named = if alone { range(named.first(), named.first()) } else { named };
        let table = AddressTable::with_cuts(claims.iter().collect(), &cuts);
        let claimed = each(named).filter(|address| !scan(&claims, *address).is_empty()).count();
        let positions: BTreeSet<Option<usize>> = each(named).map(|address| table.position(address)).collect();
        match table.place(named) {
            Addresses::Unclaimed => prop_assert_eq!(claimed, 0),
            Addresses::Range(kept) if positions.len() == 1 => {
                prop_assert!(claimed > 0 && kept.covers(named));
                let place = positions.first().copied().flatten().unwrap();
                prop_assert_eq!(kept, table.intervals().nth(place).unwrap().0);
                prop_assert_eq!(table.of_range(kept), scan(&claims, named.first()));
            }
            Addresses::Range(kept) => {
                prop_assert!(claimed > 0 && !alone);
                prop_assert_eq!(kept, named);
            }
        }
    }

    #[test]
    fn an_institution_has_its_claims_in_whatever_order_they_came(claims in claims()) {
        let mut by_institution: BTreeMap<&InstitutionId, Vec<&Claim>> = BTreeMap::new();
        for claim in &claims {
            by_institution.entry(&claim.institution).or_default().push(claim);
        }
        let table = table(&claims);
        for id in (0..6).map(|who| InstitutionId::trusted(&format!("i{who}"))) {
            let expected = by_institution.get(&id).cloned().unwrap_or_default();
            prop_assert_eq!(table.claims_of(&id).collect::<Vec<_>>(), expected);
        }
    }
}
