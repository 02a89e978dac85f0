//! `avling check`: is everything there that a harvest needs?

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::arguments::CheckArguments;
use super::context::Context;
use super::source::Tools;
use super::{Done, Failure, check_soap, files};
use crate::attribution::PersonFigures;
use crate::config::{ReleaseChoice, SourceKind, SourceSettings};
use crate::harvest::manifest::secrets;
use crate::model::registry::{Account, InstitutionKind, Registry};
use crate::model::{Month, MunicipalityCode, ReportId, SourceId};
use crate::registry::problem::did_you_mean;
use crate::secrets::Sealer;
use crate::sources::{Credentials, HttpClients, InfoRequest, counter_api, reports, status, sushi_soap};
use crate::store::Store;

/// The longest that a source may take to say how it is.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// One thing that was looked at.
#[derive(Debug)]
struct Finding {
    about: String,
    problem: bool,
    what: String,
}

/// Collects findings.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn good(&mut self, about: impl Into<String>, what: impl Into<String>) {
        self.0.push(Finding { about: about.into(), problem: false, what: what.into() });
    }

    fn bad(&mut self, about: impl Into<String>, what: impl Into<String>) {
        self.0.push(Finding { about: about.into(), problem: true, what: what.into() });
    }
}

/// Runs the command.
pub async fn run(context: &Context, arguments: &CheckArguments) -> Result<Done, Failure> {
    let mut findings = Findings::default();
    let settings = &context.settings;
    let file = settings.file.as_ref().map_or_else(|| "no file; built-in defaults".to_owned(), |file| file.display().to_string());
    findings.good("configuration", format!("{file}; {} sources", settings.sources.len()));
    let store = Store::open_reader(&settings.store.url).await;
    let registry = match &store {
        Ok(store) => match store.registry().await {
            Ok(registry) => {
                let (institutions, accounts) = (registry.institutions.len(), registry.accounts.len());
                findings.good("store", format!("{}; {institutions} institutions, {accounts} accounts", store.path().display()));
                registry
            }
            Err(error) => {
                findings.bad("store", error.to_string());
                Registry::default()
            }
        },
        Err(error) => {
            findings.bad("store", error.to_string());
            Registry::default()
        }
    };
    match context.archive() {
        Ok(_) => findings.good("archive", settings.archive.url.clone()),
        Err(Failure::Input(error) | Failure::Error(error)) => findings.bad("archive", error.to_string()),
        Err(Failure::NobodyReads) => {}
    }
    writable(&mut findings, &settings.data.dir);
    let sealer = context.sealer();
    credentials(&mut findings, &settings.sources.iter().map(|s| &s.id).collect(), &registry, &sealer);
    by_manifest(&mut findings, &settings.sources, &registry, &sealer);
    addresses(&mut findings, &settings.sources);
    registered(&mut findings, &settings.sources, &registry);
    for source in &settings.sources {
        match files::check(context, source, &registry) {
            Some(Ok(what)) => findings.good(format!("source {}", source.id), what),
            Some(Err(what)) => findings.bad(format!("source {}", source.id), what),
            None => {}
        }
    }
    if arguments.online {
        let clients = HttpClients::new(None)?;
        for source in settings.sources.iter().filter(|source| matches!(source.kind, SourceKind::CounterApi | SourceKind::SushiSoap)) {
            let about = format!("source {}", source.id);
            let asked = match source.kind {
                SourceKind::SushiSoap => check_soap::ask(&clients, source, &registry, &sealer, context).await,
                _ => ask(&clients, source, &registry, &sealer, context).await,
            };
            match asked {
                Ok(what) => findings.good(about, what),
                Err(what) => findings.bad(about, what),
            }
        }
        for source in settings.sources.iter().filter(|source| source.kind == SourceKind::Manifest) {
            let about = format!("source {}", source.id);
            match try_out(&clients, source, &registry, &sealer, context).await {
                Ok(what) => findings.good(about, what),
                Err(what) => findings.bad(about, what),
            }
        }
    }
    let problems = findings.0.iter().filter(|finding| finding.problem).count();
    let document = json!({
        "problems": problems,
        "warnings": settings.warnings,
        "findings": findings.0.iter().map(|f| json!({ "about": f.about, "problem": f.problem, "what": f.what })).collect::<Vec<_>>(),
    });
    context.printer.result(&document, || {
        let line = |f: &Finding| format!("{} {}: {}\n", if f.problem { "WRONG" } else { "ok   " }, f.about, f.what);
        let mut out: String = findings.0.iter().map(line).collect();
        out.push_str(&match problems {
            0 if arguments.online => "Everything is in order.\n".to_owned(),
            0 => "Everything is in order here; --online asks the sources too.\n".to_owned(),
            1 => "One thing is wrong.\n".to_owned(),
            n => format!("{n} things are wrong.\n"),
        });
        out
    })?;
    Ok(if problems == 0 { Done::Whole } else { Done::InPart })
}

