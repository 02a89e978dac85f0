//! Geography with the facts of the Norwegian reforms of 2020 and 2024.

use proptest::prelude::*;

use super::*;
use crate::model::registry::{Transition, Validity};

/// The municipalities and transitions of Norway, as they come with the program.
fn norway() -> Geography {
    let table = |name: &str| -> Vec<Vec<String>> {
        let path = format!("{}/fixtures/registry/{name}", env!("CARGO_MANIFEST_DIR"));
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_path(path).unwrap();
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    };
    let day = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
    let municipalities = table("municipalities.csv").into_iter().map(|cells| Municipality {
        code: cells[0].parse().unwrap(),
        name: cells[1].clone(),
        county: cells[2].clone(),
        county_name: cells[3].clone(),
        valid: Validity { from: day(&cells[4]), to: day(&cells[5]) },
    });
    let transitions = table("transitions.csv");
    let transitions = transitions.iter().map(|cells| Transition {
        date: cells[0].parse().unwrap(),
        from: cells[1].parse().unwrap(),
        to: cells[2].parse().unwrap(),
    });
    Geography::new(&Registry { municipalities: municipalities.collect(), transitions: transitions.collect(), ..Registry::default() })
}

fn code(text: &str) -> MunicipalityCode {
    MunicipalityCode::trusted(text)
}

/// Where a code is in a month: code, name, county, county's name.
fn in_month(geography: &Geography, municipality: &str, month: &str) -> [String; 4] {
    let Place { municipality, municipality_name, county, county_name } = geography.place_in(&code(municipality), month.parse().unwrap());
    [municipality.to_string(), municipality_name, county, county_name]
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 6, 1).unwrap()
}

#[test]
fn a_renumbered_municipality_is_in_the_county_of_the_month() {
    let norway = norway();
    assert_eq!(in_month(&norway, "3101", "2019-12"), ["0101", "Halden", "01", "Østfold"]);
    assert_eq!(in_month(&norway, "3101", "2020-01"), ["3001", "Halden", "30", "Viken"]);
    assert_eq!(in_month(&norway, "3101", "2023-12"), ["3001", "Halden", "30", "Viken"]);
    assert_eq!(in_month(&norway, "3101", "2024-01"), ["3101", "Halden", "31", "Østfold"]);
}

#[test]
fn an_institution_that_is_still_under_an_old_code_is_in_its_present_place() {
    let norway = norway();
    for old in ["0101", "3001", "3101"] {
        let place = norway.place_today(&code(old), today());
        assert_eq!((place.municipality.as_str(), place.county.as_str(), place.county_name.as_str()), ("3101", "31", "Østfold"), "{old}");
    }
    // Rygge became part of Moss, which was then renumbered.
    assert_eq!(norway.place_today(&code("0136"), today()).municipality.as_str(), "3103");
}

#[test]
fn what_did_not_change_is_the_same_in_all_months() {
    let norway = norway();
    for month in ["2005-01", "2020-01", "2024-01"] {
        assert_eq!(in_month(&norway, "0301", month), ["0301", "Oslo", "03", "Oslo"]);
        // Finnøy and Rennesøy joined it in 2020.
        assert_eq!(in_month(&norway, "1103", month), ["1103", "Stavanger", "11", "Rogaland"]);
    }
}

#[test]
fn before_a_merger_the_part_with_the_same_name_counts() {
    let norway = norway();
    // Moss and Rygge; Tønsberg and Re; Asker, Røyken and Hurum were in two counties.
    assert_eq!(in_month(&norway, "3103", "2019-06"), ["0104", "Moss", "01", "Østfold"]);
    assert_eq!(in_month(&norway, "3905", "2019-06"), ["0704", "Tønsberg", "07", "Vestfold"]);
    assert_eq!(in_month(&norway, "3203", "2019-06"), ["0220", "Asker", "02", "Akershus"]);
}

#[test]
fn a_name_in_one_of_several_languages_is_the_same_name() {
    let norway = norway();
    assert_eq!(in_month(&norway, "1875", "2019-06"), ["1849", "Hábmer", "18", "Nordland"]);
    assert!(same_name("Hammerfest - Hámmerfeasta", "hammerfest"));
    assert!(same_name("Snåase - Snåsa", "Snåsa - Snåase"));
    assert!(!same_name("Nord-Fron", "Fron"));
    assert!(!same_name("", ""));
}

