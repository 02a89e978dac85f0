//! Reports written and read again: the same facts come back, in every form.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{CounterForm, CounterWriter, Plan, PlanError, Shape};
use crate::formats::delimited::trimmed;
use crate::formats::gather::{AsRecords, Gather};
use crate::formats::identifiers::identifier;
use crate::formats::views::{Derivation, VIEWS, View};
use crate::formats::{Reading, RecordSink, Stopped, read};
use crate::model::usage::Related;
use crate::model::{Exception, Identifier, Item, Member, Month, Release, ReportHeader, UsageRecord};

/// A count with all that is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fact {
    item: Item,
    member: Option<Member>,
    /// Metric, data type, access method, access type, year.
    words: [String; 5],
    month: Month,
    count: u64,
}

/// The facts of a reading, those that are the same added up.
#[derive(Debug, Default, PartialEq, Eq)]
struct Facts(BTreeMap<String, u64>);

impl RecordSink for Facts {
    fn record(&mut self, r: &UsageRecord<'_>) -> Result<(), Stopped> {
        let item = serde_json::to_string(r.item).unwrap();
        let key = format!("{item} {:?} {:?}", r.member, (r.metric, r.data_type, r.access_method, r.access_type, r.yop, r.month));
        *self.0.entry(key).or_default() += r.count;
        Ok(())
    }
}

fn give(facts: &[Fact], sink: &mut impl RecordSink) {
    for fact in facts {
        let [metric, data_type, access_method, access_type, yop] = &fact.words;
        let (item, member, addresses) = (&fact.item, fact.member.as_ref(), None);
        let (month, count) = (fact.month, fact.count);
        sink.record(&UsageRecord { item, member, addresses, metric, month, data_type, access_method, access_type, yop, count }).unwrap();
    }
}

fn header(report: &str, release: Release) -> ReportHeader {
    ReportHeader {
        release: Some(release),
        report: Some(report.parse().unwrap()),
        created: "2025-01-20T03:30:00Z".into(),
        created_by: "=Forlaget \"A\", B".into(),
        registry_record: if release == Release::R5 { String::new() } else { "https://registry.example/platform/1".into() },
        institution_name: "Bø bibliotek; Sør".into(),
        institution_ids: vec![identifier("ISNI", "1234123412341234").unwrap(), identifier("Proprietary", "p:C1").unwrap()],
        begin: "2024-01-01".parse().ok(),
        end: "2024-04-30".parse().ok(),
        ..ReportHeader::default()
    }
}

fn written(form: CounterForm, header: ReportHeader, facts: &[Fact]) -> Vec<u8> {
    let reading = Reading { header, has_items: true, ..Reading::default() };
    let mut shape = Shape::default();
    give(facts, &mut shape);
    let plan = Plan::new(&reading, shape).unwrap();
    if form != CounterForm::Json {
        assert_eq!(plan.notes(), [], "all of it can be told");
    }
    let mut out = Vec::new();
    let mut writer = CounterWriter::new(form, &plan, &mut out).unwrap();
    let mut gather = Gather::new(&mut writer);
    give(facts, &mut gather);
    gather.finish().unwrap();
    writer.finish().unwrap();
    out
}

/// What the facts are in a view.
fn derived(view: View, header: &ReportHeader, facts: &[Fact]) -> (ReportHeader, Vec<Fact>) {
    #[derive(Default)]
    struct Kept(Vec<Fact>);
    impl RecordSink for Kept {
        fn record(&mut self, r: &UsageRecord<'_>) -> Result<(), Stopped> {
            let words = [r.metric, r.data_type, r.access_method, r.access_type, r.yop].map(str::to_owned);
            self.0.push(Fact { item: r.item.clone(), member: r.member.cloned(), words, month: r.month, count: r.count });
            Ok(())
        }
    }
    let mut kept = Kept::default();
    let mut gather = Gather::new(AsRecords(&mut kept));
    let mut derivation = Derivation::new(view, header, &mut gather);
    give(facts, &mut derivation);
    let _ = derivation.finish();
    gather.finish().unwrap();
    (view.header(header), kept.0)
}

