//! Notations of addresses: what is read as what, and what is refused why.

use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

fn ranges(cell: &str) -> Vec<String> {
    let found = parse_ranges(cell).unwrap_or_else(|error| panic!("{cell}: {error}"));
    found.iter().map(|r| format!("{}-{}", r.first(), r.last())).collect()
}

fn why(cell: &str) -> String {
    parse_ranges(cell).expect_err(cell).to_string()
}

#[test]
fn every_way_in_which_libraries_write_ranges_is_read() {
    let cases: [(&str, &[&str]); 40] = [
        ("192.0.2.10", &["192.0.2.10-192.0.2.10"]),
        ("192.0.2.0-192.0.2.255", &["192.0.2.0-192.0.2.255"]),
        ("192.0.2.0 - 192.0.2.255", &["192.0.2.0-192.0.2.255"]),
        ("192.0.2.0 – 192.0.2.255", &["192.0.2.0-192.0.2.255"]),
        ("192.0.2.0 til 192.0.2.255", &["192.0.2.0-192.0.2.255"]),
        ("192.0.2.0/24", &["192.0.2.0-192.0.2.255"]),
        ("192.0.2.130/25", &["192.0.2.128-192.0.2.255"]),
        ("192.0.2.10/32", &["192.0.2.10-192.0.2.10"]),
        ("192.0.2.0/255.255.255.0", &["192.0.2.0-192.0.2.255"]),
        ("192.0.2.10/255.255.255.255", &["192.0.2.10-192.0.2.10"]),
        ("192.0.2.0/0.0.0.255", &["192.0.2.0-192.0.2.255"]),
        ("192.0.2.*", &["192.0.2.0-192.0.2.255"]),
        ("192.0.*.*", &["192.0.0.0-192.0.255.255"]),
        ("192.0.*", &["192.0.0.0-192.0.255.255"]),
        ("192.0.2.66-144", &["192.0.2.66-192.0.2.144"]),
        ("198.51.100-101.*", &["198.51.100.0-198.51.101.255"]),
        ("192.0.2-3.*", &["192.0.2.0-192.0.3.255"]),
        ("192.0.1-2.94-108", &["192.0.1.94-192.0.1.108", "192.0.2.94-192.0.2.108"]),
        ("192.0.1-2.0-255", &["192.0.1.0-192.0.2.255"]),
        ("192.0.2.* - 192.0.4.*", &["192.0.2.0-192.0.4.255"]),
        ("192.0.2-192.0.2", &["192.0.2.0-192.0.2.255"]),
        ("192.0.2", &["192.0.2.0-192.0.2.255"]),
        ("192.0.2.[1-9][0-9]", &["192.0.2.10-192.0.2.99"]),
        ("192.0.2.?", &["192.0.2.0-192.0.2.9"]),
        ("192.0.2.1?", &["192.0.2.10-192.0.2.19"]),
        ("192.0.2.[1-2]5", &["192.0.2.15-192.0.2.15", "192.0.2.25-192.0.2.25"]),
        ("192.0.2.0/24 unntatt 192.0.2.5", &["192.0.2.0-192.0.2.4", "192.0.2.6-192.0.2.255"]),
        ("192.0.2.0/24 except 192.0.2.0, 192.0.2.255", &["192.0.2.1-192.0.2.254"]),
        ("192.0.2.0/24 unntatt 192.0.2.0/25; 203.0.113.9", &["192.0.2.128-192.0.2.255", "203.0.113.9-203.0.113.9"]),
        ("192.0.2.10, 203.0.113.0/28", &["192.0.2.10-192.0.2.10", "203.0.113.0-203.0.113.15"]),
        ("192.0.2.10 203.0.113.0 /28;192.0.2.10", &["192.0.2.10-192.0.2.10", "203.0.113.0-203.0.113.15"]),
        ("192.0.2.1; 2001:db8::/32", &["192.0.2.1-192.0.2.1", "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"]),
        ("2001:db8::10", &["2001:db8::10-2001:db8::10"]),
        ("2001:db8:1::/48", &["2001:db8:1::-2001:db8:1:ffff:ffff:ffff:ffff:ffff"]),
        ("2001:db8::1-2001:db8::ff", &["2001:db8::1-2001:db8::ff"]),
        ("2001:db8:3456:4567:*", &["2001:db8:3456:4567::-2001:db8:3456:4567:ffff:ffff:ffff:ffff"]),
        ("2001:0DB8:0000:0000:0000:0000:0000:0010", &["2001:db8::10-2001:db8::10"]),
        ("::ffff:192.0.2.10", &["192.0.2.10-192.0.2.10"]),
        ("::ffff:192.0.2.0/120", &["192.0.2.0-192.0.2.255"]),
        ("0.0.0.0/0", &["0.0.0.0-255.255.255.255"]),
    ];
    for (cell, expected) in cases {
        assert_eq!(ranges(cell), expected, "{cell}");
    }
}