/// Whether a harvest could write there; nothing is left behind.
fn writable(findings: &mut Findings, folder: &Path) {
    // What is not there yet is made in the nearest folder that is.
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    match tempfile::tempfile_in(there) {
        Ok(_) => findings.good("data", format!("{} can be written", folder.display())),
        Err(error) => {
            findings.bad("data", format!("{} cannot be written: {error}; give the user that runs avling the right to", there.display()));
        }
    }
}

/// Can every secret be opened, and does every account have a source?
fn credentials(findings: &mut Findings, sources: &BTreeSet<&SourceId>, registry: &Registry, sealer: &Sealer) {
    let before = findings.0.len();
    for account in &registry.accounts {
        if !sources.contains(&account.source) {
            findings.bad(
                format!("account {}", account.id),
                format!("its source {} is not configured, so nothing is harvested", account.source),
            );
        }
        if let Err(what) = open(account, sealer) {
            findings.bad(format!("account {}", account.id), what);
        }
    }
    if findings.0.len() == before {
        findings.good("credentials", format!("those of {} accounts can be opened", registry.accounts.len()));
    }
}

pub(super) fn open(account: &Account, sealer: &Sealer) -> Result<Credentials, String> {
    let open = |column: &str, stored: &str| {
        sealer.reveal(&crate::secrets::context(&account.id, column), stored).map_err(|error| format!("{column}: {error}"))
    };
    Ok(Credentials {
        customer_id: account.customer_id.clone(),
        requestor_id: open("requestor_id", &account.requestor_id)?,
        api_key: open("api_key", &account.api_key)?,
    })
}

/// Can what a manifest asks of an account be opened?
fn by_manifest(findings: &mut Findings, sources: &[SourceSettings], registry: &Registry, sealer: &Sealer) {
    for source in sources {
        let Some(requests) = &source.requests else { continue };
        for account in registry.accounts.iter().filter(|account| account.source == source.id) {
            // What cannot be opened at all was told before.
            let Ok(credentials) = open(account, sealer) else { continue };
            if let Err(what) = secrets(requests, &credentials, sealer) {
                findings.bad(format!("account {}", account.id), what);
            }
        }
    }
}

/// Asks a source with a manifest for the first page of its last full month, and keeps nothing of it.
async fn try_out(
    clients: &HttpClients,
    source: &SourceSettings,
    registry: &Registry,
    sealer: &Sealer,
    context: &Context,
) -> Result<String, String> {
    let account = account_of(source, registry, context)?;
    let credentials = open(account, sealer)?;
    let harvest = &context.settings.harvest;
    let timeout = source.timeout.unwrap_or(harvest.timeout).min(PATIENCE);
    let tools = Tools { clients, sealer, clock: context.clock, timeout, pause: harvest.pause, max_size: harvest.max_report_size };
    let source = SourceSettings { timeout: Some(timeout), ..source.clone() };
    let month = context.clock.last_full_month(context.settings.schedule.time_zone);
    let tried = super::source::try_out(&source, (&account.id, &credentials), month, &tools, false, 1).await?;
    let status = tried.reply.as_ref().map_or(0, |reply| reply.status);
    if !(200..300).contains(&status) {
        return Err(format!("account {}: answers with status {status}: {}", account.id, tried.beginning));
    }
    match &tried.understood {
        Err(error) => Err(format!("account {}: its reply is not understood: {error}; avling source test shows more", account.id)),
        Ok((_, seen)) if seen.wrong > 0 => {
            let first = seen.first.iter().chain(&seen.more_wrong).find_map(|row| Some(format!("{}: {}", row.place, row.wrong.as_ref()?)));
            Err(format!("account {}: {} of {} rows are wrong, the first: {}", account.id, seen.wrong, seen.rows, first.unwrap_or_default()))
        }
        Ok((_, seen)) => Ok(format!("answers; {} rows of {month} understood; asked as {}", seen.rows, account.id)),
    }
}

/// An account of the source that is valid today, else any.
fn account_of<'r>(source: &SourceSettings, registry: &'r Registry, context: &Context) -> Result<&'r Account, String> {
    let today = context.clock.today(context.settings.schedule.time_zone);
    let mut accounts = registry.accounts.iter().filter(|account| account.source == source.id);
    let account = accounts.clone().find(|account| account.valid.on(today)).or_else(|| accounts.next());
    account.ok_or_else(|| "no account of it is registered, so it cannot be asked".into())
}

