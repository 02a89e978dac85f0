//! Reports of the Code of Practice and of other software's tests: the figures must be those that are known.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use serde_json::Value;

use crate::formats::summary::summarise;
use crate::formats::{FormatError, RecordSink, Stopped, counter_json};
use crate::model::{Identifier, UsageRecord};
use crate::skipped_tests::skip;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/counter");

/// Totals and counts of the Code of Practice's samples.
const OFFICIAL: [(&str, u128, u64); 16] = [
    ("PR", 2_839_469, 2_424),
    ("DR", 3_939_418, 1_824),
    ("TR", 1_271_663, 1_872),
    ("IR", 2_436_375, 3_120),
    ("PRP1", 651_539, 612),
    ("DRD1", 5_141_673, 228),
    ("DRD2", 6_661, 72),
    ("IRA1", 35_978, 72),
    ("IRM1", 96_319, 120),
    ("TRB1", 28_037, 48),
    ("TRB2", 2_876, 48),
    ("TRB3", 110_187, 144),
    ("TRJ1", 12_636, 24),
    ("TRJ2", 2_806, 24),
    ("TRJ3", 94_378, 96),
    ("TRJ4", 8_844, 48),
];

type Check = fn(&FormatError) -> bool;

/// Samples that are refused, and how.
const REFUSED: [(&str, Check); 5] = [
    ("data_incorrect.json", |error| matches!(error, FormatError::NotReport(_))),
    // Lists of reports, as `/reports` gives them.
    ("reports.json", |error| matches!(error, FormatError::NotReport(_))),
    ("reports_r51.json", |error| matches!(error, FormatError::NotReport(_))),
    ("SampleReportNull.json", |error| matches!(error, FormatError::NotReport(_))),
    // Its totals over two months stand beside the months; to add them would count everything twice.
    ("hwire_pr.json", |error| matches!(error, FormatError::BadRow { .. })),
];

/// Samples that other software refuses, and what they hold: counts, sum, exceptions.
const TAKEN: [(&str, u64, u128, &[u32]); 5] = [
    ("error-in-root.json", 0, 0, &[2090]),
    ("invalid-customer.json", 0, 0, &[1030]),
    ("sushi_book.json", 4, 61, &[]),
    ("sushi_simple.json", 4, 51, &[]),
    ("TR_r51_with_invalid_report_items.json", 0, 0, &[]),
];

/// Kinds that other parsers read, or that are none.
const LATER: [&str; 6] = ["tsv", "csv", "xlsx", "xml", "txt", "expected-output"];

#[test]
fn the_official_samples_hold_what_the_code_of_practice_says() {
    if !Path::new(ROOT).exists() {
        skip(&format!("{ROOT} is not there"));
        return;
    }
    let mut checked = BTreeSet::new();
    for (name, sum, records) in OFFICIAL {
        let file = format!("{name}_sample_r51.json");
        let (reading, summary) = summarise(File::open(format!("{ROOT}/official/{file}")).unwrap()).unwrap();
        assert_eq!((summary.sum, summary.records, summary.months.len()), (sum, records, 12), "{file}");
        assert_eq!(reading.looks_like, Some(&name[..2]), "{file}");
        assert_eq!(reading.header.report.unwrap().as_str().replace('_', ""), name);
        assert_eq!(reading.notes, [], "{file}");
        checked.insert(file);
    }
    for entry in fs::read_dir(format!("{ROOT}/official")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with("_r51.json") {
            assert!(checked.contains(&name), "{name} is not checked");
        }
    }
}

