//! A report as COUNTER JSON, in the shape of release 5.1 or of release 5.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::cells::written;
use super::plan::Plan;
use super::{CounterError, header};
use crate::formats::gather::{Kind, Row};
use crate::formats::views::VIEWS;
use crate::model::{Exception, Identifier, Item, Release, usage::Related};

/// A report that is being written.
pub(super) struct JsonReport<'a> {
    plan: &'a Plan,
    out: &'a mut dyn Write,
    is_first: bool,
}

impl<'a> JsonReport<'a> {
    pub(super) fn begin(plan: &'a Plan, out: &'a mut dyn Write) -> Result<Self, CounterError> {
        write!(out, "{{\"Report_Header\":")?;
        serde_json::to_writer(&mut *out, &report_header(plan)).map_err(std::io::Error::from)?;
        write!(out, ",\"Report_Items\":[")?;
        Ok(Self { plan, out, is_first: true })
    }

    pub(super) fn item(&mut self, item: &Item, rows: &[Row]) -> Result<(), CounterError> {
        if self.plan.release == Release::R5 {
            for (kind, rows) in kinds(rows) {
                let value = item_r5(self.plan, item, kind, &rows);
                self.entry(&value)?;
            }
            return Ok(());
        }
        let value = item_r51(self.plan, item, rows);
        self.entry(&value)
    }

    fn entry(&mut self, value: &Value) -> Result<(), CounterError> {
        self.out.write_all(if std::mem::take(&mut self.is_first) { b"\n" } else { b",\n" })?;
        Ok(serde_json::to_writer(&mut *self.out, value).map_err(std::io::Error::from)?)
    }

    pub(super) fn finish(self) -> Result<(), CounterError> {
        self.out.write_all(b"\n]}\n")?;
        Ok(self.out.flush()?)
    }
}

/// Rows with the same attributes, in the order in which they came.
fn kinds(rows: &[Row]) -> Vec<(&Kind, Vec<&Row>)> {
    let mut kinds: Vec<(&Kind, Vec<&Row>)> = vec![];
    for row in rows {
        let same = |known: &Kind| {
            let of = |kind: &Kind| {
                (kind.member.clone(), kind.data_type.clone(), kind.yop.clone(), kind.access_type.clone(), kind.access_method.clone())
            };
            of(known) == of(&row.kind)
        };
        match kinds.iter_mut().find(|(kind, _)| same(kind)) {
            Some((_, rows)) => rows.push(row),
            None => kinds.push((&row.kind, vec![row])),
        }
    }
    kinds
}

/// Adds a text, if there is one.
fn put(object: &mut Map<String, Value>, name: &str, text: &str) {
    if !text.is_empty() {
        object.insert(name.to_owned(), json!(text));
    }
}

/// Adds a list or an object, if there is anything in it.
fn put_value(object: &mut Map<String, Value>, name: &str, value: Value) {
    let is_empty = match &value {
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    };
    if !is_empty {
        object.insert(name.to_owned(), value);
    }
}

/// Of release 5.1: an object of kinds; `lists` where several of a kind are usual.
fn ids_r51(ids: &[Identifier], lists: bool) -> Value {
    let mut object = Map::new();
    for id in ids {
        match object.get_mut(&id.kind) {
            Some(Value::Array(list)) => list.push(json!(written(id))),
            Some(single) => {
                let first = single.take();
                *single = json!([first, written(id)]);
            }
            None => {
                object.insert(id.kind.clone(), if lists { json!([written(id)]) } else { json!(written(id)) });
            }
        }
    }
    Value::Object(object)
}

/// Of release 5: a list of types and values.
fn ids_r5(ids: &[Identifier]) -> Value {
    ids.iter().map(|id| json!({ "Type": id.kind, "Value": written(id) })).collect()
}