/// What the figures need of the registry.
fn registered(findings: &mut Findings, sources: &[SourceSettings], registry: &Registry) {
    if sources.is_empty() {
        findings.good("sources", "none is configured, so nothing is harvested; write a [[source]] into the configuration");
    }
    // Logs give no usage to a product of their own.
    for source in sources.iter().filter(|source| source.kind != SourceKind::AccessLog) {
        for product in source.products() {
            if !registry.products.iter().any(|known| known.id == *product) {
                let near = did_you_mean(product.as_str(), registry.products.iter().map(|known| known.id.as_str()));
                findings.bad(
                    format!("source {}", source.id),
                    format!("its product {product} is not registered{near}; without subscriptions its use is everybody's"),
                );
            }
        }
    }
    let persons = PersonFigures::new(registry);
    let year = Month::of(registry.persons.iter().map(|row| row.date).max().unwrap_or_default()).year();
    for institution in &registry.institutions {
        let subject = match institution.kind {
            InstitutionKind::PublicLibrary => institution.municipality.as_ref().map_or("", MunicipalityCode::as_str),
            InstitutionKind::SchoolLibrary => institution.id.as_str(),
            _ => continue,
        };
        let claims = registry.claims.iter().any(|claim| claim.institution == institution.id);
        if claims && persons.of(subject, year).is_none() {
            findings.bad(
                format!("institution {}", institution.id),
                "has no person figure, so whatever it shares with others is divided equally; import persons for it",
            );
        }
    }
}

/// Addresses that are used otherwise than they are written.
fn addresses(findings: &mut Findings, sources: &[SourceSettings]) {
    for source in sources {
        let used = match source.kind {
            SourceKind::CounterApi => counter_api::base_url(&source.url),
            SourceKind::SushiSoap => sushi_soap::service_url(&source.url),
            _ => continue,
        };
        match used {
            Ok(url) if url.query().is_none() => {
                // A placeholder is shown as it was written.
                let used = url.as_str().replace("%7Bcustomer_id%7D", "{customer_id}");
                if used.trim_end_matches('/') != source.url.trim_end_matches('/') {
                    findings.good(format!("source {}", source.id), format!("its url is used as {used}"));
                }
            }
            Ok(_) => {}
            Err(error) => findings.bad(format!("source {}", source.id), error.to_string()),
        }
    }
}

/// The account of a source that it is asked as: one that is valid today, if there is one.
pub(super) fn who_asks<'a>(source: &SourceSettings, registry: &'a Registry, context: &Context) -> Result<&'a Account, String> {
    let today = context.clock.today(context.settings.schedule.time_zone);
    let mut accounts = registry.accounts.iter().filter(|account| account.source == source.id);
    let account = accounts.clone().find(|account| account.valid.on(today)).or_else(|| accounts.next());
    account.ok_or_else(|| "no account of it is registered, so it cannot be asked".into())
}

/// Asks a source how it is, and whether it has the reports that are wanted of it.
async fn ask(
    clients: &HttpClients,
    source: &SourceSettings,
    registry: &Registry,
    sealer: &Sealer,
    context: &Context,
) -> Result<String, String> {
    let account = account_of(source, registry, context)?;
    let credentials = open(account, sealer)?;
    let request = InfoRequest {
        base_url: &source.url,
        credentials: &credentials,
        allow_http: source.allow_http,
        user_agent: source.user_agent.as_deref(),
        dialect: &source.dialect,
        timeout: source.timeout.unwrap_or(context.settings.harvest.timeout).min(PATIENCE),
    };
    let answer = status(clients, &request).await.map_err(|error| error.to_string())?;
    let said = |exceptions: &[crate::model::Exception]| exceptions.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if !(200..300).contains(&answer.status) || !answer.is_json {
        let what = if answer.exceptions.is_empty() { answer.beginning.clone() } else { said(&answer.exceptions) };
        return Err(format!("/status answers with status {}: {what}", answer.status));
    }
    let grave: Vec<_> = answer.exceptions.iter().filter(|e| e.code > 999).cloned().collect();
    if !grave.is_empty() {
        return Err(format!("/status says: {}", said(&grave)));
    }
    if answer.entries.iter().any(|entry| entry.active == Some(false)) {
        return Err("/status says that the service is not active".into());
    }
    let listed = reports(clients, &request).await.map_err(|error| error.to_string())?;
    let grave: Vec<_> = listed.exceptions.iter().filter(|e| e.code > 999).cloned().collect();
    if !grave.is_empty() {
        return Err(format!("account {}: /reports says: {}", account.id, said(&grave)));
    }
    if !(200..300).contains(&listed.status) {
        return Err(format!("account {}: /reports answers with status {}: {}", account.id, listed.status, listed.beginning));
    }
    let has = |id: &ReportId| listed.entries.iter().any(|entry| entry.id == *id);
    let lacking: Vec<&str> = source.reports.iter().filter(|id| !has(id)).map(ReportId::as_str).collect();
    if !listed.entries.is_empty() && !lacking.is_empty() {
        return Err(format!("it does not offer {}; take them out of the source's reports", lacking.join(", ")));
    }
    let release = match source.release {
        ReleaseChoice::Release(release) => release.to_string(),
        ReleaseChoice::Auto => "auto".into(),
    };
    Ok(format!("active, release {release}, offers {}; asked as {}", listed.entries.len(), account.id))
}
