//! The sink that makes a view of a report's counts as they come.

use super::{Attribute, Standing, View, ViewError, filter};
use crate::formats::layout::{Column, Columns, ID_COLUMNS};
use crate::formats::notes::Notes;
use crate::formats::{Note, RecordSink, Stopped};
use crate::model::usage::Related;
use crate::model::{Identifier, Item, Month, ReportHeader, UsageRecord};

/// Passes on what belongs to a view, as the view shows it.
///
/// Rows that differ only in what the view does not show come one after the other, not added up. [`finish`](Self::finish) says whether
/// what was passed on is the view at all.
#[derive(Debug)]
pub struct Derivation<'s, S> {
    view: View,
    sink: &'s mut S,
    /// The report is the view itself: what a view does not show was filtered already.
    is_itself: bool,
    /// The vendor's filters let only allowed values through, by [`Attribute`].
    filtered: [bool; 4],
    /// Counts that had and that lacked an attribute that decides, by [`Attribute`].
    had: [u64; 4],
    lacked: [u64; 4],
    notes: Notes,
    /// The item that was shown last, as it came and as the view shows it.
    last: Option<(Item, Item)>,
}

impl<'s, S: RecordSink> Derivation<'s, S> {
    /// Makes the view of the counts of a report with this header, for the sink.
    pub fn new(view: View, header: &ReportHeader, sink: &'s mut S) -> Self {
        let mut notes = Notes::default();
        let is_itself = header.report.as_ref().is_some_and(|report| report.as_str() == view.id);
        let mut filtered = [false; 4];
        let metrics = ("Metric_Type", view.metrics);
        for (name, allowed) in view.filters().chain([metrics]) {
            let Some((name, value)) = filter(header, name) else { continue };
            match Standing::of(value, allowed) {
                Standing::Narrower => narrower(&mut notes, name, value),
                // Within, and not all of it.
                Standing::Within if !allowed.iter().all(|word| value.split(['|', ';', ',']).any(|v| v.trim() == *word)) => {
                    narrower(&mut notes, name, value);
                }
                _ => {}
            }
        }
        if let Some((name, value)) = filter(header, "YOP").filter(|(_, value)| !is_every_year(value)) {
            narrower(&mut notes, name, value);
        }
        for (place, attribute) in Attribute::ALL.into_iter().enumerate() {
            let within =
                filter(header, attribute.name()).is_some_and(|(_, value)| Standing::of(value, view.allowed(attribute)) == Standing::Within);
            filtered[place] = is_itself || within;
        }
        Self { view, sink, is_itself, filtered, had: [0; 4], lacked: [0; 4], notes, last: None }
    }

    /// Whether a count belongs to the view; of those that lack what decides it is kept how many there were.
    fn takes(&mut self, like: &UsageRecord<'_>, counts: u64) -> bool {
        let view = &self.view;
        if !view.metrics.contains(&like.metric) || like.access_method != "Regular" {
            return false;
        }
        let parent = like.item.parent.as_ref().map_or("", |parent| parent.data_type.as_str());
        let values = [like.data_type, like.access_type, parent, like.yop];
        let decides = |attribute: Attribute| !view.allowed(attribute).is_empty();
        let contradicts =
            |(attribute, value): (Attribute, &str)| decides(attribute) && !value.is_empty() && !view.allowed(attribute).contains(&value);
        if Attribute::ALL.into_iter().zip(values).any(contradicts) {
            return false;
        }
        let mut takes = true;
        for (place, (attribute, value)) in Attribute::ALL.into_iter().zip(values).enumerate() {
            let is_by = view.by == Some(attribute) && !self.is_itself;
            if !decides(attribute) && !is_by {
                continue;
            }
            if value.is_empty() && (is_by || !self.filtered[place]) {
                self.lacked[place] += counts;
                takes &= is_by && !decides(attribute);
            } else {
                self.had[place] += counts;
            }
        }
        takes
    }

