//! `avling source`: a vendor with an interface of its own, tried out before it is harvested.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::arguments::{SourceCommand, SourceTestArguments};
use super::context::Context;
use super::printer::Printer;
use super::table::grouped;
use super::{Done, Failure, discover, known, source_new};
use crate::archive::Archive;
use crate::clock::Clock;
use crate::config::{self, SourceKind, SourceSettings};
use crate::formats::mapped::{self, RowSeen, Seen, frames};
use crate::formats::{FormatError, Reading};
use crate::harvest::manifest::secrets;
use crate::model::manifest::Requests;
use crate::model::{AccountId, Member, Month, MonthRange};
use crate::secrets::Sealer;
use crate::sources::manifest::{ManifestRequest, Secrets, fetch, redactor_for};
use crate::sources::{Credentials, FetchError, HttpClients, RawReply, Redactor};

/// How much of a reply is shown, in bytes.
const SHOWN: usize = 1500;

/// Runs the command.
pub async fn run(command: &SourceCommand, file: Option<&Path>, by: Option<&str>, printer: &Printer) -> Result<Done, Failure> {
    match command {
        SourceCommand::Test(arguments) => test(arguments, file, by, printer).await,
        SourceCommand::New(arguments) => source_new::run(arguments, printer),
        SourceCommand::Discover(arguments) => discover::run(&Context::load(file, by, printer)?, arguments).await,
    }
}

/// What one request brought.
pub(super) struct Tried {
    /// The reply; nothing if a file was read instead.
    pub reply: Option<RawReply>,
    /// Its pages, as the archive would have them.
    pub pages: Vec<frames::PageHead>,
    /// How it begins, without secrets and addresses.
    pub beginning: String,
    /// What was understood of it.
    pub understood: Result<(Reading, Seen), FormatError>,
    /// Takes secrets out of what is said.
    pub redactor: Redactor,
}

/// Sends a source's requests for a month, and keeps nothing. `pages`: whether more than the first page is asked for.
pub(super) async fn try_out(
    source: &SourceSettings,
    account: (&AccountId, &Credentials),
    month: Month,
    context: &Tools<'_>,
    pages: bool,
    rows: usize,
) -> Result<Tried, String> {
    let (Some(requests), Some(mapping)) = (&source.requests, &source.mapping) else {
        return Err(format!("source {} is not of the kind manifest", source.id));
    };
    let (account, credentials) = account;
    let secrets: Secrets = secrets(requests, credentials, context.sealer)?;
    let redactor = redactor_for(&secrets, &credentials.customer_id);
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder cannot be made: {error}"))?;
    let archive = Archive::open(&folder.path().to_string_lossy()).map_err(|error| error.to_string())?;
    let requests = if pages { requests.clone() } else { Requests { pages: None, ..(**requests).clone() }.into() };
    let request = ManifestRequest {
        source: &source.id,
        account,
        customer_id: &credentials.customer_id,
        base_url: &source.url,
        requests: &requests,
        mapping,
        months: MonthRange::new(month, month),
        secrets: &secrets,
        allow_http: source.allow_http,
        user_agent: source.user_agent.as_deref(),
        timeout: source.timeout.unwrap_or(context.timeout),
        max_size: context.max_size,
        pause: source.pause.unwrap_or(context.pause),
    };
    let reply = fetch(context.clients, &archive, &request, context.clock, &|_| {}).await.map_err(|error: FetchError| error.to_string())?;
    let opened = || archive.read(&reply.sha256).map_err(|error| error.to_string());
    let (pages, beginning) = beginning_of(opened()?).map_err(|error| error.to_string())?;
    let understood = mapped::watch(opened()?, mapping, rows);
    Ok(Tried { reply: Some(reply), pages, beginning: hide_addresses(&redactor.text(&beginning)), understood, redactor })
}

