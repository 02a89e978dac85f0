//! `avling source discover`: asks a vendor what it has, and proposes the configuration.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use serde_json::json;

use super::arguments::DiscoverArguments;
use super::context::{Context, read_file, write_whole};
use super::{Done, Failure};
use crate::model::ids::COUNTER_REPORTS;
use crate::model::registry::Registry;
use crate::model::{Dialect, Month, Release, SourceId};
use crate::registry::rows::is_reference;
use crate::secrets::is_safe_to_store;
use crate::sources::counter_api::redactor_for;
use crate::sources::discover::{Discovery, Found, Question, discover};
use crate::sources::registry_file::{Service, services};
use crate::sources::{Credentials, HttpClients, MemberAccount};

/// The longest that a vendor may take to say what it has.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs the command.
pub async fn run(context: &Context, arguments: &DiscoverArguments) -> Result<Done, Failure> {
    let credentials = Credentials {
        customer_id: arguments.customer_id.trim().to_owned(),
        requestor_id: secret(context, "--requestor-id", arguments.requestor_id.as_deref())?,
        api_key: secret(context, "--api-key", arguments.api_key.as_deref())?,
    };
    if credentials.customer_id.is_empty() {
        return Err(Failure::input("--customer-id is empty; it is the number or name by which the vendor knows the library"));
    }
    let known = match &arguments.registry {
        Some(path) => services(&read_file(path)?).map_err(|what| Failure::input(format_args!("{}: {what}", path.display())))?,
        None => Vec::new(),
    };
    let dialect = Dialect {
        parameters: arguments.platform.iter().map(|platform| ("platform".to_owned(), platform.trim().to_owned())).collect(),
        ..Dialect::default()
    };
    let also: Vec<String> = known.iter().map(|service| service.url.clone()).collect();
    let settings = &context.settings.harvest;
    let question = Question {
        url: &arguments.url,
        also: &also,
        credentials: &credentials,
        dialect: &dialect,
        user_agent: arguments.user_agent.as_deref(),
        allow_http: arguments.allow_http,
        pause: settings.pause,
        timeout: settings.timeout.min(PATIENCE),
    };
    context.printer.say(format_args!("avling: asking, one request at a time, {} s apart", question.pause.as_secs_f64()));
    let mut discovery = discover(&HttpClients::new(None)?, &question).await.map_err(Failure::input)?;
    let redactor = redactor_for(&credentials, &arguments.url);
    for tried in &mut discovery.tried {
        tried.base = redactor.text(&tried.base);
        tried.outcome = redactor.text(&tried.outcome);
    }
    for note in &mut discovery.notes {
        *note = redactor.text(note);
    }
    for found in &mut discovery.found {
        found.base = redactor.text(&found.base);
    }
    let registry = match context.reader().await {
        Ok(store) => store.registry().await.unwrap_or_default(),
        Err(_) => Registry::default(),
    };
    let notes = notes(arguments, &discovery, &known);
    let proposal = Proposal::new(arguments, &discovery, &known, &registry)?;
    let document = json!({
        "found": discovery.found.iter().map(found_document).collect::<Vec<_>>(),
        "members": discovery.members.iter().map(|m| json!({ "customer_id": m.customer_id, "name": m.name })).collect::<Vec<_>>(),
        "tried": discovery.tried.iter().map(|t| json!({ "url": t.base, "outcome": t.outcome })).collect::<Vec<_>>(),
        "notes": notes,
        "source": proposal.as_ref().map(|proposal| &proposal.source),
        "accounts": proposal.as_ref().map(|proposal| &proposal.accounts),
    });
    if let (Some(path), Some(proposal)) = (&arguments.output, &proposal) {
        let accounts = path.with_extension("accounts.csv");
        for (path, text) in [(path.as_path(), &proposal.source), (accounts.as_path(), &proposal.accounts)] {
            write_new(path, text)?;
            context.printer.say(format_args!("{} written", path.display()));
        }
    }
    context.printer.result(&document, || words(&discovery, &notes, proposal.as_ref()))?;
    Ok(if proposal.is_some() { Done::Whole } else { Done::InPart })
}

