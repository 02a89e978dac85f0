//! Every finding with figures worked out by hand, on both sides of its border.

use super::*;

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn product() -> ProductId {
    "avis".parse().unwrap()
}

/// A month with these sums of articles by ordinary access.
fn figures(sums: &[(&str, u64)]) -> Figures {
    let mut figures = Figures { release: Some(Release::R51), ..Figures::default() };
    for (metric, sum) in sums {
        figures.add(&product(), metric, "Article", "Regular", *sum);
    }
    figures
}

fn requests(sum: u64) -> Figures {
    figures(&[("Total_Item_Requests", sum)])
}

/// Months in a row that end with March 2025.
fn series(sums: &[u64]) -> Series {
    let last = month("2025-03");
    (0..).zip(sums.iter().rev()).map(|(back, sum): (i32, _)| (last.plus(-back), requests(*sum))).collect()
}

fn kinds(series: &Series) -> Vec<Kind> {
    judge(&"PR".parse().unwrap(), series, month("2025-03")).into_iter().map(|(kind, _)| kind).collect()
}

fn alone(figures: Figures) -> Vec<(Kind, String)> {
    judge(&"PR".parse().unwrap(), &Series::from([(month("2025-03"), figures)]), month("2025-03"))
}

#[test]
fn there_are_not_more_unique_uses_than_uses() {
    let found = alone(figures(&[("Total_Item_Requests", 9), ("Unique_Item_Requests", 10)]));
    let [(Kind::UniqueAboveTotal, what)] = found.as_slice() else { panic!("{found:?}") };
    assert!(what.starts_with("Unique_Item_Requests of Article Regular is 10, Total_Item_Requests 9: "), "{what}");
    assert!(alone(figures(&[("Total_Item_Requests", 10), ("Unique_Item_Requests", 10)])).is_empty());
    // Investigations likewise, and a total that is not there at all.
    assert_eq!(alone(figures(&[("Unique_Item_Investigations", 1)])).len(), 1);
    // Each data type by itself: 15 against 20 as a whole hides that 10 books are unique and 5 were used.
    let mut mixed = figures(&[("Total_Item_Requests", 15), ("Unique_Item_Requests", 5)]);
    mixed.add(&product(), "Unique_Item_Requests", "Book", "Regular", 10);
    mixed.add(&product(), "Total_Item_Requests", "Book", "Regular", 5);
    let found = alone(mixed);
    assert!(matches!(found.as_slice(), [(Kind::UniqueAboveTotal, what)] if what.contains("of Book Regular is 10")), "{found:?}");
}

#[test]
fn unique_titles_are_compared_as_a_whole() {
    let mut chapters = figures(&[]);
    chapters.add(&product(), "Unique_Title_Requests", "Book", "Regular", 4);
    chapters.add(&product(), "Total_Item_Requests", "Book_Segment", "Regular", 4);
    assert!(alone(chapters.clone()).is_empty());
    chapters.add(&product(), "Unique_Title_Requests", "Book", "Regular", 1);
    let found = alone(chapters);
    assert!(matches!(found.as_slice(), [(Kind::UniqueAboveTotal, what)] if what.starts_with("Unique_Title_Requests is 5")), "{found:?}");
}

#[test]
fn every_request_is_an_investigation() {
    let found = alone(figures(&[("Total_Item_Requests", 6), ("Total_Item_Investigations", 5)]));
    assert!(
        matches!(found.as_slice(), [(Kind::RequestsAboveInvestigations, what)] if what.contains("is 6, Total_Item_Investigations 5")),
        "{found:?}"
    );
    assert!(alone(figures(&[("Total_Item_Requests", 5), ("Total_Item_Investigations", 5)])).is_empty());
    // A view without investigations says nothing of them.
    assert!(alone(figures(&[("Total_Item_Requests", 5)])).is_empty());
    // A month without, in a report that has them otherwise, does.
    let mut months = series(&[5, 5]);
    months.insert(month("2025-02"), figures(&[("Total_Item_Requests", 5), ("Total_Item_Investigations", 9)]));
    assert_eq!(kinds(&months), [Kind::RequestsAboveInvestigations]);
}

#[test]
fn a_month_above_ten_times_the_median_stands_out() {
    // Median of 10, 20, 30, 40, 50, 60: 35.
    let before = [10, 60, 20, 50, 30, 40];
    let with = |last: u64| kinds(&series(&[before.as_slice(), &[last]].concat()));
    assert_eq!(with(351), [Kind::OutOfProportion]);
    assert!(with(350).is_empty());
    // Five months are too few.
    assert!(kinds(&series(&[10, 60, 20, 50, 30, 9000])).is_empty());
    // 99 uses are too few, 100 are not: the median is 2.
    assert!(kinds(&series(&[2, 2, 2, 2, 2, 2, 99])).is_empty());
    assert_eq!(kinds(&series(&[2, 2, 2, 2, 2, 2, 100])), [Kind::OutOfProportion]);
    // Of nothing, anything is more than ten times.
    assert_eq!(kinds(&series(&[0, 0, 0, 0, 0, 0, 100])), [Kind::OutOfProportion]);
}

