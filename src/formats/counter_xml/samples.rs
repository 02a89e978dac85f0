//! Replies from other software's tests: the figures must be those that are known.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use serde_json::Value;

use crate::formats::summary::summarise;
use crate::model::ReportId;
use crate::skipped_tests::skip;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/counter/samples");

/// Files, the report that each is, its exceptions, and the sum of each metric.
type Known = (&'static str, &'static str, &'static [u32], &'static [(&'static str, u128)]);

const KNOWN: [Known; 23] = [
    ("4_BR2_invalid_location1.xml", "BR2", &[1110], &[]),
    ("4_BR2_unauthorized2.xml", "BR2", &[2010], &[]),
    ("sushi_1111.xml", "BR2", &[1111], &[]),
    ("sushi_br3.xml", "BR3", &[], &[("no_license", 8), ("turnaway", 6)]),
    ("sushi_db1_missing_record_view.xml", "DB1", &[], &[("result_click", 33), ("search_fed", 42), ("search_reg", 107)]),
    ("sushi_jr1a.xml", "JR1A", &[], &[("ft_pdf", 1), ("ft_total", 1)]),
    ("sushi_missing_ii.xml", "JR1", &[], &[("ft_html", 6), ("ft_pdf", 8), ("ft_total", 14)]),
    ("sushi_missing_jan.xml", "JR1", &[], &[("ft_pdf", 17), ("ft_total", 17)]),
    ("sushi_mr1.xml", "MR1", &[], &[("multimedia", 15)]),
    ("sushi_queued.xml", "JR1", &[4001], &[]),
    ("sushi_simple.xml", "JR1", &[], &[("ft_html", 6), ("ft_pdf", 8), ("ft_total", 14)]),
    ("sushi_simple_db1.xml", "DB1", &[], &[("record_view", 7), ("result_click", 16), ("search_fed", 13), ("search_reg", 5)]),
    ("sushi_simple_no_customer.xml", "JR1", &[], &[("ft_html", 6), ("ft_pdf", 8), ("ft_total", 14)]),
    ("reportJSTOR.xml", "JR1", &[], &[("ft_html", 5), ("ft_pdf", 5), ("ft_total", 10)]),
    ("reportJSTORwofracSeconds.xml", "JR1", &[], &[("ft_html", 5), ("ft_pdf", 5), ("ft_total", 10)]),
    ("BR2.xml", "BR2", &[], &[("ft_total", 998)]),
    ("DB1.xml", "DB1", &[], &[("record_view", 13_180), ("result_click", 18_095), ("search_fed", 7502), ("search_reg", 11_292)]),
    ("JR1.xml", "JR1", &[], &[("ft_html", 20), ("ft_pdf", 6), ("ft_total", 26)]),
    ("PR1.xml", "PR1", &[], &[("record_view", 116_965), ("result_click", 109_092), ("search_fed", 234_446), ("search_reg", 68_024)]),
    ("reportJSTOR-JR1-2018.xml", "JR1", &[], &[("ft_html", 11), ("ft_pdf", 17), ("ft_total", 28)]),
    ("reportJSTORMultiMonth.xml", "JR1", &[], &[("ft_html", 5), ("ft_pdf", 5), ("ft_total", 10)]),
    ("response1-woenvelope.xml", "JR1", &[], &[("ft_html", 2), ("ft_pdf", 6), ("ft_total", 8)]),
    ("nss-report-2016-03.xml", "JR1", &[], &[("ft_html", 3404), ("ft_pdf", 1940), ("ft_total", 5344)]),
];

#[test]
fn the_samples_of_other_software_hold_what_their_index_says() {
    if !Path::new(ROOT).exists() {
        skip(&format!("{ROOT} is not there"));
        return;
    }
    let mut index = csv::ReaderBuilder::new().delimiter(b'\t').from_path(format!("{ROOT}/INDEX.tsv")).unwrap();
    let mut checked = 0;
    for row in index.records() {
        let row = row.unwrap();
        let (path, kind, peer) = (&row[0], &row[1], &row[9]);
        if kind != "xml" {
            continue;
        }
        checked += 1;
        let name = path.rsplit('/').next().unwrap();
        let (_, report, exceptions, metrics) = KNOWN.iter().find(|known| known.0 == name).unwrap_or_else(|| panic!("{path} is not listed"));
        let (reading, summary) = summarise(File::open(format!("{ROOT}/{path}")).unwrap()).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(reading.header.report.as_ref().map(ReportId::as_str), Some(*report), "{path}");
        assert_eq!(reading.header.release, Some(crate::model::Release::R4), "{path}");
        assert_eq!(reading.exceptions.iter().map(|e| e.code).collect::<Vec<_>>(), *exceptions, "{path}");
        assert_eq!(summary.records, reading.records, "{path}");
        let by_hand: BTreeMap<String, u128> = summed_by_hand(&std::fs::read_to_string(format!("{ROOT}/{path}")).unwrap());
        assert_eq!(summary.metrics, by_hand, "{path}");
        let listed: BTreeMap<String, u128> = metrics.iter().map(|(metric, sum)| ((*metric).to_owned(), *sum)).collect();
        assert_eq!(summary.metrics, listed, "{path}");
        // The peer counts `ft_total` alone where there is one; the other metrics of its report are parts of it.
        if let Ok(peer) = serde_json::from_str::<Value>(peer) {
            let ours = summary.metrics.get("ft_total").copied().unwrap_or(summary.sum);
            assert_eq!(Some(ours), peer["sum"].as_u64().map(u128::from), "{path}");
        }
    }
    assert_eq!(checked, KNOWN.len());
}

/// The sums of a well-behaved document, found by looking for nothing but metrics and counts.
fn summed_by_hand(text: &str) -> BTreeMap<String, u128> {
    let mut sums = BTreeMap::new();
    let mut rest = text;
    while let Some(start) = rest.find("MetricType>") {
        rest = &rest[start + "MetricType>".len()..];
        let metric = rest.split('<').next().unwrap().trim().to_owned();
        rest = &rest[rest.find("Count>").unwrap() + "Count>".len()..];
        let count: u128 = rest.split('<').next().unwrap().trim().parse().unwrap();
        if count > 0 {
            *sums.entry(metric).or_default() += count;
        }
    }
    sums
}