#[track_caller]
fn comes_back(form: CounterForm, header: &ReportHeader, facts: &[Fact]) {
    let bytes = written(form, header.clone(), facts);
    let mut expected = Facts::default();
    give(facts, &mut expected);
    let mut found = Facts::default();
    let reading = match read(&bytes[..], &mut found) {
        Ok(reading) => reading,
        Err(error) => panic!("{form}: {error}\n{}", String::from_utf8_lossy(&bytes)),
    };
    assert_eq!(found, expected, "{form} {:?}\n{}", reading.notes, String::from_utf8_lossy(&bytes));
    let back = &reading.header;
    assert_eq!((back.report.as_ref(), back.release), (header.report.as_ref(), header.release), "{form}");
    assert_eq!((back.begin, back.end), (header.begin, header.end), "{form}");
    assert_eq!(back.registry_record, header.registry_record, "{form}");
    assert_eq!((&back.created_by, &back.institution_name), (&header.created_by, &header.institution_name), "{form}");
    let sorted = |ids: &[Identifier]| {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids
    };
    assert_eq!(sorted(&back.institution_ids), sorted(&header.institution_ids), "{form}");
}

/// Text as vendors have it, without blanks around it, and without what readers take away.
fn text() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "=1+1",
        "+47",
        "-ing",
        "@SUM(A1)",
        "'=1",
        "''",
        "'Tis",
        "a\"b",
        "\"quoted\"",
        "a,b;c\td|e",
        "two\nlines",
        "Bø – Ål",
        "čđŋ 日本 🎬",
        "#ref",
        "a;=cmd",
        "0042",
        "1e5",
        "2024-01",
        "Jan-2024",
        "a  b",
        "null",
        "TRUE",
    ]);
    prop_oneof![nasty.prop_map(str::to_owned), "[ -~]{1,12}", "[\\PC&&[^\u{fffe}\u{ffff}]]{1,8}"]
        .prop_map(|text| trimmed(&text).to_owned())
        .prop_filter("totals are no titles", |text| !text.to_lowercase().contains("total"))
}

/// A name that can stand in a list.
fn name() -> impl Strategy<Value = String> {
    text().prop_map(|text| trimmed(&text.replace([';', '\n', '(', ')'], " ")).to_owned()).prop_filter("a name", |name| !name.is_empty())
}

fn ids(kinds: &'static [&'static str]) -> impl Strategy<Value = Vec<Identifier>> {
    let value = |kind: &'static str| {
        let usual: BoxedStrategy<String> = match kind {
            "ISBN" => prop::sample::select(vec!["978-0-306-40615-7", "9780306406157", "0-306-40615-2"]).prop_map(str::to_owned).boxed(),
            "Print_ISSN" | "Online_ISSN" => {
                prop::sample::select(vec!["2049-3630", "20493630", "2434-561x"]).prop_map(str::to_owned).boxed()
            }
            "DOI" => "10\\.[0-9]{4}/[a-z().-]{1,8}".boxed(),
            "URI" => "https://x\\.no/[a-z?&=;]{0,8}[a-z]".boxed(),
            _ => "(p|P1|ebscohost):[A-Z0-9=@_-]{1,8}".boxed(),
        };
        prop::option::of(usual).prop_map(move |value| value.and_then(|value| identifier(kind, &value)))
    };
    kinds.iter().map(|kind| value(kind)).collect::<Vec<_>>().prop_map(|ids| {
        let mut ids: Vec<Identifier> = ids.into_iter().flatten().collect();
        ids.sort_unstable();
        ids
    })
}

const ALL_IDS: &[&str] = &["DOI", "Proprietary", "ISBN", "Print_ISSN", "Online_ISSN", "URI"];

