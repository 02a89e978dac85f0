//! What changed, from what, to what, why, who and when: rows of `export revisions` and `export changes`.

use super::rows::{Cell, Table, Text};
use crate::model::registry::{Account, Kind, Row as _};
use crate::model::statistic::six_decimals;
use crate::store::{RegistryStep, Revision};

/// A figure that changed: a row of `export revisions`.
#[derive(Debug, Clone)]
pub struct RevisionRow {
    revision: Revision,
    before_exact: String,
    after_exact: String,
    before_key: String,
    after_key: String,
}

impl From<Revision> for RevisionRow {
    fn from(revision: Revision) -> Self {
        let after = revision.after.as_ref();
        Self {
            before_exact: six_decimals(&revision.before.1),
            after_exact: after.map(|after| six_decimals(&after.1)).unwrap_or_default(),
            before_key: revision.before.2.keys.join(" "),
            after_key: after.map(|after| after.2.keys.join(" ")).unwrap_or_default(),
            revision,
        }
    }
}

impl Table for RevisionRow {
    const SHEET: &'static str = "Revisjoner";
    const COLUMNS: &'static [&'static str] = &[
        "changed_at",
        "who",
        "reason",
        "what",
        "month",
        "institution",
        "product",
        "report",
        "metric",
        "data_type",
        "revision",
        "value_before",
        "value_after",
        "exact_before",
        "exact_after",
        "quality_before",
        "quality_after",
        "key_before",
        "key_after",
    ];

    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        let Revision { key, revision, change, reason, before, after } = &self.revision;
        let after = after.as_ref();
        [
            Cell::text(&change.at),
            Cell::text(&change.who),
            Cell::text(reason),
            Cell::text(&change.what),
            Cell::Month(key.month),
            Cell::optional(key.institution.as_ref().map(crate::model::InstitutionId::as_str)),
            Cell::text(key.product.as_str()),
            Cell::text(key.report.as_str()),
            Cell::text(&key.metric),
            Cell::text(&key.data_type),
            Cell::Whole(u64::from(*revision)),
            Cell::Whole(before.0),
            after.map_or(Cell::Empty, |after| Cell::Whole(after.0)),
            Cell::decimal(&self.before_exact),
            Cell::decimal(&self.after_exact),
            Cell::text(before.2.quality.as_str()),
            Cell::optional(after.map(|after| after.2.quality.as_str())),
            Cell::text(&self.before_key),
            Cell::text(&self.after_key),
        ]
        .into_iter()
    }
}

/// A row of the registry that changed: a row of `export changes`.
#[derive(Debug, Clone)]
pub struct ChangeTableRow {
    at: Text,
    who: Text,
    what: Text,
    kind: Kind,
    before: Text,
    after: Text,
}

impl ChangeTableRow {
    /// The row of a change of a row of this kind; sealed secrets are shown as that, whatever they hold.
    #[must_use]
    pub fn new(kind: Kind, step: &RegistryStep) -> Self {
        let words = |cells: &Option<Vec<String>>| -> Text {
            let shown = cells.iter().flatten().enumerate().map(|(place, cell)| {
                let secret =
                    kind == Kind::Accounts && Account::COLUMNS.get(place).is_some_and(|c| ["requestor_id", "api_key"].contains(&c.name));
                if secret && cell.starts_with("sealed:") { "(sealed)" } else { cell.as_str() }
            });
            shown.collect::<Vec<_>>().join(";").into()
        };
        Self {
            at: step.change.at.as_str().into(),
            who: step.change.who.as_str().into(),
            what: step.change.what.as_str().into(),
            kind,
            before: words(&step.before),
            after: words(&step.after),
        }
    }
}

impl Table for ChangeTableRow {
    const SHEET: &'static str = "Endringer";
    const COLUMNS: &'static [&'static str] = &["changed_at", "who", "what", "kind", "before", "after"];

    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        [
            Cell::text(&self.at),
            Cell::text(&self.who),
            Cell::text(&self.what),
            Cell::text(self.kind.as_str()),
            Cell::text(&self.before),
            Cell::text(&self.after),
        ]
        .into_iter()
    }
}
