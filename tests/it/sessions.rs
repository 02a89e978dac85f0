//! Events of the access control: added up by month, each file once, and nobody's name anywhere.

use crate::support::{Site, sql};

const OCTOBER: &str = "time,user,institution,product,sessions\n2024-10-01T08:00:00+02:00,Ola Nordmann,2010100,avis,3\n\
                       2024-10-31T23:30:00Z,Kari Nordmann,2010100,avis,\n2024-10-05,N00123456,2011800,avis,2\n";
const MORE: &str = "{\"time\":\"2024-10-09\",\"institution\":\"2010100\",\"product\":\"avis\",\"user\":\"Ola Nordmann\"}\n\
                    {\"time\":\"2024-12-09\",\"institution\":\"vgs-halden\",\"product\":\"avis\",\"sessions\":4}\n";

/// Fails unless so many sessions are stored.
async fn stored(site: &Site, rows: &[(&str, &str, u32)]) {
    for (institution, month, sessions) in rows {
        sql(
            site,
            &[&format!(
                "UPDATE sessions SET month = month WHERE institution = '{institution}' AND month = '{month}' AND sessions = '{sessions}'"
            )],
        )
        .await;
    }
}

#[tokio::test]
async fn sessions_are_added_and_no_file_counts_twice() {
    let site = Site::with_registry("");
    let (october, more) = (site.write("october.csv", OCTOBER), site.write("more.jsonl", MORE));
    let (october, more) = (october.to_str().unwrap(), more.to_str().unwrap());
    let before = std::fs::read(site.database()).unwrap();
    let said = site.ok(&["--json", "import", "sessions", october, "--dry-run"]).json();
    assert_eq!(
        (&said["added"], &said["rows"], &said["files"][0]["sessions"], &said["dry_run"]),
        (&3.into(), &3.into(), &6.into(), &true.into())
    );
    assert!(std::fs::read(site.database()).unwrap() == before, "a dry run changes nothing");
    site.ok(&["import", "sessions", october]);
    stored(&site, &[("2010100", "2024-10", 3), ("2010100", "2024-11", 1), ("2011800", "2024-10", 2)]).await;
    // Once more, under another name and beside another: only the other counts.
    let copy = site.write("copy.csv", OCTOBER);
    let said = site.ok(&["--json", "import", "sessions", copy.to_str().unwrap(), more, more]).json();
    let counted: Vec<bool> = said["files"].as_array().unwrap().iter().map(|file| file["counted_before"].as_bool().unwrap()).collect();
    assert_eq!((counted, &said["added"], &said["replaced"]), (vec![true, false, true], &1.into(), &1.into()));
    stored(&site, &[("2010100", "2024-10", 4), ("2010100", "2024-11", 1), ("2011800", "2024-10", 2), ("vgs-halden", "2024-12", 4)]).await;
    let before = std::fs::read(site.database()).unwrap();
    let said = site.ok(&["import", "sessions", october, more]).stdout;
    assert!(said.contains("counted already") && said.contains("0 new, 0 changed"), "{said}");
    assert!(std::fs::read(site.database()).unwrap() == before, "not a byte of the store changed");
    // The whole truth is these files alone.
    let said = site.ok(&["--json", "import", "sessions", "--replace", more]).json();
    assert_eq!((&said["added"], &said["replaced"], &said["removed"], &said["unchanged"]), (&0.into(), &1.into(), &2.into(), &1.into()));
    stored(&site, &[("2010100", "2024-10", 1), ("vgs-halden", "2024-12", 4)]).await;
    site.ok(&["import", "sessions", october]);
    stored(&site, &[("2010100", "2024-10", 4), ("2010100", "2024-11", 1), ("2011800", "2024-10", 2)]).await;
    site.ok(&["verify"]);
    for name in ["avling.db", "avling.db-wal"] {
        let Ok(bytes) = std::fs::read(site.path().join("data").join(name)) else { continue };
        for word in ["Nordmann", "N00123456"] {
            assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{name} has {word}");
        }
    }
}

#[test]
fn a_wrong_row_refuses_all_files_and_nothing_of_it_is_repeated() {
    let site = Site::with_registry("");
    let before = std::fs::read(site.database()).unwrap();
    let good = site.write("good.csv", OCTOBER);
    let wrong = site.write(
        "wrong.csv",
        "time,institution,product,user\nOla Nordmann,2010100,avis,2024-10-01\n2024-10-01,N00123456,avis,x\n2024-10-01,2010101,avis,Nordmann,Kari\n\
         2024-10-01,2010100,avi,Nordmann\n",
    );
    let ran = site.run(&["import", "sessions", good.to_str().unwrap(), wrong.to_str().unwrap()]).expect(2);
    for expected in
        ["wrong.csv:2: time:", "wrong.csv:3: institution:", "wrong.csv:4: has 5 cells", "wrong.csv:5: product:", "did you mean 'avis'"]
    {
        assert!(ran.stderr.contains(expected), "{expected} is not in {}", ran.stderr);
    }
    for word in ["Nordmann", "N00123456", "Kari", "Ola"] {
        assert!(!ran.stderr.contains(word) && !ran.stdout.contains(word), "{word}: {ran:?}");
    }
    assert!(std::fs::read(site.database()).unwrap() == before);
    let empty = site.write("empty.csv", "time,institution,product\n");
    site.ok(&["import", "sessions", good.to_str().unwrap()]);
    let ran = site.run(&["import", "sessions", "--replace", empty.to_str().unwrap()]).expect(2);
    assert!(ran.stderr.contains("would remove all"), "{}", ran.stderr);
    site.run(&["import", "sessions", good.to_str().unwrap(), "--account", "a"]).expect(2);
    site.run(&["import", "networks", good.to_str().unwrap(), "--instead-of", "a"]).expect(2);
}
