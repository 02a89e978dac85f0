//! Rows to cells and back.

use std::fmt::Debug;

use chrono::NaiveDate;
use proptest::prelude::*;

use crate::model::registry::{
    Access, Account, CellError, Claim, ConsortiumMember, Covers, Funding, Institution, InstitutionKind, Municipality, Persons, Product,
    Row, Subscription, Transition, Validity, Vendor,
};
use crate::model::{AddressRange, InstitutionId, MunicipalityCode};

fn cells(line: &str) -> Vec<&str> {
    line.split(',').collect()
}

fn read<R: Row>(line: &str) -> R {
    R::parse(&cells(line)).unwrap_or_else(|errors| panic!("{line}: {errors:?}"))
}

/// The columns that are wrong, and the texts.
fn wrong<R: Row>(line: &str) -> (Vec<&'static str>, String) {
    let errors: Vec<CellError> = R::parse(&cells(line)).expect_err(line);
    (errors.iter().map(|e| e.column).collect(), errors.iter().map(|e| e.what.clone()).collect::<Vec<_>>().join("\n"))
}

#[test]
fn columns_are_those_of_the_contract() {
    fn header<R: Row>() -> String {
        let name = |c: &crate::model::registry::Column| if c.identity { format!("**{}**", c.name) } else { c.name.to_owned() };
        R::COLUMNS.iter().map(name).collect::<Vec<_>>().join(",")
    }
    assert_eq!(header::<Municipality>(), "**municipality**,name,county,county_name,**valid_from**,valid_to");
    assert_eq!(header::<Transition>(), "**date**,**from**,**to**");
    assert_eq!(header::<Institution>(), "**institution**,name,kind,municipality,isil,valid_from,valid_to");
    assert_eq!(header::<Persons>(), "**subject**,**date**,persons");
    assert_eq!(header::<Claim>(), "**institution**,**range**,**valid_from**,valid_to,exclusive,note");
    assert_eq!(header::<Vendor>(), "**vendor**,name,contact");
    assert_eq!(header::<Product>(), "**product**,name,vendor,kind,headline");
    assert_eq!(header::<Subscription>(), "**institution**,**product**,**valid_from**,valid_to,price,currency,funding");
    assert_eq!(header::<Account>(), "**account**,source,customer_id,covers,access,requestor_id,api_key,valid_from,valid_to");
}

#[test]
fn an_open_end_is_an_empty_cell() {
    let row: Municipality = read("0301,Oslo,03,Oslo,,");
    assert_eq!(row.valid, Validity::default());
    assert_eq!(row.cells(), ["0301", "Oslo", "03", "Oslo", "", ""]);
    assert_eq!(row.identity(), ["0301", ""]);
}

#[test]
fn all_that_is_wrong_with_a_row_is_said_at_once() {
    let (columns, what) = wrong::<Municipality>("301,,3,x,01.02.2024,2024-02-30");
    assert_eq!(columns, ["municipality", "name", "county", "valid_from", "valid_to"]);
    assert!(what.contains("was it 0301 before a spreadsheet?"), "{what}");
    assert!(what.contains("was it 03 before a spreadsheet?"), "{what}");
    assert!(what.contains("'01.02.2024' is not a date; write YYYY-MM-DD: 2024-02-01?"), "{what}");
    assert!(what.contains("'2024-02-30' is not a day of the calendar"), "{what}");
}

#[test]
fn what_is_valid_must_begin_before_it_ends() {
    let (columns, what) = wrong::<Institution>("1,A,other_body,,,2024-01-01,2024-01-01");
    assert_eq!(columns, ["valid_to"]);
    assert_eq!(what, "2024-01-01 is not after valid_from 2024-01-01; it is the first day no longer valid");
}

