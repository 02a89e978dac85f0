//! What a `[[source]]` may say.

use super::*;
use crate::model::registry::{Access, SharedTraffic};
use crate::model::{Release, ReportId};

/// A source with these lines besides the necessary ones.
fn with(lines: &str) -> String {
    format!("[[source]]\nid = \"a\"\nkind = \"counter_api\"\nurl = \"https://example.org/c\"\n{lines}\n")
}

fn source(lines: &str) -> SourceSettings {
    load_text(&with(lines)).unwrap().sources.remove(0)
}

/// The only problem of such a source, without `file: key: `.
fn wrong(lines: &str) -> String {
    let problem = problem_of(&with(lines));
    assert!(problem.starts_with("avling.toml:"), "{problem}");
    problem.split_once(": ").unwrap().1.to_owned()
}

#[test]
fn a_source_needs_little() {
    let source = source("");
    assert_eq!((source.id.as_str(), source.product.as_str(), source.vendor.as_str()), ("a", "a", ""));
    assert_eq!(source.kind, SourceKind::CounterApi);
    assert_eq!(source.release, ReleaseChoice::Release(Release::R51));
    assert_eq!(source.url, "https://example.org/c");
    assert_eq!(source.reports, [ReportId::trusted("PR")]);
    assert_eq!((source.access, source.shared_traffic), (Access::Ip, SharedTraffic::Single));
    assert_eq!((source.pause, source.timeout, source.requests_at_once), (None, None, 1));
    assert!(!source.allow_http && source.fallback.is_none() && source.product_rules.is_empty());
    assert!(source.cron.is_none() && source.user_agent.is_none());
    assert_eq!(
        problems_of("[[source]]\n"),
        [
            "avling.toml:1:1: source: has no id; every [[source]] needs one",
            "avling.toml:1:1: source: has no kind; every [[source]] needs one",
            "avling.toml:1:1: source: has no url; every [[source]] needs one",
        ]
    );
}

#[test]
fn a_source_may_say_much() {
    let source = source(
        r#"
        vendor = "Naxos Music Library"
        release = "5"
        fallback = { release = "5.1", url = "https://example.org/new" }
        reports = ["pr", "TR_J1"]
        product = "p"
        access = "login"
        shared_traffic = "replicated"
        pause = "0s"
        timeout = "10m"
        cron = "0 4 10 * *"
        requests_at_once = 4
        user_agent = "avling (test)"
        "#,
    );
    assert_eq!(source.vendor, "Naxos Music Library");
    assert_eq!(source.release, ReleaseChoice::Release(Release::R5));
    assert_eq!(source.fallback, Some(Fallback { release: Release::R51, url: "https://example.org/new".into() }));
    assert_eq!(source.reports, [ReportId::trusted("PR"), ReportId::trusted("TR_J1")]);
    assert_eq!(source.product.as_str(), "p");
    assert_eq!((source.access, source.shared_traffic), (Access::Login, SharedTraffic::Replicated));
    assert_eq!((source.pause, source.timeout), (Some(Duration::ZERO), Some(Duration::from_mins(10))));
    assert_eq!((source.cron.as_deref(), source.requests_at_once), (Some("0 4 10 * *"), 4));
    assert_eq!(source.user_agent.as_deref(), Some("avling (test)"));
}

#[test]
fn a_release_may_be_written_without_quotes_or_asked_for() {
    assert_eq!(source("release = 5").release, ReleaseChoice::Release(Release::R5));
    assert_eq!(source("release = 5.1").release, ReleaseChoice::Release(Release::R51));
    assert_eq!(source("release = \"auto\"").release, ReleaseChoice::Auto);
    assert!(wrong("release = \"3\"").contains("write \"5\", \"5.1\" or \"auto\""));
    assert!(wrong("release = \"4\"").contains("kind = \"sushi_soap\""));
    assert!(wrong("release = true").starts_with("source a.release: 'true' is no release"));
}

