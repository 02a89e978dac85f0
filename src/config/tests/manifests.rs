//! What a source with an interface of its own may say.

use proptest::prelude::*;

use super::*;
use crate::model::manifest::{Auth, Counts, Paging, Per, Secret};

const WHOLE: &str = r#"
[source.request]
path = "/use/{customer_id}"
query = { from = "{begin}", size = 5 }
[source.rows]
format = "json"
path = "items[*]"
[source.fields]
month = "m"
[[source.metric]]
name = "Total_Item_Requests"
from = "n"
"#;

/// A source with these sections.
fn with(sections: &str) -> String {
    format!("[[source]]\nid = \"a\"\nkind = \"manifest\"\nurl = \"https://example.org/c\"\n{sections}\n")
}

fn source(sections: &str) -> SourceSettings {
    load_text(&with(sections)).unwrap_or_else(|error| panic!("{error}")).sources.remove(0)
}

/// Everything that is wrong with such a source.
fn wrong(sections: &str) -> String {
    let problems = problems_of(&with(sections));
    assert!(problems.iter().all(|problem| problem.starts_with("avling.toml:")), "{problems:?}");
    problems.join("\n")
}

#[test]
fn a_manifest_needs_little() {
    let source = source(WHOLE);
    let (requests, mapping) = (source.requests.unwrap(), source.mapping.unwrap());
    assert_eq!((requests.auth.clone(), requests.pages.clone(), requests.per), (Auth::None, None, Per::Month));
    assert_eq!((mapping.report.as_str(), source.reports.len(), source.reports[0].as_str()), ("PR", 1, "PR"));
    assert!(matches!(&mapping.counts, Counts::Fields(metrics) if metrics.len() == 1));
    let all = wrong("");
    for expected in ["source a: has no request; write [source.request]", "source a: has no rows; write [source.rows]"] {
        assert!(all.contains(expected), "{all}");
    }
}

#[test]
fn a_slip_is_told_with_its_place_and_what_was_meant() {
    for (from, to, expected) in [
        ("path = \"/use", "pth = \"/use", "avling.toml:7:1: source a.request.pth: no key has this name here; did you mean 'path'?"),
        ("{begin}", "{bgin}", "avling.toml:8:11: source a.request.query.from: nothing is called '{bgin}'; there are {account}"),
        ("\"json\"", "\"jsn\"", "source a.rows.format: 'jsn' is none of json, json_lines"),
        ("items[*]", "items[", "source a.rows.path: has a bracket that is not closed"),
        ("month = \"m\"", "month = \"m\"\ntitel = \"t\"", "source a.fields.titel: no key has this name here; did you mean 'title'?"),
        ("month = \"m\"", "month = \"^^.m\"", "source a.fields: looks with '^^.m' further up than there is"),
        ("from = \"n\"", "from = \"n\"\nvalue = 1", "source a.metric: says how much by from"),
        ("Total_Item_Requests", "Antall utlån", "source a.metric.name: is no metric"),
        ("size = 5", "api_key = \"very-secret\"", "source a.request.query.api_key: names a secret"),
        ("size = 5", "page = \"{page}\"", "sends {page}, but pages is not of the kind 'page'"),
        ("path = \"/use", "reports = [\"TR\"]\npath = \"/use", "reports"),
        ("path = \"/use/{customer_id}\"", "path = \"use?x=1\"", "must begin with a slash"),
        ("[source.rows]", "[source.rows]\nsheet = \"x\"", "source a.rows.sheet: is nothing for this format"),
        ("[source.rows]", "[source.rows]\ndate = \"%Q\"", "source a.rows.date: '%Q' is no format of a date"),
        ("[source.rows]", "[source.rows]\nthousands = \".\"\ndecimal = \".\"", "is the same as decimal"),
        (
            "[source.rows]",
            "[source.auth]\nkind = \"bearer\"\nsecret = \"very-secret\"\n[source.rows]",
            "source a.auth.secret: does not say where the secret is",
        ),
        ("[source.rows]", "[source.auth]\nkind = \"header\"\n[source.rows]", "source a.auth: has no name; say in which header"),
        (
            "[source.rows]",
            "[source.auth]\nkind = \"basic\"\nscope = \"x\"\n[source.rows]",
            "source a.auth.scope: is nothing for the kind 'basic', which takes user, password",
        ),
        ("[source.rows]", "[source.auth]\nkind = \"oauth2\"\n[source.rows]", "has no token_url"),
        ("[source.rows]", "[source.pages]\nkind = \"cursor\"\n[source.rows]", "says where the cursor is by cursor"),
        ("[source.rows]", "[source.pages]\nkind = \"page\"\n[source.rows]", "is 'page', but the request never sends {page}"),
        ("[source.request]", "[source.request]\nper = \"range\"\nmonths_at_once = 0", "months_at_once: is the number 0"),
        ("[source.request]", "[source.request]\nheaders = { Authorization = \"x\" }", "holds a secret"),
        ("[source.request]", "[source.request]\nmethod = \"GET\"\nform = { a = \"b\" }", "is GET, with which nothing is sent"),
    ] {
        assert!(WHOLE.contains(from), "{from}");
        let all = wrong(&WHOLE.replacen(from, to, 1));
        assert!(all.contains(expected) && !all.contains("very-secret"), "{to}: {all}");
    }
    assert!(wrong(&format!("release = \"5.1\"\n{WHOLE}")).contains("source a.release: is the COUNTER API's"));
    assert!(wrong(&format!("reports = [\"TR\"]\n{WHOLE}")).contains("the report of other usage stands in rows"));
    assert!(wrong(&format!("[source.reqest]\n{WHOLE}")).contains("did you mean 'request'?"));
}

