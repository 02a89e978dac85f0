//! A report as JSON text, made piece by piece so that its size does not matter.
//!
//! [`ReportText`] is an iterator of pieces of some 32 KiB: header, items, end.

use std::collections::{BTreeMap, VecDeque};

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::model::Release;

use super::ask::Notice;
use super::books::{Counts, Metric};
use super::label;
use super::tally::{Key, Rows, Tally};
use super::view::{Master, Shown};

/// When a piece is long enough to be sent.
const PIECE: usize = 32 * 1024;

/// A count that is not right, put in place of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoiled {
    Negative,
    Fractional,
}

/// The pieces of one report.
#[derive(Debug)]
pub(super) struct ReportText {
    tally: Tally,
    today: NaiveDate,
    spoiled: Option<Spoiled>,
    /// Items that are ready to be written.
    ready: VecDeque<String>,
    /// The next title to be looked at.
    title: usize,
    stage: Stage,
    written: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    Items,
    Done,
}

impl ReportText {
    pub(super) fn new(tally: Tally, today: NaiveDate, spoiled: Option<Spoiled>) -> Self {
        Self { tally, today, spoiled, ready: VecDeque::new(), title: 0, stage: Stage::Head, written: false }
    }

    /// Whether there is no use at all to report; if so, the header says 3030 unless it already says why.
    pub(super) fn note_if_empty(&mut self) {
        while self.ready.is_empty() && self.make_ready() {}
        if self.ready.is_empty() && self.tally.ask.notices.is_empty() {
            self.tally.ask.notices.push(Notice::new(3030, ""));
        }
    }

    fn release(&self) -> Release {
        self.tally.plan.release
    }

    /// Everything before the first item.
    pub(super) fn head(&self) -> String {
        format!("{{\"Report_Header\":{},\"Report_Items\":[", self.header())
    }

    fn header(&self) -> String {
        let (ask, plan) = (&self.tally.ask, &self.tally.plan);
        let r5 = plan.release == Release::R5;
        let (customer, name) = plan.accounts.get(ask.account).map_or(("", ""), |account| {
            (account.customer_id.as_str(), if account.name.is_empty() { &account.customer_id } else { &account.name })
        });
        let mut header = Fields::new();
        let mut put = |name: &str, value: Value| header.put(name, &value);
        put("Release", json!(plan.release.to_string()));
        put("Report_ID", json!(ask.view.id));
        put("Report_Name", json!(ask.view.name(plan.release)));
        put("Created", json!(format!("{}T06:00:00Z", self.today)));
        put("Created_By", json!(plan.name));
        if r5 {
            put("Customer_ID", json!(customer));
        } else {
            put("Registry_Record", json!(""));
        }
        put("Institution_Name", json!(name));
        let id = format!("simulator:{customer}");
        put("Institution_ID", if r5 { json!([{ "Type": "Proprietary", "Value": id }]) } else { json!({ "Proprietary": [id] }) });
        put("Report_Filters", named(&self.filters(), plan.release));
        let attributes = self.attributes();
        if r5 || !attributes.is_empty() {
            put("Report_Attributes", named(&attributes, plan.release));
        }
        if !ask.notices.is_empty() {
            put("Exceptions", ask.notices.iter().map(|notice| notice.json(plan.release)).collect());
        }
        header.object()
    }

