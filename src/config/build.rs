//! From values to [`Settings`]: everything outside `[[source]]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::{TZ_VARIANTS, Tz};
use config::{Map, Value, ValueKind};

use super::layers::Place;
use super::problem::{did_you_mean, shown};
use super::reader::{Reader, Section};
use super::settings::{
    ArchiveSettings, AttributionSettings, DataSettings, HarvestSettings, HttpSettings, ScheduleSettings, SecretSettings, Settings,
    StoreSettings,
};
use super::{cron, units};
use crate::model::Month;
use crate::secrets::KeyLocation;

/// The longest pause between two requests to a host.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// The settings, without sources and warnings. Nothing if anything is wrong; then a problem says what.
pub fn settings(reader: &mut Reader<'_>, root: &Value, file: Option<&Path>) -> Option<Settings> {
    let empty = Map::new();
    let section = |name: &'static str| {
        let table = match super::layers::get(root, name).map(|value| &value.kind) {
            Some(ValueKind::Table(table)) => table,
            _ => &empty,
        };
        Section { name, table }
    };
    // Everything is read before anything is given up, so that all problems are told.
    let dir = reader.parse_at(&section("data"), "dir", path);
    let store = reader.parse_at(&section("store"), "url", store_url);
    let archive = reader.parse_at(&section("archive"), "url", archive_url);
    let schedule = schedule(reader, &section("schedule"));
    let harvest = harvest(reader, &section("harvest"));
    let subscribers_only = reader.switch(&section("attribution"), "subscribers_only");
    let listen = reader.parse(&section("http"), "listen", |text| {
        let example = "write the address and the port of this machine to listen at, as 127.0.0.1:8440 or [::1]:8440";
        text.parse().map_err(|_| format!("'{}' is not an address with a port; {example}", shown(text)))
    });
    let key = reader.parse_at(&section("secrets"), "key", key_location);
    // The list of files was read already; here only its form.
    reader.list(&Section { name: "", table: top(root)? }, "include", |_| Ok(()));

    let dir = dir?;
    let given = |name| super::layers::get(root, name).is_some();
    let store = if given("store.url") { store? } else { format!("sqlite://{}", utf8(&dir.join("avling.db"))?) };
    let archive = if given("archive.url") { archive? } else { file_url(&dir.join("archive"))? };
    let key = match file {
        _ if given("secrets.key") => key?,
        Some(file) => KeyLocation::File(absolute(file.parent().unwrap_or(Path::new("")), "avling.key").ok()?),
        None => KeyLocation::File(dir.join("avling.key")),
    };
    Some(Settings {
        file: file.map(Path::to_owned),
        warnings: Vec::new(),
        data: DataSettings { dir },
        store: StoreSettings { url: store },
        archive: ArchiveSettings { url: archive },
        schedule: schedule?,
        harvest: harvest?,
        attribution: AttributionSettings { subscribers_only: subscribers_only? },
        http: HttpSettings { listen: listen? },
        secrets: SecretSettings { key },
        sources: Vec::new(),
    })
}

fn top(root: &Value) -> Option<&Map<String, Value>> {
    if let ValueKind::Table(table) = &root.kind { Some(table) } else { None }
}

