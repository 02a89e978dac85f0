//! The samples of the Code of Practice: from their JSON come their tables, and from their tables their tables.

use std::fs;
use std::path::Path;

use super::{CounterForm, CounterWriter, Plan, Shape};
use crate::formats::gather::Gather;
use crate::formats::read;
use crate::skipped_tests::skip;

const OFFICIAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/counter/official");

const REPORTS: [&str; 16] =
    ["PR", "DR", "TR", "IR", "PRP1", "DRD1", "DRD2", "TRB1", "TRB2", "TRB3", "TRJ1", "TRJ2", "TRJ3", "TRJ4", "IRA1", "IRM1"];

fn converted(bytes: &[u8], form: CounterForm) -> Vec<u8> {
    let mut shape = Shape::default();
    let reading = read(bytes, &mut shape).unwrap();
    let plan = Plan::new(&reading, shape).unwrap();
    assert_eq!(plan.notes(), []);
    let mut out = Vec::new();
    let mut writer = CounterWriter::new(form, &plan, &mut out).unwrap();
    let mut gather = Gather::new(&mut writer);
    read(bytes, &mut gather).unwrap();
    gather.finish().unwrap();
    writer.finish().unwrap();
    out
}

/// The lines, without the order that rows have.
fn lines(text: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = String::from_utf8(text.to_vec()).unwrap().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn the_official_json_becomes_the_official_table() {
    if !Path::new(OFFICIAL).exists() {
        skip(&format!("{OFFICIAL} is not there"));
        return;
    }
    for report in REPORTS {
        let json = fs::read(format!("{OFFICIAL}/{report}_sample_r51.json")).unwrap();
        let tsv = fs::read(format!("{OFFICIAL}/{report}_sample_r51.tsv")).unwrap();
        assert_eq!(lines(&converted(&json, CounterForm::Tsv)), lines(&tsv), "{report}");
        // Whatever way it goes, the table is the same.
        let workbook = fs::read(format!("{OFFICIAL}/{report}_sample_r51.xlsx")).unwrap();
        for (again, form) in
            [(&json, CounterForm::Json), (&tsv, CounterForm::Csv), (&json, CounterForm::Xlsx), (&workbook, CounterForm::Json)]
        {
            let again = converted(again, form);
            assert_eq!(lines(&converted(&again, CounterForm::Tsv)), lines(&tsv), "{report} by {form}");
        }
    }
}