fn date() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "2022-07-19", "1999-12-31"]).prop_map(str::to_owned)
}

fn related(data_type: &'static [&'static str]) -> impl Strategy<Value = Option<Box<Related>>> {
    let version = prop::sample::select(vec!["", "VoR"]).prop_map(str::to_owned);
    let data_type = prop::sample::select(data_type).prop_map(str::to_owned);
    let parts = (name(), data_type, ids(ALL_IDS), prop::collection::vec(name(), 0..3), date(), version);
    prop::option::of(parts.prop_map(|(title, data_type, ids, authors, publication_date, article_version)| {
        Box::new(Related { title, data_type, ids, authors, publication_date, article_version })
    }))
}

/// An item of a report.
fn item(master: &'static str, release: Release) -> BoxedStrategy<Item> {
    let publisher_ids = prop_oneof![ids(&["Proprietary"]), Just(vec![identifier("ISNI", "4321432143214321").unwrap()])];
    let base = (name(), text(), publisher_ids).prop_map(|(platform, publisher, publisher_ids)| Item {
        platform,
        publisher,
        publisher_ids,
        ..Item::default()
    });
    match master {
        "PR" => name().prop_map(|platform| Item { platform, ..Item::default() }).boxed(),
        "DR" => (base, name(), ids(&["Proprietary"])).prop_map(|(base, database, ids)| Item { database, ids, ..base }).boxed(),
        "TR" => {
            let section = prop::sample::select(if release == Release::R5 { &["", "Chapter", "Article"][..] } else { &[""] });
            let parts = (base, text(), ids(ALL_IDS), section);
            parts.prop_map(|(base, title, ids, section)| Item { title, ids, section_type: section.into(), ..base }).boxed()
        }
        _ => {
            let authors = prop::collection::vec(name(), 0..4);
            let more = (authors, date(), prop::sample::select(vec!["", "AM"]));
            let parent = related(&["Journal", "Book", ""]);
            let component = related(&["Dataset", "Article"]);
            let parts = (base, name(), ids(ALL_IDS), more, parent, component);
            parts
                .prop_map(move |(base, item, ids, (authors, publication_date, version), parent, component)| {
                    // In release 5.1 an item bears its parent's title.
                    let title = parent.as_ref().filter(|_| release != Release::R5).map(|parent| parent.title.clone());
                    let article_version = version.to_owned();
                    let title = title.unwrap_or_default();
                    Item { title, item, ids, authors, publication_date, article_version, parent, component, ..base }
                })
                .boxed()
        }
    }
}