#[test]
fn a_month_below_a_tenth_of_the_median_stands_out() {
    let with = |median: u64, last: u64| kinds(&series(&[[median; 12].as_slice(), &[last]].concat()));
    assert_eq!(with(1000, 99), [Kind::OutOfProportion]);
    assert!(with(1000, 100).is_empty());
    assert_eq!(with(1000, 0), [Kind::OutOfProportion]);
    // Small libraries have months without use.
    assert!(with(99, 0).is_empty());
    assert_eq!(with(100, 9), [Kind::OutOfProportion]);
    let mut partial = series(&[[1000; 12].as_slice(), &[5]].concat());
    partial.get_mut(&month("2025-03")).unwrap().partial = true;
    assert!(kinds(&partial).is_empty(), "more will come");
    // The words have the figures: the mean of the two in the middle, 100 and 101.
    let months = series(&[100, 100, 100, 101, 101, 101, 3]);
    let found = judge(&"PR".parse().unwrap(), &months, month("2025-03"));
    assert!(found[0].1.starts_with("Total_Item_Requests is 3, less than a tenth of 100.5, the median of the 6 known months"), "{found:?}");
}

#[test]
fn only_the_twelve_months_before_count() {
    // Thirteen months before: the first of them is too long ago to make the median of six.
    let mut months = series(&[10, 10, 10, 10, 10, 500]);
    months.insert(month("2024-02"), requests(10));
    assert!(kinds(&months).is_empty());
    months.insert(month("2024-03"), requests(10));
    assert_eq!(kinds(&months), [Kind::OutOfProportion]);
    // Where there are no requests, searches tell a report's size; and else whatever is there.
    for metric in ["Searches_Platform", "Lesninger"] {
        let of = |sum: u64| figures(&[(metric, sum)]);
        let mut months: Series = (1..=6).map(|back| (month("2025-03").plus(-back), of(10))).collect();
        months.insert(month("2025-03"), of(200));
        assert_eq!(kinds(&months), [Kind::OutOfProportion], "{metric}");
    }
}

#[test]
fn a_month_that_was_reported_twice_is_seen() {
    let both = |requests: u64, unique: u64| figures(&[("Total_Item_Requests", requests), ("Unique_Item_Requests", unique)]);
    let with = |before: Figures, now: Figures| kinds(&Series::from([(month("2024-03"), before), (month("2025-03"), now)]));
    assert_eq!(with(both(60, 40), both(60, 40)), [Kind::IdenticalMonths]);
    assert!(with(both(60, 40), both(60, 41)).is_empty());
    assert!(with(both(60, 39), both(60, 39)).is_empty(), "99 uses may be the same by chance");
    assert!(with(requests(1000), requests(1000)).is_empty(), "one number may come twice");
    let long_ago = Series::from([(month("2024-02"), both(60, 40)), (month("2025-03"), both(60, 40))]);
    assert!(kinds(&long_ago).is_empty(), "thirteen months ago");
}

#[test]
fn a_part_is_not_larger_than_the_platform() {
    let differs = |platform: &Figures, parts: &[(&'static str, u64)]| {
        let parts: Vec<(&str, Figures)> = parts.iter().map(|(name, sum)| (*name, requests(*sum))).collect();
        let parts: BTreeMap<&str, &Figures> = parts.iter().map(|(name, figures)| (*name, figures)).collect();
        platform_differs(platform, &parts)
    };
    let r51 = requests(10_000);
    // R5.1: one percent.
    assert!(differs(&r51, &[("TR", 10_101)]).unwrap().contains("is 10000 in PR and 10101 in TR"));
    assert_eq!(differs(&r51, &[("TR", 10_100)]), None);
    // R5: five, and databases may overlap.
    let r5 = Figures { release: Some(Release::R5), ..requests(10_000) };
    assert_eq!(differs(&r5, &[("TR", 10_500)]), None);
    assert!(differs(&r5, &[("TR", 10_501)]).is_some());
    assert_eq!(differs(&r5, &[("DR", 90_000)]), None);
    assert!(differs(&r51, &[("DR", 90_000)]).is_some());
    // Ten counts are no difference.
    assert_eq!(differs(&requests(10), &[("TR", 20)]), None);
    assert!(differs(&requests(10), &[("TR", 21)]).is_some());
    // Less is only amiss where all three are known: 10 000 against 3 000 + 3 000 + 3 900.
    assert_eq!(differs(&r51, &[("TR", 3_000), ("DR", 3_000)]), None);
    assert!(differs(&r51, &[("TR", 3_000), ("DR", 3_000), ("IR", 3_900)]).unwrap().contains("9900 in DR, TR and IR together"));
    assert_eq!(differs(&r51, &[("TR", 3_000), ("DR", 3_000), ("IR", 3_901)]), None);
    // What overlaps may be more than the whole together.
    assert_eq!(differs(&r51, &[("TR", 9_000), ("DR", 9_000), ("IR", 9_000)]), None);
    let partial = Figures { partial: true, ..requests(1) };
    assert_eq!(differs(&partial, &[("TR", 9_000)]), None);
    assert_eq!(differs(&r51, &[]), None);
}

#[test]
fn use_without_a_subscription_is_told_from_ten_requests() {
    assert!(no_subscription(&product(), 10, false).unwrap().contains("of avis is 10"));
    assert_eq!(no_subscription(&product(), 9, false), None);
    assert_eq!(no_subscription(&product(), 1000, true), None);
}

#[test]
fn who_pays_and_uses_nothing_is_named() {
    let ids: Vec<InstitutionId> = (1..=7).map(|number| format!("b{number}").parse().unwrap()).collect();
    let all: Vec<&InstitutionId> = ids.iter().collect();
    assert_eq!(no_use(&product(), &[]), None);
    assert!(no_use(&product(), &all[..1]).unwrap().starts_with("b1 pays for avis and has not used it"));
    assert!(no_use(&product(), &all[..2]).unwrap().starts_with("b1, b2 pay for avis and have not used it"));
    assert!(no_use(&product(), &all).unwrap().starts_with("b1, b2, b3, b4, b5 and 2 more pay for avis"));
}
