//! Titles and their use, always the same ones: what all files are made of.

use std::collections::BTreeMap;
use std::rc::Rc;

use avling::formats::gather::{Kind, Row};
use avling::model::{Identifier, Item, Month};

/// The year of all reports.
pub const YEAR: i32 = 2024;

/// Draws numbers that only look random.
#[derive(Debug)]
pub struct Draw(u64);

impl Draw {
    /// The same numbers every time.
    pub fn new() -> Self {
        Self(0x2545_f491_4f6c_dd1d)
    }

    /// Up to `below`, small ones more often, as counts are.
    pub fn count(&mut self, below: u64) -> u64 {
        let wide = self.next() % below + 1;
        self.next() % wide
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// How much was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Counts above zero.
    pub counts: u64,
    /// Their sum.
    pub sum: u64,
}

impl Written {
    /// One more.
    pub fn add(&mut self, count: u64) {
        self.counts += u64::from(count > 0);
        self.sum += count;
    }
}

/// The months of the year.
pub fn months() -> Vec<Month> {
    (1..=12).filter_map(|number| Month::new(YEAR, number)).collect()
}

/// The name of a title.
pub fn name(title: u64) -> String {
    const OF: [&str; 6] = ["Nordic History", "Applied Mycology", "Økonomi og samfunn", "Soil, Water and Air", "Études maritimes", "Law"];
    const KINDS: [&str; 4] = ["Journal of", "Annals of", "Letters in", "Transactions on"];
    let pick = |from: &[&'static str], by: u64| usize::try_from(by).ok().and_then(|by| from.get(by % from.len())).copied().unwrap_or("");
    format!("{} {}, Series {title}", pick(&KINDS, title / 6), pick(&OF, title))
}

/// Its publisher.
pub fn publisher(title: u64) -> String {
    format!("Publisher {}", title % 17 + 1)
}

/// Its DOI.
pub fn doi(title: u64) -> String {
    format!("10.9999/serial.{title:06}")
}

/// Its number with the vendor.
pub fn proprietary(title: u64) -> String {
    format!("vendor:{title:06}")
}

/// An ISSN with the right last digit.
pub fn issn(number: u64) -> String {
    let digits = format!("{:07}", number % 10_000_000);
    let weighed: u32 = digits.chars().zip((2..=8).rev()).filter_map(|(digit, weight)| Some(digit.to_digit(10)? * weight)).sum();
    let last = match (11 - weighed % 11) % 11 {
        10 => "X".to_owned(),
        digit => digit.to_string(),
    };
    let (first, rest) = digits.split_at(4);
    format!("{first}-{rest}{last}")
}

/// The title in print, and online.
pub fn issns(title: u64) -> (String, String) {
    (issn(1_000_000 + 2 * title), issn(1_000_001 + 2 * title))
}

/// A title as reports of release 5 and 5.1 name it.
pub fn item(title: u64) -> Item {
    let id = |kind: &str, value: String| Identifier { kind: kind.into(), value, original: None };
    let (print, online) = issns(title);
    Item {
        platform: "Vendor Online".into(),
        title: name(title),
        publisher: publisher(title),
        publisher_ids: vec![id("Proprietary", format!("vendor:p{}", title % 17 + 1))],
        ids: vec![
            id("DOI", doi(title)),
            id("Online_ISSN", online),
            id("Print_ISSN", print),
            id("Proprietary", proprietary(title)),
            id("URI", format!("https://vendor.example/serials/{title:06}")),
        ],
        ..Item::default()
    }
}

/// The rows of a title: of each metric, and in the master report of years of publication and types of access.
pub fn rows(metrics: &[&str], is_master: bool, draw: &mut Draw, written: &mut Written) -> Vec<Row> {
    let kinds: &[(&str, &str)] =
        if is_master { &[("2019", "Controlled"), ("2023", "Open"), ("2023", "Controlled")] } else { &[("", "Controlled")] };
    let (data_type, method): (Rc<str>, Rc<str>) = ("Journal".into(), "Regular".into());
    let mut rows = Vec::with_capacity(kinds.len() * metrics.len());
    for (yop, access) in kinds {
        for metric in metrics {
            let counts: BTreeMap<Month, u64> =
                months().into_iter().map(|month| (month, draw.count(400))).filter(|(_, count)| *count > 0).collect();
            for count in counts.values() {
                written.add(*count);
            }
            let kind = Kind {
                member: None,
                data_type: if is_master { Rc::clone(&data_type) } else { "".into() },
                yop: (*yop).into(),
                access_type: if is_master { (*access).into() } else { "".into() },
                access_method: Rc::clone(&method),
                metric: (*metric).into(),
            };
            rows.push(Row { kind, counts });
        }
    }
    rows
}