    fn filters(&self) -> Vec<(&'static str, Vec<String>)> {
        let ask = &self.tally.ask;
        let mut filters = vec![("Begin_Date", vec![ask.filters.0.to_string()]), ("End_Date", vec![ask.filters.1.to_string()])];
        let view = ask.view;
        let fixed: Vec<String> = view.data_types.iter().map(|&data_type| data_type.to_owned()).collect();
        let controlled = if view.controlled_only { vec!["Controlled".to_owned()] } else { ask.access_types.clone() };
        let regular = if view.regular_only { vec!["Regular".to_owned()] } else { ask.access_methods.clone() };
        let mut put = |name: &'static str, values: Vec<String>| {
            if !values.is_empty() {
                filters.push((name, values));
            }
        };
        put("Platform", ask.platform.iter().cloned().collect());
        put("Data_Type", if fixed.is_empty() { ask.data_types.clone() } else { fixed });
        put("Access_Type", controlled);
        put("Access_Method", regular);
        let metrics = view.metrics.iter().map(|metric| metric.as_str().to_owned()).collect();
        put("Metric_Type", if view.is_master() { ask.metrics.clone() } else { metrics });
        filters
    }

    fn attributes(&self) -> Vec<(&'static str, Vec<String>)> {
        let ask = &self.tally.ask;
        if !ask.view.is_master() {
            return Vec::new();
        }
        let Shown { yop, access_type, access_method, members } = ask.shown;
        let by_name = self.tally.plan.accounts.get(ask.account).is_some_and(|account| account.members_by_name);
        let all = [
            (self.release() == Release::R5, "Data_Type"),
            (yop, "YOP"),
            (access_type, "Access_Type"),
            (access_method, "Access_Method"),
            (members && !by_name, "Customer_ID"),
            (members, "Institution_Name"),
        ];
        let shown: Vec<String> = all.into_iter().filter(|(shown, _)| *shown).map(|(_, name)| name.to_owned()).collect();
        if shown.is_empty() { Vec::new() } else { vec![("Attributes_To_Show", shown)] }
    }

    /// Makes the items of the next title ready, or all of a report that is not by title. False at the end.
    fn make_ready(&mut self) -> bool {
        match self.tally.ask.view.master {
            Master::Platform | Master::Database if self.title == 0 => {
                self.title = usize::MAX;
                self.group();
                true
            }
            Master::Title | Master::Item if self.title < self.tally.books.titles() => {
                let title = self.title;
                self.title += 1;
                if self.tally.wants(title) {
                    if self.tally.ask.view.master == Master::Title { self.one_title(title) } else { self.items(title) }
                }
                true
            }
            _ => false,
        }
    }

    /// All items of a platform or database report.
    fn group(&mut self) {
        let by_platform = self.tally.ask.view.master == Master::Platform;
        let mut groups: BTreeMap<usize, Rows> = BTreeMap::new();
        for title in (0..self.tally.books.titles()).filter(|title| self.tally.wants(*title)) {
            let group = if by_platform { self.tally.platform_of(title) } else { self.tally.database_of(title) };
            self.tally.add(groups.entry(group).or_default(), title, None);
        }
        for (group, rows) in groups {
            let platforms = self.tally.platforms();
            let platform = platforms.get(group % platforms.len().max(1)).copied().unwrap_or_default();
            let mut label = Fields::new();
            if !by_platform {
                let number = group / platforms.len().max(1) + 1;
                label.put("Database", &json!(format!("{platform} base {number}")));
                label.put("Publisher", &json!(self.tally.plan.name));
                label.put("Item_ID", &label::proprietary(format!("simulator:D{group}"), self.release()));
            }
            label.put("Platform", &json!(platform));
            self.write_rows(&label, &rows);
        }
    }

    fn platform_name(&self, title: usize) -> Value {
        json!(self.tally.platforms().get(self.tally.platform_of(title)).copied().unwrap_or_default())
    }

    /// The rows of one title.
    fn one_title(&mut self, title: usize) {
        let kind = self.tally.books.kind(title);
        let mut rows = Rows::new();
        self.tally.add(&mut rows, title, None);
        let mut label = Fields::new();
        label.put("Title", &json!(label::title_name(kind, title)));
        label.put("Item_ID", &label::title_ids(kind, title, self.release()));
        label.put("Platform", &self.platform_name(title));
        label.put("Publisher", &json!(label::publisher(title)));
        self.write_rows(&label, &rows);
    }

    /// The items of one title: under their parent in R5.1, naming it in R5.
    fn items(&mut self, title: usize) {
        let (kind, release) = (self.tally.books.kind(title), self.release());
        let name = label::title_name(kind, title);
        let already = self.ready.len();
        for item in 0..self.tally.items_of(title) {
            let mut rows = Rows::new();
            self.tally.add(&mut rows, title, Some(item));
            let mut label = Fields::new();
            label.put("Item", &json!(if kind.is_title { format!("{name}, del {}", item + 1) } else { name.clone() }));
            label.put("Item_ID", &label::item_ids(title, item, release));
            label.put("Platform", &self.platform_name(title));
            label.put("Publisher", &json!(label::publisher(title)));
            if kind.is_title && release == Release::R5 {
                let ids = label::title_ids(kind, title, release);
                label.put("Item_Parent", &json!({ "Item_Name": name, "Data_Type": kind.data_type, "Item_ID": ids }));
            }
            self.write_rows(&label, &rows);
        }
        if release == Release::R51 && self.ready.len() > already {
            let items: Vec<String> = self.ready.drain(already..).collect();
            let mut parent = Fields::new();
            if kind.is_title {
                parent.put("Title", &json!(name));
                parent.put("Data_Type", &json!(kind.data_type));
                parent.put("Item_ID", &label::title_ids(kind, title, release));
            }
            parent.put_text("Items", &format!("[{}]", items.join(",")));
            self.ready.push_back(parent.object());
        }
    }

    /// Makes one item of its rows (R5.1), or one of each (R5). Rows without counts are left out.
    fn write_rows(&mut self, label: &Fields, rows: &Rows) {
        let release = self.release();
        let mut performances = Vec::new();
        for (key, counts) in rows {
            let metrics: Vec<Metric> = self.tally.metrics(key.data_type).collect();
            let performance = match release {
                Release::R51 => self.by_metric(&metrics, counts),
                Release::R4 | Release::R5 => self.by_period(&metrics, counts),
            };
            if let Some(performance) = performance {
                let mut fields = if release == Release::R5 { label.clone() } else { Fields::new() };
                self.put_attributes(&mut fields, key);
                fields.put_text("Performance", &performance);
                performances.push(fields.object());
            }
        }
        match release {
            Release::R51 if performances.is_empty() => {}
            Release::R51 => {
                let mut item = label.clone();
                item.put_text("Attribute_Performance", &format!("[{}]", performances.join(",")));
                self.ready.push_back(item.object());
            }
            Release::R4 | Release::R5 => self.ready.extend(performances),
        }
    }

    /// `Performance` of R5.1: metrics, and in each the months.
    fn by_metric(&mut self, metrics: &[Metric], counts: &[Counts]) -> Option<String> {
        let mut performance = Fields::new();
        for metric in metrics {
            let mut by_month = Fields::new();
            for (month, counts) in self.tally.months().zip(counts) {
                if let Some(count) = self.count(counts.get(*metric)) {
                    by_month.put(&month.to_string(), &count);
                }
            }
            if !by_month.is_empty() {
                performance.put_text(metric.as_str(), &by_month.object());
            }
        }
        (!performance.is_empty()).then(|| performance.object())
    }

    /// `Performance` of R5: periods, and in each the metrics.
    fn by_period(&mut self, metrics: &[Metric], counts: &[Counts]) -> Option<String> {
        let mut performance = Vec::new();
        for (month, counts) in self.tally.months().zip(counts) {
            let mut instances = Vec::new();
            for metric in metrics {
                if let Some(count) = self.count(counts.get(*metric)) {
                    instances.push(json!({ "Metric_Type": metric.as_str(), "Count": count }));
                }
            }
            if !instances.is_empty() {
                let period = json!({ "Begin_Date": month.first_day(), "End_Date": month.last_day() });
                performance.push(json!({ "Period": period, "Instance": instances }));
            }
        }
        (!performance.is_empty()).then(|| Value::Array(performance).to_string())
    }

    /// A count as it is written; zeros are not. The first may be spoiled.
    fn count(&mut self, count: u64) -> Option<Value> {
        (count > 0).then(|| match self.spoiled.take() {
            None => json!(count),
            Some(Spoiled::Negative) => json!(-7),
            Some(Spoiled::Fractional) => json!(3.5),
        })
    }

    fn put_attributes(&self, fields: &mut Fields, key: &Key) {
        let yop = if key.yop > 0 { key.yop.to_string() } else { String::new() };
        let account = self.tally.plan.accounts.get(self.tally.ask.account);
        let member = account.zip(key.member).and_then(|(account, place)| account.members.get(place));
        let by_name = account.is_some_and(|account| account.members_by_name);
        let (customer_id, name) = member.map_or(("", ""), |member| (member.customer_id.as_str(), member.name.as_str()));
        let all = [
            ("Data_Type", key.data_type),
            ("YOP", yop.as_str()),
            ("Access_Type", key.access_type),
            ("Access_Method", key.access_method),
            ("Customer_ID", if by_name { "" } else { customer_id }),
            ("Institution_Name", name),
        ];
        for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
            fields.put(name, &json!(value));
        }
        if let Some(isil) = member.filter(|_| !by_name).map(|member| member.isil.as_str()).filter(|isil| !isil.is_empty()) {
            let r5 = self.release() == Release::R5;
            fields.put("Institution_ID", &if r5 { json!([{ "Type": "ISIL", "Value": isil }]) } else { json!({ "ISIL": [isil] }) });
        }
    }
}

