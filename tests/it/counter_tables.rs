//! COUNTER reports that come as tables: the same as if they had come as JSON.

use rust_xlsxwriter::Workbook;
use serde_json::json;

use crate::support::{ACCOUNTS, Site, source};

const MONTHS: [&str; 3] = ["Jan-2024", "Feb-2024", "Mar-2024"];

fn site() -> Site {
    let site = Site::new(&source("s", "http://127.0.0.1:9", "p", ""));
    site.import("municipalities", crate::support::REGISTRY[0].1).expect(0);
    site.import("institutions", "institution,name,kind,municipality,isil,valid_from,valid_to\nstor,Stor,public_library,3101,,,\n")
        .expect(0);
    site.import("vendors", "vendor,name\nv,V\n").expect(0);
    site.import("products", "product,name,vendor,headline\np,P,v,PR:Total_Item_Requests\n").expect(0);
    site.import("accounts", &format!("{ACCOUNTS}a,s,CUST,stor,ip,,,,\n")).expect(0);
    site
}

fn as_json(counts: [u64; 3]) -> String {
    let months = json!({ "2024-01": counts[0], "2024-02": counts[1], "2024-03": counts[2] });
    json!({
        "Report_Header": {
            "Release": "5.1", "Report_ID": "PR", "Report_Name": "Platform Report", "Institution_ID": { "Proprietary": ["v:CUST"] },
            "Report_Filters": { "Begin_Date": "2024-01-01", "End_Date": "2024-03-31" }, "Report_Attributes": {},
        },
        "Report_Items": [{ "Platform": "v", "Attribute_Performance": [
            { "Data_Type": "Article", "Access_Method": "Regular", "Performance": { "Total_Item_Requests": months } }] }],
    })
    .to_string()
}

/// The cells of the same report as a table.
fn cells(counts: [u64; 3]) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = [
        ["Report_Name", "Platform Report"],
        ["Report_ID", "PR"],
        ["Release", "5.1"],
        ["Institution_ID", "v:CUST"],
        ["Reporting_Period", "Begin_Date=2024-01-01; End_Date=2024-03-31"],
    ]
    .iter()
    .map(|row| row.map(str::to_owned).to_vec())
    .collect();
    rows.push(vec![]);
    let start = ["Platform", "Data_Type", "Access_Method", "Metric_Type", "Reporting_Period_Total"];
    rows.push(start.iter().chain(&MONTHS).map(|&cell| cell.to_owned()).collect());
    let mut row = ["v", "Article", "Regular", "Total_Item_Requests"].map(str::to_owned).to_vec();
    row.push(counts.iter().sum::<u64>().to_string());
    row.extend(counts.iter().map(u64::to_string));
    rows.push(row);
    rows
}

fn as_text(counts: [u64; 3]) -> String {
    cells(counts).iter().map(|row| row.join("\t") + "\n").collect()
}

fn as_workbook(counts: [u64; 3]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in (0..).zip(cells(counts)) {
        for (column, cell) in (0..).zip(cells) {
            match cell.parse::<u32>() {
                Ok(number) => sheet.write(row, column, number).unwrap(),
                Err(_) => sheet.write(row, column, cell).unwrap(),
            };
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn a_table_changes_nothing_where_its_json_was_and_corrects_as_json_does() {
    let site = site();
    let import = |file: &std::path::Path| site.ok(&["--json", "import", "usage", file.to_str().unwrap()]).json();
    import(&site.write("report.json", as_json([5, 0, 7])));
    let before = site.everything();
    assert!(before["facts"].contains("Total_Item_Requests"), "{}", before["facts"]);
    for (name, bytes) in [("report.tsv", as_text([5, 0, 7]).into_bytes()), ("report.xlsx", as_workbook([5, 0, 7]))] {
        let done = import(&site.write(name, bytes));
        assert_eq!((done[0]["report"].as_str(), done[0]["account"].as_str()), (Some("PR"), Some("a")), "{done}");
        assert_eq!(done[0]["changes"], json!([]), "{name}");
        assert_eq!(site.everything()["statistics"], before["statistics"], "{name}");
    }
    let done = import(&site.write("corrected.xlsx", as_workbook([5, 2, 7])));
    assert_eq!(done[0]["changes"], json!([{ "month": "2024-02", "before": null, "after": 2 }]));
    site.ok(&["verify"]);
}

#[test]
fn a_dry_run_says_the_same_of_every_form_and_why_one_is_refused() {
    let site = site();
    let dry = |name: &str, bytes: &[u8]| site.run(&["--json", "import", "usage", site.write(name, bytes).to_str().unwrap(), "--dry-run"]);
    let expected = dry("a.json", as_json([5, 0, 7]).as_bytes()).expect(0).json();
    assert_eq!((expected["records"].as_u64(), expected["sum"].as_u64()), (Some(2), Some(12)));
    assert_eq!(dry("a.tsv", as_text([5, 0, 7]).as_bytes()).expect(0).json(), expected);
    assert_eq!(dry("a.xlsx", &as_workbook([5, 0, 7])).expect(0).json(), expected);
    let refused = dry("b.tsv", as_text([5, 0, 7]).replace("Feb-2024", "Fbr-2024").as_bytes()).expect(2);
    assert!(refused.stderr.contains("line 7: the column 'Fbr-2024' beside 2024-01 is no month"), "{}", refused.stderr);
    let cut = as_text([5, 0, 7]);
    let refused = dry("c.tsv", &cut.as_bytes()[..cut.len() - 3]).expect(2);
    assert!(refused.stderr.contains("line 8: is cut off after 7 of 8 cells"), "{}", refused.stderr);
}
