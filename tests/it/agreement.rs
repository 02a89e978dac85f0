//! Keys from proposal to agreement: who signs, when it takes effect, what it would do, what never changes.

use serde_json::json;

use crate::rules::{all_year, map, sums, two_neighbours, usage};
use crate::support::Site;

const KEYS: &str = "key,applies_to,product,method,institution,weight,valid_from,valid_to,state,agreed_by\n";

fn by<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--by", "Kari Nordmann"]].concat()
}

fn state(site: &Site, key: &str) -> String {
    site.ok(&["--json", "keys", "show", key]).json()["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_key_takes_effect_when_everybody_concerned_has_agreed() {
    let site = two_neighbours("");
    usage(&site, "acc", &all_year(100));
    let proposed = site.ok(&by(&[
        "--json",
        "keys",
        "propose",
        "k",
        "--institution",
        "a",
        "--from",
        "2024-07",
        "--weight",
        "a=70%",
        "--weight",
        "b=30%",
    ]));
    assert_eq!((proposed.json()["state"].as_str(), &proposed.json()["waits_for"]), (Some("proposed"), &json!(["b"])));
    // It divides nothing yet, but what it would do can be seen: in the second half 420 and 180 in the place of 450 and 150.
    assert_eq!(sums(&site, &[]), map(&[("a", 900), ("b", 300)]));
    let simulated = site.ok(&["--json", "keys", "simulate", "k", "--year", "2024"]).json();
    let figures: Vec<(&str, i64, i64, i64)> = simulated["figures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            (
                f["institution"].as_str().unwrap(),
                f["now"].as_i64().unwrap(),
                f["under_key"].as_i64().unwrap(),
                f["difference"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(figures, [("a", 900, 870, -30), ("b", 300, 330, 30)]);
    assert_eq!(simulated["moves"], json!(["p"]));
    let words = site.ok(&["keys", "simulate", "k", "--year", "2024"]).stdout;
    assert!(words.contains("B bibliotek (b)") && words.contains("+30") && words.contains("−30"), "{words}");
    let agreed = site.ok(&by(&["--json", "keys", "agree", "k", "--institution", "b"])).json();
    assert_eq!((agreed["state"].as_str(), agreed["waits_for"].as_array().unwrap().len()), (Some("agreed"), 0));
    assert_eq!(sums(&site, &[]), map(&[("a", 870), ("b", 330)]));
    // Every step is dated and signed.
    let shown = site.ok(&["--json", "keys", "show", "k"]).json();
    let steps: Vec<(&str, &str)> =
        shown["steps"].as_array().unwrap().iter().map(|s| (s["who"].as_str().unwrap(), s["what"].as_str().unwrap())).collect();
    assert_eq!(steps, [("Kari Nordmann", "keys propose k"), ("Kari Nordmann", "keys agree k")]);
    assert_eq!(shown["institutions"][1], json!({ "institution": "b", "weight": "30", "agreed_by": "Kari Nordmann" }));
    // Twice is once.
    let again = site.run(&by(&["keys", "agree", "k", "--institution", "b"])).expect(2);
    assert!(again.stderr.contains("is agreed"), "{}", again.stderr);
    site.ok(&["verify"]);
}

#[test]
fn the_county_agrees_on_behalf_of_those_that_have_not() {
    let site = two_neighbours("");
    usage(&site, "acc", &all_year(100));
    site.ok(&by(&["keys", "propose", "k", "--county", "31", "--member", "a", "--member", "b", "--method", "equal", "--from", "2024-01"]));
    site.ok(&["--by", "A-sjefen", "keys", "agree", "k", "--institution", "a"]);
    assert_eq!(state(&site, "k"), "proposed");
    let elsewhere = site.run(&by(&["keys", "agree", "k", "--county", "03"])).expect(2);
    assert!(elsewhere.stderr.contains("county 03 has no institution"), "{}", elsewhere.stderr);
    site.ok(&by(&["keys", "agree", "k", "--county", "31"]));
    assert_eq!(sums(&site, &[]), map(&[("a", 600), ("b", 600)]));
    let shown = site.ok(&["--json", "keys", "show", "k"]).json();
    assert_eq!(shown["institutions"][0]["agreed_by"], "A-sjefen");
    assert_eq!(shown["institutions"][1]["agreed_by"], "county 31 on behalf: Kari Nordmann");
}

#[test]
fn a_rejected_key_divides_nothing_and_cannot_be_signed_any_more() {
    let site = two_neighbours("");
    usage(&site, "acc", &all_year(100));
    site.ok(&by(&["keys", "propose", "k", "--institution", "a", "--from", "2024-01", "--weight", "a=9", "--weight", "b=1"]));
    site.ok(&by(&["keys", "reject", "k", "--institution", "b", "--why", "vi har flere elever"]));
    assert_eq!(state(&site, "k"), "rejected");
    assert!(site.ok(&["keys", "show", "k"]).stdout.contains("vi har flere elever"));
    let late = site.run(&by(&["keys", "agree", "k", "--institution", "b"])).expect(2);
    assert!(late.stderr.contains("rejected") && late.stderr.contains("new id"), "{}", late.stderr);
    assert_eq!(sums(&site, &[]), map(&[("a", 900), ("b", 300)]));
}

#[test]
fn a_new_key_takes_the_place_of_the_old_one_and_the_past_stays() {
    let site = two_neighbours("");
    usage(&site, "acc", &all_year(100));
    let agree = |key: &str, from: &str, a: &str, b: &str| {
        site.ok(&by(&["keys", "propose", key, "--institution", "a", "--from", from, "--weight", a, "--weight", b]));
        site.ok(&by(&["--json", "keys", "agree", key, "--institution", "b"])).json()
    };
    agree("first", "2024-01", "a=1", "b=1");
    assert_eq!(agree("second", "2024-07", "a=1", "b=3")["supersedes"], json!(["first"]));
    // Half and half of 600, then a quarter of 600.
    assert_eq!(sums(&site, &[]), map(&[("a", 300 + 150), ("b", 300 + 450)]));
    assert_eq!(site.ok(&["--json", "keys", "show", "first"]).json()["valid_to"], "2024-07-01");
    // One for the same time replaces it altogether.
    agree("third", "2024-07", "a=3", "b=1");
    assert_eq!((state(&site, "second").as_str(), state(&site, "first").as_str()), ("superseded", "agreed"));
    assert_eq!(sums(&site, &[]), map(&[("a", 300 + 450), ("b", 300 + 150)]));
    site.ok(&["verify"]);
}

#[test]
fn what_cannot_be_meant_is_refused_in_clear_words() {
    let site = two_neighbours("");
    usage(&site, "acc", &all_year(100));
    let propose = ["keys", "propose", "k", "--institution", "a", "--from", "2024-01"];
    for (more, words) in [
        (vec!["--weight", "a=70%", "--weight", "b=20%"], "the percentages add up to 90, not to 100"),
        (vec!["--weight", "a=70%", "--weight", "b=30"], "some weights are in percent"),
        (vec!["--weight", "a=70", "--weight", "bb=30"], "no institution of that id is registered (did you mean 'b'?)"),
        (vec!["--weight", "a=70", "--weight", "b=x"], "is not a weight"),
        (vec!["--member", "b", "--member", "c"], "has no part in it"),
        (vec!["--product", "pp"], "no product of that id is registered"),
        (vec!["--applies-to", "ac"], "no account of that id is registered"),
        (vec!["--applies-to", "acc", "--member", "a", "--member", "c"], "add --member b"),
        (vec!["--from-measured", "--product", "p"], "has seen no session"),
        (vec!["--weight", "a=70", "--weight", "b=30", "--method", "equal"], "weights are for method fixed"),
    ] {
        let ran = site.run(&by(&[&propose[..], &more].concat())).expect(2);
        assert!(ran.stderr.contains(words), "{more:?}: {}", ran.stderr);
    }
    let early = site.run(&by(&["keys", "propose", "k", "--institution", "a", "--from", "2023-12"])).expect(2);
    assert!(early.stderr.contains("nothing is harvested before 2024-01"), "{}", early.stderr);
    let unsigned = site.run(&propose).expect(2);
    assert!(unsigned.stderr.contains("say who you are with --by"), "{}", unsigned.stderr);
    assert!(site.ok(&["keys", "list"]).stdout.contains("No such key"));
    // With nobody named, those who share and subscribe take part, by inhabitants; filled in they are numbers.
    site.ok(&by(&["keys", "propose", "k", "--institution", "a", "--from", "2024-01", "--from-population"]));
    let shown = site.ok(&["--json", "keys", "show", "k"]).json();
    assert_eq!((shown["institutions"][0]["weight"].as_str(), shown["institutions"][1]["weight"].as_str()), (Some("300"), Some("100")));
    let twice = site.run(&by(&["keys", "propose", "k", "--institution", "a", "--from", "2024-01"])).expect(2);
    assert!(twice.stderr.contains("there is a key 'k' already"), "{}", twice.stderr);
}

#[test]
fn an_imported_key_is_signed_row_by_row_and_never_edited_once_agreed() {
    let site = two_neighbours("");
    usage(&site, "acc", &all_year(100));
    let rows = |a: &str, b: &str, weight: &str, to: &str, state: &str| {
        format!("{KEYS}k,,,fixed,a,{weight},2024-01-01,{to},{state},{a}\nk,,,fixed,b,50,2024-01-01,{to},{state},{b}\n")
    };
    site.import("keys", &rows("", "", "50", "", "proposed")).expect(0);
    // Two forms come back, each with its own signature.
    site.import("keys", &rows("Anne", "", "50", "", "proposed")).expect(0);
    assert_eq!(state(&site, "k"), "proposed");
    site.import("keys", &rows("", "Bjørn", "50", "", "proposed")).expect(0);
    assert_eq!(state(&site, "k"), "agreed");
    assert_eq!(sums(&site, &[]), map(&[("a", 600), ("b", 600)]));
    // The same file again changes nothing; other weights are another key.
    let again = site.import("keys", &rows("", "Bjørn", "50", "", "proposed")).expect(0);
    assert!(again.stdout.contains("0 new, 0 changed"), "{}", again.stdout);
    let edited = site.import("keys", &rows("Anne", "Bjørn", "60", "", "agreed")).expect(2);
    assert!(edited.stderr.contains("keys.csv:2: weight: key k is agreed and never changes"), "{}", edited.stderr);
    let gone = site.run(&[
        "import",
        "keys",
        "--replace",
        site.write("other.csv", KEYS.to_owned() + "x,,,equal,a,,,,proposed,\n").to_str().unwrap(),
    ]);
    assert!(gone.expect(2).stderr.contains("lacks key k"));
    // It can be given an end, and then the default divides.
    site.import("keys", &rows("Anne", "Bjørn", "50", "2024-07-01", "agreed")).expect(0);
    assert_eq!(sums(&site, &[]), map(&[("a", 300 + 450), ("b", 300 + 150)]));
    // A proposal whose weights change loses the signatures for the old ones.
    site.import("keys", &rows("Anne", "", "50", "", "proposed").replace("k,", "n,")).expect(0);
    site.import("keys", &rows("", "Bjørn", "40", "", "proposed").replace("k,", "n,")).expect(0);
    assert_eq!(state(&site, "n"), "proposed");
    assert_eq!(site.ok(&["--json", "keys", "show", "n"]).json()["waits_for"], json!(["a"]));
    for (file, words) in [
        (
            format!("{KEYS}w,,,fixed,a,50,,,agreed,\nw,,,equal,b,,,,agreed,\n"),
            "keys.csv:3: method: is 'equal', but 'fixed' in the first row",
        ),
        (format!("{KEYS}w,,,fixed,a,,,,agreed,\n"), "keys.csv:2: weight: is empty"),
        (format!("{KEYS}w,nowhere,,equal,a,,,,agreed,\n"), "keys.csv:2: applies_to: there is no account 'nowhere'"),
        (format!("{KEYS}w,,,equal,a,,,,maybe,\n"), "keys.csv:2: state: 'maybe' is none of"),
    ] {
        let ran = site.import("keys", &file).expect(2);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
    site.ok(&["verify"]);
}