/// What is needed to ask.
pub(super) struct Tools<'a> {
    /// Who sends.
    pub clients: &'a HttpClients,
    /// Who opens secrets.
    pub sealer: &'a Sealer,
    /// The time.
    pub clock: Clock,
    /// The longest silence, where the source does not say.
    pub timeout: std::time::Duration,
    /// Between pages, where the source does not say.
    pub pause: std::time::Duration,
    /// The largest reply.
    pub max_size: u64,
}

/// The pages of a reply, and how the first of them begins, or the last if that was refused.
fn beginning_of(reader: impl std::io::Read) -> Result<(Vec<frames::PageHead>, String), FormatError> {
    let mut frames = frames::Frames::open(std::io::BufReader::new(reader))?;
    let (mut pages, mut shown) = (Vec::new(), String::new());
    while let Some(head) = frames.next_page()? {
        let refused = !(200..300).contains(&head.status);
        if pages.is_empty() || refused {
            let mut bytes = Vec::new();
            (&mut frames).take(SHOWN as u64).read_to_end(&mut bytes)?;
            shown = text_of(&bytes);
        }
        pages.push(head);
    }
    Ok((pages, shown))
}

/// Bytes as a text that may be printed.
fn text_of(bytes: &[u8]) -> String {
    if bytes.starts_with(b"PK") {
        return "(a workbook or another zip archive)".into();
    }
    let text = String::from_utf8_lossy(bytes);
    let text = if bytes.len() >= SHOWN { text.trim_end_matches('\u{fffd}') } else { &text };
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { ' ' } else { c }).collect()
}

async fn test(arguments: &SourceTestArguments, file: Option<&Path>, by: Option<&str>, printer: &Printer) -> Result<Done, Failure> {
    let is_manifest = config::is_manifest(&arguments.file);
    // Of the configuration there may be none: then its defaults hold, and the secrets come from the environment.
    let configuration = if is_manifest { file } else { Some(arguments.file.as_path()) };
    let context = Context::load(configuration, by, printer)?;
    let store = match &arguments.account {
        Some(_) => Some(context.reader().await?),
        None => None,
    };
    let registry = match &store {
        Some(store) => Some(store.registry().await?),
        None => None,
    };
    let account = match (&arguments.account, &registry) {
        (Some(id), Some(registry)) => {
            known::account(id, registry)?;
            registry.accounts.iter().find(|account| account.id == *id)
        }
        _ => None,
    };
    let source = the_source(arguments, &context, is_manifest, account.map(|account| &account.source))?;
    let sealer = context.sealer();
    let (id, credentials) = match account {
        Some(account) => (account.id.clone(), opened(account, &sealer).map_err(Failure::input)?),
        None => (AccountId::trusted("test"), from_environment(arguments)),
    };
    let month = arguments.month.unwrap_or_else(|| context.clock.last_full_month(context.settings.schedule.time_zone));
    let tried = match &arguments.reply {
        Some(path) => read_instead(path, &source, &credentials, &sealer, month, arguments.rows)?,
        None => {
            let clients = HttpClients::new(None)?;
            let harvest = &context.settings.harvest;
            let tools = Tools {
                clients: &clients,
                sealer: &sealer,
                clock: context.clock,
                timeout: harvest.timeout,
                pause: harvest.pause,
                max_size: harvest.max_report_size,
            };
            let tried = try_out(&source, (&id, &credentials), month, &tools, true, arguments.rows).await;
            tried.map_err(|what| Failure::Error(anyhow::anyhow!("source {}, account {id}, {month}: {what}", source.id)))?
        }
    };
    printer.result(&document(&source, month, &tried), || words(&source, month, &tried))?;
    let whole = matches!(&tried.understood, Ok((_, seen)) if seen.wrong == 0) && tried.reply.as_ref().is_none_or(|r| r.status < 300);
    Ok(if whole { Done::Whole } else { Done::InPart })
}