#[test]
fn what_is_wrong_or_could_mean_two_things_is_refused_with_the_reason() {
    let cases = [
        ("192.0.*.4", "a * before a number"),
        ("192.0.2.02", "a zero before it"),
        ("192.0.2.256", "a number above 255: 256"),
        ("192.0.2.200-192.0.2.100", "backwards"),
        ("192.0.2.200-100", "backwards"),
        ("192.0.2.*-192.0.1.*", "backwards"),
        ("2001:db8::2-2001:db8::1", "backwards"),
        ("192.0.2.0/33", "prefix length from 0 to 32"),
        ("192.0.2.0/", "prefix length from 0 to 32"),
        ("192.0.2/24", "four numbers before the slash"),
        ("192.0.2.0/255.0.255.0", "not a row of ones"),
        ("192.0.2.0/0.0.0.0", "not a row of ones"),
        ("192.0.2.1/0", "every address there is"),
        ("*.*.*.*", "every address there is"),
        ("0-255.*", "every address there is"),
        ("192.0.2.0 255.255.255.0", "write 192.0.2.0/255.255.255.0"),
        ("192.0", "cut short"),
        ("192.0.2-3", "write 192.0.2-3.*"),
        ("192.0-192.1", "cut short"),
        ("192.0.2.", "no address"),
        ("192.0.2.1-", "no address"),
        ("192.0.2.1-192.0.3", "differently at its two ends"),
        ("192.0.2.1-3.7", "no range"),
        ("192.0.2.1-192.0.2.5-192.0.2.9", "no range"),
        ("192.0.0-255.4", "256 separate ranges"),
        ("192.0.2.1*", "no address"),
        ("192.0.2.[!1]", "pattern"),
        ("192.0.2.[9-9][9-9][0-9]", "fits no number"),
        ("192", "no address"),
        ("bibliotek.example.org", "no address"),
        ("https://192.0.2.1/", "no IPv6 address"),
        ("192.0.2.5 unntatt 203.0.113.5", "not wholly part"),
        ("192.0.2.0/25 unntatt 192.0.2.0/24", "not wholly part"),
        ("192.0.2.5 unntatt 192.0.2.5", "leaves out all"),
        ("unntatt 192.0.2.5", "nothing before"),
        ("192.0.2.5 unntatt", "nothing after"),
        ("2001:db8", "write 2001:db8::/32"),
        ("2001:db8::*", "as a prefix"),
        ("2001:db8::/129", "0 to 128"),
        ("2001:db8::/048", "0 to 128"),
        ("2001:db8::1-ff", "whole address at both ends"),
        ("::1-192.0.2.1", "IPv4 address at one end"),
        ("::ffff:0:0/90", "IPv4 addresses in part"),
        ("fe80::1%eth0", "no IPv6 address"),
        ("", "is empty"),
        (" ,; ", "is empty"),
    ];
    for (cell, reason) in cases {
        let why = why(cell);
        assert!(why.contains(reason), "{cell}: {why}");
    }
    assert!(why(&"1".repeat(30_000)).len() < 200);
}

