//! Members of consortia that a report only names: who they are, the vendor's list says, or a file.

use avling::model::{Month, Release};
use avling::simulator::{AccountPlan, MemberPlan, Simulator, VendorPlan};

use crate::support::{ACCOUNTS, Row, Scripted, Site, source};

const METRICS: [&str; 2] = ["Total_Item_Requests", "Unique_Item_Requests"];
const MEMBERS: [(&str, &str); 3] = [("m1", "2010100"), ("m2", "2011800"), ("m3", "2011900")];

/// What the vendor's books hold of a metric in a month, by ordinary access.
fn booked(simulator: &Simulator, vendor: &str, customer: &str, report: &str, month: &str, metric: &str) -> u64 {
    let book = simulator.book(vendor, customer, report, month.parse::<Month>().unwrap());
    book.iter().filter(|((of, _, method), _)| of == metric && method == "Regular").map(|(_, count)| count).sum()
}

fn sum<'a>(rows: impl IntoIterator<Item = &'a Row>) -> u64 {
    rows.into_iter().map(|row| row["value"].parse::<u64>().unwrap()).sum()
}

fn asked_for_members(simulator: &Simulator, vendor: &str) -> usize {
    simulator.requests(vendor).into_iter().filter(|seen| seen.path.ends_with("/members")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_a_report_only_names_are_looked_up_in_the_vendors_list() {
    for (release, word) in [(Release::R5, "5"), (Release::R51, "5.1")] {
        let member = |(place, (customer, institution)): (usize, &(&str, &str))| MemberPlan {
            customer_id: (*customer).into(),
            name: format!("Medlem {customer} "),
            isil: format!("NO-{institution}"),
            size: 900 * (place as u64 + 1),
        };
        let members = MEMBERS.iter().enumerate().map(member).collect();
        let consortium = AccountPlan { members, members_by_name: true, ..AccountPlan::new("C", 0) };
        let vendors = vec![
            VendorPlan::new("consortium", release, vec![consortium]),
            VendorPlan::new("login", Release::R51, vec![AccountPlan::new("L1", 5000)]),
        ];
        let simulator = Simulator::start(vendors, "2025-01-20".parse().unwrap()).await.unwrap();
        let two_reports = |text: String| text.replace("reports = [\"PR\"]", "reports = [\"PR\", \"TR\"]");
        let of_consortium = two_reports(source("consortium", &simulator.url("consortium"), "film", ""))
            .replace("release = \"5.1\"", &format!("release = \"{word}\""));
        let site = Site::with_registry(&(of_consortium + &two_reports(source("login", &simulator.url("login"), "film", ""))));
        let accounts = "felles,consortium,C,2010100 2011800 2011900,login,,,,\nmarker,login,L1,2011900,login,,,,\n";
        site.import("accounts", &format!("{ACCOUNTS}{accounts}")).expect(0);
        let report = site.ok(&["--json", "harvest"]).json();
        assert_eq!(report["harvested"], 12, "{report}");

        let rows = site.export(&["statistics"]);
        assert!(rows.iter().all(|row| row["quality"] == "exact"), "{rows:?}");
        for month in ["2024-10", "2024-11", "2024-12"] {
            for (report, metric) in METRICS.map(|metric| ("PR", metric)).into_iter().chain([("TR", "Total_Item_Requests")]) {
                let of = |row: &&Row| row["month"] == month && row["report"] == report && row["metric"] == metric;
                let login = booked(&simulator, "login", "L1", report, month, metric);
                let mut whole = login;
                for (customer, institution) in MEMBERS {
                    let theirs = booked(&simulator, "consortium", customer, report, month, metric);
                    assert!(theirs > 0, "{customer} {report} {metric} {month}");
                    whole += theirs;
                    let also = if institution == "2011900" { login } else { 0 };
                    let found = sum(rows.iter().filter(of).filter(|row| row["institution"] == institution));
                    assert_eq!(found, theirs + also, "{institution} {report} {metric} {month}");
                }
                assert_eq!(sum(rows.iter().filter(of)), whole, "{report} {metric} {month}");
                assert_eq!(whole, booked(&simulator, "consortium", "C", report, month, metric) + login);
            }
        }
        site.ok(&["verify"]);
        // Once, for two reports, one request at a time; and nobody is asked who has no members.
        assert_eq!((asked_for_members(&simulator, "consortium"), asked_for_members(&simulator, "login")), (1, 0));
        assert_eq!(simulator.most_at_once("consortium"), 1);
        let listed: Vec<Row> = site.export(&["changes"]).into_iter().filter(|row| row["kind"] == "members").collect();
        assert_eq!(listed.len(), 3, "{listed:?}");
        assert!(listed.iter().all(|row| row.values().any(|cell| cell == "members of felles")), "{listed:?}");

        // Again: nothing is due, nothing changes, and nobody is asked who they are.
        let before = site.everything();
        assert_eq!(site.ok(&["harvest"]).stdout, "Nothing is due.\n");
        let again = site.ok(&["--json", "reharvest", "--from", "2024-10", "--to", "2024-12"]).json();
        assert!(again["requests"].as_array().unwrap().iter().all(|request| request["changes"] == serde_json::json!([])), "{again}");
        assert_eq!(site.everything()["statistics"], before["statistics"]);
        assert_eq!(asked_for_members(&simulator, "consortium"), 1);
        // One figure is explained by the same.
        let explain = ["explain", "--institution", "2010100", "--product", "film", "--month", "2024-11", "--metric", METRICS[0]];
        let explained = site.ok(&explain).stdout;
        assert!(explained.contains("Medlem m1"), "{explained}");
    }
}

#[test]
fn where_the_vendor_has_no_list_a_file_says_who_a_member_is() {
    let body = "{\"Report_Header\": {\"Report_ID\": \"PR\", \"Release\": \"5.1\", \"Customer_ID\": \"A\", \"Report_Filters\": \
                {\"Begin_Date\": \"2024-10-01\", \"End_Date\": \"2024-12-31\"}}, \"Report_Items\": [{\"Platform\": \"p\", \
                \"Attribute_Performance\": [{\"Data_Type\": \"Article\", \"Access_Method\": \"Regular\", \
                \"Institution_Name\": \"Halden folkebibliotek\", \"Performance\": {\"Total_Item_Requests\": \
                {\"2024-10\": 7, \"2024-11\": 8, \"2024-12\": 9}}}]}]}";
    let vendor = Scripted::start(vec![("200 OK", body.to_owned()), ("404 Not Found", "<html>no such page</html>".to_owned())]);
    let site = Site::with_registry(&source("s", &vendor.url, "film", ""));
    site.import("accounts", &format!("{ACCOUNTS}a,s,A,2010100 2011800,login,,,,\n")).expect(0);
    let report = site.ok(&["--json", "harvest"]).json();
    assert_eq!((report["harvested"].as_u64(), vendor.asked()), (Some(3), 2), "{report}");
    let notes = report["requests"][0]["notes"].to_string();
    assert!(notes.contains("/members could not say who they are: status 404"), "{notes}");
    let whose = || -> Vec<(String, u64)> {
        let mut rows = site.export(&["statistics", "--metric", "Total_Item_Requests"]);
        rows.sort_by(|a, b| a["month"].cmp(&b["month"]));
        rows.iter().map(|row| (row["institution"].clone(), row["value"].parse().unwrap())).collect()
    };
    let all = |institution: &str| [7, 8, 9].map(|value| (institution.to_owned(), value)).to_vec();
    assert_eq!(whose(), all(""));
    // By its ISIL; and once an account of the source has its customer id, as that account says.
    site.import("members", "source,customer_id,name,isil\ns,m1,HALDEN folkebibliotek,NO-2010100\n").expect(0);
    assert_eq!(whose(), all("2010100"));
    site.ok(&["verify"]);
    site.import("accounts", &format!("{ACCOUNTS}b,s,m1,2011800,login,,,,\n")).expect(0);
    assert_eq!(whose(), all("2011800"));
    // Two of that name: nobody knows which.
    site.import("members", "source,customer_id,name\ns,m2,Halden folkebibliotek\n").expect(0);
    assert_eq!(whose(), all(""));
    site.ok(&["verify"]);
}
