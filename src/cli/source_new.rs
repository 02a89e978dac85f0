//! `avling source new`: questions, and a manifest of the answers.
//!
//! The manifest is written aside and loaded as any other before it gets its name, so that what is there in the end is right.

use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal as _};

use super::arguments::SourceNewArguments;
use super::printer::Printer;
use super::{Done, Failure};
use crate::config;

/// Asks, and reads answers line by line.
struct Asking<'a, R> {
    input: R,
    printer: &'a Printer,
    /// Answers are not typed: what is asked is said all the same, for whoever reads along.
    line: String,
}

impl<R: BufRead> Asking<'_, R> {
    /// An answer; the usual one if it is empty. Asked again until `check` takes it, unless nothing more comes.
    fn ask(&mut self, question: &str, usual: &str, check: impl Fn(&str) -> Result<(), String>) -> Result<String, Failure> {
        loop {
            let hint = if usual.is_empty() { String::new() } else { format!(" [{usual}]") };
            self.printer.say(format_args!("{question}{hint}:"));
            self.line.clear();
            let ended = self.input.read_line(&mut self.line)? == 0;
            let answer = if self.line.trim().is_empty() { usual } else { self.line.trim() };
            match check(answer) {
                Ok(()) => return Ok(answer.to_owned()),
                Err(what) if ended => {
                    return Err(Failure::input(format_args!("{question}: {what}; the answers ended before it was answered")));
                }
                Err(what) => self.printer.say(format_args!("  {what}")),
            }
        }
    }

    fn any(&mut self, question: &str, usual: &str) -> Result<String, Failure> {
        self.ask(question, usual, |answer| {
            if answer.contains(char::is_control) { Err("has a character that cannot be seen".into()) } else { Ok(()) }
        })
    }

    fn needed(&mut self, question: &str, usual: &str) -> Result<String, Failure> {
        self.ask(question, usual, |answer| if answer.is_empty() { Err("an answer is needed".into()) } else { Ok(()) })
    }

    fn one_of(&mut self, question: &str, words: &[&str]) -> Result<String, Failure> {
        let usual = words.first().copied().unwrap_or_default();
        self.ask(&format!("{question} ({})", words.join(", ")), usual, |answer| {
            if words.contains(&answer) { Ok(()) } else { Err(format!("is none of {}", words.join(", "))) }
        })
    }

    /// Pairs, until an empty answer.
    fn pairs(&mut self, question: &str) -> Result<Vec<(String, String)>, Failure> {
        let mut pairs = Vec::new();
        loop {
            let answer = self.ask(question, "", |answer| {
                if answer.is_empty() || answer.split_once('=').is_some_and(|(name, _)| !name.trim().is_empty()) {
                    Ok(())
                } else {
                    Err("write it as name = value, or nothing to go on".into())
                }
            })?;
            let Some((name, value)) = answer.split_once('=') else { return Ok(pairs) };
            pairs.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Adds `key = "text"`, unless there is nothing to say.
fn line(out: &mut String, key: &str, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(out, "{key} = {}", quoted(text));
    }
}

/// Runs the command.
pub fn run(arguments: &SourceNewArguments, printer: &Printer) -> Result<Done, Failure> {
    let path = &arguments.file;
    if path.symlink_metadata().is_ok() {
        return Err(Failure::input(format_args!("{}: is there already; name another file", path.display())));
    }
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        printer.say("One question a line; an empty answer takes what stands in brackets. docs/manifests.md says what everything means.");
    }
    let text = manifest(&mut Asking { input: stdin.lock(), printer, line: String::new() })?;
    // Beside its place, so that it gets there whole; a name that is taken meanwhile is left alone.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    let at = |error: std::io::Error| Failure::input(format_args!("{}: {error}", path.display()));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".avling-").suffix(".toml");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(at)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(at)?;
    if let Err(error) = config::load_manifest(file.path(), None) {
        let written = error.to_string().replace(&format!("{}:", file.path().display()), "line ");
        return Err(Failure::input(format_args!("what was answered makes no manifest, and nothing was written:\n{written}\n\n{text}")));
    }
    file.persist_noclobber(path).map_err(|error| at(error.error))?;
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let document = serde_json::json!({ "file": path, "manifest": text });
    printer.result(&document, || {
        format!(
            "{} is written. Try it out with\n\n  avling source test {} --month 2024-01\n\nand name it in the configuration:\n\n  [[source]]\n  id = \"{name}\"\n  kind = \"manifest\"\n  manifest = {}\n",
            path.display(),
            path.display(),
            quoted(&path.display().to_string())
        )
    })?;
    Ok(Done::Whole)
}