#[test]
fn the_samples_of_other_software_hold_what_their_index_says() {
    if !Path::new(ROOT).exists() {
        skip(&format!("{ROOT} is not there"));
        return;
    }
    let mut index = csv::ReaderBuilder::new().delimiter(b'\t').from_path(format!("{ROOT}/samples/INDEX.tsv")).unwrap();
    let (mut checked, mut later) = (0, 0);
    for row in index.records() {
        let row = row.unwrap();
        let (path, kind, notable, peer) = (&row[0], &row[1], &row[8], &row[9]);
        if kind != "json" {
            assert!(LATER.contains(&kind), "{path} is of a kind that nobody reads: {kind}");
            later += 1;
            continue;
        }
        checked += 1;
        let name = path.rsplit('/').next().unwrap();
        let read = summarise(File::open(format!("{ROOT}/samples/{path}")).unwrap());
        if let Some((_, as_it_should)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            let error = read.err().unwrap_or_else(|| panic!("{path} was taken"));
            assert!(as_it_should(&error), "{path}: {error}");
            continue;
        }
        let (reading, summary) = read.unwrap_or_else(|error| panic!("{path}: {error}"));
        let codes: Vec<u32> = reading.exceptions.iter().map(|exception| exception.code).collect();
        if let Some((_, records, sum, exceptions)) = TAKEN.iter().find(|(taken, ..)| *taken == name) {
            assert_eq!((summary.records, summary.sum, codes.as_slice()), (*records, *sum, *exceptions), "{path}");
            continue;
        }
        let peer: Value = serde_json::from_str(peer).unwrap_or_else(|_| panic!("{path} is in no list of this test"));
        assert_eq!(Some(summary.records), peer["records"].as_u64(), "{path}");
        assert_eq!(Some(summary.sum), peer["sum"].as_u64().map(u128::from), "{path}");
        if let Some((_, raw)) = notable.split_once("rawsum=") {
            assert_eq!(summary.sum.to_string(), raw, "{path}");
        }
        let said = |kind: &str| peer[kind].as_array().map_or(0, Vec::len);
        assert_eq!(codes.len(), said("errors") + said("warnings") + said("infos"), "{path}: {codes:?}");
    }
    assert!(checked > 80 && later > 100, "{checked} {later}");
}

/// Rows in the form of the samples' expected rows.
#[derive(Default)]
struct Lines(Vec<Vec<String>>);

impl RecordSink for Lines {
    fn record(&mut self, r: &UsageRecord<'_>) -> Result<(), Stopped> {
        let ids = |ids: &[Identifier]| {
            let mut ids: Vec<_> = ids.iter().map(|id| format!("{}:{}", id.kind, id.original.as_ref().unwrap_or(&id.value))).collect();
            ids.sort_unstable();
            ids.join("|")
        };
        let i = r.item;
        let parent = i.parent.as_deref().cloned().unwrap_or_default();
        let is_item = !i.item.is_empty();
        let title = [&parent.title, &i.title, &i.database].into_iter().find(|title| !title.is_empty()).cloned().unwrap_or_default();
        let (title_ids, item_ids) = if is_item { (ids(&parent.ids), ids(&i.ids)) } else { (ids(&i.ids), String::new()) };
        let mut kinds: Vec<String> = [
            ("Access_Type", r.access_type),
            ("Article_Version", &i.article_version),
            ("Data_Type", r.data_type),
            ("Parent_Data_Type", &parent.data_type),
            ("Platform", &i.platform),
            ("Publisher", &i.publisher),
            ("Section_Type", &i.section_type),
            ("YOP", r.yop),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}:{value}"))
        .collect();
        if r.access_method != "Regular" {
            kinds.push(format!("Access_Method:{}", r.access_method));
        }
        kinds.sort_unstable();
        let month = r.month.first_day().to_string();
        let count = r.count.to_string();
        let date = i.publication_date.clone();
        self.0.push(vec![month, title, title_ids, i.item.clone(), item_ids, date, kinds.join("|"), r.metric.to_owned(), count]);
        Ok(())
    }
}

#[test]
fn every_row_is_the_one_that_its_authors_expect() {
    if !Path::new(ROOT).exists() {
        skip(&format!("{ROOT} is not there"));
        return;
    }
    for name in ["DR-c", "IR-sample", "PR-c", "TR-c", "TR-sample"] {
        let file = format!("{ROOT}/samples/Big-Dig-Data+celus-nibbler/tests/data/counter/5/{name}.json");
        let mut lines = Lines::default();
        counter_json::read(File::open(&file).unwrap(), &mut lines).unwrap();
        let mut expected = csv::ReaderBuilder::new().has_headers(false).from_path(format!("{file}.out")).unwrap();
        let mut expected: Vec<Vec<String>> = expected
            .records()
            .map(|row| {
                let row = row.unwrap();
                let mut kinds: Vec<_> = row[9].split('|').filter(|kind| !kind.is_empty() && *kind != "Access_Method:Regular").collect();
                kinds.sort_unstable();
                let kinds = kinds.join("|");
                [&row[0], &row[3], &row[4], &row[5], &row[6], &row[7], &kinds, &row[10], &row[11]].map(str::to_owned).to_vec()
            })
            .filter(|row| row[8] != "0")
            .collect();
        expected.sort_unstable();
        lines.0.sort_unstable();
        assert_eq!(lines.0, expected, "{name}");
        assert!(!expected.is_empty(), "{name}");
    }
}