#[test]
fn wrong_values_are_told_with_what_would_be_right() {
    for (line, says) in [
        ("url2 = \"x\"", "source a.url2: no key has this name here; did you mean 'url'?"),
        ("access = \"pi\"", "source a.access: 'pi' is none of ip, login, mixed"),
        ("shared_traffic = \"singel\"", "did you mean 'single'?"),
        ("reports = [\"TR_J9\"]", "'TR_J9' is no report of COUNTER Release 5; did you mean 'TR_J1'?"),
        ("reports = []", "names no report"),
        ("reports = \"PR\"", "must be a list of texts"),
        ("reports = [\"PR\", \"pr\"]", "PR is named twice"),
        ("pause = \"2d\"", "more than a day"),
        ("timeout = \"0s\"", "no time at all"),
        ("cron = \"0 0 30 2 *\"", "never comes"),
        ("requests_at_once = 0", "a whole number from 1 to 100"),
        ("user_agent = \"avlíng\"", "use plain ASCII"),
        ("product = \"two words\"", "has a space"),
        ("vendor = \"\"", "is empty; leave it out"),
        ("allow_http = 1", "must be true or false"),
        ("fallback = \"https://example.org/r5\"", "write it as { release = "),
        ("fallback = { release = \"5\" }", "source a.fallback: has no url"),
        ("fallback = { url = \"https://example.org/r5\" }", "source a.fallback: has no release"),
        ("fallback = { release = \"auto\", url = \"https://example.org/r5\" }", "cannot be \"auto\""),
        ("fallback = { release = \"5\", url = \"https://example.org/r5\", reports = [] }", "it is a key of [[source]]"),
        ("fallback = { release = \"5.1\", url = \"https://example.org/c\" }", "is the same release at the same address"),
        ("[source.product_rule]\nproduct = \"p\"", "[[source.product_rule]], in two brackets"),
        ("[[source.product_rule]]\nplatform = \"P\"", "source a.product_rule: has no product"),
        ("[[source.product_rule]]\nproduct = \"p\"", "says nothing of the usage"),
        ("[[source.product_rule]]\nproduct = \"p\"\nplatform = \"P\"\npause = \"1s\"", "must stand above the sections within it"),
        ("[[source.product_rule]]\nproduct = \"p\"\nplatfrom = \"P\"\ntitle = \"T\"", "did you mean 'platform'?"),
    ] {
        let problem = wrong(line);
        assert!(problem.contains(says), "{line}: {problem}");
    }
    let kind = problem_of("[[source]]\nid = \"a\"\nkind = \"counter\"\nurl = \"https://example.org\"\n");
    assert!(kind.contains("is none of counter_api, sushi_soap, manifest, folder, access_log"), "{kind}");
    assert!(problem_of("[source]\nid = \"a\"\n").contains("[[source]], in two brackets"));
    assert!(problem_of("source = [\"a\"]\n").contains("[[source]], in two brackets"));
}

#[test]
fn plain_http_goes_no_further_than_this_machine_unless_allowed() {
    let url = |url: &str, more: &str| load_text(&format!("[[source]]\nid = \"a\"\nkind = \"counter_api\"\nurl = \"{url}\"\n{more}\n"));
    for fine in ["http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]/x", "http://127.8.9.1/", "https://example.org"] {
        assert_eq!(url(fine, "").unwrap().sources[0].url, fine);
    }
    for refused in ["http://example.org/x", "http://localhost.example.org/", "http://10.0.0.1/", "http://127.0.0.1.example.org/"] {
        let error = url(refused, "").unwrap_err().to_string();
        assert!(error.contains("source a.url: is plain http to "), "{error}");
        assert!(url(refused, "allow_http = true").unwrap().sources[0].allow_http);
        let fallback = format!("fallback = {{ release = \"5\", url = \"{refused}\" }}");
        assert!(url("https://example.org", &fallback).unwrap_err().to_string().contains("source a.fallback.url: is plain http"));
    }
}

#[test]
fn credentials_in_an_address_are_refused_and_not_shown() {
    for address in [
        "https://me:hunter2@example.org/",
        "https://hunter2@example.org/",
        "https://example.org/?api_key=hunter2",
        "https://example.org/?Requestor_ID=hunter2",
    ] {
        for kind in ["counter_api", "sushi_soap"] {
            let problem = problem_of(&format!("[[source]]\nid = \"a\"\nkind = \"{kind}\"\nurl = \"{address}\"\n"));
            assert!(problem.contains("credentials belong to the accounts") && !problem.contains("hunter2"), "{problem}");
        }
    }
    for address in ["example.org/counter", "ftp://example.org/", "https://"] {
        let problem = problem_of(&format!("[[source]]\nid = \"a\"\nkind = \"counter_api\"\nurl = \"{address}\"\n"));
        assert!(problem.contains("is no URL") || problem.contains("must be https"), "{problem}");
    }
}

#[test]
fn two_sources_of_one_id_are_refused_with_both_places() {
    let folder = folder(&[("avling.toml", &format!("include = [\"b.toml\"]\n{}", with(""))), ("b.toml", &with(""))]);
    let problems = problems(&folder, None, &[]);
    assert_eq!(problems, ["b.toml:1:1: source a.id: there is a source of this id at avling.toml:2:1 already; give one of them another"]);
}