fn schedule(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<ScheduleSettings> {
    let time_zone = reader.parse(section, "time_zone", |text| {
        text.parse::<Tz>().map_err(|_| {
            let hint = did_you_mean(text, TZ_VARIANTS.iter().map(|zone| zone.name()));
            format!("'{}' is not a time zone; write it as Europe/Oslo{hint}", shown(text))
        })
    });
    let cron = reader.parse(section, "cron", cron::cron);
    let backfill_from = reader.parse(section, "backfill_from", |text| text.parse::<Month>().map_err(|error| error.to_string()));
    let restate_months = reader.number(section, "restate_months", 0, 120);
    Some(ScheduleSettings { time_zone: time_zone?, cron: cron?, backfill_from: backfill_from?, restate_months: restate_months? })
}

fn harvest(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<HarvestSettings> {
    let sources = reader.number(section, "sources_in_parallel", 1, 1000);
    let pause = reader.parse(section, "pause", pause);
    let timeout = reader.parse(section, "timeout", timeout);
    let size = reader.parse(section, "max_report_size", |text| {
        let size = units::size(text)?;
        if size == 0 { Err("a limit of nothing refuses every report; write it as 2GiB".to_owned()) } else { Ok(size) }
    });
    Some(HarvestSettings { sources_in_parallel: usize::try_from(sources?).ok()?, pause: pause?, timeout: timeout?, max_report_size: size? })
}

/// A pause between requests: any duration up to a day.
pub fn pause(text: &str) -> Result<Duration, String> {
    let pause = units::duration(text)?;
    if pause > LONGEST_PAUSE { Err(format!("'{}' is more than a day", shown(text))) } else { Ok(pause) }
}

/// A time to wait for an answer: more than nothing, at most a day.
pub fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = pause(text)?;
    if timeout.is_zero() { Err("no time at all is too little for any answer; write it as 300s".into()) } else { Ok(timeout) }
}

/// A path, absolute.
pub fn path(text: &str, place: &Place) -> Result<PathBuf, String> {
    let path = absolute(&place.base, text)?;
    utf8(&path).ok_or_else(|| format!("the folder {} has a name that is not UTF-8; write the whole path of another", path.display()))?;
    Ok(path)
}

fn absolute(base: &Path, text: &str) -> Result<PathBuf, String> {
    if text.starts_with('~') {
        return Err(format!("'{}': ~ means nothing here; write the whole path", shown(text)));
    }
    std::path::absolute(base.join(text)).map_err(|error| format!("'{}' cannot be made a whole path: {error}", shown(text)))
}

fn utf8(path: &Path) -> Option<&str> {
    path.to_str()
}

fn file_url(path: &Path) -> Option<String> {
    reqwest::Url::from_file_path(path).ok().map(String::from)
}

fn key_location(text: &str, place: &Place) -> Result<KeyLocation, String> {
    match text.parse::<KeyLocation>().map_err(|error| error.to_string())? {
        KeyLocation::File(path) => {
            let text = path.to_str().ok_or("is not UTF-8")?;
            Ok(KeyLocation::File(absolute(&place.base, text)?))
        }
        other => Ok(other),
    }
}

/// `sqlite://PATH`, a plain path, or `postgres://user@host/db`.
fn store_url(text: &str, place: &Place) -> Result<String, String> {
    let right = "write it as sqlite:///var/lib/avling/avling.db, or postgres://user@host/database";
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None if text.contains(':') && !Path::new(text).is_absolute() => return Err(format!("is no store that is known here; {right}")),
        None => ("sqlite", text),
    };
    match scheme {
        "sqlite" if rest.is_empty() => Err(format!("names no file; {right}")),
        "sqlite" if rest.contains(['?', '#']) => Err(format!("has a '?' or '#' in it, but takes no options; {right}")),
        "sqlite" => {
            let path = path(rest, place)?;
            Ok(format!("sqlite://{}", utf8(&path).unwrap_or_default()))
        }
        "postgres" | "postgresql" => {
            let url = reqwest::Url::parse(text).map_err(|error| format!("is no URL: {error}; {right}"))?;
            if url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password") {
                return Err("has a password in it; leave it out here, and give it in PGPASSWORD or in a .pgpass file".into());
            }
            Ok(text.to_owned())
        }
        _ => Err(format!("'{}://' is no store that is known here; {right}", shown(scheme))),
    }
}

/// `file:///PATH`, a plain path, or `s3://bucket/prefix`.
fn archive_url(text: &str, place: &Place) -> Result<String, String> {
    let right = "write it as file:///var/lib/avling/archive";
    let Some((scheme, _)) = text.split_once("://") else {
        if text.contains(':') && !Path::new(text).is_absolute() {
            return Err(format!("is no place that is known here; {right}"));
        }
        return file_url(&path(text, place)?).ok_or_else(|| format!("cannot be written as a URL; {right}"));
    };
    let url = reqwest::Url::parse(text).map_err(|error| format!("is no URL: {error}; {right}"))?;
    match scheme {
        "file" => match url.to_file_path() {
            Ok(path) if url.query().is_none() && url.fragment().is_none() => file_url(&path).ok_or_else(|| right.to_owned()),
            Ok(_) => Err(format!("has a '?' or '#' in it, but takes no options; {right}")),
            Err(()) => Err(format!("names a host, but a file URL has three slashes; {right}")),
        },
        "s3" if url.password().is_some() || !url.username().is_empty() => {
            Err("has credentials in it; leave them out here, and give them in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".into())
        }
        "s3" => Ok(text.to_owned()),
        _ => Err(format!("'{}://' is no place that is known here; {right}, or s3://bucket/prefix", shown(scheme))),
    }
}
