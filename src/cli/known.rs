//! What somebody typed, against what is known: a name that nothing has is an oversight, not an empty result.

use super::Failure;
use crate::config::Settings;
use crate::model::ids::COUNTER_REPORTS;
use crate::model::registry::Registry;
use crate::model::release4::RELEASE_4_REPORTS;
use crate::model::{AccountId, InstitutionId, Month, ProductId, ReportId, SourceId};
use crate::registry::problem::did_you_mean;

/// Refuses a name that is not among the known ones.
pub fn among<'a>(option: &str, id: &str, what: &str, known: impl Iterator<Item = &'a str> + Clone) -> Result<(), Failure> {
    if known.clone().any(|name| name == id) {
        return Ok(());
    }
    Err(Failure::input(format_args!("{option} {id}: {what}{}", did_you_mean(id, known))))
}

/// A source is configured.
pub fn source(id: &SourceId, settings: &Settings) -> Result<(), Failure> {
    among("--source", id.as_str(), "no source of that name is configured", settings.sources.iter().map(|source| source.id.as_str()))
}

/// An account is registered.
pub fn account(id: &AccountId, registry: &Registry) -> Result<(), Failure> {
    among("--account", id.as_str(), "no account of that name is registered", registry.accounts.iter().map(|account| account.id.as_str()))
}

/// An institution is registered.
pub fn institution(id: &InstitutionId, registry: &Registry) -> Result<(), Failure> {
    let known = registry.institutions.iter().map(|institution| institution.id.as_str());
    among("--institution", id.as_str(), "no institution of that id is registered", known)
}

/// A product is registered, or a source is configured to give its usage to it.
pub fn product(id: &ProductId, registry: &Registry, settings: &Settings) -> Result<(), Failure> {
    let configured: Vec<&ProductId> = settings.sources.iter().flat_map(|source| source.products()).collect();
    let known = registry.products.iter().map(|product| &product.id).chain(configured);
    among("--product", id.as_str(), "no product of that name is registered", known.map(ProductId::as_str))
}

/// A report is one of COUNTER's.
pub fn report(id: &ReportId) -> Result<(), Failure> {
    let known = COUNTER_REPORTS.into_iter().chain(RELEASE_4_REPORTS.iter().map(|(id, _)| *id));
    among("--report", id.as_str(), "COUNTER has no report of that name", known)
}

/// A range does not run backwards.
pub fn range(from: Option<Month>, to: Option<Month>) -> Result<(), Failure> {
    match (from, to) {
        (Some(from), Some(to)) if from > to => Err(Failure::input(format_args!("--from {from} is after --to {to}"))),
        _ => Ok(()),
    }
}
