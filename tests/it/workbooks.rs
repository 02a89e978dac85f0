//! Workbooks that come back from libraries, and figures by hand.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use crate::support::{ACCOUNTS, Site, source};

/// A form with three sheets, as somebody gave it back.
fn form(range: &str) -> Vec<u8> {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_name("Veiledning").unwrap().write_string(0, 0, "Fyll ut de to neste arkene").unwrap();
    let date = Format::new().set_num_format("dd.mm.yyyy");
    let networks = workbook.add_worksheet().set_name("networks").unwrap();
    networks.write_string(0, 0, "Adressene til Halden bibliotek").unwrap();
    for (column, name) in ["institution", "range", "valid_from", "exclusive", "note"].into_iter().enumerate() {
        networks.write_string(2, u16::try_from(column).unwrap(), name).unwrap();
    }
    networks.write_number(3, 0, 2_010_100.0).unwrap();
    networks.write_string(3, 1, range).unwrap();
    networks.write_datetime_with_format(3, 2, ExcelDateTime::from_ymd(2024, 3, 1).unwrap(), &date).unwrap();
    networks.write_boolean(3, 3, true).unwrap();
    // The rows that were left open.
    networks.write_number(4, 0, 2_010_100.0).unwrap();
    networks.write_number(5, 0, 2_010_100.0).unwrap();
    let keys = workbook.add_worksheet().set_name("keys").unwrap();
    let rows = [["key", "method", "institution", "weight", "state"], ["halden", "fixed", "2010100", "62,5", "proposed"]];
    for (row, cells) in rows.into_iter().enumerate() {
        for (column, cell) in cells.into_iter().enumerate() {
            keys.write_string(u32::try_from(row).unwrap(), u16::try_from(column).unwrap(), cell).unwrap();
        }
    }
    for (column, cell) in ["halden", "fixed", "vgs-halden"].into_iter().enumerate() {
        keys.write_string(2, u16::try_from(column).unwrap(), cell).unwrap();
    }
    keys.write_number(2, 3, 37.5).unwrap();
    keys.write_string(2, 4, "proposed").unwrap();
    workbook.save_to_buffer().unwrap()
}

#[test]
fn a_form_comes_back_as_networks_and_as_keys() {
    let site = Site::with_registry("");
    let file = site.write("form.xlsx", form("203.0.113.0/28, 203.0.113.64"));
    let path = file.to_str().unwrap();
    let said = site.ok(&["--json", "import", "networks", path]).json();
    assert_eq!((&said["rows"], &said["added"]), (&1.into(), &2.into()), "{said}");
    let claims = site.ok(&["--json", "networks", "list"]).json().to_string();
    assert!(claims.contains("203.0.113.0/28") && claims.contains("2024-03-01"), "{claims}");
    assert!(site.ok(&["import", "networks", path]).stdout.contains("as they were"));
    assert_eq!(site.ok(&["--json", "import", "keys", path]).json()["added"], 2);
    // The sheet and its row are named.
    let file = site.write("form.xlsx", form("203.0.113.0/33"));
    let ran = site.run(&["import", "networks", file.to_str().unwrap()]).expect(2);
    assert!(ran.stderr.contains("form.xlsx[networks]:4: range:"), "{}", ran.stderr);
    let ran = site.run(&["import", "persons", file.to_str().unwrap()]).expect(2);
    assert!(ran.stderr.contains("has no sheet named 'persons'") && ran.stderr.contains("'Veiledning'"), "{}", ran.stderr);
    let ran = site.run(&["import", "networks", site.write("old.xls", b"\xd0\xcf\x11\xe0old").to_str().unwrap()]).expect(2);
    assert!(ran.stderr.contains("old.xls: is an old workbook"), "{}", ran.stderr);
}

#[test]
fn figures_by_hand_stand_instead_of_an_account_for_all_rows_of_a_file() {
    let site = Site::with_registry(&source("s", "http://127.0.0.1:9", "avis", ""));
    site.import("accounts", &format!("{ACCOUNTS}felles,s,CUST,2010100,login,,,,\n")).expect(0);
    let usage = site.write("use.csv", "month,metric,count\n2024-10,Unique_Item_Requests,100\n2024-11,Unique_Item_Requests,50\n");
    site.ok(&["import", "usage", usage.to_str().unwrap(), "--account", "felles"]);
    let file = site.write("hand.csv", "institution,product,month,report,metric,value,note\n2010100,avis,2024-10,PR,Unique_Item_Requests,70,telt selv\n2011800,avis,2024-10,PR,Unique_Item_Requests,30,\n");
    let path = file.to_str().unwrap();
    site.run(&["import", "statistics", path]).expect(2);
    let ran = site.run(&["import", "statistics", path, "--instead-of", "feles"]).expect(2);
    assert!(ran.stderr.contains("--instead-of feles: no account") && ran.stderr.contains("did you mean 'felles'"), "{}", ran.stderr);
    assert_eq!(site.ok(&["--json", "import", "statistics", path, "--instead-of", "felles"]).json()["added"], 2);
    let value = |who: &str, month: &str| {
        let rows = site.export(&["statistics", "--institution", who]);
        rows.iter().find(|row| row["month"] == month).map(|row| format!("{} {}", row["value"], row["quality"]))
    };
    assert_eq!(value("2010100", "2024-10").as_deref(), Some("70 manual"));
    assert_eq!(value("2011800", "2024-10").as_deref(), Some("30 manual"));
    assert_eq!(value("2010100", "2024-11").as_deref(), Some("50 exact"));
    assert!(site.ok(&["import", "statistics", path, "--instead-of", "felles"]).stdout.contains("2 as they were"));
}
