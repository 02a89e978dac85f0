//! What changes leave behind: figures as they were, who changed them, closed years, and figures by hand.

use crate::rules::{all_year, map, report, sums, two_neighbours, usage};
use crate::support::{ACCOUNTS, Row};

const STATISTICS: &str = "institution,product,month,report,metric,value,note\n";

#[test]
fn figures_as_they_were_are_the_export_of_that_day_to_the_byte() {
    let mut site = two_neighbours("");
    site.at("2025-01-20T10:00:00Z");
    usage(&site, "acc", &all_year(100));
    let first = site.ok(&["export", "statistics"]).stdout;
    // The registry changes: names, persons, claims; then the vendor's figures.
    site.at("2025-02-03T10:00:00Z");
    site.import("persons", "subject,date,persons\n3101,2024-01-01,100\n").expect(0);
    site.import("institutions", "institution,name,kind,municipality,isil\nb,B folkebibliotek,public_library,3124,NO-2\n").expect(0);
    let second = site.ok(&["export", "statistics"]).stdout;
    // Half past midnight in Norway is the day before in UTC.
    site.at("2025-03-01T23:30:00Z");
    usage(&site, "acc", &[("2024-03", 150)]);
    site.import("networks", "institution,range,valid_from,valid_to\nb,192.0.2.0/24,,2024-06-01\n").expect(0);
    let third = site.ok(&["export", "statistics"]).stdout;
    assert!(first != second && second != third);
    site.at("2025-04-01T10:00:00Z");
    let as_of = |day: &str| site.ok(&["export", "statistics", "--as-of", day]).stdout;
    assert_eq!(as_of("2025-01-20"), first);
    assert_eq!(as_of("2025-02-02"), first);
    assert_eq!(as_of("2025-02-03"), second);
    assert_eq!(as_of("2025-03-01"), second, "it was 2 March in Norway when it changed");
    assert_eq!(as_of("2025-03-02"), third);
    assert_eq!(as_of("2025-03-31"), third);
    assert_eq!(as_of("2025-01-19").lines().count(), 1, "nothing was there yet");
    let refused = site.run(&["export", "facts", "--as-of", "2025-01-20"]).expect(2);
    assert!(refused.stderr.contains("--as-of is for statistics"), "{}", refused.stderr);
    site.ok(&["verify"]);
}

#[test]
fn every_change_says_what_from_what_to_what_why_who_and_when() {
    let mut site = two_neighbours("");
    usage(&site, "acc", &[("2024-01", 100), ("2024-02", 100)]);
    site.at("2025-02-03T10:00:00Z");
    let file = site.write("persons.csv", "subject,date,persons\n3101,2024-01-01,100\n");
    site.ok(&["--by", "Ola", "import", "persons", file.to_str().unwrap()]);
    let rows = site.export(&["revisions"]);
    // 300:100 was 75 and 25 in each month; 100:100 is 50 and 50.
    let told = |row: &Row| {
        ["month", "institution", "value_before", "value_after", "reason", "who", "what", "changed_at", "exact_before"]
            .map(|c| row[c].clone())
            .join(" ")
    };
    assert_eq!(told(&rows[0]), "2024-01 a 75 50 registry Ola import persons persons.csv 2025-02-03T10:00:00Z 75.000000");
    assert_eq!(rows.len(), 4);
    let changes = site.export(&["changes"]);
    let last = changes.last().unwrap();
    assert_eq!(
        (last["kind"].as_str(), last["before"].as_str(), last["after"].as_str()),
        ("persons", "3101;2024-01-01;300", "3101;2024-01-01;100")
    );
    assert_eq!(last["who"], "Ola");
    // A change that moves no figure leaves no revision of one: c shares with nobody.
    site.import("persons", "subject,date,persons\n3122,2024-01-01,700\n").expect(0);
    assert_eq!(site.export(&["revisions"]).len(), 4);
    let why = site.ok(&["explain", "--institution", "a", "--product", "p", "--month", "2024-01", "--metric", "Total_Item_Requests"]).stdout;
    assert!(why.contains("75") && why.contains("Ola"), "{why}");
    // Secrets are shown as what they are, not what they hold.
    site.import("accounts", &format!("{ACCOUNTS}acc,s,C,a,ip,,very-secret,,\n")).expect(0);
    let changes = site.ok(&["export", "changes"]).stdout;
    assert!(changes.contains("(sealed)") && !changes.contains("sealed:") && !changes.contains("very-secret"));
}