#[test]
fn words_are_read_in_any_case_and_a_slip_is_named() {
    assert_eq!(read::<Institution>("1,A,Public_Library,,,,").kind, InstitutionKind::PublicLibrary);
    let (columns, what) = wrong::<Institution>("1,A,public_libary,,,,");
    assert_eq!(columns, ["kind"]);
    assert!(what.contains("did you mean 'public_library'?"), "{what}");
    assert_eq!(wrong::<Account>("a,s,c,*,ipp,,,,").0, ["access"]);
    assert_eq!(read::<Account>("a,s,c,*,IP,,,,").access, Some(Access::Ip));
}

#[test]
fn an_institution_cannot_have_an_id_that_means_something_else_in_a_list() {
    for id in ["*", "a;b", "192.0.2.0/24", "2001:db8::1"] {
        assert_eq!(wrong::<Institution>(&format!("{id},A,other_body,,,,")).0, ["institution"], "{id}");
    }
    for id in ["2030000", "vgs-18-1", "fb.03", "NO:2030000", "a*"] {
        assert_eq!(read::<Institution>(&format!("{id},A,other_body,,,,")).id.as_str(), id);
    }
}

#[test]
fn numbers_of_persons_are_whole_and_of_this_world() {
    assert_eq!(read::<Persons>("0301,2024-01-01,717710").persons, 717_710);
    assert_eq!(read::<Persons>("0301,2024-01-01,717\u{a0}710").persons, 717_710);
    assert_eq!(read::<Persons>("0301,2024-01-01,1000000000000").persons, 1_000_000_000_000);
    for bad in ["", "-1", "1.5", "1000000000001", "1e3", "71 7710", "99999999999999999999999"] {
        assert_eq!(wrong::<Persons>(&format!("0301,2024-01-01,{bad}")).0, ["persons"], "{bad}");
    }
}

#[test]
fn a_claim_is_kept_in_its_shortest_form() {
    let row: Claim = read("k1101,198.18.1.*,2020-01-01,,Yes,a");
    assert_eq!(row.cells(), ["k1101", "198.18.1.0/24", "2020-01-01", "", "yes", "a"]);
    let (columns, what) = wrong::<Claim>("k1101,192.0.2.1 192.0.2.3,,,no,");
    assert_eq!(columns, ["range", "exclusive"]);
    assert!(what.contains("'no' is neither yes nor empty"), "{what}");
}

#[test]
fn a_price_is_kept_as_written_with_a_point() {
    let price = |price: &str| Subscription::parse(&["1", "p", "", "", price, "nok", "Own"]).map(|row| row.price);
    for (written, kept) in [("15800.00", "15800.00"), ("15800,5", "15800.5"), ("15 800,00", "15800.00"), ("0", "0"), ("", "")] {
        assert_eq!(price(written), Ok(kept.to_owned()), "{written}");
    }
    for bad in ["-1", "1.", ".5", "1.000,00", "1e9", "NaN", "kr 5", "1 50", "1,2,3"] {
        assert_eq!(price(bad).unwrap_err()[0].column, "price", "{bad}");
    }
    let row: Subscription = read("1,p,,,1,nok,Own");
    assert_eq!((row.currency.as_str(), row.funding), ("NOK", Some(Funding::Own)));
    assert_eq!(wrong::<Subscription>("1,p,,,1,kroner,owned").0, ["currency", "funding"]);
}

#[test]
fn a_headline_is_a_report_and_a_metric() {
    assert_eq!(read::<Product>("p,P,v,,tr:Unique_Title_Requests").headline, "TR:Unique_Title_Requests");
    assert_eq!(read::<Product>("p,P,v,,").headline, "");
    for bad in ["TR", "TR:", ":Searches", "TR:a b", "TR:a:b"] {
        assert_eq!(wrong::<Product>(&format!("p,P,v,,{bad}")).0, ["headline"], "{bad}");
    }
}