#[test]
fn a_split_is_exact_on_the_way_back_and_leads_to_the_right_part_before() {
    let norway = norway();
    // Haram was part of Ålesund from 2020 to 2023.
    assert_eq!(in_month(&norway, "1580", "2024-01"), ["1580", "Haram", "15", "Møre og Romsdal"]);
    assert_eq!(in_month(&norway, "1580", "2022-01"), ["1507", "Ålesund", "15", "Møre og Romsdal"]);
    assert_eq!(in_month(&norway, "1580", "2019-01"), ["1534", "Haram", "15", "Møre og Romsdal"]);
    assert_eq!(in_month(&norway, "1508", "2019-01"), ["1504", "Ålesund", "15", "Møre og Romsdal"]);
}

#[test]
fn after_a_split_the_part_with_the_same_name_counts() {
    let norway = norway();
    assert_eq!(norway.place_today(&code("1507"), today()).municipality.as_str(), "1508");
    // From 1534, by way of Ålesund, to Haram again.
    assert_eq!(norway.place_today(&code("1534"), today()).municipality.as_str(), "1580");
}

#[test]
fn a_split_without_a_namesake_keeps_the_last_known_place() {
    let norway = norway();
    // Tysfjord went to Narvik and Hamarøy, Snillfjord to Heim, Hitra and Orkland: in the same county, all of them.
    let place = norway.place_today(&code("1850"), today());
    assert_eq!((place.municipality.as_str(), &*place.municipality_name, &*place.county), ("1850", "Tysfjord", "18"));
    assert_eq!(norway.place_today(&code("5012"), today()).municipality_name, "Snillfjord");
}

#[test]
fn a_merger_without_a_namesake_keeps_its_name_but_is_in_the_county_that_all_parts_were_in() {
    let norway = norway();
    // Ski and Oppegård, both in Akershus, became Nordre Follo in Viken.
    assert_eq!(in_month(&norway, "3207", "2019-06"), ["3020", "Nordre Follo", "02", "Akershus"]);
    // Heim came from Halsa in Møre og Romsdal, and Hemne and Snillfjord in Trøndelag: there is no one county.
    assert_eq!(in_month(&norway, "5055", "2019-06"), ["5055", "Heim", "50", "Trøndelag"]);
}

#[test]
fn every_present_municipality_has_a_county_in_every_year_and_every_old_one_has_a_place_today() {
    let norway = norway();
    let mut present = 0;
    for (municipality, rows) in &norway.rows {
        let place = norway.place_today(municipality, today());
        assert!(!place.county.is_empty(), "{municipality}");
        present += usize::from(rows.iter().any(|row| row.valid.on(today())));
        for month in ["2019-01", "2021-01", "2024-01"] {
            assert!(!norway.place_in(municipality, month.parse().unwrap()).county_name.is_empty(), "{municipality} {month}");
        }
        // Only what was split with no namesake stays in a place that is no more.
        let gone = norway.row_on(&place.municipality, today()).is_none();
        assert_eq!(gone, ["1850", "5012"].contains(&municipality.as_str()), "{municipality}");
    }
    assert_eq!(present, 357);
}

/// A registry in few words: rows as code, name, county, from, to (years), and transitions as year, from, to.
fn small(rows: &[(&str, &str, &str, i32, i32)], steps: &[(i32, &str, &str)]) -> Geography {
    let day = |year: i32| NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    let municipalities = rows.iter().map(|(c, name, county, from, to)| Municipality {
        code: code(c),
        name: (*name).to_owned(),
        county: (*county).to_owned(),
        county_name: format!("County {county}"),
        valid: Validity { from: (*from > 0).then(|| day(*from)), to: (*to > 0).then(|| day(*to)) },
    });
    let transitions = steps.iter().map(|(year, from, to)| Transition { date: day(*year), from: code(from), to: code(to) });
    Geography::new(&Registry { municipalities: municipalities.collect(), transitions: transitions.collect(), ..Registry::default() })
}

#[test]
fn a_code_that_nobody_registered_keeps_its_number_and_nothing_is_made_up() {
    assert_eq!(in_month(&small(&[], &[]), "9999", "2024-01"), ["9999", "", "", ""]);
    assert_eq!(in_month(&small(&[], &[(2020, "9999", "9998")]), "9999", "2024-01"), ["9999", "", "", ""]);
}

