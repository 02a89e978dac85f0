//! The language of manifests: templates, places, dates, numbers.

use proptest::prelude::*;

use super::place::{Find, JsonStep, Place, json_rows, xml_rows};
use super::{Fill, Template};
use crate::model::MonthRange;

fn fill(first: &str, last: &str) -> Fill<'static> {
    let months = MonthRange::new(first.parse().unwrap(), last.parse().unwrap());
    Fill { account: "a-1", customer_id: "C 1/2", months, end_excluded: false, cursor: "x=y", page: 3, offset: 200 }
}

#[test]
fn templates_are_filled_in() {
    let fill = fill("2024-01", "2024-02");
    for (text, expected) in [
        ("{account}/{customer_id}", "a-1/C 1/2"),
        ("{month} {begin} {end}", "2024-01 2024-01-01 2024-02-29"),
        ("{month:%m.%Y}|{begin:%d.%m.%Y}|{end:%Y%m%d}", "01.2024|01.01.2024|20240229"),
        ("{cursor} {page} {offset}", "x=y 3 200"),
        ("{{}} plain", "{} plain"),
        ("", ""),
    ] {
        assert_eq!(Template::parse(text).unwrap().fill(&fill, str::to_owned), expected, "{text}");
    }
    let excluded = Fill { end_excluded: true, ..fill };
    assert_eq!(Template::parse("{end}").unwrap().fill(&excluded, str::to_owned), "2024-03-01");
}

#[test]
fn templates_that_say_nothing_are_refused() {
    for text in ["{", "}", "{month", "month}", "{moth}", "{}", "{page:%Y}", "{month:%Q}", "{begin:}", "{begin:%H}", "{{{", "{a{b}}"] {
        assert!(Template::parse(text).is_err(), "{text}");
    }
    assert!(Template::parse("{moth}").unwrap_err().contains("{month}"));
}

#[test]
fn places_in_json_are_read() {
    let keys = |text: &str| match Place::json(text).unwrap().find {
        Find::Json(steps) => steps,
        other => panic!("{other:?}"),
    };
    let key = |name: &str| JsonStep::Key(name.into());
    assert_eq!(keys("usage.views[0]"), [key("usage"), key("views"), JsonStep::Index(0)]);
    assert_eq!(keys("$.title"), [key("title")]);
    assert_eq!(keys("['a.b'].c"), [key("a.b"), key("c")]);
    assert_eq!((keys("$"), keys("")), (vec![], vec![]));
    let outer = Place::json("^^.period").unwrap();
    assert_eq!((outer.up, outer.find), (2, Find::Json(vec![key("period")])));
    assert!(matches!(Place::json("$.ids[?@.type=='isbn'].value").unwrap().find, Find::Query(_)));
    for text in ["a..b", ".", "a[", "a[x]", "a[*]", "a['b]", "$.a[?", "^", "^[0]", "a]b", "$x", &"a.".repeat(50)] {
        assert!(Place::json(text).is_err(), "{text}");
    }
    assert_eq!(json_rows("data[*].rows[*]").unwrap(), [key("data"), JsonStep::Each, key("rows"), JsonStep::Each]);
    assert_eq!(json_rows("[*]").unwrap(), [JsonStep::Each]);
    assert!(json_rows("a[1]").is_err());
}

#[test]
fn a_query_of_brackets_without_end_is_refused() {
    let nested = |depth: usize| format!("$.a[?{}@.b{}]", "(".repeat(depth), ")".repeat(depth));
    assert!(Place::json(&nested(20)).is_ok());
    for text in [nested(31), nested(100_000), format!("$[?{}@.a]", "!".repeat(100_000)), "$[?@".repeat(100_000)] {
        assert!(Place::json(&text).unwrap_err().contains("more than 32 brackets"));
    }
}

#[test]
fn places_in_xml_and_tables_are_read() {
    let Find::Xml(find) = Place::xml("Identifier[@type='is/bn']/n:Value/@x").unwrap().find else { panic!() };
    assert_eq!(find.attribute.as_deref(), Some("x"));
    assert_eq!((find.steps[0].name.as_str(), find.steps[1].name.as_str()), ("Identifier", "Value"));
    assert_eq!(find.steps[0].test, Some((true, "type".into(), "is/bn".into())));
    assert_eq!(Place::xml("^/@month").unwrap().up, 1);
    assert!(Place::xml(".").is_ok());
    for text in ["", "a//b", "@a/b", "a[b]", "a[@b=c]", "a[@b='c'", "a b", "a[[", "@"] {
        assert!(Place::xml(text).is_err(), "{text}");
    }
    assert_eq!(xml_rows("/Report/x:Row").unwrap(), ["Report", "Row"]);
    assert!(xml_rows("").is_err());
    assert_eq!(Place::column("#3").unwrap().find, Find::Number(2));
    assert!(Place::column("#0").is_err() && Place::column("#x").is_err());
}

proptest! {
    #[test]
    fn nothing_that_is_written_makes_the_language_fall_over(text in "[a-z{}\\[\\]()*@$^.'\"/:%#? =0-9]{0,24}|\\PC{0,24}") {
        if let Ok(template) = Template::parse(&text) {
            let _ = template.fill(&fill("2024-01", "2024-12"), str::to_owned);
        }
        let _ = (Place::json(&text), Place::xml(&text), Place::column(&text), json_rows(&text), xml_rows(&text));
    }
}