#[test]
fn the_list_of_known_notations_is_read_as_it_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/norway/ip_notations.tsv");
    let Ok(list) = std::fs::read_to_string(path) else {
        return crate::skipped_tests::skip(&format!("{path} is not there"));
    };
    let mut rows = 0;
    for line in list.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (cell, meaning) = (fields[1], fields[2]);
        rows += 1;
        if meaning.starts_with("UGYLDIG") {
            assert!(!why(cell).is_empty(), "{cell}");
            continue;
        }
        let expected: Vec<&str> =
            meaning.split(" (").next().unwrap_or(meaning).split([',', ';']).map(str::trim).filter(|part| !part.is_empty()).collect();
        assert_eq!(ranges(cell), expected, "{cell}");
    }
    assert!(rows >= 32, "only {rows} notations");
}

#[test]
fn ids_are_not_taken_for_addresses_nor_addresses_for_ids() {
    for id in ["2030000", "k1101", "vgs-18-1", "fb.03", "NO:2030000", "1999-2", "a:b", "*"] {
        assert!(!looks_like_addresses(id), "{id}");
    }
    for cell in ["192.0.2.1", "192.0.2.256", "192.0.2-3.*", "2001:db8::/32", "::1", "192.0.2.1–9", "192.0.2.[1-9]"] {
        assert!(looks_like_addresses(cell), "{cell}");
    }
}

fn any_range() -> impl Strategy<Value = AddressRange> {
    let v4 = (any::<u32>(), any::<u32>()).prop_map(|(a, b)| (IpAddr::V4(a.min(b).into()), IpAddr::V4(a.max(b).into())));
    let v6 = (any::<u128>(), any::<u128>()).prop_map(|(a, b)| (IpAddr::V6(a.min(b).into()), IpAddr::V6(a.max(b).into())));
    let prefix4 = (any::<u32>(), 0..=32_u32).prop_map(|(a, length)| {
        let host = u32::MAX.checked_shr(length).unwrap_or(0);
        (IpAddr::V4((a & !host).into()), IpAddr::V4((a | host).into()))
    });
    let prefix6 = (any::<u128>(), 0..=128_u32).prop_map(|(a, length)| {
        let host = u128::MAX.checked_shr(length).unwrap_or(0);
        (IpAddr::V6((a & !host).into()), IpAddr::V6((a | host).into()))
    });
    prop_oneof![v4, v6, prefix4, prefix6].prop_filter_map("families differ", |(first, last)| AddressRange::new(first, last))
}

proptest! {
    #[test]
    fn a_range_as_it_is_kept_is_read_as_itself(range in any_range()) {
        prop_assert_eq!(canonical(&range.to_string()), Some(range));
        prop_assert_eq!(parse_cell(&range.to_string()), Ok(vec![range]));
        prop_assert!(looks_like_addresses(&range.to_string()));
    }

    #[test]
    fn no_cell_panics_and_what_is_read_can_be_read_again(cell in prop_oneof![".{0,40}", "[0-9.:/*?, ;\\[\\]a-f–-]{0,40}", "(10|0|255)\\.0\\.[0-9]{1,2}\\.[0-9]{1,3}([/-][0-9.]{1,9})?", "(::|1::)[0-9a-f.]{0,8}([/-][0-9:]{1,4})?"]) {
        if let Some(range) = canonical(&cell) {
            prop_assert_eq!(parse_cell(&cell), Ok(vec![range]));
        }
        if let Ok(found) = parse_ranges(&cell) {
            prop_assert!(!found.is_empty());
            for range in found {
                prop_assert_eq!(parse_ranges(&range.to_string()), Ok(vec![range]));
            }
        }
    }
}