/// The source that is meant.
fn the_source(
    arguments: &SourceTestArguments,
    context: &Context,
    is_manifest: bool,
    of_account: Option<&crate::model::SourceId>,
) -> Result<SourceSettings, Failure> {
    if is_manifest {
        // A manifest that several sources share may leave its address to them.
        let of_account = of_account.and_then(|id| context.settings.sources.iter().find(|source| source.id == *id));
        let url = arguments.url.as_deref().or(of_account.map(|source| source.url.as_str()));
        let (source, warnings) = config::load_manifest(&arguments.file, url).map_err(Failure::input)?;
        for warning in &warnings {
            context.printer.say(format_args!("avling: {warning}"));
        }
        return Ok(SourceSettings { allow_http: of_account.is_some_and(|source| source.allow_http), ..source });
    }
    let sources: Vec<&SourceSettings> = context.settings.sources.iter().filter(|source| source.kind == SourceKind::Manifest).collect();
    let wanted = arguments.source.as_ref().or(of_account);
    let found = match (wanted, sources.as_slice()) {
        (Some(id), _) => {
            known::source(id, &context.settings)?;
            sources.iter().copied().find(|source| source.id == *id).ok_or_else(|| {
                Failure::input(format_args!("source {id} is not of the kind manifest; avling check --online asks all kinds of sources"))
            })?
        }
        (None, [one]) => one,
        (None, []) => return Err(Failure::input(format_args!("{}: has no source of the kind manifest", arguments.file.display()))),
        (None, several) => {
            let ids: Vec<&str> = several.iter().map(|source| source.id.as_str()).collect();
            return Err(Failure::input(format_args!(
                "{}: has several such sources: {}; choose with --source ID",
                arguments.file.display(),
                ids.join(", ")
            )));
        }
    };
    Ok(SourceSettings { url: arguments.url.clone().unwrap_or_else(|| found.url.clone()), ..found.clone() })
}

/// An account's credentials, opened.
pub(super) fn opened(account: &crate::model::registry::Account, sealer: &Sealer) -> Result<Credentials, String> {
    let open = |column: &str, stored: &str| {
        sealer
            .reveal(&crate::secrets::context(&account.id, column), stored)
            .map_err(|error| format!("account {}, {column}: {error}", account.id))
    };
    Ok(Credentials {
        customer_id: account.customer_id.clone(),
        requestor_id: open("requestor_id", &account.requestor_id)?,
        api_key: open("api_key", &account.api_key)?,
    })
}

fn from_environment(arguments: &SourceTestArguments) -> Credentials {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Credentials {
        customer_id: arguments.customer_id.clone().or_else(|| variable("AVLING_CUSTOMER_ID")).unwrap_or_default(),
        requestor_id: variable("AVLING_REQUESTOR_ID").map(SecretString::from),
        api_key: variable("AVLING_API_KEY").map(SecretString::from),
    }
}

/// Reads a file as the reply to a request for a month.
fn read_instead(
    path: &Path,
    source: &SourceSettings,
    credentials: &Credentials,
    sealer: &Sealer,
    month: Month,
    rows: usize,
) -> Result<Tried, Failure> {
    let (Some(requests), Some(mapping)) = (&source.requests, &source.mapping) else {
        return Err(Failure::input(format_args!("source {} is not of the kind manifest", source.id)));
    };
    // What secrets there are is taken out; none are needed.
    let secrets = secrets(requests, credentials, sealer).unwrap_or_default();
    let open = || std::fs::File::open(path).map_err(|error| Failure::input(format_args!("{}: {error}", path.display())));
    let file = open()?;
    if file.metadata()?.is_dir() {
        return Err(Failure::input(format_args!("{}: is a folder; name the file", path.display())));
    }
    let bytes = file.metadata()?.len();
    let mut beginning = Vec::new();
    file.take(SHOWN as u64).read_to_end(&mut beginning)?;
    let is_framed = beginning.starts_with(b"avling-reply/");
    let head = frames::PageHead { page: 1, status: 200, url: path.display().to_string(), content_type: String::new(), bytes };
    let (before, after): (Vec<u8>, &[u8]) =
        if is_framed { (Vec::new(), b"") } else { ([frames::head(MonthRange::new(month, month)), frames::page(&head)].concat(), b"\n") };
    let framed = || Ok::<_, Failure>(std::io::Cursor::new(before.clone()).chain(open()?).chain(after));
    let (pages, shown) = beginning_of(framed()?).map_err(|error| Failure::input(format_args!("{}: {error}", path.display())))?;
    let redactor = redactor_for(&secrets, &credentials.customer_id);
    let understood = mapped::watch(framed()?, mapping, rows);
    Ok(Tried { reply: None, pages, beginning: hide_addresses(&redactor.text(&shown)), understood, redactor })
}