/// The manifest that the answers make.
fn manifest<R: BufRead>(asking: &mut Asking<'_, R>) -> Result<String, Failure> {
    let mut out = String::new();
    line(&mut out, "about", &asking.any("In a few words, whose interface is it", "")?);
    out.push_str("\n[request]\n");
    line(&mut out, "url", &asking.needed("Its address, without parameters", "")?);
    line(
        &mut out,
        "path",
        &asking.any("What follows for the usage, from the slash on ({account} {customer_id} {month} may stand in it)", "")?,
    );
    let per = asking.one_of("Is it asked for a month, or for a range of months", &["month", "range"])?;
    line(&mut out, "per", &per);
    let packed = asking.one_of("Are replies files that are packed", &["no", "gzip", "zip"])?;
    if packed != "no" {
        line(&mut out, "packed", &packed);
    }
    let query = asking.pairs("A parameter, as from = {begin}, to = {end}, page = {page}; nothing to go on")?;
    let headers = asking.pairs("A header, as accept = text/csv; nothing to go on")?;
    for (section, pairs) in [("query", query), ("headers", headers)] {
        if !pairs.is_empty() {
            let _ = write!(out, "\n[request.{section}]\n");
            for (name, value) in &pairs {
                let _ = writeln!(out, "{} = {}", quoted(name), quoted(value));
            }
        }
    }
    auth(asking, &mut out)?;
    pages(asking, &mut out)?;
    let format = rows(asking, &mut out)?;
    fields(asking, &mut out, &format, &per)?;
    metrics(asking, &mut out)?;
    Ok(out)
}

fn auth<R: BufRead>(asking: &mut Asking<'_, R>, out: &mut String) -> Result<(), Failure> {
    let kind = asking.one_of("How do we say who asks", &["none", "basic", "bearer", "header", "query", "oauth2"])?;
    if kind == "none" {
        return Ok(());
    }
    out.push_str("\n[auth]\n");
    line(out, "kind", &kind);
    let secret = "api_key and requestor_id are the account's own; else env:NAME, credential:NAME or file:PATH";
    match kind.as_str() {
        "basic" => {
            line(out, "user", &asking.needed(&format!("Where is the user name? {secret}"), "requestor_id")?);
            line(out, "password", &asking.needed("Where is the password", "api_key")?);
        }
        "oauth2" => {
            line(out, "token_url", &asking.needed("Where are tokens given", "")?);
            line(out, "client_id", &asking.needed(&format!("Where is the client id? {secret}"), "requestor_id")?);
            line(out, "client_secret", &asking.needed("Where is the client secret", "api_key")?);
            line(out, "scope", &asking.any("For which scope", "")?);
        }
        other => {
            if other != "bearer" {
                line(out, "name", &asking.needed("What is it called", if other == "header" { "X-Api-Key" } else { "key" })?);
            }
            line(out, "secret", &asking.needed(&format!("Where is the secret? {secret}"), "api_key")?);
        }
    }
    Ok(())
}

fn pages<R: BufRead>(asking: &mut Asking<'_, R>, out: &mut String) -> Result<(), Failure> {
    let kind = asking.one_of("Does a reply have pages, and how is the next asked for", &["no", "page", "offset", "cursor", "link"])?;
    if kind == "no" {
        return Ok(());
    }
    out.push_str("\n[pages]\n");
    line(out, "kind", &kind);
    match kind.as_str() {
        "cursor" => {
            let place = asking.any("Where in the reply is the word for the next page, as meta.next; nothing if it is in a header", "")?;
            line(out, "cursor", &place);
            if place.is_empty() {
                line(out, "header", &asking.needed("In which header is it", "")?);
            }
        }
        "link" => line(out, "next", &asking.any("Where in the reply is the next address; nothing if it is in the header Link", "")?),
        _ => {
            let size = asking.ask("How many rows has a whole page; nothing if that is not sure", "", |answer| {
                if answer.is_empty() || answer.parse::<u32>().is_ok_and(|size| size > 0) {
                    Ok(())
                } else {
                    Err("write a whole number".into())
                }
            })?;
            if !size.is_empty() {
                let _ = writeln!(out, "size = {size}");
            }
        }
    }
    Ok(())
}

