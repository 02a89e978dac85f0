//! Tables of the Code of Practice and of other software's tests: the figures must be those that are known.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use serde_json::Value;

use crate::formats::digest::MonthDigests;
use crate::formats::summary::{Summary, summarise};
use crate::formats::{Reading, RecordSink, Stopped, read};
use crate::model::{Identifier, Item, Month, ReportHeader, UsageRecord};
use crate::skipped_tests::skip;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/counter");

/// Whether the shared data is there; says so if it is not.
fn is_there() -> bool {
    let there = Path::new(ROOT).exists();
    if !there {
        skip(&format!("{ROOT} is not there"));
    }
    there
}

/// All that a report holds: figures, items, and a fingerprint of each month.
#[derive(Default)]
struct Facts {
    summary: Summary,
    items: BTreeSet<String>,
    digests: MonthDigests,
}

impl RecordSink for Facts {
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
        self.months(record, &[(record.month, record.count)])
    }

    fn months(&mut self, like: &UsageRecord<'_>, counts: &[(Month, u64)]) -> Result<(), Stopped> {
        self.items.insert(serde_json::to_string(like.item).unwrap());
        self.digests.add_months(like, counts);
        self.summary.months(like, counts)
    }
}

fn facts(path: &str) -> (Reading, Facts) {
    let mut facts = Facts::default();
    let reading = read(File::open(path).unwrap(), &mut facts).unwrap_or_else(|error| panic!("{path}: {error}"));
    (reading, facts)
}

/// The header with its settings in no order.
fn sorted(mut header: ReportHeader) -> ReportHeader {
    header.filters.sort();
    header.attributes.sort();
    header
}

#[test]
fn the_official_samples_are_the_same_as_json_text_and_workbook() {
    if !is_there() {
        return;
    }
    let mut checked = 0;
    for entry in fs::read_dir(format!("{ROOT}/official")).unwrap() {
        let path = entry.unwrap().path().to_string_lossy().into_owned();
        let Some(name) = path.strip_suffix("_r51.json") else { continue };
        checked += 1;
        let (json, expected) = facts(&path);
        assert!(expected.summary.records > 0 && !expected.items.is_empty(), "{path}");
        for kind in ["tsv", "xlsx"] {
            let path = format!("{name}_r51.{kind}");
            let (table, found) = facts(&path);
            assert_eq!(found.items, expected.items, "{path}");
            assert_eq!(found.summary, expected.summary, "{path}");
            for month in &expected.summary.months {
                assert_eq!(found.digests.get(*month), expected.digests.get(*month), "{path}, {month}");
            }
            assert_eq!(sorted(table.header), sorted(json.header.clone()), "{path}");
            assert_eq!((table.records, table.looks_like, table.has_items), (json.records, json.looks_like, true), "{path}");
            assert_eq!((table.notes, table.exceptions), (vec![], vec![]), "{path}");
        }
    }
    assert_eq!(checked, 16);
}