#[test]
fn a_file_is_shared_and_what_stands_in_the_source_goes_before_it() {
    let manifest = WHOLE.replace("[source.", "[").replace("[[source.", "[[");
    let manifest = format!("about = \"x\"\n{manifest}[auth]\nkind = \"bearer\"\nsecret = \"file:key.txt\"\n")
        .replace("[request]", "[request]\nurl = \"https://example.com\"");
    let main = "[[source]]\nid = \"a\"\nkind = \"manifest\"\nmanifest = \"m/x.toml\"\n\
                [[source]]\nid = \"b\"\nkind = \"manifest\"\nmanifest = \"m/x.toml\"\nurl = \"https://example.org/b\"\n[source.auth]\nkind = \"query\"\nname = \"k\"\n";
    let folder = folder(&[("avling.toml", main), ("m/x.toml", &manifest)]);
    let settings = load_in(&folder, None, &[]).unwrap();
    let [a, b] = &settings.sources[..] else { panic!() };
    assert_eq!((a.url.as_str(), b.url.as_str()), ("https://example.com", "https://example.org/b"));
    // A file is relative to the manifest that names it.
    let Auth::Bearer { secret: Secret::File(path) } = &a.requests.as_ref().unwrap().auth else { panic!() };
    assert!(path.ends_with("m/key.txt"), "{}", path.display());
    assert!(matches!(&b.requests.as_ref().unwrap().auth, Auth::Query { name, .. } if name == "k"));
    assert_eq!(a.mapping, b.mapping);
    std::fs::write(folder.path().join("m/x.toml"), manifest.replace("[fields]", "[feilds]\n[id]")).unwrap();
    let problems = load_in(&folder, None, &[]).unwrap_err().to_string();
    assert!(
        problems.contains("m/x.toml:") && problems.contains("no section of a manifest has this name; did you mean 'fields'?"),
        "{problems}"
    );
    assert!(problems.contains("what is about a source stands in its [[source]]"), "{problems}");
    std::fs::remove_file(folder.path().join("m/x.toml")).unwrap();
    assert!(load_in(&folder, None, &[]).unwrap_err().to_string().contains("avling.toml:4:1: manifest: there is no file"));
}

#[test]
fn a_manifest_may_say_much() {
    let source = source(&format!(
        "{}[source.auth]\nkind = \"oauth2\"\ntoken_url = \"https://example.org/t\"\nclient_id = \"env:ID\"\n\
         [source.pages]\nkind = \"offset\"\nsize = 5\nrow_count = \"meta.total\"\nmost = 7\n",
        WHOLE.replace("size = 5", "o = \"{offset}\"").replace(
            "[source.request]",
            "[source.request]\nper = \"range\"\nmonths_at_once = 6\npacked = \"gzip\"\njson = { a = [1, { b = \"{month}\" }], c = true }"
        )
    ));
    let requests = source.requests.unwrap();
    assert_eq!((requests.per, requests.most_pages), (Per::Range(6), 7));
    assert!(matches!(&requests.pages, Some(Paging::Offset { size: Some(5), total: Some(_), .. })));
    assert!(matches!(&requests.auth, Auth::OAuth2 { client_id: Secret::Env(name), client_secret: Secret::ApiKey, .. } if name == "ID"));
}

#[test]
fn every_shipped_manifest_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/vendors");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert!(is_manifest(&path), "{}", path.display());
        let (_, warnings) = load_manifest(&path, None).unwrap_or_else(|error| panic!("{error}"));
        assert!(warnings.is_empty(), "{warnings:?}");
        count += 1;
    }
    assert!(count >= 8);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Any value anywhere is taken or refused, and never more than that.
    #[test]
    fn nothing_that_is_written_makes_it_fall_over(
        section in prop::sample::select(&["request", "auth", "pages", "rows", "fields", "request.query", "request.json", "fields.institution"][..]),
        key in prop::sample::select(&["url", "path", "method", "per", "end", "query", "json", "form", "kind", "name", "secret", "prefix", "token_url",
            "cursor", "next", "first", "size", "most", "format", "date", "decimal", "month", "year", "title", "metric", "count", "institution", "id"][..]),
        value in prop_oneof![
            "[a-z{}\\[\\]*@$^.#/%:'?=-]{0,12}".prop_map(|text| toml::Value::String(text).to_string()),
            any::<i64>().prop_map(|number| number.to_string()),
            Just("true".to_owned()), Just("1.5".to_owned()), Just("[]".to_owned()), Just("[1, \"a\"]".to_owned()),
            Just("{ from = \"a\", map = { a = \"b\" } }".to_owned()), Just("{ value = 3 }".to_owned()), Just("{}".to_owned()),
        ],
    ) {
        let mut table: toml::Table = with(WHOLE).parse().unwrap();
        let source = table["source"].as_array_mut().unwrap()[0].as_table_mut().unwrap();
        let value: toml::Value = format!("x = {value}").parse::<toml::Table>().unwrap()["x"].clone();
        let target = section.split('.').try_fold(source, |table, part| {
            table.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new())).as_table_mut()
        });
        if let Some(target) = target {
            target.insert(key.to_owned(), value);
        }
        let _ = load_text(&toml::to_string(&table).unwrap());
    }
}