#[test]
fn an_account_covers_institutions_and_ranges_as_written() {
    let row: Account = read("a,s,c,2030000 192.0.2.0 - 192.0.2.255 k1101 198.18.1.* 2030000,,,,,");
    assert_eq!(row.cells()[3], "2030000 k1101 192.0.2.0/24 198.18.1.0/24");
    assert_eq!(read::<Account>("a,s,c,*,,,,,").covers, Covers::Subscribers);
    for bad in ["", "* 2030000", "192.0.2.256", "2030000 192.0.2.1-"] {
        assert_eq!(wrong::<Account>(&format!("a,s,c,{bad},,,,,")).0, ["covers"], "{bad}");
    }
}

#[test]
fn a_secret_in_clear_is_no_row_and_is_not_repeated() {
    for kept in ["env:IDUNN_KEY", "credential:idunn.key", "credential:.key@1", "sealed:AAAA", ""] {
        assert_eq!(read::<Account>(&format!("a,s,c,*,,{kept},{kept},,")).api_key, kept);
    }
    for bad in ["hunter2", "env:", "env:hunter2 x", "env:hunter2-x", "env:2hunter2", "credential:..", "credential:../hunter2", "sealed:"] {
        let (columns, what) = wrong::<Account>(&format!("a,s,c,*,,,{bad},,"));
        assert_eq!(columns, ["api_key"], "{bad}");
        assert!(!what.contains("hunter2"), "{what}");
    }
}

#[test]
fn a_secret_that_slipped_into_another_column_is_not_repeated() {
    for line in ["a,s,c,*,hunter2,,,,", "a,s,c,*,,,,hunter2,", "a,s,c,*,,,,,hunter2"] {
        assert!(!wrong::<Account>(line).1.contains("hunter2"), "{line}");
    }
}

#[test]
fn texts_are_on_one_line_without_control_characters() {
    assert_eq!(Vendor::parse(&["v", "Two\r\n lines", "a\tb"]).unwrap().cells(), ["v", "Two lines", "a b"]);
    assert_eq!(Vendor::parse(&["v", "a\u{0}b", "\u{1b}[31m"]).unwrap_err().len(), 2);
}

fn id() -> impl Strategy<Value = String> {
    "[a-zæøåA-Z0-9_][a-zæøåA-Z0-9._-]{0,12}".prop_filter("looks like an address", |id| !crate::model::notation::looks_like_addresses(id))
}

fn text() -> impl Strategy<Value = String> {
    "([^\\s\\p{C}]{1,8}( [^\\s\\p{C}]{1,8})?)?"
}

fn day() -> impl Strategy<Value = NaiveDate> {
    (1i32..=9999, 1u32..=365).prop_map(|(year, day)| NaiveDate::from_yo_opt(year, day).unwrap())
}

fn validity() -> impl Strategy<Value = Validity> {
    (proptest::option::of(day()), proptest::option::of(1u64..10_000)).prop_map(|(from, length)| {
        let start = from.unwrap_or_else(|| NaiveDate::from_ymd_opt(2020, 1, 1).unwrap());
        let to = length.and_then(|days| start.checked_add_days(chrono::Days::new(days))).filter(|to| chrono::Datelike::year(to) <= 9999);
        Validity { from, to }
    })
}

fn range() -> impl Strategy<Value = AddressRange> {
    let v4 = (any::<u32>(), any::<u32>())
        .prop_map(|(a, b)| AddressRange::new(std::net::IpAddr::V4(a.min(b).into()), std::net::IpAddr::V4(a.max(b).into())));
    let v6 = (any::<u128>(), any::<u128>())
        .prop_map(|(a, b)| AddressRange::new(std::net::IpAddr::V6(a.min(b).into()), std::net::IpAddr::V6(a.max(b).into())));
    prop_oneof![v4, v6].prop_filter_map("families differ", |range| range)
}

fn code() -> impl Strategy<Value = MunicipalityCode> {
    "[0-9]{4}".prop_map(|code| code.parse().unwrap())
}

fn secret() -> impl Strategy<Value = String> {
    prop_oneof!["", "env:[A-Z_]{1,8}", "credential:[a-z.]{0,4}x", "sealed:[A-Za-z0-9+/=]{1,40}"]
}