#[test]
fn a_code_without_a_row_for_the_day_has_the_place_nearest_in_time() {
    let one = small(&[("1111", "A", "11", 2010, 2015)], &[]);
    assert_eq!(in_month(&one, "1111", "2005-01"), ["1111", "A", "11", "County 11"]);
    assert_eq!(in_month(&one, "1111", "2020-01"), ["1111", "A", "11", "County 11"]);
    // The next code has no row: the last one known stays.
    let next_unknown = small(&[("1111", "A", "11", 0, 2015)], &[(2015, "1111", "2222")]);
    assert_eq!(in_month(&next_unknown, "1111", "2020-01"), ["1111", "A", "11", "County 11"]);
}

#[test]
fn a_municipality_that_moves_to_another_county_under_its_code_is_in_the_county_of_the_month() {
    let moved = small(&[("1111", "A", "11", 0, 2018), ("1111", "A", "12", 2018, 0)], &[]);
    assert_eq!(in_month(&moved, "1111", "2017-12"), ["1111", "A", "11", "County 11"]);
    assert_eq!(in_month(&moved, "1111", "2018-01"), ["1111", "A", "12", "County 12"]);
}

#[test]
fn others_that_join_later_are_not_where_a_municipality_came_from() {
    let steps = [(2015, "1111", "2222"), (2020, "3333", "2222")];
    let joined = small(&[("1111", "A", "11", 0, 2015), ("2222", "B", "22", 2020, 0), ("3333", "C", "33", 0, 2020)], &steps);
    assert_eq!(in_month(&joined, "2222", "2017-01"), ["2222", "B", "22", "County 22"]);
    assert_eq!(in_month(&joined, "2222", "2014-01"), ["1111", "A", "11", "County 11"]);
}

#[test]
fn parts_of_one_name_leave_the_choice_open() {
    let twice = small(
        &[("1111", "Os", "11", 0, 2020), ("2222", "Os", "22", 0, 2020), ("3333", "Os", "33", 2020, 0)],
        &[(2020, "1111", "3333"), (2020, "2222", "3333")],
    );
    assert_eq!(in_month(&twice, "3333", "2019-01"), ["3333", "Os", "33", "County 33"]);
}

#[test]
fn transitions_that_go_in_a_circle_end() {
    let circle = small(&[("1111", "A", "11", 2000, 2001)], &[(2002, "1111", "2222"), (2003, "2222", "1111"), (2004, "1111", "1111")]);
    assert_eq!(in_month(&circle, "1111", "2024-01")[0], "1111");
    assert_eq!(in_month(&circle, "2222", "1990-01")[1], "A");
}

proptest! {
    #[test]
    fn any_rows_and_transitions_give_a_place(
        rows in prop::collection::vec((0..6u8, "[AB]?", 0..3u8, 0..4i32, 0..4i32), 0..12),
        steps in prop::collection::vec((1..5i32, 0..6u8, 0..6u8), 0..16),
        asked in 0..6u8,
        year in 1998..2006i32,
    ) {
        let name = |n: u8| format!("{n:04}");
        let day = |n: i32| NaiveDate::from_ymd_opt(2000 + n, 1, 1);
        let registry = Registry {
            municipalities: rows.iter().map(|(c, text, county, from, to)| Municipality {
                code: code(&name(*c)),
                name: text.clone(),
                county: county.to_string(),
                county_name: String::new(),
                valid: Validity { from: day(*from).filter(|_| *from > 0), to: day(*to).filter(|_| *to > 0) },
            }).collect(),
            transitions: steps.iter().map(|(n, from, to)| Transition { date: day(*n).unwrap(), from: code(&name(*from)), to: code(&name(*to)) }).collect(),
            ..Registry::default()
        };
        let geography = Geography::new(&registry);
        let month = Month::new(year, 3).unwrap();
        let place = geography.place_in(&code(&name(asked)), month);
        // A place is a registered one or the code itself, and a row of its own that is valid decides.
        prop_assert!(place.municipality.as_str() == name(asked) || geography.rows.contains_key(&place.municipality));
        if let Some(row) = geography.row_on(&code(&name(asked)), month.first_day()) {
            prop_assert_eq!(place, Place::of(row));
        }
    }
}