/// Every address in a text hidden: users' addresses are personal.
pub(super) fn hide_addresses(text: &str) -> String {
    const HIDDEN: &str = "(address)";
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let put = |word: &mut String, out: &mut String| {
        let inner = word.trim_matches(['.', ':', '/']);
        if !inner.is_empty() && is_address(inner) {
            out.push_str(&word.replacen(inner, HIDDEN, 1));
        } else {
            out.push_str(word);
        }
        word.clear();
    };
    for c in text.chars() {
        if c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '*' | '/') {
            word.push(c);
        } else {
            put(&mut word, &mut out);
            out.push(c);
        }
    }
    put(&mut word, &mut out);
    out
}

fn is_address(word: &str) -> bool {
    let address = word.split('/').next().unwrap_or(word);
    // A key of JSON has a colon after it, and a time has colons in it.
    let is_v6 = address.parse::<std::net::Ipv6Addr>().is_ok();
    let parts: Vec<&str> = address.split('.').collect();
    let is_v4 = (3..=4).contains(&parts.len()) && parts.iter().all(|part| *part == "*" || part.len() <= 3 && part.parse::<u8>().is_ok());
    is_v6 || is_v4
}

fn shown_member(member: &Member) -> String {
    let named = [(&member.name, ""), (&member.isil, "ISIL "), (&member.customer_id, "customer ")];
    named.iter().filter(|(text, _)| !text.is_empty()).map(|(text, kind)| format!("{kind}{text}")).collect::<Vec<_>>().join(", ")
}

fn member_document(member: &Member) -> Value {
    json!({ "customer_id": member.customer_id, "name": member.name, "isil": member.isil })
}

fn document(source: &SourceSettings, month: Month, tried: &Tried) -> Value {
    let row = |row: &RowSeen| {
        let counts: Vec<Value> = row
            .counts
            .iter()
            .map(|(metric, count, member)| json!({ "metric": metric, "count": count, "institution": member.as_ref().map(member_document) }))
            .collect();
        json!({
            "place": row.place, "month": row.month, "title": row.title, "institution": row.member.as_ref().map(member_document),
            "has_address": row.addresses, "left_out": row.left_out, "counts": counts, "wrong": row.wrong,
        })
    };
    let understood = match &tried.understood {
        Err(error) => json!({ "error": hide_addresses(&tried.redactor.text(&error.to_string())) }),
        Ok((reading, seen)) => json!({
            "rows": seen.rows, "left_out": seen.left_out, "wrong": seen.wrong, "records": seen.records,
            "sums": seen.sums.iter().map(|((month, metric), sum)| json!({ "month": month, "metric": metric, "sum": sum.to_string().parse::<u64>().ok() })).collect::<Vec<_>>(),
            "first": seen.first.iter().map(row).collect::<Vec<_>>(),
            "more_wrong": seen.more_wrong.iter().map(row).collect::<Vec<_>>(),
            "not_read": seen.unread,
            "notes": reading.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
    };
    json!({
        "source": source.id, "month": month,
        "status": tried.reply.as_ref().map(|reply| reply.status),
        "bytes": tried.reply.as_ref().map(|reply| reply.bytes),
        "pages": tried.pages.iter().map(|page| json!({ "page": page.page, "status": page.status, "url": page.url, "content_type": page.content_type, "bytes": page.bytes })).collect::<Vec<_>>(),
        "beginning": tried.beginning,
        "understood": understood,
    })
}

fn words(source: &SourceSettings, month: Month, tried: &Tried) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "Source {}, {month}:", source.id);
    for page in &tried.pages {
        let kind = if page.content_type.is_empty() { "" } else { &page.content_type };
        let _ = writeln!(out, "  page {}: {} → {} {kind}, {} bytes", page.page, page.url, page.status, grouped(page.bytes));
    }
    let _ = writeln!(out, "\nThe reply begins (secrets and addresses hidden):");
    for line in tried.beginning.lines().take(15) {
        let _ = writeln!(out, "  | {}", line.chars().take(160).collect::<String>());
    }
    match &tried.understood {
        Err(error) => {
            let _ = writeln!(out, "\nNothing of it is understood: {}", hide_addresses(&tried.redactor.text(&error.to_string())));
        }
        Ok((reading, seen)) => {
            understood(&mut out, seen);
            for note in &reading.notes {
                let _ = writeln!(out, "Note: {note}");
            }
        }
    }
    out
}