/// What becomes of a sample that other software does not read, or reads otherwise. Why is told in docs/formats.md.
enum Expected {
    /// Counts above zero, and their sum.
    Read(u64, u128),
    /// Refused, with this in the reason.
    Refused(&'static str),
}
use Expected::{Read, Refused};

const OTHERWISE: [(&str, Expected); 14] = [
    // Without a heading: taken where the columns leave no doubt.
    ("4/PR1-b.tsv", Read(4, 383)),
    ("4/DB1-b.tsv", Read(2, 2)),
    ("4/DB2-b.tsv", Read(2, 6)),
    ("4/BR3-b.tsv", Read(2, 4)),
    ("5/DR-b.tsv", Read(167, 1_387_653)),
    ("4/JR1-b.tsv", Refused("its columns are those of JR1, JR1A, JR1GOA")),
    ("4/JR1a-b.tsv", Refused("its columns are those of JR1, JR1A, JR1GOA")),
    ("4/BR1-b.tsv", Refused("its columns are those of BR1, BR2, BR7")),
    ("data/C4JR1_bad.csv", Read(9, 1016)),
    // All months are blank.
    ("data/tr_j1.tsv", Read(0, 0)),
    ("4/errors/BR1-wrong_months1.tsv", Refused("line 8: the column 'Mrz-2018' beside 2018-02 is no month")),
    ("4/errors/BR1-wrong_months2.tsv", Refused("line 8: the column 'Mrz-2018' beside 2018-02 is no month")),
    ("5/errors/TR-wrong_months2.tsv", Refused("line 14: the column 'Jal-2022' beside 2021-12 is no month")),
    (
        "5/errors/TR-exclude_monthly_details.csv",
        Refused("line 14: there is no column for a month, only Reporting_Period_Total: the report was made without monthly details"),
    ),
];

#[test]
fn the_tables_of_other_software_hold_what_their_index_says() {
    if !is_there() {
        return;
    }
    let mut index = csv::ReaderBuilder::new().delimiter(b'\t').from_path(format!("{ROOT}/samples/INDEX.tsv")).unwrap();
    let (mut checked, mut otherwise) = (0, 0);
    for row in index.records() {
        let row = row.unwrap();
        let (path, kind, release, report, peer) = (&row[0], &row[1], &row[2], &row[3], &row[9]);
        if !["tsv", "csv", "xlsx"].contains(&kind) {
            continue;
        }
        checked += 1;
        let read = summarise(File::open(format!("{ROOT}/samples/{path}")).unwrap());
        if let Some((_, expected)) = OTHERWISE.iter().find(|(name, _)| path.ends_with(name)) {
            otherwise += 1;
            match (expected, read) {
                (Read(records, sum), Ok((_, summary))) => assert_eq!((summary.records, summary.sum), (*records, *sum), "{path}"),
                (Refused(why), Err(error)) => assert!(error.to_string().contains(why), "{path}: {error}"),
                (Read(..), Err(error)) => panic!("{path}: {error}"),
                (Refused(_), Ok((reading, _))) => panic!("{path} was taken as {:?}", reading.header.report),
            }
            continue;
        }
        let (reading, summary) = read.unwrap_or_else(|error| panic!("{path}: {error}"));
        let peer: Value = serde_json::from_str(peer).unwrap_or_else(|_| panic!("{path} is in no list of this test"));
        assert_eq!(Some(summary.sum), peer["sum"].as_u64().map(u128::from), "{path}: {:?}", reading.notes);
        let header = &reading.header;
        let said = header.report.as_ref().map_or("", |id| id.as_str());
        if report.is_empty() {
            // `static.counter4.JR1GOA.Tabular`
            let peer = peer["parser"][0].as_str().unwrap_or_default().split('.').nth(2).unwrap_or_default().to_uppercase();
            assert_eq!(said, peer, "{path}");
        } else {
            assert_eq!(said, report, "{path}");
        }
        if !release.is_empty() {
            assert_eq!(header.release.unwrap().to_string(), release, "{path}");
        }
        let months: Vec<String> =
            peer["months"].as_str().unwrap().split("..").filter(|month| !month.is_empty()).map(str::to_owned).collect();
        if let [first, last] = &*months {
            assert_eq!(header.begin.unwrap().to_string(), format!("{first}-01"), "{path}");
            assert_eq!(&header.end.unwrap().to_string()[..7], last, "{path}");
        }
    }
    assert_eq!((checked, otherwise), (81, OTHERWISE.len()));
}

/// Rows in the form of the samples' expected rows: month, institution, title with its identifiers, item with its own, kinds, metric, count.
#[derive(Default)]
struct Lines(Vec<[String; 9]>);

fn ids(ids: &[Identifier]) -> String {
    let mut ids: Vec<_> = ids.iter().map(|id| format!("{}:{}", id.kind, id.original.as_ref().unwrap_or(&id.value))).collect();
    ids.sort_unstable();
    ids.join("|")
}

fn kinds(item: &Item, record: &UsageRecord<'_>) -> String {
    let mut kinds: Vec<String> = [
        ("Access_Type", record.access_type),
        ("Data_Type", record.data_type),
        ("Platform", &item.platform),
        ("Publisher", &item.publisher),
        ("Section_Type", &item.section_type),
        ("YOP", record.yop),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| format!("{name}:{value}"))
    .collect();
    kinds.sort_unstable();
    kinds.join("|")
}

impl RecordSink for Lines {
    fn record(&mut self, r: &UsageRecord<'_>) -> Result<(), Stopped> {
        let i = r.item;
        let title = [&i.title, &i.database].into_iter().find(|title| !title.is_empty()).cloned().unwrap_or_default();
        let (title_ids, item_ids) = if i.item.is_empty() { (ids(&i.ids), String::new()) } else { (String::new(), ids(&i.ids)) };
        let member = r.member.map(|member| member.name.clone()).unwrap_or_default();
        let month = r.month.first_day().to_string();
        self.0.push([month, member, title, title_ids, i.item.clone(), item_ids, kinds(i, r), r.metric.to_owned(), r.count.to_string()]);
        Ok(())
    }
}

/// What the samples' authors call what R4 counts; we keep the names of SUSHI.
fn of_r4(metric: &str) -> &str {
    match metric {
        "Book Title Requests" | "Book Section Requests" | "Archive Article Requests" | "Gold Open Access Article Requests" => "ft_total",
        "Access denied: content item not licensed" => "no_license",
        "Access denied: concurrent/simultaneous user license limit exceeded" => "turnaway",
        "Regular Searches" => "search_reg",
        "Searches-federated and automated" => "search_fed",
        "Result Clicks" => "result_click",
        "Record Views" => "record_view",
        other => other,
    }
}

#[test]
fn every_row_is_the_one_that_its_authors_expect() {
    if !is_there() {
        return;
    }
    let folder = format!("{ROOT}/samples/Big-Dig-Data+celus-nibbler/tests/data/counter");
    let (mut files, mut rows) = (0, 0);
    for release in ["4", "5"] {
        for entry in fs::read_dir(format!("{folder}/{release}")).unwrap() {
            let out = entry.unwrap().path().to_string_lossy().into_owned();
            let Some(file) = out.strip_suffix(".out").filter(|file| file.ends_with(".tsv")) else { continue };
            let mut lines = Lines::default();
            read(File::open(file).unwrap(), &mut lines).unwrap();
            let is_r4 = release == "4";
            let mut expected = csv::ReaderBuilder::new().has_headers(false).from_path(&out).unwrap();
            let mut expected: Vec<[String; 9]> = expected
                .records()
                .map(|row| {
                    let row = row.unwrap();
                    let mut kinds: Vec<_> = row[9]
                        .split('|')
                        .filter(|kind| !kind.is_empty() && !kind.ends_with(':') && *kind != "Access_Method:Regular")
                        .collect();
                    kinds.sort_unstable();
                    let metric = if is_r4 { of_r4(&row[10]) } else { &row[10] };
                    [&row[0], &row[2], &row[3], &row[4], &row[5], &row[6], &kinds.join("|"), metric, &row[11]].map(str::to_owned)
                })
                .filter(|row| row[8] != "0")
                .collect();
            if is_r4 {
                // The authors leave out what R4 says only by its report's name.
                lines.0.iter_mut().for_each(|line| {
                    line[6] = line[6].split('|').filter(|kind| !kind.starts_with("Data_Type:")).collect::<Vec<_>>().join("|")
                });
            }
            expected.sort_unstable();
            lines.0.sort_unstable();
            assert_eq!(lines.0, expected, "{file}");
            files += 1;
            rows += expected.len();
        }
    }
    assert!(files >= 14 && rows > 400, "{files} {rows}");
}