fn comes_back<R: Row + Debug>(row: &R) -> Result<(), TestCaseError> {
    let cells = row.cells();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    prop_assert_eq!(cells.len(), R::COLUMNS.len());
    let back = R::parse(&cells).map_err(|e| TestCaseError::fail(format!("{row:?}: {e:?}")))?;
    prop_assert_eq!(&back, row);
    Ok(())
}

proptest! {
    #[test]
    fn reading_the_cells_of_a_row_gives_the_same_row(
        (a, b, c) in (id(), id(), id()),
        (t, u, v) in (text(), text(), text()),
        valid in validity(),
        (codes, date, persons) in ((code(), code()), day(), 0..=1_000_000_000_000_u64),
        (one, more, secrets) in (range(), proptest::collection::btree_set(range(), 0..4), (secret(), secret())),
        (price, flag, choice) in ("([0-9]{1,9}([.][0-9]{1,4})?)?", any::<bool>(), 0..4_usize),
    ) {
        let name = if t.is_empty() { "x".to_owned() } else { t.clone() };
        let institution: InstitutionId = a.parse().unwrap();
        comes_back(&Municipality { code: codes.0.clone(), name: name.clone(), county: "03".into(), county_name: u.clone(), valid })?;
        comes_back(&Transition { date, from: codes.0.clone(), to: codes.1 })?;
        let kind = InstitutionKind::ALL[choice];
        let (isil, municipality) = (u.replace(' ', ""), flag.then_some(codes.0));
        comes_back(&Institution { id: institution.clone(), name: name.clone(), kind, municipality, isil, valid })?;
        comes_back(&Persons { subject: a.clone(), date, persons })?;
        comes_back(&Claim { institution: institution.clone(), range: one, valid, exclusive: flag, note: v.clone() })?;
        comes_back(&Vendor { id: b.parse().unwrap(), name: name.clone(), contact: u.clone() })?;
        let headline = if flag { "TR:Unique_Title_Requests".to_owned() } else { String::new() };
        comes_back(&Product { id: c.parse().unwrap(), name, vendor: b.parse().unwrap(), kind: v, headline })?;
        let funding = [None, Some(Funding::Own), Some(Funding::County), Some(Funding::External)][choice];
        let currency = if flag { "NOK".to_owned() } else { String::new() };
        comes_back(&Subscription { institution: institution.clone(), product: c.parse().unwrap(), valid, price, currency, funding })?;
        let ranges: Vec<AddressRange> = more.into_iter().collect();
        let institutions = if flag || ranges.is_empty() { vec![institution] } else { Vec::new() };
        let covers = if choice == 3 { Covers::Subscribers } else { Covers::These { institutions, ranges } };
        let access = [None, Some(Access::Ip), Some(Access::Login), Some(Access::Mixed)][choice];
        let (requestor_id, api_key) = secrets;
        let (source, customer_id) = (b.parse().unwrap(), c.clone());
        comes_back(&ConsortiumMember { source, customer_id, name: t, isil: u.replace(' ', "") })?;
        comes_back(&Account { id: c.parse().unwrap(), source: b.parse().unwrap(), customer_id: u, covers, access, requestor_id, api_key, valid })?;
    }

    #[test]
    fn reading_what_was_read_changes_nothing_and_no_cells_panic(cells in proptest::collection::vec(".{0,30}", 0..10)) {
        fn check<R: Row>(cells: &[&str]) {
            if let Ok(row) = R::parse(cells) {
                let again = row.cells();
                let again: Vec<&str> = again.iter().map(String::as_str).collect();
                assert_eq!(R::parse(&again).unwrap(), row);
            }
        }
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        check::<Municipality>(&cells);
        check::<Transition>(&cells);
        check::<Institution>(&cells);
        check::<Persons>(&cells);
        check::<Claim>(&cells);
        check::<Vendor>(&cells);
        check::<Product>(&cells);
        check::<Subscription>(&cells);
        check::<Account>(&cells);
        check::<ConsortiumMember>(&cells);
    }
}
