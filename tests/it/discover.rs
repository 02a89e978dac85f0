//! `avling source discover` against simulated vendors: what it finds, what it proposes, and what it keeps to itself.

use avling::model::Release;
use avling::simulator::{AccountPlan, Behaviour, MemberPlan, Simulator, VendorPlan};

use crate::support::{Ran, Scripted, Site};

const KEY: &str = "secret-key-1";

async fn vendor(release: Release, account: AccountPlan, behaviour: Behaviour) -> Simulator {
    let plan = VendorPlan::new("v", release, vec![account]).behaving(behaviour);
    Simulator::start(vec![plan], "2025-01-20".parse().unwrap()).await.unwrap()
}

fn account() -> AccountPlan {
    AccountPlan { api_key: Some(KEY.into()), ..AccountPlan::new("A1", 5000) }
}

/// Runs the command with the key in the environment.
fn discover(site: &Site, arguments: &[&str]) -> Ran {
    let mut command = site.command();
    command.args(["--json", "source", "discover"]).args(arguments).env("V_KEY", KEY);
    let output = command.output().unwrap();
    let ran = Ran {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains(KEY), "{text}");
    }
    ran
}

/// The proposal, in a configuration of its own: what `check` says.
fn checked(proposal: &serde_json::Value) -> Ran {
    let site = Site::with_registry(proposal["source"].as_str().unwrap());
    let accounts = site.import("accounts", proposal["accounts"].as_str().unwrap());
    assert_eq!(accounts.status, Some(0), "{accounts:?}");
    let output = site.command().args(["--json", "check"]).env("V_KEY", KEY).output().unwrap();
    Ran { status: output.status.code(), stdout: String::from_utf8(output.stdout).unwrap(), stderr: String::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_any_form_leads_to_a_configuration_that_passes_check() {
    let simulator = vendor(Release::R51, account(), Behaviour::Normal).await;
    let base = simulator.url("v");
    let root = base.trim_end_matches("/counter/r51").to_owned();
    let site = Site::new("");
    for given in [
        base.clone(),
        format!("{base}/reports"),
        format!("{base}/reports/tr?customer_id=A1&begin_date=2024-01"),
        base.replace("/r51", ""),
        base.replace("/r51", "/r5"),
        root,
    ] {
        let ran = discover(&site, &[&given, "--customer-id", "A1", "--api-key", "env:V_KEY", "--id", "vendor"]).expect(0);
        let proposal = ran.json();
        assert_eq!(proposal["found"][0]["url"].as_str(), Some(base.as_str()), "{given}: {proposal}");
        assert_eq!(proposal["found"][0]["release"], "5.1", "{given}");
        let source = proposal["source"].as_str().unwrap();
        assert!(
            source.contains("reports = [\"PR\", \"DR\", \"TR\", \"IR\"]") && source.contains("# PR is there from 2022-01 to 2024-12"),
            "{source}"
        );
        assert!(proposal["accounts"].as_str().unwrap().contains("\nvendor,vendor,A1,*,,,env:V_KEY,,\n"), "{proposal}");
        let checked = checked(&proposal);
        // The product is still to be registered; nothing else is amiss.
        let wrong: Vec<String> = checked.json()["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["problem"] == true)
            .map(|finding| finding["what"].as_str().unwrap().to_owned())
            .collect();
        assert!(wrong.iter().all(|what| what.contains("its product vendor is not registered")), "{wrong:?}");
    }
    assert_eq!(simulator.most_at_once("v"), 1, "one request at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_releases_become_a_source_with_a_fallback() {
    // One host that has both, as vendors do.
    let new = "[{\"Report_ID\": \"PR\", \"Release\": \"5.1\", \"Report_Name\": \"Platform Report\"}]";
    let old = "[{\"Report_ID\": \"TR_J1\", \"Release\": \"5\", \"Report_Name\": \"Journal Requests\"}]";
    let vendor = Scripted::start(vec![
        ("200 OK", new.to_owned()),
        ("200 OK", "{\"Service_Active\": true, \"Description\": \"Ours \\\"R\\\"\"}".to_owned()),
        ("200 OK", old.to_owned()),
        ("503 Service Unavailable", String::new()),
        ("404 Not Found", String::new()),
    ]);
    let site = Site::new("");
    let asked = [vendor.url.as_str(), "--customer-id", "A1", "--platform", "P \"1\"", "--allow-http"];
    let proposal = discover(&site, &asked).expect(0).json();
    let source = proposal["source"].as_str().unwrap();
    let older = vendor.url.replace("/r51", "/r5");
    for expected in
        ["release = \"5.1\"\n", "allow_http = true\n", &format!("fallback = {{ release = \"5\", url = \"{older}\" }}"), "[source.dialect]"]
    {
        assert!(source.contains(expected), "{expected} is not in {source}");
    }
    assert_eq!(vendor.asked(), 5, "two lists, two states, and the members");
    checked(&proposal).json();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consortiums_members_are_proposed_with_the_institutions_that_they_are() {
    let member = |id: &str, name: &str, isil: &str| MemberPlan { customer_id: id.into(), name: name.into(), isil: isil.into(), size: 900 };
    let members = vec![member("m1", "X", "NO-2010100"), member("m2", "Marker bibliotek", ""), member("m3", "Ukjent, ja", "")];
    let simulator = vendor(Release::R5, AccountPlan { members, ..account() }, Behaviour::Normal).await;
    let site = Site::with_registry("");
    let proposal =
        discover(&site, &[&simulator.url("v"), "--customer-id", "A1", "--api-key", "env:V_KEY", "--id", "felles"]).expect(0).json();
    assert_eq!((proposal["members"].as_array().unwrap().len(), proposal["found"][0]["release"].as_str()), (3, Some("5")));
    let accounts = proposal["accounts"].as_str().unwrap();
    for expected in [
        "\nfelles,felles,A1,2010100 2011900,,,env:V_KEY,,\n",
        "\n# felles-m1,felles,m1,2010100,,,env:V_KEY,,\n",
        "\n# felles-m2,felles,m2,2011900,,,env:V_KEY,,\n",
        "\n# Ukjent, ja: which institution is it?\n# felles-m3,felles,m3,?,,,env:V_KEY,,\n",
    ] {
        assert!(accounts.contains(expected), "{expected} is not in {accounts}");
    }
    checked(&proposal);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_are_not_tried_again_elsewhere() {
    let simulator = vendor(Release::R51, account(), Behaviour::Normal).await;
    let site = Site::new("");
    let ran = discover(&site, &[&simulator.url("v"), "--customer-id", "A1", "--api-key", "a-wrong-key"]).expect(3);
    let document = ran.json();
    assert!(
        document["source"].is_null() && document["notes"][0].as_str().unwrap().contains("does not accept the credentials"),
        "{document}"
    );
    assert_eq!(simulator.requests("v").len(), 1);
    assert!(!ran.stdout.contains("a-wrong-key") && !ran.stderr.contains("a-wrong-key"), "{ran:?}");
    assert!(ran.stderr.contains("env:NAME"), "a secret in clear is better in the environment: {}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_says_what_a_vendor_needs_and_where_it_is() {
    let simulator = vendor(Release::R51, account(), Behaviour::WantsPlatform("P1".into())).await;
    let base = simulator.url("v");
    let site = Site::new("");
    let registry = format!(
        "{{\"results\": [{{\"url\": \"{base}/\", \"counter_release\": \"5.1\", \"customer_id_info\": \"See the portal\", \"requestor_id_required\": true, \
         \"requestor_id_info\": \"\", \"api_key_required\": true, \"platform_attr_required\": true, \"platform_specific_info\": \"P1 for everybody\", \
         \"request_volume_limits_applied\": true, \"request_volume_limits_info\": \"1 per second\", \"ip_address_authorization\": false}}]}}"
    );
    let path = site.write("registry.json", registry);
    let path = path.to_str().unwrap();
    let root = base.replace("/counter/r51", "/elsewhere");
    let asked = [&root, "--customer-id", "A1", "--api-key", "env:V_KEY", "--registry", path, "--id", "v"];
    let without = discover(&site, &asked).expect(3).json().to_string();
    for expected in ["needs a platform", "needs a requestor id", "limits: 1 per second", "platform: P1 for everybody"] {
        assert!(without.contains(expected), "{expected} is not in {without}");
    }
    // With the platform the address of the registry is found.
    let output = site.path().join("v.toml");
    let with = [&asked[..], &["--platform", "P1", "--output", output.to_str().unwrap()]].concat();
    let proposal = discover(&site, &with).expect(0).json();
    assert_eq!(proposal["found"][0]["url"].as_str(), Some(base.as_str()), "{proposal}");
    assert_eq!(std::fs::read_to_string(&output).unwrap(), proposal["source"].as_str().unwrap());
    assert!(std::fs::read_to_string(site.path().join("v.accounts.csv")).unwrap().contains("v,v,A1,*"));
    // What is there is not written over.
    assert!(discover(&site, &with).expect(2).stdout.contains("is there already"));
    site.write("bad.json", "<html>");
    let bad = site.path().join("bad.json");
    assert!(discover(&site, &[&root, "--customer-id", "A1", "--registry", bad.to_str().unwrap()]).expect(2).stdout.contains("is not JSON"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_where_nothing_is_says_what_was_tried() {
    let simulator = vendor(Release::R51, account(), Behaviour::NotFound).await;
    let site = Site::new("");
    let ran = discover(&site, &[&simulator.url("v"), "--customer-id", "A1"]).expect(3);
    assert_eq!(ran.json()["tried"].as_array().unwrap().len(), 3, "{}", ran.stdout);
    assert!(discover(&site, &["not an address", "--customer-id", "A1"]).expect(2).stdout.contains("is no URL"));
    assert!(discover(&site, &["http://192.0.2.1/r51", "--customer-id", "A1"]).expect(2).stdout.contains("plain http"));
}
