//! Standard views and other forms of a report, from the command line.

use serde_json::{Value, json};

use crate::support::bare;

/// A TR of release 5.1 with a journal in two years, and a book.
fn report(shown: bool) -> String {
    let counts = |metric: &str, counts: [u64; 2]| json!({ metric: { "2024-01": counts[0], "2024-02": counts[1] } });
    let entry = |data_type: &str, yop: &str, access: &str, performance: Value| {
        let mut entry = json!({ "Data_Type": data_type, "YOP": yop, "Access_Method": "Regular", "Performance": performance });
        if shown {
            entry["Access_Type"] = json!(access);
        }
        entry
    };
    let total = "Total_Item_Requests";
    json!({
        "Report_Header": { "Release": "5.1", "Report_ID": "TR", "Institution_Name": "=Bø",
            "Report_Filters": { "Begin_Date": "2024-01-01", "End_Date": "2024-02-29" } },
        "Report_Items": [
            { "Title": "=Tidsskrift", "Platform": "P", "Attribute_Performance": [
                entry("Journal", "2020", "Controlled", counts(total, [3, 4])),
                entry("Journal", "2021", "Controlled", counts(total, [5, 0])),
                entry("Journal", "2021", "Open", counts(total, [100, 0])),
            ] },
            { "Title": "Bok; bind 1", "Platform": "P", "Attribute_Performance": [entry("Book", "2019", "Controlled", counts(total, [9, 9]))] },
        ],
    })
    .to_string()
}

fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_dry_run_gives_the_figures_of_a_view() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "tr.json", &report(true));
    let said = bare(&["import", "usage", &path, "--dry-run", "--view", "tr_j1", "--json"]).expect(0).json();
    assert_eq!(
        said,
        json!({ "report": "TR_J1", "release": "5.1", "months": ["2024-01", "2024-02"], "records": 2, "sum": 12,
            "metrics": { "Total_Item_Requests": 12 }, "exceptions": [], "notes": [] })
    );
    let said = bare(&["import", "usage", &path, "--dry-run", "--view", "TR_J4"]).expect(0).stdout;
    assert!(said.contains("TR_J4, release 5.1, 3 counts above zero, sum 12"), "{said}");
    let exception = file(&folder, "exception.json", r#"{"Code": 3030, "Message": "No Usage Available"}"#);
    let said = bare(&["import", "usage", &exception, "--dry-run", "--view", "TR_J1", "--json"]).expect(0).json();
    assert_eq!((said["sum"].as_u64(), said["exceptions"][0]["code"].as_u64()), (Some(0), Some(3030)));
}

#[test]
fn what_gives_no_view_is_status_2_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, plain) = (file(&folder, "tr.json", &report(true)), file(&folder, "plain.json", &report(false)));
    for (path, view, expected) in [
        (&whole, "DR_D1", "tr.json: it is TR; DR_D1 is derived from DR"),
        (&whole, "TR_J11", "(did you mean 'TR_J1'?)"),
        (&whole, "TR", "'TR' is not a standard view"),
        (&plain, "TR_J1", "plain.json: it does not show Access_Type"),
    ] {
        for arguments in [&["import", "usage", path, "--dry-run", "--view", view][..], &["convert", path, "--to", "tsv", "--view", view]] {
            let ran = bare(arguments).expect(2);
            assert!(ran.stderr.contains(expected) && ran.stdout.is_empty(), "{view}: {ran:?}");
        }
    }
    bare(&["import", "usage", &whole, "--view", "TR_J1"]).expect(2);
    assert!(bare(&["convert", &whole, "--to", "pdf"]).expect(2).stderr.contains("csv, tsv, xlsx or json"));
}

#[test]
fn a_report_is_written_in_every_form_and_a_view_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "tr.json", &report(true));
    let dry = |path: &str| bare(&["import", "usage", path, "--dry-run", "--json"]).expect(0).json();
    let of = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let json = of("again.json");
    let ran = bare(&["--json", "convert", &path, "--to", "json", "--output", &json]).expect(0).json();
    assert_eq!((ran["report"].as_str(), ran["records"].as_u64()), (Some("TR"), Some(6)));
    assert_eq!(dry(&json), dry(&path));
    let tsv = bare(&["convert", &path, "--to", "tsv", "--view", "TR_J1"]).expect(0).stdout;
    assert!(tsv.contains("\nInstitution_Name\t'=Bø\t") && tsv.contains("'=Tidsskrift\t\t\tP\t"), "{tsv}");
    assert!(tsv.ends_with("\tTotal_Item_Requests\t12\t8\t4\n") && !tsv.contains("Bok"), "{tsv}");
    let csv = bare(&["convert", &path, "--to", "csv"]).expect(0).stdout;
    assert!(csv.contains("\nBok; bind 1,,,P,"), "{csv}");
    let xlsx = of("tr.xlsx");
    bare(&["convert", &path, "--to", "xlsx", "--output", &xlsx]).expect(0);
    assert!(std::fs::read(&xlsx).unwrap().starts_with(b"PK"));
    // Read again, each is the report that it was made of.
    for (form, name) in [("csv", "tr.csv"), ("tsv", "tr.tsv")] {
        bare(&["convert", &path, "--to", form, "--output", &of(name)]).expect(0);
    }
    for name in ["tr.xlsx", "tr.csv", "tr.tsv"] {
        assert_eq!(dry(&of(name)), dry(&path), "{name}");
        let view = bare(&["import", "usage", &of(name), "--dry-run", "--view", "TR_J1", "--json"]).expect(0).json();
        assert_eq!(view["sum"].as_u64(), Some(12), "{name}");
        let back = bare(&["convert", &of(name), "--to", "tsv", "--view", "TR_J1"]).expect(0).stdout;
        assert_eq!(back, tsv, "{name}");
    }
    // What is no report is not written, and nothing is there.
    let exception = file(&folder, "exception.json", r#"{"Code": 3030, "Message": "No Usage Available"}"#);
    let none = of("none.csv");
    assert!(bare(&["convert", &exception, "--to", "csv", "--output", &none]).expect(2).stderr.contains("3030"));
    assert!(!std::path::Path::new(&none).exists());
}
