//! The loop: sends what may be sent, settles what comes back, until nothing is left that can be done now.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::Mutex;

use super::available::{Left, Lists, Place};
use super::intake::{self, Contents};
use super::manifest;
use super::places::Places;
use super::queue::{Job, Queue};
use super::settle::{Desk, MonthChange, Reply, SettleError, Subject};
use super::verdict::{Answer, Asked, Earlier, Stop, Transport, Verdict, judge, judge_transport};
use crate::archive::{Archive, ArchiveError};
use crate::attribution::Attributor;
use crate::clock::Clock;
use crate::config::{ReleaseChoice, Settings, SoapSettings, SourceKind, SourceSettings};
use crate::model::registry::{Account, Registry};
use crate::model::{AccountId, Month, MonthOutcome, MonthRange, MonthState, Release, ReportId, SourceId, Trouble};
use crate::schedule::Task;
use crate::secrets::Sealer;
use crate::sources::counter_api::redactor_for;
use crate::sources::{self, Credentials, FetchError, HttpClients, RawReply, ReportRequest, Soap, fetch_report, fetch_soap_report, host_of};
use crate::store::{Store, StoreError};

/// How often whoever watches is told how long is still to be waited.
const WATCHED: Duration = Duration::from_secs(1);

/// Why a run ended before its work was done. What was settled before stays.
#[derive(Debug, thiserror::Error)]
pub enum HarvestError {
    /// A request could not be settled.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Who watches a run.
pub trait Progress: Send + Sync {
    /// So many requests are planned, to so many sources, for so many months of reports.
    fn planned(&self, sources: usize, requests: usize, months: usize);
    /// So many bytes more came.
    fn received(&self, bytes: u64);
    /// A request is being made.
    fn asking(&self, source: &SourceId, account: &AccountId, report: &ReportId);
    /// A request is settled.
    fn settled(&self, report: &RequestReport);
    /// So many requests more than were planned: at the other release, or a month at a time.
    fn added(&self, requests: usize);
    /// So many requests wait because a vendor is not ready for them, the first of them for so long; none if nothing waits.
    /// Told at every turn, and each second while nothing else happens.
    fn waiting(&self, requests: usize, how_long: Duration);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn planned(&self, _: usize, _: usize, _: usize) {}
    fn received(&self, _: u64) {}
    fn asking(&self, _: &SourceId, _: &AccountId, _: &ReportId) {}
    fn settled(&self, _: &RequestReport) {}
    fn added(&self, _: usize) {}
    fn waiting(&self, _: usize, _: Duration) {}
}

/// What became of one request.
#[derive(Debug, Clone)]
pub struct RequestReport {
    /// What was asked for.
    pub task: Task,
    /// What became of each month.
    pub outcomes: Vec<MonthOutcome>,
    /// The months whose facts were replaced.
    pub changes: Vec<MonthChange>,
    /// Counts above zero in them.
    pub rows: u64,
    /// What makes no sense in the months and was not found before.
    pub findings: u64,
    /// Bytes of the reply.
    pub bytes: u64,
    /// What else is to be said.
    pub notes: Vec<String>,
    /// It comes again in this run, so this is not its last word.
    pub comes_again: bool,
    /// The server was in trouble or fended us off: its months may only wait, but the request failed.
    pub trouble: bool,
}

/// What became of a run.
#[derive(Debug, Clone, Default)]
pub struct HarvestReport {
    /// Every request's last word, by source, account, report and months.
    pub requests: Vec<RequestReport>,
}

impl HarvestReport {
    /// How many months are in this state now.
    #[must_use]
    pub fn months(&self, state: MonthState) -> usize {
        self.requests.iter().flat_map(|r| &r.outcomes).filter(|o| o.state == state).count()
    }

