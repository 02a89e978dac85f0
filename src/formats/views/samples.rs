//! The samples of the Code of Practice: views derived from its master reports, beside its samples of these views.

use std::fs::File;
use std::path::Path;

use super::{VIEWS, summarise};
use crate::formats::summary::{self, Summary};
use crate::formats::{Reading, RecordSink, Stopped, read};
use crate::model::UsageRecord;
use crate::skipped_tests::skip;

const OFFICIAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/counter/official");

/// Samples that do not belong to the sample of their master report, with what is derived: counts and sum.
///
/// The samples of DR_D1 and DR_D2 hold Regular and TDM together, against their own headers, and that of DR_D1 more than the master has;
/// in that of TR_J1 the Total_Item_Requests are the master's Total and Unique_Item_Requests together (8 844 = 5 052 + 3 792), beside a
/// TR_J3 and a TR_J4 that agree with the master.
const OTHERS: [(&str, u64, u128); 3] = [("DR_D1", 228, 2_517_672), ("DR_D2", 72, 3_200), ("TR_J1", 24, 8_844)];

fn path(report: &str) -> String {
    format!("{OFFICIAL}/{}_sample_r51.json", report.replace('_', ""))
}

#[test]
fn the_official_views_are_what_is_derived_from_the_official_reports() {
    if !Path::new(OFFICIAL).exists() {
        skip(&format!("{OFFICIAL} is not there"));
        return;
    }
    let mut equal = 0;
    for view in VIEWS {
        let master = view.split('_').next().unwrap();
        let (of, _) = summary::summarise(File::open(path(master)).unwrap()).unwrap();
        let (reading, summary) = summarise(view, &of, File::open(path(master)).unwrap()).unwrap();
        assert_eq!(reading.header.report.as_ref().unwrap().as_str(), view);
        assert_eq!(reading.records, summary.records);
        assert_eq!(reading.notes, [], "{view}");
        if let Some((_, records, sum)) = OTHERS.iter().find(|(other, ..)| *other == view) {
            assert_eq!((summary.records, summary.sum), (*records, *sum), "{view}");
            continue;
        }
        let (_, expected) = summary::summarise(File::open(path(view)).unwrap()).unwrap();
        assert_eq!(summary, expected, "{view}");
        assert_eq!(rows_of_view(view, &path(master)), rows_of_view(view, &path(view)), "{view}");
        equal += 1;
    }
    assert_eq!(equal, 9);
}

/// Every count, with all that is said of it, as the view shows it.
fn rows_of_view(view: &str, path: &str) -> Vec<String> {
    #[derive(Default)]
    struct Lines(Vec<String>);
    impl RecordSink for Lines {
        fn record(&mut self, r: &UsageRecord<'_>) -> Result<(), Stopped> {
            let (month, count) = (r.month, r.count);
            self.0.push(format!("{} {} {} {} {} {month} {count}", r.item.canonical(), r.data_type, r.yop, r.access_type, r.metric));
            Ok(())
        }
    }
    let mut of = Reading::default();
    let mut lines = Lines::default();
    for pass in 0..2 {
        if pass == 0 {
            of = read(File::open(path).unwrap(), &mut Summary::default()).unwrap();
            continue;
        }
        let mut gather = super::Gather::new(super::AsRecords(&mut lines));
        let mut derivation = super::Derivation::new(super::View::from_report(view, &of).unwrap(), &of.header, &mut gather);
        read(File::open(path).unwrap(), &mut derivation).unwrap();
        derivation.finish().unwrap();
        gather.finish().unwrap();
    }
    lines.0.sort_unstable();
    lines.0
}

#[test]
fn a_view_of_a_view_is_that_view() {
    if !Path::new(OFFICIAL).exists() {
        skip(&format!("{OFFICIAL} is not there"));
        return;
    }
    for view in VIEWS {
        let (of, expected) = summary::summarise(File::open(path(view)).unwrap()).unwrap();
        let (reading, summary) = summarise(view, &of, File::open(path(view)).unwrap()).unwrap();
        assert_eq!(summary, expected, "{view}");
        assert_eq!((reading.notes.len(), reading.records), (0, expected.records), "{view}");
    }
}

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/counter/samples");

/// Reports and views of the same use among the tests of other software: the report, the view, its file; of both releases.
const PAIRS: [(&str, &str, &str); 5] = [
    (
        "Big-Dig-Data+celus-nibbler/tests/data/counter/5/IR-sample.json",
        "IR_M1",
        "Big-Dig-Data+celus-nibbler/tests/data/counter/5/IR_M1-sample.json",
    ),
    (
        "folio-org+mod-erm-usage-counter/mod-erm-usage-counter50/src/test/resources/converter/tr/tr.json",
        "TR_B3",
        "folio-org+mod-erm-usage-counter/mod-erm-usage-counter50/src/test/resources/converter/tr/tr_b3.json",
    ),
    (
        "folio-org+mod-erm-usage-counter/mod-erm-usage-counter51/src/test/resources/sample-reports/TR_sample_r51.json",
        "TR_J1",
        "folio-org+mod-erm-usage-counter/mod-erm-usage-counter51/src/test/resources/sample-reports/TRJ1_sample_r51.json",
    ),
    (
        "folio-org+mod-erm-usage-counter/mod-erm-usage-counter51/src/test/resources/sample-reports/TR_sample_r51.json",
        "TR_J2",
        "folio-org+mod-erm-usage-counter/mod-erm-usage-counter51/src/test/resources/sample-reports/TRJ2_sample_r51.json",
    ),
    (
        "folio-org+mod-erm-usage-counter/mod-erm-usage-counter51/src/test/resources/sample-reports/TR_sample_r51.json",
        "TR_J4",
        "folio-org+mod-erm-usage-counter/mod-erm-usage-counter51/src/test/resources/sample-reports/TRJ4_sample_r51.json",
    ),
];

#[test]
fn pairs_of_other_software_agree() {
    if !Path::new(SAMPLES).exists() {
        skip(&format!("{SAMPLES} is not there"));
        return;
    }
    for (master, view, expected) in PAIRS {
        let open = |file: &str| File::open(format!("{SAMPLES}/{file}")).unwrap();
        let (of, _) = summary::summarise(open(master)).unwrap();
        let (reading, derived) = summarise(view, &of, open(master)).unwrap();
        let (_, expected) = summary::summarise(open(expected)).unwrap();
        assert_eq!(derived, expected, "{master} {view} {:?}", reading.notes);
        assert!(expected.sum > 0);
    }
}