/// Attributes of counts.
fn attributes(plan: &Plan, kind: &Kind, object: &mut Map<String, Value>) {
    put(object, "Data_Type", &kind.data_type);
    put(object, "YOP", &kind.yop);
    put(object, "Access_Type", &kind.access_type);
    if &*kind.access_method != "Regular" || !VIEWS.contains(&plan.report.as_str()) {
        put(object, "Access_Method", &kind.access_method);
    }
    if let Some(member) = &kind.member {
        put(object, "Customer_ID", &member.customer_id);
        put(object, "Institution_Name", &member.name);
        let isil = Identifier { kind: "ISIL".into(), value: member.isil.clone(), original: None };
        if !isil.value.is_empty() {
            let ids = [isil];
            object.insert("Institution_ID".into(), if plan.release == Release::R5 { ids_r5(&ids) } else { ids_r51(&ids, true) });
        }
    }
}

/// An entry of `Report_Items` of release 5.1; in an item's report it stands in its parent.
fn item_r51(plan: &Plan, item: &Item, rows: &[Row]) -> Value {
    let performance: Vec<Value> = kinds(rows)
        .into_iter()
        .map(|(kind, rows)| {
            let mut entry = Map::new();
            attributes(plan, kind, &mut entry);
            let mut metrics = Map::new();
            for row in rows {
                let months: Map<String, Value> = row.counts.iter().map(|(month, count)| (month.to_string(), json!(count))).collect();
                metrics.insert(row.kind.metric.to_string(), Value::Object(months));
            }
            entry.insert("Performance".into(), Value::Object(metrics));
            Value::Object(entry)
        })
        .collect();
    let parent = item.parent.as_deref();
    let mut object = Map::new();
    put(&mut object, "Database", &item.database);
    // The title of an item is its parent's.
    if parent.is_none_or(|parent| parent.title != item.title) {
        put(&mut object, "Title", &item.title);
    }
    put(&mut object, "Item", &item.item);
    put(&mut object, "Publisher", &item.publisher);
    put_value(&mut object, "Publisher_ID", ids_r51(&item.publisher_ids, true));
    put(&mut object, "Platform", &item.platform);
    put_value(&mut object, "Authors", authors_r51(&item.authors));
    put(&mut object, "Publication_Date", &item.publication_date);
    put(&mut object, "Article_Version", &item.article_version);
    put(&mut object, "Section_Type", &item.section_type);
    put_value(&mut object, "Item_ID", ids_r51(&item.ids, false));
    match &item.component {
        None => {
            object.insert("Attribute_Performance".into(), Value::Array(performance));
        }
        Some(component) => {
            let mut of = related_r51(component, "Item");
            of.insert("Attribute_Performance".into(), Value::Array(performance));
            object.insert("Components".into(), json!([of]));
        }
    }
    if plan.report.master() != "IR" {
        return Value::Object(object);
    }
    let mut above = parent.map(|parent| related_r51(parent, "Title")).unwrap_or_default();
    above.insert("Items".into(), json!([object]));
    Value::Object(above)
}

fn authors_r51(authors: &[String]) -> Value {
    authors.iter().map(|name| json!({ "Name": name })).collect()
}

fn related_r51(related: &Related, title: &str) -> Map<String, Value> {
    let mut object = Map::new();
    put(&mut object, title, &related.title);
    put_value(&mut object, "Authors", authors_r51(&related.authors));
    put(&mut object, "Publication_Date", &related.publication_date);
    put(&mut object, "Article_Version", &related.article_version);
    put(&mut object, "Data_Type", &related.data_type);
    put_value(&mut object, "Item_ID", ids_r51(&related.ids, false));
    object
}