    /// Requests that failed, whether they are tried again later or need a person, each with the first month concerned.
    pub fn failures(&self) -> impl Iterator<Item = (&RequestReport, &MonthOutcome)> {
        let failed = |r: &RequestReport, o: &MonthOutcome| o.state == MonthState::Failing || (r.trouble && o.state == MonthState::Waiting);
        self.requests.iter().filter_map(move |r| r.outcomes.iter().find(|o| failed(r, o)).map(|o| (r, o)))
    }
}

/// Everything that a run needs.
pub struct Harvester<'a> {
    /// The configuration.
    pub settings: &'a Settings,
    /// What is registered.
    pub registry: &'a Registry,
    /// The store, open for writing.
    pub store: &'a Store,
    /// The archive.
    pub archive: Archive,
    /// Who sends.
    pub clients: &'a HttpClients,
    /// Who opens sealed secrets.
    pub sealer: &'a Sealer,
    /// The time.
    pub clock: Clock,
    /// Who divides.
    pub attributor: Mutex<Attributor<'a>>,
    /// Where addresses belong that a report names.
    pub places: Arc<dyn Places>,
    /// Who has it done.
    pub who: &'a str,
    /// Who watches.
    pub progress: &'a dyn Progress,
    /// The releases that sources with `release = "auto"` turned out to speak in this run; empty at first.
    pub releases: Mutex<HashMap<SourceId, Release>>,
    /// The accounts whose members were asked for in this run; empty at first.
    pub members_asked: Mutex<BTreeSet<AccountId>>,
    /// The lists of reports that were asked for in this run; empty at first.
    pub lists: Mutex<Lists>,
    /// Months are asked for whatever a vendor's list of reports says.
    pub unbounded: bool,
}

/// What one sending led to.
struct Sent {
    host: String,
    job: Job,
    result: Result<(RequestReport, Verdict), HarvestError>,
}

impl<'a> Harvester<'a> {
    /// Does the tasks. What needs a person or is not ready is in the report; only a store or an archive that fails ends it early.
    ///
    /// # Errors
    /// The store or the archive fails.
    pub async fn run(&'a self, tasks: Vec<Task>) -> Result<HarvestReport, HarvestError> {
        let mut queue = Queue::default();
        let sources: HashMap<&str, &SourceSettings> = self.settings.sources.iter().map(|s| (s.id.as_str(), s)).collect();
        let tasks: Vec<Task> = tasks
            .into_iter()
            .flat_map(|task| match sources.get(task.source.as_str()) {
                Some(source) => manifest::requests_of(task, source),
                None => vec![task],
            })
            .collect();
        let asked: BTreeSet<&SourceId> = tasks.iter().map(|task| &task.source).collect();
        self.progress.planned(asked.len(), tasks.len(), tasks.iter().map(|task| task.months.iter().count()).sum());
        for task in tasks {
            if let Some(source) = sources.get(task.source.as_str()) {
                self.push(&mut queue, source, Job { task, fallback: false, single: false, since: None, sent: 0, first: Vec::new() });
            }
        }
        let mut report = HarvestReport::default();
        let mut running: FuturesUnordered<LocalBoxFuture<'a, Sent>> = FuturesUnordered::new();
        loop {
            while let Some((host, job)) = queue.next(Instant::now(), self.settings.harvest.sources_in_parallel) {
                let Some(source) = sources.get(job.task.source.as_str()).copied() else { continue };
                running.push(Box::pin(self.send(source, host, job)));
            }
            let wake = queue.wake_at();
            if running.is_empty() && wake.is_none() {
                break;
            }
            let now = Instant::now();
            let put_off = queue.put_off(now);
            let (jobs, first) = put_off.unwrap_or((0, now));
            self.progress.waiting(jobs, first.saturating_duration_since(now));
            let idle = running.is_empty();
            let sleep = async {
                let left = wake.map(|at| at.saturating_duration_since(now));
                match (left, put_off) {
                    // Whoever watches sees the time go by.
                    (left, Some(_)) => tokio::time::sleep(left.unwrap_or(WATCHED).min(WATCHED)).await,
                    (Some(left), None) => tokio::time::sleep(left).await,
                    (None, None) => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(sent) = running.next(), if !idle => {
                    self.after(&mut queue, &sources, &mut report, sent).await?;
                }
                () = sleep => {}
            }
        }
        report.requests.sort_by(|a, b| a.task.cmp(&b.task));
        Ok(report)
    }

    fn push(&self, queue: &mut Queue, source: &SourceSettings, job: Job) {
        let host = host_of(Self::address(source, &job).1);
        queue.push(&host, job, source.pause.unwrap_or(self.settings.harvest.pause), source.requests_at_once);
    }

    /// The release and address that a job goes to.
    fn address<'s>(source: &'s SourceSettings, job: &Job) -> (ReleaseChoice, &'s str) {
        match &source.fallback {
            Some(fallback) if job.fallback => (ReleaseChoice::Release(fallback.release), &fallback.url),
            _ => (source.release, &source.url),
        }
    }