fn fact(master: &'static str, release: Release) -> impl Strategy<Value = Fact> {
    let metrics: &[&str] = match master {
        "DR" => &["Searches_Regular", "Total_Item_Investigations", "No_License"],
        "PR" => &["Searches_Platform", "Total_Item_Requests"],
        "TR" => &["Total_Item_Requests", "Unique_Title_Requests", "Unique_Item_Requests", "Limit_Exceeded", "Unique_Item_Investigations"],
        _ => &["Total_Item_Requests", "Unique_Item_Requests"],
    };
    let types: &[&str] = match master {
        "DR" => &["Database_Full", "Book"],
        "PR" => &["Platform", "Book"],
        "TR" => &["Book", "Journal", "Reference_Work"],
        _ => &["Article", "Sound", "Multimedia"],
    };
    let shown = matches!(master, "TR" | "IR");
    let word = |words: &[&str]| prop::sample::select(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    let access = word(if shown { &["Controlled", "Open", "OA_Gold"] } else { &[""] });
    let years = word(if shown { &["2020", "2021", "0001", "9999"] } else { &[""] });
    let words = (word(metrics), word(types), word(&["Regular", "Regular", "TDM"]), access, years);
    let isil = prop::sample::select(vec!["", "NO-2010100"]).prop_map(str::to_owned);
    let member = prop::option::of((name(), "[A-Z0-9]{1,6}", isil))
        .prop_map(|member| member.map(|(name, customer_id, isil)| Member { customer_id, name, isil }));
    let count = prop_oneof![1_u64..5000, Just(1 << 54), Just(u64::try_from(i64::MAX / 32).unwrap())];
    (item(master, release), member, words, 0_i32..4, count).prop_map(move |(item, member, words, month, count)| {
        let month = Month::new(2024, 1).unwrap().plus(month);
        let (metric, data_type, access_method, access_type, yop) = words;
        Fact { item, member, words: [metric, data_type, access_method, access_type, yop], month, count }
    })
}

/// Facts of a report, with several of one item among them.
fn facts(master: &'static str, release: Release) -> impl Strategy<Value = Vec<Fact>> {
    (prop::collection::vec(fact(master, release), 0..6), prop::collection::vec((any::<prop::sample::Index>(), fact(master, release)), 0..6))
        .prop_map(|(mut facts, more)| {
            for (of, other) in more {
                if !facts.is_empty() {
                    let item = of.get(&facts).item.clone();
                    let other = Fact { item, ..other };
                    facts.push(other);
                }
            }
            for fact in &mut facts {
                // A component and its counts have one type.
                if let Some(component) = &fact.item.component {
                    fact.words[1].clone_from(&component.data_type);
                }
            }
            facts
        })
}

fn report() -> impl Strategy<Value = (&'static str, Release, Vec<Fact>)> {
    let masters = prop::sample::select(vec!["PR", "DR", "TR", "IR"]);
    (masters, prop::sample::select(vec![Release::R5, Release::R51]))
        .prop_flat_map(|(master, release)| (Just(master), Just(release), facts(master, release)))
}

/// The report and each of its views, in a form and back.
fn all_come_back(form: CounterForm, master: &'static str, release: Release, facts: &[Fact]) {
    let of = header(master, release);
    comes_back(form, &of, facts);
    for view in VIEWS.into_iter().filter(|view| view.starts_with(master)) {
        let (header, facts) = derived(View::of(view, release).unwrap(), &of, facts);
        comes_back(form, &header, &facts);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn facts_come_back_from_json((master, release, facts) in report()) {
        all_come_back(CounterForm::Json, master, release, &facts);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn facts_come_back_from_csv((master, release, facts) in report()) {
        all_come_back(CounterForm::Csv, master, release, &facts);
    }

    #[test]
    fn facts_come_back_from_tsv((master, release, facts) in report()) {
        all_come_back(CounterForm::Tsv, master, release, &facts);
    }
}

proptest! {
    // A workbook is packed and unpacked for each view.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn facts_come_back_from_workbooks((master, release, facts) in report()) {
        all_come_back(CounterForm::Xlsx, master, release, &facts);
    }
}

fn book(title: &str, count: u64) -> Fact {
    Fact {
        item: Item { title: title.into(), platform: "P".into(), ..Item::default() },
        member: None,
        words: ["Total_Item_Requests", "Book", "Regular", "Controlled", "2020"].map(str::to_owned),
        month: Month::new(2024, 2).unwrap(),
        count,
    }
}

#[test]
fn a_table_is_as_the_code_of_practice_has_it() {
    let facts = [book("=A \"1\"", 5), book("=A \"1\"", 6)];
    let (header, facts) = derived(View::of("TR_B1", Release::R51).unwrap(), &header("TR", Release::R51), &facts);
    let text = String::from_utf8(written(CounterForm::Tsv, header, &facts)).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    assert_eq!(
        lines,
        [
            "\u{feff}Report_Name\tBook Requests (Controlled)",
            "Report_ID\tTR_B1",
            "Release\t5.1",
            "Institution_Name\tBø bibliotek; Sør",
            "Institution_ID\tISNI:1234123412341234; p:C1",
            "Metric_Types\tTotal_Item_Requests; Unique_Title_Requests",
            "Report_Filters\tData_Type=Book|Reference_Work; Access_Type=Controlled; Access_Method=Regular",
            "Report_Attributes",
            "Exceptions",
            "Reporting_Period\tBegin_Date=2024-01-01; End_Date=2024-04-30",
            "Created\t2025-01-20T03:30:00Z",
            "Created_By\t\"'=Forlaget \"\"A\"\", B\"",
            "Registry_Record\thttps://registry.example/platform/1",
            "",
            "Title\tPublisher\tPublisher_ID\tPlatform\tDOI\tProprietary_ID\tISBN\tPrint_ISSN\tOnline_ISSN\tURI\tData_Type\tYOP\tMetric_Type\t\
             Reporting_Period_Total\tJan-2024\tFeb-2024\tMar-2024\tApr-2024",
            "\"'=A \"\"1\"\"\"\t\t\tP\t\t\t\t\t\t\tBook\t2020\tTotal_Item_Requests\t11\t0\t11\t0\t0",
        ]
    );
}

#[test]
fn release_5_has_no_row_for_the_registry_and_tells_its_customer() {
    let mut header = header("TR", Release::R5);
    header.customer_id = "C7".into();
    let text = String::from_utf8(written(CounterForm::Csv, header, &[book("A", 1)])).unwrap();
    assert!(text.contains("Institution_ID,ISNI:1234123412341234; p:C1; C7,") && !text.contains("Registry_Record"), "{text}");
    assert_eq!(text.lines().position(|line| line.trim_matches(',').is_empty()), Some(12));
}

#[test]
fn what_cannot_be_a_report_is_refused() {
    let plan = |header: ReportHeader, shape| Plan::new(&Reading { header, has_items: true, ..Reading::default() }, shape).unwrap_err();
    assert_eq!(plan(ReportHeader::default(), Shape::default()), PlanError::Nameless);
    assert_eq!(plan(header("JR1", Release::R5), Shape::default()), PlanError::NotCounter { report: "JR1".into() });
    assert_eq!(plan(ReportHeader { release: None, ..header("TR", Release::R5) }, Shape::default()), PlanError::NoRelease);
    let mut far = Shape::default();
    give(&[Fact { month: Month::new(9999, 12).unwrap(), ..book("A", 1) }], &mut far);
    assert!(matches!(plan(header("TR", Release::R5), far), PlanError::TooManyMonths { .. }));
}

#[test]
fn what_no_column_can_tell_is_noted_and_exceptions_are_written() {
    let mut fact = book("A", 1);
    fact.item.ids = vec![identifier("Shelfmark", "Q 7").unwrap(), identifier("ISBN", "9780306406157").unwrap()];
    let mut shape = Shape::default();
    give(&[fact], &mut shape);
    let exceptions = vec![Exception { code: 3040, message: "Partial Data Returned".into(), data: "half".into(), ..Exception::default() }];
    let reading = Reading { header: header("TR", Release::R51), has_items: true, exceptions, ..Reading::default() };
    let plan = Plan::new(&reading, shape).unwrap();
    assert_eq!(plan.notes()[0].what, "identifiers of the kind Shelfmark");
    let mut out = Vec::new();
    CounterWriter::new(CounterForm::Csv, &plan, &mut out).unwrap().finish().unwrap();
    assert!(String::from_utf8(out).unwrap().contains("Exceptions,3040: Partial Data Returned (half),"));
}

#[test]
fn a_full_disk_is_an_error() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::from(std::io::ErrorKind::StorageFull))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let reading = Reading { header: header("TR", Release::R51), has_items: true, ..Reading::default() };
    let plan = Plan::new(&reading, Shape::default()).unwrap();
    for form in CounterForm::ALL {
        let mut full = Full;
        let ended = CounterWriter::new(form, &plan, &mut full).and_then(CounterWriter::finish);
        assert!(ended.is_err(), "{form}");
    }
}