#[test]
fn every_problem_of_every_source_is_told() {
    let text = format!("{}{}", with("pause = 1\naccess = \"x\""), with("cron = \"x\"").replace("\"a\"", "\"b\""));
    let problems = problems_of(&text);
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems[2].starts_with("avling.toml:11:1: source b.cron: "), "{problems:?}");
}

#[test]
fn a_soap_source_speaks_release_4_and_has_keys_of_its_own() {
    let soap = |more: &str| format!("[[source]]\nid = \"old\"\nkind = \"sushi_soap\"\nurl = \"https://example.org/sushi\"\n{more}\n");
    let settings =
        load_text(&soap("reports = [\"jr1\", \"JR1 GOA\", \"BR2\"]\nsoap_action = \"GetReport\"\nrequestor_name = \"Østfold\"")).unwrap();
    let [source] = settings.sources.as_slice() else { panic!("{settings:?}") };
    assert_eq!(source.kind, SourceKind::SushiSoap);
    assert_eq!(source.release, ReleaseChoice::Release(Release::R4));
    assert_eq!(source.reports.iter().map(ReportId::as_str).collect::<Vec<_>>(), ["JR1", "JR1GOA", "BR2"]);
    assert_eq!((source.soap.action.as_str(), source.soap.requestor_name.as_str()), ("GetReport", "Østfold"));
    assert!(settings.warnings.is_empty());
    let plain = load_text(&soap("release = \"4\"")).unwrap();
    assert_eq!((plain.sources[0].soap.action.as_str(), plain.sources[0].reports[0].as_str()), ("SushiService:GetReportIn", "PR1"));
    for (line, says) in [
        ("reports = [\"TR\"]", "'TR' is no report of COUNTER Release 4"),
        ("release = \"5\"", "speaks Release 4"),
        ("fallback = { release = \"5\", url = \"https://example.org/\" }", "no key has this name here"),
        ("soap_action = \"a\\\"b\"", "quotes"),
    ] {
        let problem = problem_of(&soap(line));
        assert!(problem.contains(says), "{line}: {problem}");
    }
    let plain_http = soap("").replace("https:", "http:");
    assert!(problem_of(&plain_http).contains("allow_http"));
    assert!(problem_of(&soap("").replace("url = \"https://example.org/sushi\"\n", "")).contains("has no url"));
    assert!(wrong("soap_action = \"x\"").contains("no key has this name here"));
}

#[test]
fn the_first_rule_that_matches_decides_the_product() {
    let rules = r#"
        [[source.product_rule]]
        product = "jazz"
        platform = "Naxos Jazz"
        [[source.product_rule]]
        product = "films"
        data_type = "Audiovisual"
        title = "Film*"
        [[source.product_rule]]
        product = "jazz"
        database = "*jazz*"
        "#;
    let source = source(&format!("product = \"all\"\n{rules}"));
    let of =
        |platform: &str, database: &str, title: &str, data_type: &str| source.product_of(platform, database, title, data_type).as_str();
    assert_eq!(of("Naxos Jazz", "", "Film", "Audiovisual"), "jazz");
    assert_eq!(of("Naxos", "", "Film noir", "Audiovisual"), "films");
    assert_eq!(of("Naxos", "", "Film noir", "Sound"), "all");
    assert_eq!(of("Naxos", "old jazz", "", ""), "jazz");
    assert_eq!(of("naxos jazz", "", "", ""), "all");
    assert_eq!(source.products().iter().map(|product| product.as_str()).collect::<Vec<_>>(), ["all", "jazz", "films"]);
    // The text that tells rules apart does not change from run to run, or with how patterns are kept.
    let debug = format!("{:?}", source.product_rules[0]);
    assert_eq!(debug, r#"ProductRule { product: "jazz", platform: Some("Naxos Jazz"), database: None, title: None, data_type: None }"#);
}

#[test]
fn the_demonstration_s_sources_load() {
    let text = crate::simulator::demo::demo_config(|vendor| format!("http://127.0.0.1:9/{vendor}"));
    let settings = load_text(&text).unwrap();
    assert_eq!(settings.sources.len(), crate::simulator::demo::demo_vendors().len());
    assert!(settings.warnings.is_empty());
    let music = settings.sources.iter().find(|source| source.id.as_str() == "tonekassa").unwrap();
    assert_eq!(music.product_of("Tonekassa Jazz", "", "", "").as_str(), "tonekassa-jazz");
    assert_eq!(music.pause, Some(Duration::ZERO));
}