    /// What one sending leads to: another try, single months, the fallback, or an end.
    async fn after(
        &self,
        queue: &mut Queue,
        sources: &HashMap<&str, &SourceSettings>,
        report: &mut HarvestReport,
        sent: Sent,
    ) -> Result<(), HarvestError> {
        let Sent { host, job, result } = sent;
        let now = Instant::now();
        queue.done(&host, now);
        let (mut request, verdict) = result?;
        let Some(source) = sources.get(job.task.source.as_str()).copied() else { return Ok(()) };
        let mut left_alone = Vec::new();
        if let Some(until) = verdict.host.until() {
            let delay = (until - self.clock.now()).to_std().unwrap_or_default();
            let why = verdict.months.first().map_or("", |outcome| outcome.reason.as_str());
            let reason = format!("not asked, since {host} is left alone until {}: {why}", until.format("%Y-%m-%d %H:%M UTC"));
            left_alone =
                queue.slow_down(&host, now, delay).into_iter().map(|job| (job, reason.clone(), MonthState::Waiting, Some(until))).collect();
        }
        let of_report = |other: &Job| other.task.account == job.task.account && other.task.report == job.task.report;
        let of_account = |other: &Job| other.task.account == job.task.account;
        let stopped = match verdict.stop {
            Stop::None => Vec::new(),
            Stop::Report => queue.take(of_report),
            Stop::Source => queue.take(|other| {
                other.task.source == job.task.source && other.task.report == job.task.report && other.fallback == job.fallback
            }),
            Stop::Account => queue.take(of_account),
        };
        if let Some(first) = verdict.months.first() {
            for job in stopped {
                left_alone.push((job, first.reason.clone(), first.state, first.next_attempt));
            }
        }
        for (job, reason, state, next_attempt) in left_alone {
            report.requests.push(self.leave(source, &job, reason, state, next_attempt).await?);
        }
        let has_fallback = !job.fallback && source.fallback.is_some();
        let elsewhere: BTreeSet<Month> = verdict.try_fallback.iter().filter(|_| has_fallback).copied().collect();
        if !elsewhere.is_empty() {
            let months = &elsewhere;
            let ranges = unbroken(months);
            self.progress.added(ranges.len());
            for range in ranges {
                let task = Task { months: range, ..job.task.clone() };
                let first = verdict.months.iter().filter(|outcome| range.contains(outcome.month)).cloned().collect();
                self.push(queue, source, Job { task, fallback: true, single: false, since: None, sent: 0, first });
            }
            request.outcomes.retain(|outcome| !months.contains(&outcome.month));
        }
        if verdict.single_months && !job.single && job.task.months.first != job.task.months.last {
            let months: Vec<Month> = job.task.months.iter().filter(|month| !elsewhere.contains(month)).collect();
            self.progress.added(months.len());
            for month in months.into_iter().rev() {
                let task = Task { months: MonthRange::new(month, month), ..job.task.clone() };
                queue.push_front(&host, Job { task, single: true, ..job.clone() });
            }
            request.outcomes.clear();
        } else if let Some(delay) = verdict.retry_now_after {
            // The months that came need not be asked for again.
            let open: BTreeSet<Month> = verdict
                .months
                .iter()
                .filter(|o| o.state == MonthState::Waiting || o.state == MonthState::Failing)
                .map(|o| o.month)
                .filter(|month| !elsewhere.contains(month))
                .collect();
            let ranges = unbroken(&open);
            let requests = ranges.len();
            let comes_again = ranges
                .into_iter()
                .all(|months| queue.retry(&host, Job { task: Task { months, ..job.task.clone() }, ..job.clone() }, now, delay).is_none());
            request.comes_again = comes_again && requests > 0;
            if request.comes_again {
                self.progress.added(requests - 1);
            }
        }
        self.progress.settled(&request);
        if request.comes_again {
            // Its last word is to come; what it brought so far is told now.
            request.outcomes.retain(|o| o.state == MonthState::Harvested || o.state == MonthState::Empty);
        }
        if !request.outcomes.is_empty() || !request.changes.is_empty() {
            report.requests.push(request);
        }
        Ok(())
    }