fn understood(out: &mut String, seen: &Seen) {
    let _ = writeln!(
        out,
        "\nUnderstood: {} rows, {} of them left out by keep, {} wrong; {} counts above zero",
        grouped(seen.rows),
        grouped(seen.left_out),
        grouped(seen.wrong),
        grouped(seen.records)
    );
    let line = |row: &RowSeen| {
        let mut line = format!("  {}: ", row.place);
        if let Some(wrong) = &row.wrong {
            let _ = write!(line, "WRONG: {wrong}");
        } else if row.left_out {
            line.push_str("left out by keep");
        } else {
            let _ = write!(line, "{}", row.month.map(|month| month.to_string()).unwrap_or_default());
            let who = row.member.as_ref().map(shown_member).into_iter().chain(row.addresses.then(|| "an address (hidden)".to_owned()));
            for text in [row.title.clone()].into_iter().filter(|title| !title.is_empty()).chain(who) {
                let _ = write!(line, " · {}", text.chars().take(60).collect::<String>());
            }
            for (metric, count, member) in &row.counts {
                let whose = member.as_ref().map(|member| format!(" ({})", shown_member(member))).unwrap_or_default();
                let _ = write!(line, " · {metric} {}{whose}", grouped(*count));
            }
        }
        line
    };
    for row in seen.first.iter().chain(&seen.more_wrong) {
        let _ = writeln!(out, "{}", line(row));
    }
    if seen.rows > seen.first.len() as u64 {
        let _ = writeln!(out, "  … {} rows more", grouped(seen.rows - seen.first.len() as u64));
    }
    let mut by_month: BTreeMap<Month, Vec<String>> = BTreeMap::new();
    for ((month, metric), sum) in &seen.sums {
        by_month.entry(*month).or_default().push(format!("{metric} {sum}"));
    }
    for (month, sums) in by_month {
        let _ = writeln!(out, "Sum of {month}: {}", sums.join(", "));
    }
    if !seen.unread.is_empty() {
        let _ = writeln!(out, "Not read: {}", seen.unread.iter().cloned().collect::<Vec<_>>().join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hidden_and_nothing_else() {
        for (text, expected) in [
            (r#"{"ip":"192.0.2.7","n":1.5}"#, r#"{"ip":"(address)","n":1.5}"#),
            ("a;192.0.2.0/24;2001:db8::7;12", "a;(address);(address);12"),
            ("192.0.2.*, 192.0.2.1-9", "(address), (address)-9"),
            ("31.12.2024 10:15:30 1.234.567 3.5", "31.12.2024 10:15:30 1.234.567 3.5"),
            ("https://example.org/a.b", "https://example.org/a.b"),
            ("from 10.0.0.1.", "from (address)."),
        ] {
            assert_eq!(hide_addresses(text), expected);
        }
    }
}
