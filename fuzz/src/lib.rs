//! What is done with an input that nobody has thought of: a function for each parser, called by the fuzzer and by the tests.
//!
//! [`TARGETS`] has all of them. Each takes any bytes, and panics if something does not hold that always has to: no parser panics; a report
//! that is read in small pieces is the same as the one that is read at once, and so is a refusal; what is told agrees with what is given.
//! `fuzz/fuzz_targets` has a program for each, and `tests/it/corpora.rs` replays `fuzz/corpus` through the same functions.

mod book;
mod settings;
mod sink;
mod tables;

use std::io::BufReader;

use avling::formats::access_log::{self, CsvHeader, Layout, LinePattern, Moment, Names, Role};
use avling::formats::lines::Lines;
use avling::formats::{counter_json, counter_xml, usage_table, views};
use avling::model::notation;
use avling::sources::registry_file;

pub use book::workbook;
pub use settings::{config, manifest, mapped};
pub use tables::{registry, sessions};

pub use sink::twice_of;

use sink::twice;

/// What takes an input.
pub type Target = fn(&[u8]);

/// Every target by its name, which its program and the folder of its corpus have too.
pub const TARGETS: [(&str, Target); 14] = [
    ("access_log", access_log),
    ("anything", anything),
    ("config", config),
    ("counter_json", counter_json),
    ("counter_registry", counter_registry),
    ("counter_table", counter_table),
    ("counter_xml", counter_xml),
    ("manifest", manifest),
    ("mapped", mapped),
    ("notation", notation),
    ("registry", registry),
    ("sessions", sessions),
    ("usage_table", usage_table),
    ("workbook", workbook),
];

/// A reply in a format that nobody told of; of a report, its standard views too.
pub fn anything(data: &[u8]) {
    let Some(reading) = twice(data, |reader, sink| avling::formats::read(reader, sink)) else { return };
    for view in views::VIEWS {
        if let Ok((of_view, _)) = views::summarise(view, &reading, data) {
            assert!(of_view.records <= reading.records, "{view} has more than the report");
        }
    }
}

/// COUNTER as JSON.
pub fn counter_json(data: &[u8]) {
    twice(data, |reader, sink| counter_json::read(reader, sink));
}

/// COUNTER as XML, in SOAP or not.
pub fn counter_xml(data: &[u8]) {
    twice(data, |reader, sink| counter_xml::read(reader, sink));
}

/// The heading of a report as a table, and its columns.
const HEADING: &str = "Report_Name\tTitle Report\nReport_ID\tTR\nRelease\t5.1\nInstitution_ID\tv:1\n\
    Reporting_Period\tBegin_Date=2024-01-01; End_Date=2024-03-31\n\n\
    Title\tISBN\tOnline_ISSN\tPlatform\tData_Type\tYOP\tMetric_Type\tReporting_Period_Total\tJan-2024\tFeb-2024\tMar-2024\n";

/// COUNTER as text with separators: an input as a whole table, and as the rows below a heading.
pub fn counter_table(data: &[u8]) {
    twice(data, |reader, sink| avling::formats::read(reader, sink));
    let table = [HEADING.as_bytes(), data].concat();
    twice(&table, |reader, sink| avling::formats::read(reader, sink));
}

/// A table of use.
pub fn usage_table(data: &[u8]) {
    twice(data, |reader, sink| usage_table::read(reader, sink));
}

/// A log of events, under a line that says what its lines are: `json`, `csv`, or a pattern.
pub fn access_log(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (first, log) = (&data[..end], &data[end + 1..]);
    let names = Names::default();
    let layout = match first {
        b"json" => Layout::JsonLines,
        b"csv" => Layout::Csv,
        pattern => match LinePattern::new(&String::from_utf8_lossy(pattern), &names) {
            Ok(pattern) => Layout::Pattern(pattern),
            Err(_) => return,
        },
    };
    let (mut lines, mut line, mut header) = (Lines::new(BufReader::new(log)), Vec::new(), None);
    while let Ok(Some(_)) = lines.next(&mut line) {
        if layout.passes_over(&line) {
            continue;
        }
        if matches!(layout, Layout::Csv) && header.is_none() {
            header = CsvHeader::new(&line, &names);
            if header.is_none() {
                return;
            }
            continue;
        }
        let Ok(fields) = layout.fields(&line, &names, header.as_ref()) else { continue };
        let _ = Moment::read(fields.of(Role::Time), chrono_tz::Europe::Oslo);
        let (host, path) = access_log::host_and_path(fields.of(Role::Url), fields.of(Role::Host));
        assert!(!path.contains(['?', '#']), "the query of an address is no part of its path");
        assert!(!host.contains('/'), "a host and nothing behind it");
    }
}

/// What people write for addresses: whatever is read can be written so that it is read again.
pub fn notation(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for word in text.split_whitespace() {
        let _ = (notation::looks_like_addresses(word), notation::joins_addresses(word));
    }
    let Ok(ranges) = notation::parse_ranges(&text) else { return };
    assert!(!ranges.is_empty(), "what stands for nothing is refused");
    for (place, range) in ranges.iter().enumerate() {
        assert!(range.first() <= range.last(), "{range} begins behind its end");
        assert!(!ranges[..place].contains(range), "{range} is there twice");
        let written = range.to_string();
        assert_eq!(notation::parse_ranges(&written), Ok(vec![*range]), "{written}");
        assert_eq!(notation::canonical(&written), Some(*range), "{written}");
    }
}

/// What COUNTER's registry answers, as `avling discover` takes it.
pub fn counter_registry(data: &[u8]) {
    if let Ok(services) = registry_file::services(data) {
        assert!(services.iter().all(|service| !service.url.is_empty()), "a service is somewhere");
    }
}