    /// Writes down that a job was not sent.
    async fn leave(
        &self,
        source: &SourceSettings,
        job: &Job,
        reason: String,
        state: MonthState,
        next_attempt: Option<DateTime<Utc>>,
    ) -> Result<RequestReport, HarvestError> {
        let outcome = |month| MonthOutcome { reason: reason.clone(), next_attempt, ..MonthOutcome::plain(month, state) };
        let outcomes: Vec<MonthOutcome> = job.task.months.iter().map(outcome).collect();
        self.settle(source, &job.task, &outcomes, None).await?;
        let request = RequestReport {
            task: job.task.clone(),
            outcomes,
            changes: Vec::new(),
            rows: 0,
            findings: 0,
            bytes: 0,
            notes: Vec::new(),
            comes_again: false,
            trouble: false,
        };
        self.progress.settled(&request);
        Ok(request)
    }

    async fn settle(
        &self,
        source: &SourceSettings,
        task: &Task,
        outcomes: &[MonthOutcome],
        reply: Option<&Reply<'_>>,
    ) -> Result<super::settle::Settled, SettleError> {
        let desk = Desk { store: self.store, archive: &self.archive, attributor: &self.attributor, places: &self.places, who: self.who };
        let subject = Subject { source, account: &task.account, report: &task.report };
        desk.settle(&subject, outcomes, reply, self.clock.now()).await
    }

    async fn send(&'a self, source: &'a SourceSettings, host: String, job: Job) -> Sent {
        let result = self.ask(source, &job).await;
        Sent { host, job, result }
    }

    /// Sends one request and settles what comes of it.
    async fn ask(&self, source: &SourceSettings, job: &Job) -> Result<(RequestReport, Verdict), HarvestError> {
        let task = &job.task;
        self.progress.asking(&task.source, &task.account, &task.report);
        let earlier = self.earlier(task).await?;
        let account = self.registry.accounts.iter().find(|account| account.id == task.account);
        let Some(account) = account else {
            return self.finish(source, job, Verdict::not_asked(task.months, "the account is not registered any more", None), None).await;
        };
        let credentials = match self.credentials(account) {
            Ok(credentials) => credentials,
            // It costs the vendor nothing to look again each time.
            Err(reason) => return self.finish(source, job, Verdict::not_asked(task.months, &reason, Some(self.clock.now())), None).await,
        };
        let by_manifest = match source.requests.as_ref().map(|requests| manifest::secrets(requests, &credentials, self.sealer)).transpose()
        {
            Ok(secrets) => secrets,
            Err(reason) => return self.finish(source, job, Verdict::not_asked(task.months, &reason, Some(self.clock.now())), None).await,
        };
        let (choice, base_url) = Self::address(source, job);
        let place = Place { source, base_url, credentials: &credentials, by_manifest: by_manifest.as_ref() };
        let release = match choice {
            ReleaseChoice::Release(release) => release,
            ReleaseChoice::Auto => self.release_of(place, job).await,
        };
        match self.within_bounds(place, job, release).await? {
            Left::All => self.ask_for(place, job, account, release, earlier).await,
            Left::Nothing(settled) => Ok(*settled),
            Left::Some(months, settled) => {
                let inside = Job { task: Task { months, ..task.clone() }, ..job.clone() };
                let (mut request, mut verdict) = self.ask_for(place, &inside, account, release, earlier).await?;
                let (outside, of_outside) = *settled;
                request.task.months = task.months;
                request.outcomes.extend(outside.outcomes);
                request.changes.extend(outside.changes);
                request.notes.extend(outside.notes);
                request.findings += outside.findings;
                verdict.months.extend(of_outside.months);
                verdict.try_fallback.extend(of_outside.try_fallback);
                Ok((request, verdict))
            }
        }
    }