/// Writes a file that is not there yet: a proposal is no reason to lose what somebody wrote.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::input(format_args!("{}: is there already; name another file, or move it away", path.display())));
    }
    write_whole(path, |out| Ok(out.write_all(text.as_bytes())?))
}

/// A secret that was named, or given.
fn secret(context: &Context, option: &str, text: Option<&str>) -> Result<Option<SecretString>, Failure> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if is_reference(text) {
        if !is_safe_to_store(text) {
            return Err(Failure::input(format_args!("{option}: is no env:NAME or credential:NAME")));
        }
        return context.sealer().reveal(option, text).map_err(|error| Failure::input(format_args!("{option}: {error}")));
    }
    context
        .printer
        .say(format_args!("avling: {option} is a secret in clear, which others on this machine can see; better {option} env:NAME"));
    Ok(Some(SecretString::from(text)))
}

fn found_document(found: &Found) -> serde_json::Value {
    let month = |month: Option<Month>| month.map(|month| month.to_string());
    json!({
        "url": found.base, "release": found.release.to_string(),
        "active": found.status.as_ref().and_then(|status| status.active),
        "description": found.status.as_ref().map(|status| &status.description),
        "reports": found.reports.iter().map(|report| json!({
            "report": report.id, "first": month(report.first), "last": month(report.last),
        })).collect::<Vec<_>>(),
    })
}

/// What is to be said beside the proposal.
fn notes(arguments: &DiscoverArguments, discovery: &Discovery, known: &[Service]) -> Vec<String> {
    let mut notes = discovery.notes.clone();
    for found in &discovery.found {
        if found.status.as_ref().is_some_and(|status| status.active == Some(false)) {
            notes.push(format!("release {}: /status says that the service is not active", found.release));
        }
        for alert in found.status.iter().flat_map(|status| &status.alerts) {
            notes.push(format!("release {}: the vendor says: {}", found.release, one_line(alert)));
        }
    }
    for service in of_host(known, &arguments.url) {
        let release = service.release.map(|release| format!(" (release {release})")).unwrap_or_default();
        let needs = [
            (service.requestor_id && arguments.requestor_id.is_none(), "a requestor id, and none was given (--requestor-id)"),
            (service.api_key && arguments.api_key.is_none(), "an API key, and none was given (--api-key)"),
            (service.platform && arguments.platform.is_none(), "a platform, and none was given (--platform)"),
            (service.by_address, "requests to come from addresses that the vendor knows: tell it this server's"),
        ];
        for (_, what) in needs.iter().filter(|(applies, _)| *applies) {
            notes.push(format!("the registry{release}: the vendor needs {what}"));
        }
        notes.extend(service.notes.iter().map(|(about, text)| format!("the registry{release}, {about}: {text}")));
    }
    let mut seen = std::collections::BTreeSet::new();
    notes.retain(|note| seen.insert(note.clone()));
    notes
}

/// What the registry has of the host that was named; of all, if it has none of that host.
fn of_host<'a>(known: &'a [Service], url: &str) -> Vec<&'a Service> {
    let host = |url: &str| Url::parse(url.trim()).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase));
    let ours = host(url);
    let same: Vec<&Service> = known.iter().filter(|service| host(&service.url) == ours).collect();
    if same.is_empty() { known.iter().collect() } else { same }
}

/// What is proposed.
struct Proposal {
    /// A `[[source]]`.
    source: String,
    /// A file of accounts.
    accounts: String,
}

impl Proposal {
    /// From what was found; nothing if that is nothing.
    fn new(arguments: &DiscoverArguments, discovery: &Discovery, known: &[Service], registry: &Registry) -> Result<Option<Self>, Failure> {
        let Some(newest) = discovery.found.first() else { return Ok(None) };
        let id = match &arguments.id {
            Some(id) => id.clone(),
            None => id_of(&newest.base)?,
        };
        let source = source(arguments, discovery, newest, known, &id);
        Ok(Some(Self { source, accounts: accounts(arguments, discovery, registry, &id) }))
    }
}