fn rows<R: BufRead>(asking: &mut Asking<'_, R>, out: &mut String) -> Result<String, Failure> {
    let format = asking.one_of("How are replies written", &["json", "json_lines", "csv", "tsv", "xlsx", "xml"])?;
    out.push_str("\n[rows]\n");
    line(out, "format", &format);
    match format.as_str() {
        "json" => line(out, "path", &asking.needed("Where are the rows, as data.items[*]", "[*]")?),
        "xml" => line(out, "path", &asking.needed("Where are the rows, as Report/Item", "")?),
        "csv" | "tsv" => {
            let encoding = asking.one_of("In which letters", &["utf-8", "windows-1252", "utf-16"])?;
            if encoding != "utf-8" {
                line(out, "encoding", &encoding);
            }
        }
        _ => {}
    }
    line(
        out,
        "report",
        &asking.needed("To which report does the usage belong (PR: a platform's, TR: titles', DR: databases', IR: items')", "PR")?,
    );
    line(out, "date", &asking.any("How are dates written, as %d.%m.%Y; nothing for YYYY-MM and YYYY-MM-DD", "")?);
    let decimal = asking.one_of("What stands before decimals", &[".", ","])?;
    if decimal == "," {
        out.push_str("decimal = \",\"\nthousands = \".\"\n");
    }
    Ok(format)
}

fn fields<R: BufRead>(asking: &mut Asking<'_, R>, out: &mut String, format: &str, per: &str) -> Result<(), Failure> {
    out.push_str("\n[fields]\n");
    let example = match format {
        "csv" | "tsv" | "xlsx" => "the name of a column, or its number as #3",
        "xml" => "as Title, Use/@views, or ^/@month for the element around the rows",
        _ => "as title, usage.views, or ^.period for the object around the rows",
    };
    let month = format!("Where in a row is its month or day ({example})");
    if per == "month" {
        line(out, "month", &asking.any(&format!("{month}; nothing if it is the month that is asked for"), "")?);
    } else {
        line(out, "month", &asking.needed(&month, "")?);
    }
    for (key, question) in [
        ("title", "Where is the title; nothing if there is none"),
        ("platform", "Where is the platform; nothing if there is none"),
        ("data_type", "Where is the type (Book, Newspaper_or_Newsletter …); nothing if there is none"),
        ("isbn", "Where is the ISBN; nothing if there is none"),
        ("proprietary", "Where is the vendor's own number of the title; nothing if there is none"),
        ("address", "Where is the address or range that the use came from; nothing if there is none"),
    ] {
        line(out, key, &asking.any(question, "")?);
    }
    let institution: Vec<(&str, String)> = vec![
        ("id", asking.any("Where is the library's number at the vendor; nothing if there is none", "")?),
        ("name", asking.any("Where is the library's name; nothing if there is none", "")?),
        ("isil", asking.any("Where is the library's ISIL; nothing if there is none", "")?),
    ];
    if institution.iter().any(|(_, place)| !place.is_empty()) {
        out.push_str("\n[fields.institution]\n");
        for (key, place) in &institution {
            line(out, key, place);
        }
    }
    Ok(())
}

fn metrics<R: BufRead>(asking: &mut Asking<'_, R>, out: &mut String) -> Result<(), Failure> {
    let mut any = false;
    loop {
        let question = if any { "Another metric; nothing to go on" } else { "A metric, by COUNTER's name" };
        let name = asking.ask(question, if any { "" } else { "Total_Item_Requests" }, |_| Ok(()))?;
        if name.is_empty() {
            return Ok(());
        }
        any = true;
        out.push_str("\n[[metric]]\n");
        line(out, "name", &name);
        let place = asking.any("Where in a row is its count; nothing if each row is one use", "")?;
        if place.is_empty() { out.push_str("value = 1\n") } else { line(out, "from", &place) }
    }
}