    /// Sends the request itself.
    async fn ask_for(
        &self,
        place: Place<'_>,
        job: &Job,
        account: &Account,
        release: Release,
        earlier: Earlier,
    ) -> Result<(RequestReport, Verdict), HarvestError> {
        let (task, Place { source, base_url, credentials, by_manifest }) = (&job.task, place);
        let request = ReportRequest {
            source: &source.id,
            account: &account.id,
            base_url,
            release,
            report: &task.report,
            months: task.months,
            credentials,
            allow_http: source.allow_http,
            user_agent: source.user_agent.as_deref(),
            whole_dates: source.whole_dates,
            dialect: &source.dialect,
            timeout: source.timeout.unwrap_or(self.settings.harvest.timeout),
            max_size: self.settings.harvest.max_report_size,
        };
        let received = Mutex::new(0_u64);
        let progress = |total: u64| {
            if let Ok(mut before) = received.try_lock() {
                self.progress.received(total.saturating_sub(*before));
                *before = total;
            }
        };
        let fetched = if let Some(secrets) = by_manifest {
            self.fetch_by_manifest(source, account, task, secrets, &progress).await
        } else if source.kind == SourceKind::SushiSoap {
            let SoapSettings { action, requestor_name, requestor_email } = &source.soap;
            let soap = Soap { action, requestor_name, requestor_email };
            fetch_soap_report(self.clients, &self.archive, &request, soap, self.clock, &progress).await
        } else {
            fetch_report(self.clients, &self.archive, &request, self.clock, &progress).await
        };
        match fetched {
            Err(FetchError::Archive(error)) => Err(error.into()),
            Err(error) => {
                let (needs_a_person, of_host) = (error.needs_a_person(), error.is_of_host());
                let transport = Transport { reason: error.to_string(), needs_a_person, of_host };
                let verdict = judge_transport(&transport, task.months, &earlier, self.clock.now());
                self.finish(source, job, verdict, None).await
            }
            Ok(reply) => {
                let contents = self.look(source, &reply.sha256).await?;
                let others = self.other_customers(account);
                // Only COUNTER has releases.
                let release_said = if by_manifest.is_some() { String::new() } else { release.to_string() };
                let mut verdict = self.judge(source, job, account, release, &others, &earlier, &reply, &contents);
                if job.fallback {
                    verdict = verdict.or_of_the_other(&job.first);
                }
                if verdict.stop == Stop::Report && !others.is_empty() && self.is_not_listed(place, job).await {
                    verdict.stop = Stop::Source;
                    for outcome in &mut verdict.months {
                        outcome
                            .reason
                            .push_str("; its list of reports does not have it either, so no account of the source is asked for it");
                    }
                }
                // What was masked as it came may be a secret again once its escapes are read.
                let redactor = match by_manifest {
                    Some(secrets) => sources::manifest::redactor_for(secrets, &account.customer_id),
                    None => redactor_for(credentials, base_url),
                };
                if let Some(requests) = &source.requests {
                    manifest::in_its_words(&mut verdict, &reply, requests);
                }
                for outcome in &mut verdict.months {
                    outcome.reason = redactor.text(&outcome.reason);
                }
                let is_of_use = verdict.months.iter().any(|outcome| outcome.state == MonthState::Harvested);
                let has_members = source.kind == SourceKind::CounterApi;
                let note = if is_of_use && has_members && verdict.host.until().is_none() {
                    self.learn_members(source, account, base_url, credentials, &contents).await?
                } else {
                    None
                };
                let (mut request, verdict) = self.finish(source, job, verdict, Some((&reply, &contents, release_said))).await?;
                request.notes.extend(note);
                for note in &mut request.notes {
                    *note = redactor.text(note);
                }
                Ok((request, verdict))
            }
        }
    }

    /// What earlier attempts at the months of the report met.
    async fn earlier(&self, task: &Task) -> Result<Earlier, StoreError> {
        let rows = self.store.months_of(&task.account, &task.report).await?;
        Ok(rows.into_iter().map(|row| (row.key.month, row.attempts)).collect())
    }

    #[allow(clippy::too_many_arguments, reason = "everything that the decision rests on, named")]
    fn judge(
        &self,
        source: &SourceSettings,
        job: &Job,
        account: &Account,
        release: Release,
        others: &[String],
        earlier: &Earlier,
        reply: &RawReply,
        contents: &Contents,
    ) -> Verdict {
        let months_with_data: BTreeSet<Month> = contents.months.keys().copied().collect();
        let answer = Answer {
            status: reply.status,
            retry_after: reply.retry_after,
            reading: contents.reading.as_ref(),
            months_with_data: &months_with_data,
            beginning: &reply.beginning,
        };
        let asked = Asked {
            report: &job.task.report,
            release,
            months: job.task.months,
            customer_id: &account.customer_id,
            other_customers: others,
            has_fallback: source.fallback.is_some() && !job.fallback,
            is_fallback: job.fallback,
            earlier,
            our_address: reply.our_address,
        };
        judge(&answer, &asked, self.clock.now(), self.settings.schedule.time_zone)
    }

