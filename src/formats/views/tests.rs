//! Views of reports of our own making, with figures that can be added up by hand.

use serde_json::{Value, json};

use super::{DeriveError, VIEWS, View, ViewError, summarise};
use crate::formats::summary::{self, Summary};
use crate::formats::{Reading, counter_json};
use crate::model::Release;

fn header(report: &str, release: &str) -> Value {
    json!({ "Release": release, "Report_ID": report, "Report_Filters": { "Begin_Date": "2024-01-01", "End_Date": "2024-02-29" } })
}

/// Months of 2024 and their counts.
fn months(counts: &[u64]) -> Value {
    counts.iter().zip(1..).map(|(count, month)| (format!("2024-{month:02}"), json!(count))).collect::<serde_json::Map<_, _>>().into()
}

/// A row of a title: data type, year, access type, access method (left out where empty), metric, counts.
type Line<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, &'a [u64]);

/// A title of a report of release 5.1.
fn title(name: &str, lines: &[Line<'_>]) -> Value {
    let performance: Vec<Value> = lines
        .iter()
        .map(|(data_type, yop, access_type, access_method, metric, counts)| {
            let mut entry = json!({ "Performance": { *metric: months(counts) } });
            for (name, value) in [("Data_Type", data_type), ("YOP", yop), ("Access_Type", access_type), ("Access_Method", access_method)] {
                if !value.is_empty() {
                    entry[name] = json!(value);
                }
            }
            entry
        })
        .collect();
    json!({ "Title": name, "Platform": "P", "Item_ID": { "DOI": format!("10.1/{name}") }, "Attribute_Performance": performance })
}

/// A report item of release 5: the same attributes for all counts of January and February.
fn item_r5(fields: &Value, metrics: &[(&str, u64)]) -> Value {
    let instances: Vec<Value> = metrics.iter().map(|(metric, count)| json!({ "Metric_Type": metric, "Count": count })).collect();
    let period = |begin: &str, end: &str| json!({ "Period": { "Begin_Date": begin, "End_Date": end }, "Instance": instances });
    let mut item = fields.clone();
    item["Performance"] = json!([period("2024-01-01", "2024-01-31"), period("2024-02-01", "2024-02-29")]);
    item
}

fn derive(view: &str, report: &Value) -> Result<(Reading, Summary), DeriveError> {
    let text = report.to_string();
    let (of, _) = summary::summarise(text.as_bytes()).unwrap();
    summarise(view, &of, text.as_bytes())
}

/// Counts after adding up, and the sum.
#[track_caller]
fn figures(view: &str, report: &Value) -> (u64, u128) {
    let (reading, summary) = derive(view, report).unwrap();
    assert_eq!((reading.records, reading.header.report.unwrap().as_str()), (summary.records, view));
    (summary.records, summary.sum)
}

#[track_caller]
fn refused(view: &str, report: &Value) -> String {
    derive(view, report).unwrap_err().to_string()
}

fn r51() -> Value {
    let total = "Total_Item_Requests";
    json!({ "Report_Header": header("TR", "5.1"), "Report_Items": [
        title("J", &[
            ("Journal", "2020", "Controlled", "Regular", total, &[10, 20]),
            ("Journal", "2021", "Controlled", "Regular", total, &[1, 0]),
            ("Journal", "2021", "Open", "Regular", total, &[100, 100]),
            ("Journal", "2021", "Free_To_Read", "Regular", total, &[0, 7]),
            ("Journal", "2021", "Controlled", "TDM", total, &[1000, 1000]),
            ("Journal", "2021", "Controlled", "Regular", "Unique_Item_Requests", &[1, 0]),
            ("Journal", "2021", "Controlled", "Regular", "No_License", &[3, 0]),
            ("Journal", "2020", "Controlled", "Regular", "No_License", &[4, 5]),
        ]),
        title("B", &[
            ("Book", "2019", "Controlled", "Regular", total, &[2, 2]),
            ("Reference_Work", "2019", "Controlled", "Regular", total, &[5, 0]),
            ("Reference_Work", "2018", "Controlled", "Regular", "Unique_Title_Requests", &[0, 1]),
            ("Book", "2018", "Open", "Regular", "Unique_Item_Investigations", &[0, 50]),
            ("Report", "2018", "Controlled", "Regular", total, &[900, 900]),
        ]),
    ] })
}

#[test]
fn filters_of_release_51_are_applied_and_what_becomes_the_same_is_added_up() {
    let report = r51();
    // January: 10 + 1 of two years are one count.
    assert_eq!(figures("TR_J1", &report), (3, 10 + 20 + 1 + 1));
    assert_eq!(figures("TR_J2", &report), (2, 3 + 4 + 5));
    assert_eq!(figures("TR_J3", &report), (2 + 2 + 1 + 1, 31 + 200 + 7 + 1));
    assert_eq!(figures("TR_J4", &report), (4, 10 + 20 + 1 + 1));
    // Books and reference works stay apart.
    assert_eq!(figures("TR_B1", &report), (4, 4 + 5 + 1));
    assert_eq!(figures("TR_B2", &report), (0, 0));
    assert_eq!(figures("TR_B3", &report), (5, 4 + 5 + 1 + 50));
    let (reading, summary) = derive("tr_j1", &report).unwrap();
    assert_eq!(summary.metrics, [("Total_Item_Requests".to_owned(), 31), ("Unique_Item_Requests".to_owned(), 1)].into());
    assert_eq!(reading.header.report_name, "Journal Requests (Controlled)");
    let filters: Vec<String> = reading.header.filters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        filters,
        ["Metric_Type=Total_Item_Requests|Unique_Item_Requests", "Data_Type=Journal", "Access_Type=Controlled", "Access_Method=Regular"]
    );
}