fn source(arguments: &DiscoverArguments, discovery: &Discovery, newest: &Found, known: &[Service], id: &SourceId) -> String {
    let mut out = String::new();
    for service in of_host(known, &arguments.url) {
        for (about, text) in &service.notes {
            let _ = writeln!(out, "# COUNTER's registry, {about}: {text}");
        }
    }
    let (reports, left) = reports(newest);
    let _ = writeln!(out, "[[source]]\nid = {}", quoted(id.as_str()));
    if let Some(description) = newest.status.as_ref().map(|status| one_line(&status.description)).filter(|text| !text.is_empty()) {
        let _ = writeln!(out, "# it calls itself: {description}");
    }
    let _ = writeln!(out, "kind = \"counter_api\"\nrelease = \"{}\"\nurl = {}", newest.release, quoted(&newest.base));
    if let Some(older) = discovery.found.iter().find(|found| found.release == Release::R5 && newest.release != Release::R5) {
        let _ = writeln!(out, "# for months that release {} does not have", newest.release);
        let _ = writeln!(out, "fallback = {{ release = \"5\", url = {} }}", quoted(&older.base));
    }
    for report in newest.reports.iter().filter(|report| reports.contains(&report.id.as_str())) {
        if let (Some(first), Some(last)) = (report.first, report.last) {
            let _ = writeln!(out, "# {} is there from {first} to {last}", report.id);
        }
    }
    let list: Vec<String> = reports.iter().map(|report| quoted(report)).collect();
    let _ = writeln!(out, "reports = [{}]", list.join(", "));
    if !left.is_empty() {
        let _ = writeln!(out, "# also offered: {}", left.join(", "));
    }
    if arguments.allow_http && newest.base.starts_with("http:") {
        out.push_str("allow_http = true\n");
    }
    if let Some(agent) = &arguments.user_agent {
        let _ = writeln!(out, "user_agent = {}", quoted(agent));
    }
    if let Some(platform) = &arguments.platform {
        let _ = writeln!(out, "[source.dialect]\nparameters = {{ platform = {} }}", quoted(platform.trim()));
    }
    out
}

/// The reports to be harvested: the master reports that are offered, which hold all; where there is none, the views. And what is left.
fn reports(found: &Found) -> (Vec<&str>, Vec<&str>) {
    let offered = |report: &&str| found.reports.iter().any(|listed| listed.id.as_str() == *report);
    let masters: Vec<&str> = ["PR", "DR", "TR", "IR"].into_iter().filter(|report| offered(report)).collect();
    let views: Vec<&str> = COUNTER_REPORTS.into_iter().filter(|report| offered(report)).collect();
    let chosen = match (masters.is_empty(), views.is_empty()) {
        (false, _) => masters,
        (true, false) => views,
        // None of them is one that we know; the usual one is asked for, and what is offered is said.
        (true, true) => vec!["PR"],
    };
    let left = found.reports.iter().map(|report| report.id.as_str()).filter(|report| !chosen.contains(report)).collect();
    (chosen, left)
}

/// A short name from the host's: what stands before the last dot, or all of it.
fn id_of(base: &str) -> Result<SourceId, Failure> {
    let url = Url::parse(base).map_err(Failure::input)?;
    let name = match url.domain() {
        Some(domain) => {
            let parts: Vec<&str> = domain.split('.').collect();
            parts.len().checked_sub(2).and_then(|place| parts.get(place)).map_or(domain, |part| *part)
        }
        None => "source",
    };
    name.parse().map_err(|error| Failure::input(format_args!("--id: {error}")))
}