    /// Writes what was judged, and reports it.
    pub(super) async fn finish(
        &self,
        source: &SourceSettings,
        job: &Job,
        verdict: Verdict,
        reply: Option<(&RawReply, &Contents, String)>,
    ) -> Result<(RequestReport, Verdict), HarvestError> {
        let archived = reply.as_ref().map(|(reply, contents, release)| Reply { sha256: &reply.sha256, contents, release: release.clone() });
        // Months that the fallback is asked for are settled by its answer.
        let fallback = !verdict.try_fallback.is_empty() && !job.fallback && source.fallback.is_some();
        let mut outcomes: Vec<MonthOutcome> =
            verdict.months.iter().filter(|o| !(fallback && verdict.try_fallback.contains(&o.month))).cloned().collect();
        let settled = match self.settle(source, &job.task, &outcomes, archived.as_ref()).await {
            // One vendor's absurd figures keep nobody else's back.
            Err(error) if error.is_of_the_report() => {
                let reason = format!("the figures cannot be kept: {error}; tell the vendor");
                let next = Some(self.clock.now() + chrono::TimeDelta::days(7));
                outcomes = Verdict::failing(job.task.months, Trouble::Person, &reason, next).months;
                self.settle(source, &job.task, &outcomes, None).await?
            }
            settled => settled?,
        };
        let mut notes = verdict.notes.clone();
        if let Some((_, Contents { reading: Ok(reading), .. }, _)) = &reply {
            notes.extend(reading.notes.iter().map(ToString::to_string));
        }
        let request = RequestReport {
            task: job.task.clone(),
            outcomes,
            changes: settled.changes,
            rows: settled.rows,
            findings: settled.findings,
            bytes: reply.as_ref().map_or(0, |(reply, _, _)| reply.bytes),
            notes,
            comes_again: false,
            trouble: verdict.trouble,
        };
        Ok((request, verdict))
    }

    /// Reads a reply on a thread of its own to see what it holds.
    async fn look(&self, source: &SourceSettings, sha256: &str) -> Result<Contents, HarvestError> {
        let reader = self.archive.read(sha256)?;
        let (source, places) = (source.clone(), Arc::clone(&self.places));
        let looked = tokio::task::spawn_blocking(move || intake::look(reader, &source, &*places)).await;
        Ok(looked.unwrap_or_else(|error| Contents {
            reading: Err(crate::formats::FormatError::Io(std::io::Error::other(error))),
            months: BTreeMap::new(),
            members: BTreeSet::new(),
        }))
    }

    /// The account's credentials, opened.
    fn credentials(&self, account: &Account) -> Result<Credentials, String> {
        let open = |column: &str, stored: &str| {
            let context = crate::secrets::context(&account.id, column);
            self.sealer.reveal(&context, stored).map_err(|error| format!("account {}, {column}: {error}", account.id))
        };
        Ok(Credentials {
            customer_id: account.customer_id.clone(),
            requestor_id: open("requestor_id", &account.requestor_id)?,
            api_key: open("api_key", &account.api_key)?,
        })
    }

    fn other_customers(&self, account: &Account) -> Vec<String> {
        let others = self.registry.accounts.iter().filter(|other| other.source == account.source && other.id != account.id);
        others.map(|other| other.customer_id.clone()).filter(|id| !id.is_empty() && *id != account.customer_id).collect()
    }
}

/// Months as unbroken ranges.
fn unbroken(months: &BTreeSet<Month>) -> Vec<MonthRange> {
    let mut ranges: Vec<MonthRange> = Vec::new();
    for month in months {
        match ranges.last_mut() {
            Some(range) if range.last.next() == *month => range.last = *month,
            _ => ranges.push(MonthRange::new(*month, *month)),
        }
    }
    ranges
}