#[test]
fn filters_of_release_5_are_others() {
    let requests = [("Total_Item_Requests", 3), ("Unique_Item_Requests", 2), ("Unique_Title_Requests", 1)];
    let fields = |data_type: &str, section: &str, access: &str, method: &str| {
        json!({ "Title": "T", "Platform": "P", "Data_Type": data_type, "Section_Type": section, "YOP": "2020", "Access_Type": access,
            "Access_Method": method })
    };
    let titles = json!({ "Report_Header": header("TR", "5"), "Report_Items": [
        item_r5(&fields("Book", "Chapter", "Controlled", "Regular"), &requests),
        item_r5(&fields("Book", "Book", "Controlled", "Regular"), &requests),
        item_r5(&fields("Book", "Book", "OA_Gold", "Regular"), &requests),
        item_r5(&fields("Book", "Book", "Controlled", "TDM"), &requests),
        // Of release 5.1; in release 5 no view has it.
        item_r5(&fields("Reference_Work", "Book", "Controlled", "Regular"), &requests),
        item_r5(&fields("Journal", "Article", "Controlled", "Regular"), &requests),
    ] });
    // Chapters and whole books together: two metrics in two months.
    assert_eq!(figures("TR_B1", &titles), (4, 2 * 2 * (3 + 1)));
    assert_eq!(figures("TR_B3", &titles), (12, 2 * 3 * 6));
    assert_eq!(figures("TR_J1", &titles), (4, 2 * 5));
    let searches = [
        ("Searches_Regular", 1),
        ("Searches_Automated", 2),
        ("Total_Item_Requests", 4),
        ("Unique_Item_Requests", 8),
        ("Unique_Title_Requests", 16),
        ("No_License", 32),
    ];
    let database = |release: &str| {
        let fields = json!({ "Database": "D", "Platform": "P", "Data_Type": "Database", "Access_Method": "Regular" });
        let other = json!({ "Database": "D", "Platform": "P", "Data_Type": "Article", "Access_Method": "Regular" });
        json!({ "Report_Header": header("DR", release), "Report_Items": [item_r5(&fields, &searches), item_r5(&other, &searches)] })
    };
    assert_eq!(figures("DR_D1", &database("5")), (6, 4 * 7));
    assert_eq!(figures("DR_D1", &database("5.1")), (8, 4 * 15));
    assert_eq!(figures("DR_D2", &database("5")), (2, 4 * 32));
    let media = |release: &str| {
        let fields = |kind: &str| json!({ "Item": "I", "Platform": "P", "Data_Type": kind, "Access_Method": "Regular" });
        let items: Vec<Value> = ["Multimedia", "Sound", "Article"].iter().map(|kind| item_r5(&fields(kind), &requests)).collect();
        json!({ "Report_Header": header("IR", release), "Report_Items": items })
    };
    assert_eq!(figures("IR_M1", &media("5")), (2, 6));
    assert_eq!(figures("IR_M1", &media("5.1")), (8, 20));
    // A platform's types are shown by release 5.1 alone.
    let platform = |release: &str| {
        let fields = |kind: &str| json!({ "Platform": "P", "Data_Type": kind, "Access_Method": "Regular" });
        let items: Vec<Value> = ["Book", "Journal"].iter().map(|kind| item_r5(&fields(kind), &requests)).collect();
        json!({ "Report_Header": header("PR", release), "Report_Items": items })
    };
    assert_eq!(figures("PR_P1", &platform("5")), (6, 24));
    assert_eq!(figures("PR_P1", &platform("5.1")), (12, 24));
}