/// A file of accounts: the customer itself, and for a consortium its members, for whoever wants them one by one.
fn accounts(arguments: &DiscoverArguments, discovery: &Discovery, registry: &Registry, id: &SourceId) -> String {
    let mut out = String::from("account,source,customer_id,covers,access,requestor_id,api_key,valid_from,valid_to\n");
    let reference = |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| is_reference(text)).unwrap_or_default().to_owned();
    let (requestor_id, api_key) = (reference(&arguments.requestor_id), reference(&arguments.api_key));
    for (given, kept, name) in [(&arguments.requestor_id, &requestor_id, "requestor_id"), (&arguments.api_key, &api_key, "api_key")] {
        if given.is_some() && kept.is_empty() {
            let _ = writeln!(out, "# {name} was given in clear and is not repeated here: fill it in, best as env:NAME");
        }
    }
    let who: Vec<Option<String>> = discovery.members.iter().map(|member| institution(registry, member)).collect();
    let covered: Vec<&str> = who.iter().flatten().map(String::as_str).collect();
    let covers = if covered.is_empty() { "*".to_owned() } else { covered.join(" ") };
    if covered.is_empty() {
        let _ = writeln!(out, "# covers: * means every subscriber; name the institutions or ranges if it is for some of them");
    }
    row(&mut out, "", &[id.as_str(), id.as_str(), arguments.customer_id.trim(), &covers, "", &requestor_id, &api_key, "", ""]);
    if !discovery.members.is_empty() {
        let _ = writeln!(
            out,
            "# The vendor lists {} members. If its reports are not broken down by them, use these rows instead of the",
            who.len()
        );
        let _ = writeln!(out, "# one above; never both, or their use counts twice.");
    }
    for (member, institution) in discovery.members.iter().zip(&who) {
        let own = if member.requestor_id.is_some() { " (has a requestor id of its own)" } else { "" };
        let _ = writeln!(out, "# {}{own}{}", one_line(&member.name), if institution.is_none() { ": which institution is it?" } else { "" });
        let account: String = format!("{id}-{}", member.customer_id).chars().map(|c| if c.is_whitespace() { '-' } else { c }).collect();
        let covers = institution.as_deref().unwrap_or("?");
        row(&mut out, "# ", &[&account, id.as_str(), &member.customer_id, covers, "", &requestor_id, &api_key, "", ""]);
    }
    out
}

fn row(out: &mut String, before: &str, cells: &[&str]) {
    let cell = |cell: &&str| {
        let cell = one_line(cell);
        if cell.contains(['"', ',', ';']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    };
    let _ = writeln!(out, "{before}{}", cells.iter().map(cell).collect::<Vec<_>>().join(","));
}

/// The institution that a member is: by ISIL, else by its whole name if that is nobody else's.
fn institution(registry: &Registry, member: &MemberAccount) -> Option<String> {
    let isil = |text: &str| registry.institutions.iter().find(|i| !i.isil.is_empty() && i.isil.eq_ignore_ascii_case(text.trim()));
    let by_isil = member.ids.iter().filter(|id| id.kind.eq_ignore_ascii_case("ISIL")).find_map(|id| isil(&id.value));
    let mut named = registry.institutions.iter().filter(|i| i.name.to_lowercase() == member.name.trim().to_lowercase());
    let by_name = named.next().filter(|_| named.next().is_none());
    by_isil.or(by_name).map(|institution| institution.id.to_string())
}

/// A text as one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().map(|word| word.chars().filter(|c| !c.is_control()).collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::String(one_line(text)).to_string()
}

fn words(discovery: &Discovery, notes: &[String], proposal: Option<&Proposal>) -> String {
    let mut out = String::from("Asked:\n");
    for tried in &discovery.tried {
        let _ = writeln!(out, "  {}: {}", tried.base, tried.outcome);
    }
    if !notes.is_empty() {
        out.push_str("\nTo be known:\n");
        for note in notes {
            let _ = writeln!(out, "  {note}");
        }
    }
    match proposal {
        Some(proposal) => {
            let _ = write!(out, "\nFor the configuration:\n\n{}", proposal.source);
            let _ = write!(out, "\nFor a file of accounts (avling import accounts FILE):\n\n{}", proposal.accounts);
        }
        None => out.push_str("\nNo COUNTER API was found there. Ask the vendor for the address of its COUNTER API, or look it up at registry.countermetrics.org.\n"),
    }
    out
}