/// The fields of a JSON object in the order in which vendors write them.
#[derive(Debug, Clone)]
struct Fields(String);

impl Fields {
    fn new() -> Self {
        Self(String::new())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn put(&mut self, name: &str, value: &Value) {
        self.put_text(name, &value.to_string());
    }

    /// `name` needs no escaping; `json` is JSON already.
    fn put_text(&mut self, name: &str, json: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
        self.0.push_str(json);
    }

    fn object(&self) -> String {
        format!("{{{}}}", self.0)
    }
}

/// Names with values, as this release writes filters and attributes: R5.1 an object (dates as texts, else lists), R5 a list.
fn named(pairs: &[(&'static str, Vec<String>)], release: Release) -> Value {
    match release {
        Release::R4 | Release::R5 => pairs.iter().map(|(name, values)| json!({ "Name": name, "Value": values.join("|") })).collect(),
        Release::R51 => {
            let value = |name: &str, values: &[String]| match values {
                [one] if name.ends_with("_Date") || name == "Platform" => json!(one),
                _ => json!(values),
            };
            Value::Object(pairs.iter().map(|(name, values)| ((*name).to_owned(), value(name, values))).collect())
        }
    }
}

impl Iterator for ReportText {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if self.stage == Stage::Head {
            self.stage = Stage::Items;
            return Some(self.head());
        }
        if self.stage == Stage::Done {
            return None;
        }
        let mut piece = String::new();
        while piece.len() < PIECE {
            if let Some(item) = self.ready.pop_front() {
                piece.push_str(if self.written { ",\n" } else { "\n" });
                piece.push_str(&item);
                self.written = true;
            } else if !self.make_ready() {
                self.stage = Stage::Done;
                piece.push_str("\n]}\n");
                break;
            }
        }
        Some(piece)
    }
}