/// An entry of `Report_Items` of release 5: one kind of an item's counts.
fn item_r5(plan: &Plan, item: &Item, kind: &Kind, rows: &[&Row]) -> Value {
    let mut object = Map::new();
    for (name, text) in [
        ("Database", &item.database),
        ("Title", &item.title),
        ("Item", &item.item),
        ("Publisher", &item.publisher),
        ("Platform", &item.platform),
        ("Section_Type", &item.section_type),
    ] {
        put(&mut object, name, text);
    }
    put_value(&mut object, "Publisher_ID", ids_r5(&item.publisher_ids));
    described_r5(&mut object, &item.ids, &item.authors, &item.publication_date, &item.article_version);
    if let Some(parent) = &item.parent {
        object.insert("Item_Parent".into(), Value::Object(related_r5(parent)));
    }
    attributes(plan, kind, &mut object);
    let months: std::collections::BTreeSet<_> = rows.iter().flat_map(|row| row.counts.keys().copied()).collect();
    let performance: Vec<Value> = months
        .into_iter()
        .map(|month| {
            let counts = rows.iter().filter_map(|row| Some((row, row.counts.get(&month)?)));
            let instances: Vec<Value> = counts.map(|(row, count)| json!({ "Metric_Type": &*row.kind.metric, "Count": count })).collect();
            let period = json!({ "Begin_Date": month.first_day().to_string(), "End_Date": month.last_day().to_string() });
            json!({ "Period": period, "Instance": instances })
        })
        .collect();
    match &item.component {
        None => {
            object.insert("Performance".into(), Value::Array(performance));
        }
        Some(component) => {
            let mut of = related_r5(component);
            // A component's counts are of its own type.
            if !component.data_type.is_empty() {
                object.remove("Data_Type");
            }
            of.insert("Performance".into(), Value::Array(performance));
            object.insert("Item_Component".into(), json!([of]));
        }
    }
    Value::Object(object)
}

fn described_r5(object: &mut Map<String, Value>, ids: &[Identifier], authors: &[String], date: &str, version: &str) {
    put_value(object, "Item_ID", ids_r5(ids));
    put_value(object, "Item_Contributors", authors.iter().map(|name| json!({ "Type": "Author", "Name": name })).collect());
    for (name, kind, value) in [("Item_Dates", "Publication_Date", date), ("Item_Attributes", "Article_Version", version)] {
        if !value.is_empty() {
            object.insert(name.into(), json!([{ "Type": kind, "Value": value }]));
        }
    }
}

fn related_r5(related: &Related) -> Map<String, Value> {
    let mut object = Map::new();
    put(&mut object, "Item_Name", &related.title);
    put(&mut object, "Data_Type", &related.data_type);
    described_r5(&mut object, &related.ids, &related.authors, &related.publication_date, &related.article_version);
    object
}

fn report_header(plan: &Plan) -> Value {
    let header = &plan.header;
    let is_r5 = plan.release == Release::R5;
    let mut object = Map::new();
    put(&mut object, "Release", &plan.release.to_string());
    put(&mut object, "Report_ID", plan.report.as_str());
    put(&mut object, "Report_Name", header::name(plan));
    put(&mut object, "Created", &header.created);
    put(&mut object, "Created_By", &header.created_by);
    put(&mut object, "Registry_Record", &header.registry_record);
    put(&mut object, "Customer_ID", &header.customer_id);
    put(&mut object, "Institution_Name", &header.institution_name);
    let ids = if is_r5 { ids_r5(&header.institution_ids) } else { ids_r51(&header.institution_ids, true) };
    put_value(&mut object, "Institution_ID", ids);
    let mut filters = header.filters.clone();
    if let Some((begin, end)) = header::period(plan) {
        filters.extend([("Begin_Date".to_owned(), begin.to_string()), ("End_Date".to_owned(), end.to_string())]);
    }
    put_value(&mut object, "Report_Filters", settings(&filters, is_r5));
    put_value(&mut object, "Report_Attributes", settings(&header.attributes, is_r5));
    put_value(&mut object, "Exceptions", plan.exceptions.iter().map(exception).collect());
    Value::Object(object)
}

fn settings(settings: &[(String, String)], is_r5: bool) -> Value {
    if is_r5 {
        return settings.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    }
    let is_single =
        |name: &str| matches!(name, "Begin_Date" | "End_Date" | "Platform") || name.starts_with("Include_") || name.starts_with("Exclude_");
    let value = |name: &str, value: &str| if is_single(name) { json!(value) } else { value.split('|').collect() };
    settings.iter().map(|(name, text)| (name.clone(), value(name, text))).collect::<Map<_, _>>().into()
}

fn exception(exception: &Exception) -> Value {
    let mut object = Map::new();
    object.insert("Code".into(), json!(exception.code));
    put(&mut object, "Message", &exception.message);
    put(&mut object, "Severity", &exception.severity);
    put(&mut object, "Data", &exception.data);
    put(&mut object, "Help_URL", &exception.help_url);
    Value::Object(object)
}
