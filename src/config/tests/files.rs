//! What sources of files may say.

use super::*;
use crate::formats::access_log::{Layout, Role};

fn folder_with(lines: &str) -> String {
    format!("[[source]]\nid = \"a\"\nkind = \"folder\"\n{lines}\n")
}

fn log_with(lines: &str) -> String {
    format!("[[source]]\nid = \"a\"\nkind = \"access_log\"\npath = \"logs\"\n[source.log]\n{lines}\n")
}

fn log(lines: &str) -> LogSettings {
    match load_text(&log_with(lines)).unwrap().sources.remove(0).files {
        Some(FileSettings::Log(log)) => *log,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_needs_only_a_path() {
    let base = folder(&[("avling.toml", &folder_with("path = \"in\""))]);
    let settings = load_in(&base, None, &[]).unwrap();
    assert!(settings.warnings.is_empty());
    let Some(FileSettings::Folder(found)) = &settings.sources[0].files else { panic!() };
    assert_eq!(*found, FolderSettings { path: base.path().join("in"), settle: Duration::from_secs(5) });
    for (lines, expected) in [
        ("", "has no path"),
        ("path = \"in/*.json\"", "has a * in it"),
        ("path = \"/\"", "is the root of the file system"),
        ("path = \"https://example.org/\"", "is a URL"),
        ("path = \"in\"\nsettle = \"soon\"", "is not a duration"),
        ("path = \"in\"\nurl = \"https://example.org/\"", "no key has this name here"),
        ("path = \"in\"\nlog = 1", "no key has this name here"),
    ] {
        let problem = problem_of(&folder_with(lines));
        assert!(problem.contains(expected), "{lines}: {problem}");
    }
}

const MAPPING: &str = "path = \"in\"\n[source.rows]\nformat = \"csv\"\ndecimal = \",\"\n[source.fields]\nmonth = \"Dato\"\n\
                       [[source.metric]]\nname = \"Total_Item_Requests\"\nfrom = \"Antall\"\n[[source.keep]]\nfrom = \"Dato\"\nis_not = \"Sum\"";

#[test]
fn a_folder_may_say_how_files_are_read_that_are_not_counter() {
    assert!(load_text(&folder_with("path = \"in\"")).unwrap().sources[0].mapping.is_none());
    let source = load_text(&folder_with(MAPPING)).unwrap_or_else(|error| panic!("{error}")).sources.remove(0);
    let mapping = source.mapping.unwrap();
    assert!(source.requests.is_none() && matches!(source.files, Some(FileSettings::Folder(_))));
    assert_eq!((mapping.numbers.decimal, mapping.keep.len(), mapping.report.as_str()), (',', 1, "PR"));
    // A manifest's file gives the same, whatever it says of how a vendor is asked.
    let sections = MAPPING.split_once('\n').unwrap().1.replace("source.", "");
    let manifest = format!("[request]\nurl = \"https://example.org\"\nnonsense = 1\n[auth]\nkind = \"basic\"\n{sections}");
    let base = folder(&[("avling.toml", &folder_with("path = \"in\"\nmanifest = \"m/x.toml\"")), ("m/x.toml", &manifest)]);
    let shared = load_in(&base, None, &[]).unwrap_or_else(|error| panic!("{error}")).sources.remove(0);
    assert_eq!((shared.mapping.unwrap(), shared.requests.is_none()), (mapping, true));
    std::fs::write(base.path().join("m/x.toml"), "[request]\nurl = \"https://example.org\"\n").unwrap();
    let problem = load_in(&base, None, &[]).unwrap_err().to_string();
    assert!(problem.contains("avling.toml:5:1: source a.manifest: names a file that has no [rows]"), "{problem}");
    for (from, to, expected) in [
        ("month = \"Dato\"", "", "source a.rows: has no field that says which month a row is of"),
        ("format = \"csv\"", "", "source a.rows: has no format"),
        ("\"csv\"", "\"cvs\"", "source a.rows.format: 'cvs' is none of json, json_lines"),
        ("[source.rows]\nformat = \"csv\"\ndecimal = \",\"\n", "", "source a.fields: has no rows beside it"),
        ("[source.fields]", "[source.request]\npath = \"/x\"\n[source.fields]", "source a.request: is about asking a vendor"),
        ("[source.fields]", "[source.pages]\nkind = \"page\"\n[source.fields]", "source a.pages: is about asking a vendor"),
        ("[source.fields]", "[source.feilds]", "source a.feilds: no key has this name here; did you mean 'fields'?"),
        ("Total_Item_Requests", "Antall utlån", "source a.metric.name: is no metric"),
    ] {
        assert!(MAPPING.contains(from), "{from}");
        let problems = problems_of(&folder_with(&MAPPING.replacen(from, to, 1))).join("\n");
        assert!(problems.contains(expected), "{to}: {problems}");
    }
    let log = log_with("format = \"csv\"\ninstitution_by = \"field\"").replace("path =", "rows = { format = \"csv\" }\npath =");
    assert!(problem_of(&log).contains("source a.rows: no key has this name here"));
}

#[test]
fn a_log_says_what_a_line_is_and_whose_an_event_is() {
    let found = log("format = \"json_lines\"\ninstitution_by = \"field\"\nfields = { user = \"sub\", url = \"request.url\" }");
    assert!(matches!(found.layout, Layout::JsonLines));
    assert_eq!((found.names.of(Role::User), found.names.of(Role::Time), found.quiet_days), ("sub", "time", 2));
    let found =
        log("format = \"pattern\"\npattern = '%h %{ezproxy-session}i %u %t \"%r\" %s %b'\nfields = { user = \"%{ezproxy-session}i\" }\n\
         institution_by = \"address\"\nquiet_days = 0\n[[source.log.product]]\nproduct = \"p\"\nurl = [\"https://*.A.no/X/*\"]");
    assert_eq!((found.institution_by, found.quiet_days), (InstitutionBy::Address, 0));
    assert!(found.products[0].has("www.a.no", "/x/1"));
    let found = log("format = \"common\"\ninstitution_by = \"realm\"\n[source.log.institutions]\n\"Halden.no\" = \"2010100\"");
    assert_eq!(found.institutions["halden.no"].as_str(), "2010100");
}

#[test]
fn what_is_wrong_with_a_log_is_told() {
    let field = "institution_by = \"field\"\n";
    for (lines, expected) in [
        (field.to_owned(), "has no format"),
        ("format = \"csv\"".to_owned(), "has no institution_by"),
        (format!("{field}format = \"clf\""), "is none of json_lines, csv, combined, common, pattern"),
        (format!("{field}format = \"pattern\""), "but there is none"),
        (format!("{field}format = \"csv\"\npattern = \"%h %t\""), "is for format = \"pattern\" only"),
        (format!("{field}format = \"pattern\"\npattern = \"%h%t\""), "nothing stands between"),
        (format!("{field}format = \"common\""), "nothing in the line is the institution"),
        ("format = \"pattern\"\npattern = \"%u %t\"\ninstitution_by = \"address\"".to_owned(), "nothing in the line is the address"),
        ("format = \"common\"\ninstitution_by = \"realm\"".to_owned(), "no realm is anybody's"),
        ("format = \"common\"\ninstitution_by = \"address\"\n[source.log.institutions]\na = \"b\"".to_owned(), "is not used"),
        (format!("{field}format = \"csv\"\nfields = {{ users = \"u\" }}"), "did you mean 'user'?"),
        (format!("{field}format = \"csv\"\nfields = {{ user = 1 }}"), "must be a text"),
        (format!("{field}format = \"common\"\nfields = {{ institution = \"%g\" }}"), "has no %g, which is said to be the institution"),
        (format!("{field}format = \"csv\"\nquiet_days = 40"), "from 0 to 15"),
        (format!("{field}format = \"csv\"\n[[source.log.product]]\nproduct = \"p\""), "has no url"),
        (format!("{field}format = \"csv\"\n[[source.log.product]]\nproduct = \"p\"\nurl = []"), "names no address"),
        (format!("{field}format = \"csv\"\n[[source.log.product]]\nproduct = \"p\"\nurl = [\"a b\"]"), "is no address"),
    ] {
        let problem = problem_of(&log_with(&lines));
        assert!(problem.contains(expected), "{lines}: {problem}");
    }
    let without = "[[source]]\nid = \"a\"\nkind = \"access_log\"\npath = \"logs/**\"\n";
    let problems = problems_of(without);
    assert!(problems.len() == 2 && problems[0].contains("more than a *") && problems[1].contains("has no log"), "{problems:?}");
}
