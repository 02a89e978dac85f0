//! What a vendor says that it has: its list of reports bounds what is asked (Code of Practice R5.1 section 8.1, `/reports`).
//!
//! Asking for the list costs a request, so it is asked for once in a run for an account, and only where it can save some: before a
//! request for more months than are fetched again as a rule, where the release is to be found out anyway, and where a report is refused
//! that other accounts would be asked for too.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::queue::{Job, PATIENCE};
use super::verdict::{Bounds, Verdict, outside};
use super::worker::{HarvestError, Harvester, RequestReport};
use crate::config::{SourceKind, SourceSettings};
use crate::model::{AccountId, MonthRange, Release, ReportId};
use crate::sources::manifest::Secrets;
use crate::sources::{AvailableReport, Credentials, InfoRequest, reports};

/// A request for more months than this is preceded by one for the list of reports.
const MONTHS_WITHOUT_ASKING: i32 = 3;

/// The lists of a run, by account and whether it is that of the other release; empty where none could be had.
pub type Lists = HashMap<(AccountId, bool), Arc<[AvailableReport]>>;

/// Where and as whom a request is sent.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub source: &'a SourceSettings,
    pub base_url: &'a str,
    pub credentials: &'a Credentials,
    /// What a manifest's requests need; nothing for sources of other kinds.
    pub by_manifest: Option<&'a Secrets>,
}

/// What the list of reports leaves to be asked for.
pub(super) enum Left {
    /// All of it.
    All,
    /// This much of it; the rest was settled so.
    Some(MonthRange, Box<(RequestReport, Verdict)>),
    /// Nothing; it was settled so.
    Nothing(Box<(RequestReport, Verdict)>),
}

impl Harvester<'_> {
    /// The vendor's list of reports; empty if it cannot be had.
    async fn list(&self, place: Place<'_>, job: &Job) -> Arc<[AvailableReport]> {
        let key = (job.task.account.clone(), job.fallback);
        if let Some(list) = self.lists.lock().await.get(&key) {
            return Arc::clone(list);
        }
        let Place { source, base_url, credentials, .. } = place;
        if source.kind != SourceKind::CounterApi {
            return Arc::default();
        }
        let request = InfoRequest {
            base_url,
            credentials,
            allow_http: source.allow_http,
            user_agent: source.user_agent.as_deref(),
            dialect: &source.dialect,
            timeout: source.timeout.unwrap_or(self.settings.harvest.timeout).min(PATIENCE),
        };
        let list: Arc<[AvailableReport]> = match reports(self.clients, &request).await {
            Ok(reply) => reply.entries.into(),
            // Whatever is wrong, the request for the report will meet and say it.
            Err(_) => Arc::default(),
        };
        tokio::time::sleep(source.pause.unwrap_or(self.settings.harvest.pause)).await;
        self.lists.lock().await.insert(key, Arc::clone(&list));
        list
    }

    /// Whether the vendor's list of reports is there and does not have the report.
    pub(super) async fn is_not_listed(&self, place: Place<'_>, job: &Job) -> bool {
        let list = self.list(place, job).await;
        !list.is_empty() && !list.iter().any(|entry| entry.id == job.task.report)
    }

    /// `release = "auto"`: what the vendor's list of reports says, R5.1 where it says nothing.
    pub(super) async fn release_of(&self, place: Place<'_>, job: &Job) -> Release {
        if let Some(release) = self.releases.lock().await.get(&place.source.id) {
            return *release;
        }
        let list = self.list(place, job).await;
        let releases: BTreeSet<Release> = list.iter().filter_map(|report| report.release).collect();
        if releases.is_empty() {
            // Nothing was learnt; another account may learn it.
            return Release::R51;
        }
        let release = if releases.contains(&Release::R51) { Release::R51 } else { Release::R5 };
        self.releases.lock().await.insert(place.source.id.clone(), release);
        release
    }

    /// Settles the months that the vendor says it does not have, and says which are left.
    ///
    /// # Errors
    /// The store or the archive fails.
    pub(super) async fn within_bounds(&self, place: Place<'_>, job: &Job, release: Release) -> Result<Left, HarvestError> {
        let asked = job.task.months;
        if self.unbounded {
            return Ok(Left::All);
        }
        let known = self.lists.lock().await.contains_key(&(job.task.account.clone(), job.fallback));
        if !known && asked.last.index() - asked.first.index() < MONTHS_WITHOUT_ASKING {
            return Ok(Left::All);
        }
        let list = self.list(place, job).await;
        let Some(bounds) = bounds(&list, &job.task.report, release) else { return Ok(Left::All) };
        let inside: Vec<_> = asked.iter().filter(|month| bounds.contains(*month)).collect();
        let (Some(first), Some(last)) = (inside.first(), inside.last()) else {
            let verdict = self.outside(place, job, bounds);
            return Ok(Left::Nothing(Box::new(self.finish(place.source, job, verdict, None).await?)));
        };
        let left = MonthRange::new(*first, *last);
        if left == asked {
            return Ok(Left::All);
        }
        let verdict = self.outside(place, job, bounds);
        Ok(Left::Some(left, Box::new(self.finish(place.source, job, verdict, None).await?)))
    }

    fn outside(&self, place: Place<'_>, job: &Job, bounds: Bounds) -> Verdict {
        let today = self.clock.today(self.settings.schedule.time_zone);
        let has_fallback = place.source.fallback.is_some() && !job.fallback;
        outside(job.task.months, bounds, has_fallback, today, self.clock.now())
    }
}

/// The months that the list has of a report. Where it names several releases, those of the release that is asked for.
fn bounds(list: &[AvailableReport], report: &ReportId, release: Release) -> Option<Bounds> {
    let of_report = || list.iter().filter(|entry| entry.id == *report);
    let same = of_report().find(|entry| entry.release == Some(release));
    let entry = same.or_else(|| of_report().find(|entry| entry.release.is_none()))?;
    let bounds = Bounds { first: entry.first, last: entry.last };
    // What cannot be true bounds nothing.
    let absurd = bounds.first.zip(bounds.last).is_some_and(|(first, last)| first > last);
    (!absurd && (bounds.first.is_some() || bounds.last.is_some())).then_some(bounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, release: Option<Release>, first: &str, last: &str) -> AvailableReport {
        AvailableReport { id: id.parse().unwrap(), release, name: String::new(), first: first.parse().ok(), last: last.parse().ok() }
    }

    fn found(list: &[AvailableReport]) -> Option<String> {
        let month = |month: Option<crate::model::Month>| month.map_or_else(|| "-".to_owned(), |month| month.to_string());
        bounds(list, &"TR".parse().unwrap(), Release::R51).map(|bounds| format!("{} {}", month(bounds.first), month(bounds.last)))
    }

    #[test]
    fn the_months_are_those_of_the_report_in_its_release() {
        let both = [entry("tr", Some(Release::R5), "2019-01", "2024-12"), entry("TR", Some(Release::R51), "2024-01", "2025-01")];
        assert_eq!(found(&both).as_deref(), Some("2024-01 2025-01"));
        assert_eq!(found(&both[..1]), None, "another release's months say nothing of this one's");
        assert_eq!(found(&[entry("TR", None, "2024-01", "")]).as_deref(), Some("2024-01 -"));
        assert_eq!(found(&[entry("PR", None, "2024-01", "")]), None);
        assert_eq!(found(&[entry("TR", None, "", "")]), None);
        assert_eq!(found(&[entry("TR", None, "2025-01", "2024-01")]), None);
    }
}