#[test]
fn articles_of_release_5_are_those_in_journals() {
    let article = |parent: Option<&str>| {
        let mut fields =
            json!({ "Item": "I", "Platform": "P", "Data_Type": "Article", "Access_Type": "Controlled", "Access_Method": "Regular" });
        if let Some(kind) = parent {
            fields["Item_Parent"] = json!({ "Item_Name": "J", "Data_Type": kind });
        }
        item_r5(&fields, &[("Total_Item_Requests", 1)])
    };
    let report = |release: &str, items: Vec<Value>| json!({ "Report_Header": header("IR", release), "Report_Items": items });
    let items = || vec![article(Some("Journal")), article(Some("Newspaper_or_Newsletter")), article(None)];
    let (reading, summary) = derive("IR_A1", &report("5", items())).unwrap();
    assert_eq!(summary.sum, 2);
    assert!(reading.notes.iter().any(|note| note.what.contains("2 counts without Parent_Data_Type")), "{:?}", reading.notes);
    assert_eq!(figures("IR_A1", &report("5.1", items())).1, 6);
    let said = refused("IR_A1", &report("5", vec![article(None)]));
    assert!(said.contains("does not show Parent_Data_Type"), "{said}");
}

#[test]
fn what_a_report_does_not_show_cannot_be_filtered_by() {
    let plain = |lines: &[Line<'_>]| json!({ "Report_Header": header("TR", "5.1"), "Report_Items": [title("T", lines)] });
    let line: Line<'_> = ("Journal", "", "", "", "Total_Item_Requests", &[5]);
    let report = plain(&[line]);
    assert!(matches!(derive("TR_J1", &report), Err(DeriveError::View(ViewError::Lacks { attribute: "Access_Type", .. }))));
    assert!(refused("TR_J3", &report).contains("ask the vendor for the report with Access_Type"));
    assert!(refused("TR_J4", &plain(&[("Journal", "", "Controlled", "", "Total_Item_Requests", &[5])])).contains("YOP"));
    assert!(refused("TR_J2", &plain(&[("", "", "", "", "No_License", &[5])])).contains("Data_Type"));
    // Where nothing of the view is there whatever the missing attribute is, the view is known to be empty.
    assert_eq!(figures("TR_B1", &report), (0, 0));
    // What was filtered by need not be shown.
    let mut filtered = report.clone();
    filtered["Report_Header"]["Report_Filters"]["Access_Type"] = json!(["Controlled"]);
    assert_eq!(figures("TR_J1", &filtered), (1, 5));
    // Some have it: the others are left out, and that is said.
    let (reading, summary) = derive("TR_J1", &plain(&[line, ("Journal", "", "Controlled", "", "Total_Item_Requests", &[7])])).unwrap();
    assert_eq!(summary.sum, 7);
    assert!(reading.notes.iter().any(|note| note.what == "1 counts without Access_Type: left out of the view"), "{:?}", reading.notes);
}

#[test]
fn filters_of_the_vendor_that_leave_nothing_are_refused_and_others_are_told_of() {
    let with = |name: &str, value: Value| {
        let mut report = r51();
        report["Report_Header"]["Report_Filters"][name] = value;
        report
    };
    let said = refused("TR_J1", &with("Data_Type", json!(["Book"])));
    assert!(said.contains("Data_Type=Book") && said.contains("TR_J1"), "{said}");
    assert!(refused("TR_J1", &with("Access_Method", json!("TDM"))).contains("Access_Method=TDM"));
    assert!(refused("TR_J2", &with("Metric_Type", json!(["Total_Item_Requests"]))).contains("Metric_Type"));
    for (name, value) in
        [("Data_Type", json!("All")), ("Data_Type", json!(["Book", "Journal"])), ("Platform", json!("P")), ("YOP", json!("0001-9999"))]
    {
        assert_eq!(derive("TR_J1", &with(name, value)).unwrap().0.notes, [], "{name}");
    }
    for (name, value) in [("YOP", json!("2020-2021")), ("Metric_Type", json!(["Total_Item_Requests", "No_License"]))] {
        let notes = derive("TR_J1", &with(name, value)).unwrap().0.notes;
        assert!(notes.len() == 1 && notes[0].what.contains(name), "{notes:?}");
    }
    let platform = derive("TR_J1", &with("Platform", json!("P"))).unwrap().0.header;
    assert!(platform.filters.contains(&("Platform".into(), "P".into())));
}

#[test]
fn other_reports_and_unknown_views_are_refused() {
    let report = r51();
    for (view, expected) in [
        ("DR_D1", "it is TR; DR_D1 is derived from DR"),
        ("IR_A1", "it is TR; IR_A1 is derived from IR"),
        ("TR_J9", "'TR_J9' is not a standard view"),
        ("TR", "'TR' is not a standard view"),
    ] {
        assert!(refused(view, &report).contains(expected), "{view}: {}", refused(view, &report));
    }
    let mut other = report.clone();
    other["Report_Header"]["Report_ID"] = json!("TR_J3");
    assert!(refused("TR_J1", &other).contains("it is TR_J3"));
    let mut nameless = report.clone();
    nameless["Report_Header"]["Release"] = json!("6");
    assert!(refused("TR_J1", &nameless).contains("Release"));
    // What it is can be told by its items.
    let mut nameless = report;
    nameless["Report_Header"].as_object_mut().unwrap().remove("Report_ID");
    assert_eq!(figures("TR_J1", &nameless), (3, 32));
}

#[test]
fn a_view_of_itself_keeps_what_it_does_not_show_and_drops_what_does_not_belong() {
    let mut report = json!({ "Report_Header": header("TR_J1", "5.1"), "Report_Items": [
        title("J", &[("", "", "", "", "Total_Item_Requests", &[5]), ("", "", "Open", "", "Total_Item_Requests", &[7])]),
    ] });
    assert_eq!(figures("TR_J1", &report), (1, 5));
    report["Report_Header"]["Report_ID"] = json!("TR_J3");
    report["Report_Items"] = json!([title("J", &[("", "", "", "", "Total_Item_Requests", &[5])])]);
    assert_eq!(figures("TR_J3", &report), (1, 5));
}

#[test]
fn every_view_has_a_master_columns_and_metrics_in_both_releases() {
    for release in [Release::R5, Release::R51] {
        for name in VIEWS {
            let view = View::of(name, release).unwrap();
            assert!(name.starts_with(view.master) && name != view.master && !view.metrics.is_empty(), "{name}");
        }
    }
}

#[test]
fn memory_does_not_grow_and_counts_that_are_too_large_are_refused() {
    let most = u64::try_from(i64::MAX).unwrap();
    let report = json!({ "Report_Header": header("TR", "5.1"), "Report_Items": [title("J", &[
        ("Journal", "2020", "Controlled", "Regular", "Total_Item_Requests", &[most]),
        ("Journal", "2021", "Controlled", "Regular", "Total_Item_Requests", &[most]),
    ])] });
    assert!(matches!(derive("TR_J1", &report), Err(DeriveError::TooLarge)));
    assert_eq!(figures("TR_J4", &report), (2, u128::from(most) * 2));
    assert!(counter_json::read(report.to_string().as_bytes(), &mut Summary::default()).is_ok());
}