    /// What else is to be known of the view.
    ///
    /// # Errors
    /// [`ViewError::Lacks`]: what was passed on is not the view, because the report does not show what decides.
    pub fn finish(mut self) -> Result<Vec<Note>, ViewError> {
        for (place, attribute) in Attribute::ALL.into_iter().enumerate() {
            let (had, lacked) = (self.had[place], self.lacked[place]);
            if lacked > 0 && had == 0 {
                return Err(ViewError::Lacks { view: self.view.id, attribute: attribute.name() });
            }
            if lacked > 0 {
                let what = if self.view.by == Some(attribute) { "taken as they are" } else { "left out of the view" };
                self.notes.add(format!("{lacked} counts without {}: {what}", attribute.name()), || self.view.id.to_owned());
            }
        }
        Ok(self.notes.into_notes())
    }

    /// Makes the item as the view shows it the last one.
    fn show(&mut self, item: &Item) {
        if self.last.as_ref().is_some_and(|(came, _)| came == item) {
            return;
        }
        if item.component.is_some() {
            self.notes.add("counts of components were added to their items'", || self.view.id.to_owned());
        }
        self.last = Some((item.clone(), shown(item, self.view.columns)));
    }
}

/// Whether a filter of years lets all of them through (R5.1 section 3.3.7: 0001 is unknown, 9999 in press).
fn is_every_year(value: &str) -> bool {
    matches!(value.trim(), "0001-9999" | "1-9999") || value.trim().eq_ignore_ascii_case("all")
}

fn narrower(notes: &mut Notes, name: &str, value: &str) {
    let value: String = value.chars().take(120).collect();
    notes.add(format!("the report was made with the filter {name}={value}: the view holds no more than that"), || "Report_Filters".into());
}

impl<S: RecordSink> RecordSink for Derivation<'_, S> {
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
        self.months(record, &[(record.month, record.count)])
    }

    fn months(&mut self, like: &UsageRecord<'_>, counts: &[(Month, u64)]) -> Result<(), Stopped> {
        if !self.takes(like, counts.len() as u64) {
            return Ok(());
        }
        self.show(like.item);
        let Some((_, item)) = &self.last else { return Ok(()) };
        let shows = |column, value| if self.view.columns.has(column) { value } else { "" };
        let shown = UsageRecord {
            item,
            data_type: shows(Column::DataType, like.data_type),
            access_type: shows(Column::AccessType, like.access_type),
            yop: shows(Column::Yop, like.yop),
            ..*like
        };
        self.sink.months(&shown, counts)
    }
}

/// An item as far as these columns can tell of it.
fn shown(item: &Item, columns: Columns) -> Item {
    let text = |column, value: &String| if columns.has(column) { value.clone() } else { String::new() };
    // The title of an item is that of its parent.
    let title = if columns.has(Column::Item) { Column::ParentTitle } else { Column::Title };
    Item {
        platform: text(Column::Platform, &item.platform),
        database: text(Column::Database, &item.database),
        title: text(title, &item.title),
        item: text(Column::Item, &item.item),
        publisher: text(Column::Publisher, &item.publisher),
        publisher_ids: if columns.has(Column::PublisherId) { item.publisher_ids.clone() } else { vec![] },
        ids: ids(&item.ids, 0, columns),
        authors: if columns.has(Column::Authors) { item.authors.clone() } else { vec![] },
        publication_date: text(Column::PublicationDate, &item.publication_date),
        article_version: text(Column::ArticleVersion, &item.article_version),
        section_type: text(Column::SectionType, &item.section_type),
        parent: item.parent.as_ref().filter(|_| columns.has(Column::ParentTitle)).map(|parent| {
            Box::new(Related {
                title: parent.title.clone(),
                data_type: text(Column::ParentDataType, &parent.data_type),
                ids: ids(&parent.ids, 1, columns),
                authors: parent.authors.clone(),
                publication_date: text(Column::ParentPublicationDate, &parent.publication_date),
                article_version: parent.article_version.clone(),
            })
        }),
        component: None,
    }
}

/// Identifiers without those of kinds that have a column, but not here.
fn ids(ids: &[Identifier], place: usize, columns: Columns) -> Vec<Identifier> {
    let hidden = |id: &&Identifier| {
        // Of JSON alone, and of no use to tell items apart that have the same other identifiers.
        let column = ID_COLUMNS.iter().find(|(kind, _)| *kind == id.kind).and_then(|(_, columns)| columns.get(place).copied().flatten());
        column.is_some_and(|column| column != Column::LinkingIssn && !columns.has(column))
    };
    ids.iter().filter(|id| !hidden(id)).cloned().collect()
}