#[test]
fn a_closed_year_stays_and_what_would_move_it_is_pending() {
    let mut site = two_neighbours("");
    usage(&site, "acc", &[("2023-12", 100), ("2024-01", 100)]);
    let before = site.ok(&["export", "statistics", "--to", "2023-12"]).stdout;
    site.at("2025-02-01T10:00:00Z");
    site.ok(&["--by", "Sjefen", "close", "--year", "2023"]);
    site.ok(&["verify"]);
    let imported = site.import("persons", "subject,date,persons\n3101,2024-01-01,100\n").expect(0);
    assert!(imported.stdout.contains("2 figures of closed years stay as they are"), "{}", imported.stdout);
    usage(&site, "acc", &[("2023-12", 120)]);
    assert_eq!(
        site.ok(&["export", "statistics", "--to", "2023-12"])
            .stdout
            .lines()
            .map(|l| l.split(',').nth(14).map(str::to_owned))
            .collect::<Vec<_>>(),
        before.lines().map(|l| l.split(',').nth(14).map(str::to_owned)).collect::<Vec<_>>()
    );
    assert_eq!(sums(&site, &["--from", "2024-01"]), map(&[("a", 50), ("b", 50)]), "the open year goes on");
    let held = site.ok(&["--json", "close"]).json();
    let what: Vec<&str> = held["closed"][0]["pending"].as_array().unwrap().iter().map(|c| c["what"].as_str().unwrap()).collect();
    assert_eq!((held["closed"][0]["year"].as_i64(), held["closed"][0]["by"].as_str()), (Some(2023), Some("Sjefen")));
    assert!(what[0] == "import persons persons.csv" && what[1].starts_with("PR of acc, reply "), "{what:?}");
    assert!(site.ok(&["status"]).stdout.contains("2023 is closed"));
    let why = site.ok(&["explain", "--institution", "a", "--product", "p", "--month", "2023-12", "--metric", "Total_Item_Requests"]).stdout;
    assert!(why.contains("The year 2023 is closed, and the figure stays 75."), "{why}");
    site.ok(&["verify"]);
    // Somebody who edits a closed year is found out.
    assert!(site.ok(&["close", "--year", "2023"]).stdout.contains("was closed already"));
    site.ok(&["close", "--year", "2023", "--reopen"]);
    assert_eq!(sums(&site, &["--to", "2023-12"]), map(&[("a", 60), ("b", 60)]));
    let reasons: Vec<String> =
        site.export(&["revisions", "--to", "2023-12"]).iter().map(|row| format!("{} {}", row["reason"], row["what"])).collect();
    assert_eq!(reasons, ["reopening close 2023 --reopen"; 2]);
    assert!(site.ok(&["close"]).stdout.contains("No year is closed"));
    let never = site.run(&["close", "--year", "1999"]).expect(2);
    assert!(never.stderr.contains("there are no figures of that year"), "{}", never.stderr);
    site.ok(&["verify"]);
}

#[test]
fn figures_by_hand_are_never_counted_twice() {
    let site = two_neighbours("");
    // c has no account: its figure is taken as it is.
    let hand = site.write("hand.csv", format!("{STATISTICS}c,p,2024-01,PR,Total_Item_Requests,42,fra portalen\n"));
    site.ok(&["--by", "Fylkesbibliotekaren", "import", "statistics", hand.to_str().unwrap()]);
    let rows = site.export(&["statistics"]);
    assert_eq!((rows[0]["value"].as_str(), rows[0]["quality"].as_str(), rows[0]["exact"].as_str()), ("42", "manual", "42.000000"));
    usage(&site, "acc", &[("2024-01", 100), ("2024-02", 100)]);
    assert_eq!(sums(&site, &[]), map(&[("a", 150), ("b", 50), ("c", 42)]));
    // a and b have an account for January: refused, all of it, unless it stands instead of the account.
    let file = format!("{STATISTICS}a,p,2024-01,PR,Total_Item_Requests,80,telt\nb,p,2024-01,PR,Total_Item_Requests,20,telt\n");
    let refused = site.import("statistics", &file).expect(2);
    assert!(
        refused.stderr.contains("statistics.csv:2: product: acc already gives a figures of p in 2024-01")
            && refused.stderr.contains("--instead-of acc"),
        "{}",
        refused.stderr
    );
    let path = site.path().join("statistics.csv");
    site.ok(&["--by", "Kari", "import", "statistics", path.to_str().unwrap(), "--instead-of", "acc"]);
    assert_eq!(sums(&site, &["--from", "2024-01", "--to", "2024-01"]), map(&[("a", 80), ("b", 20), ("c", 42)]));
    // February begins its run anew, as January's count is not counted: 75 and 25.
    assert_eq!(sums(&site, &["--from", "2024-02"]), map(&[("a", 75), ("b", 25)]));
    // What the vendor counted is kept, and told.
    assert_eq!(site.export(&["facts", "--from", "2024-01", "--to", "2024-01"])[0]["count"], "100");
    let status = site.ok(&["--json", "status"]).json();
    assert_eq!((status["findings"][0]["kind"].as_str(), status["findings"][0]["to"].as_str()), (Some("by_hand"), Some("2024-01")));
    let why = site.ok(&["explain", "--institution", "a", "--product", "p", "--month", "2024-01", "--metric", "Total_Item_Requests"]).stdout;
    assert!(why.contains("Kari") && why.contains("telt") && why.contains("80"), "{why}");
    let again = site.run(&["import", "statistics", path.to_str().unwrap(), "--instead-of", "acc"]).expect(0);
    assert!(again.stdout.contains("2 as they were"), "{}", again.stdout);
    site.ok(&["verify"]);
}

/// A report that somebody brings covers months that no harvest would ask for: nothing is known of its gaps, and nothing is wrong with that.
#[test]
fn a_report_with_gaps_before_anything_is_harvested_is_sound() {
    let site = two_neighbours("");
    usage(&site, "acc", &[("2020-01", 10), ("2020-05", 20)]);
    site.ok(&["verify"]);
}

/// A vendor's figures that come after those by hand are kept and not counted either: nothing depends on the order of arrival.
#[test]
fn figures_by_hand_stay_when_an_account_gives_the_same_later() {
    let site = two_neighbours("");
    site.import("statistics", &format!("{STATISTICS}a,p,2024-01,PR,Total_Item_Requests,80,\n")).expect(0);
    let file = site.write("usage.json", report("X", &[("2024-01", 100)]));
    site.ok(&["import", "usage", file.to_str().unwrap(), "--account", "acc"]);
    assert_eq!(sums(&site, &[]), map(&[("a", 80)]));
    site.ok(&["verify"]);
    // Without the figure by hand the account counts.
    let empty = site.write("none.csv", format!("{STATISTICS}c,p,2020-01,PR,Total_Item_Requests,1,\n"));
    site.ok(&["import", "statistics", "--replace", empty.to_str().unwrap()]);
    assert_eq!(sums(&site, &["--from", "2024-01"]), map(&[("a", 75), ("b", 25)]));
    site.ok(&["verify"]);
}
