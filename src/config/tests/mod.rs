//! Loading, from files and the environment.

mod dialect;
mod files;
mod manifests;
mod reference;
mod sources;

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::secrets::KeyLocation;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load_in(folder: &TempDir, file: Option<&str>, environment: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let environment = environment.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    load_from(folder.path(), &folder.path().join("etc/avling.toml"), file.map(Path::new), environment)
}

fn load_text(text: &str) -> Result<Settings, ConfigError> {
    load_in(&folder(&[("avling.toml", text)]), None, &[])
}

/// Every problem, with the folder's name cut away.
fn problems(folder: &TempDir, file: Option<&str>, environment: &[(&str, &str)]) -> Vec<String> {
    let error = load_in(folder, file, environment).unwrap_err();
    let name = format!("{}/", folder.path().display());
    error.problems.iter().map(|problem| problem.to_string().replace(&name, "")).collect()
}

fn problems_of(text: &str) -> Vec<String> {
    problems(&folder(&[("avling.toml", text)]), None, &[])
}

/// The only problem.
fn problem_of(text: &str) -> String {
    let problems = problems_of(text);
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.into_iter().next().unwrap()
}

#[test]
fn with_no_file_the_defaults_hold() {
    let folder = folder(&[]);
    let settings = load_in(&folder, None, &[]).unwrap();
    let data = folder.path().join("avling-data");
    assert_eq!(settings.file, None);
    assert_eq!(settings.data.dir, data);
    assert_eq!(settings.store.url, format!("sqlite://{}/avling.db", data.display()));
    assert_eq!(settings.archive.url, format!("file://{}/archive", data.display()));
    assert_eq!(settings.schedule.time_zone, chrono_tz::Europe::Oslo);
    assert_eq!(settings.schedule.cron, "30 3 8-28 * *");
    assert_eq!(settings.schedule.backfill_from.to_string(), "2024-01");
    assert_eq!(settings.schedule.restate_months, 3);
    assert_eq!(settings.harvest.sources_in_parallel, 30);
    assert_eq!(settings.harvest.pause, Duration::from_secs(3));
    assert_eq!(settings.harvest.timeout, Duration::from_mins(5));
    assert_eq!(settings.harvest.max_report_size, 2 << 30);
    assert!(settings.attribution.subscribers_only);
    assert_eq!(settings.http.listen.to_string(), "127.0.0.1:8440");
    assert_eq!(settings.secrets.key, KeyLocation::File(data.join("avling.key")));
    assert!(settings.sources.is_empty() && settings.warnings.is_empty());
}

#[test]
fn the_file_is_searched_for_in_the_order_of_the_contract() {
    let pause = |seconds: u32| format!("[harvest]\npause = \"{seconds}s\"\n");
    let (one, two, three, four) = (pause(1), pause(2), pause(4), pause(5));
    let files = [("named.toml", one.as_str()), ("by_env.toml", &two), ("avling.toml", &three), ("etc/avling.toml", &four)];
    let folder = folder(&files);
    let seconds = |file: Option<&str>, environment: &[(&str, &str)]| {
        let settings = load_in(&folder, file, environment).unwrap();
        settings.harvest.pause.as_secs()
    };
    let by_env = [("AVLING_CONFIG", "by_env.toml")];
    assert_eq!(seconds(Some("named.toml"), &by_env), 1);
    assert_eq!(seconds(None, &by_env), 2);
    assert_eq!(seconds(None, &[("AVLING_CONFIG", "")]), 4);
    assert_eq!(seconds(None, &[]), 4);
    fs::remove_file(folder.path().join("avling.toml")).unwrap();
    assert_eq!(seconds(None, &[]), 5);
    fs::remove_file(folder.path().join("etc/avling.toml")).unwrap();
    assert_eq!(seconds(None, &[]), 3);
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let folder = folder(&[("avling.toml", "")]);
    assert!(problems(&folder, Some("none.toml"), &[])[0].starts_with("none.toml: the configuration file cannot be read: "));
    assert!(problems(&folder, None, &[("AVLING_CONFIG", "none.toml")])[0].starts_with("none.toml: "));
}

#[test]
fn every_setting_can_be_given_in_a_file() {
    let settings = load_text(
        r#"
        [data]
        dir = "/var/lib/avling"
        [store]
        url = "sqlite:///srv/a b/avling.db"
        [archive]
        url = "file:///srv/archive"
        [schedule]
        time_zone = "Europe/Helsinki"
        cron = "0  4 * * mon-fri"
        backfill_from = "2019-07"
        restate_months = 0
        [harvest]
        sources_in_parallel = 2
        pause = "500ms"
        timeout = "1h30m"
        max_report_size = "10MB"
        [attribution]
        subscribers_only = false
        [http]
        listen = "[::1]:80"
        [secrets]
        key = "credential:avling.key"
        "#,
    )
    .unwrap();
    assert_eq!(settings.data.dir, Path::new("/var/lib/avling"));
    assert_eq!(settings.store.url, "sqlite:///srv/a b/avling.db");
    assert_eq!(settings.archive.url, "file:///srv/archive");
    assert_eq!(settings.schedule.time_zone, chrono_tz::Europe::Helsinki);
    assert_eq!(settings.schedule.cron, "0 4 * * 1-5");
    assert_eq!(settings.schedule.backfill_from.to_string(), "2019-07");
    assert_eq!(settings.schedule.restate_months, 0);
    assert_eq!(settings.harvest.sources_in_parallel, 2);
    assert_eq!(settings.harvest.pause, Duration::from_millis(500));
    assert_eq!(settings.harvest.timeout, Duration::from_mins(90));
    assert_eq!(settings.harvest.max_report_size, 10_000_000);
    assert!(!settings.attribution.subscribers_only);
    assert_eq!(settings.http.listen.to_string(), "[::1]:80");
    assert_eq!(settings.secrets.key, KeyLocation::Credential("avling.key".into()));
}

#[test]
fn every_setting_can_come_from_the_environment_which_has_the_last_word() {
    let folder = folder(&[
        ("avling.toml", "[harvest]\npause = \"7s\"\nsources_in_parallel = 5\n"),
        ("more.toml", "[schedule]\nrestate_months = 9\n"),
    ]);
    let environment = [
        ("AVLING__INCLUDE", "more.toml , ./none*.toml"),
        ("AVLING__DATA__DIR", "elsewhere"),
        ("AVLING__STORE__URL", "sqlite:///srv/avling.db"),
        ("AVLING__ARCHIVE__URL", "/srv/archive"),
        ("AVLING__SCHEDULE__TIME_ZONE", "UTC"),
        ("AVLING__SCHEDULE__CRON", "0 4 * * *"),
        ("AVLING__SCHEDULE__BACKFILL_FROM", "2020-01"),
        ("AVLING__HARVEST__SOURCES_IN_PARALLEL", "12"),
        ("AVLING__HARVEST__PAUSE", ""),
        ("AVLING__HARVEST__TIMEOUT", "1m"),
        ("AVLING__HARVEST__MAX_REPORT_SIZE", "1GiB"),
        ("AVLING__ATTRIBUTION__SUBSCRIBERS_ONLY", "false"),
        ("AVLING__HTTP__LISTEN", "0.0.0.0:80"),
        ("AVLING__SECRETS__KEY", "env:AVLING_KEY"),
        ("AVLING_KEY", "not a setting"),
        ("PATH", "/bin"),
    ];
    let settings = load_in(&folder, None, &environment).unwrap();
    assert_eq!(settings.data.dir, folder.path().join("elsewhere"));
    assert_eq!(settings.store.url, "sqlite:///srv/avling.db");
    assert_eq!(settings.archive.url, "file:///srv/archive");
    assert_eq!(settings.schedule.time_zone, chrono_tz::UTC);
    assert_eq!(settings.schedule.cron, "0 4 * * *");
    assert_eq!(settings.schedule.backfill_from.to_string(), "2020-01");
    assert_eq!(settings.schedule.restate_months, 9);
    assert_eq!(settings.harvest.sources_in_parallel, 12);
    assert_eq!(settings.harvest.pause, Duration::from_secs(7), "an empty variable is as none");
    assert_eq!(settings.harvest.timeout, Duration::from_mins(1));
    assert_eq!(settings.harvest.max_report_size, 1 << 30);
    assert!(!settings.attribution.subscribers_only);
    assert_eq!(settings.http.listen.to_string(), "0.0.0.0:80");
    assert_eq!(settings.secrets.key, KeyLocation::Env("AVLING_KEY".into()));
    assert_eq!(settings.warnings, ["AVLING__INCLUDE: include: no file is called './none*.toml'"]);
}

#[test]
fn what_is_wrong_in_the_environment_is_told_with_the_variable() {
    let environment = [
        ("AVLING__STORE__URI", "x"),
        ("AVLING__HARVEST__SOURCES_IN_PARALLEL", "many"),
        ("AVLING__ATTRIBUTION__SUBSCRIBERS_ONLY", "perhaps"),
        ("AVLING__SOURCE__0__URL", "x"),
        ("AVLING__", "x"),
    ];
    let problems = problems(&folder(&[]), None, &environment);
    assert_eq!(
        problems,
        [
            "AVLING__: no setting has this name",
            "AVLING__SOURCE__0__URL: sources cannot come from the environment; write a [[source]] in the configuration file",
            "AVLING__STORE__URI: no setting has this name; did you mean AVLING__STORE__URL?",
            "AVLING__HARVEST__SOURCES_IN_PARALLEL: harvest.sources_in_parallel: is the text 'many', but must be a whole number from 1 to 1000",
            "AVLING__ATTRIBUTION__SUBSCRIBERS_ONLY: attribution.subscribers_only: is the text 'perhaps', but must be true or false, without quotes",
        ]
    );
}

#[test]
fn a_variable_with_one_underscore_too_few_is_warned_of() {
    let settings = load_in(&folder(&[]), None, &[("AVLING_STORE_URL", "x"), ("AVLING_NOW", "2025-01-01T00:00:00Z")]).unwrap();
    assert_eq!(
        settings.warnings,
        ["AVLING_STORE_URL: this environment variable is not read; did you mean AVLING__STORE__URL, with two underscores each?"]
    );
}

#[test]
fn relative_paths_are_relative_to_the_file_they_stand_in() {
    let folder = folder(&[
        ("conf/avling.toml", "include = [\"more/*.toml\"]\n[data]\ndir = \"data\"\n[store]\nurl = \"sqlite://one.db\"\n"),
        ("conf/more/a.toml", "[archive]\nurl = \"kept here\"\n[secrets]\nkey = \"file:a.key\"\n"),
    ]);
    let conf = folder.path().join("conf");
    let settings = load_in(&folder, Some("conf/avling.toml"), &[]).unwrap();
    assert_eq!(settings.file.as_deref(), Some(conf.join("avling.toml").as_path()));
    assert_eq!(settings.data.dir, conf.join("data"));
    assert_eq!(settings.store.url, format!("sqlite://{}/one.db", conf.display()));
    assert_eq!(settings.archive.url, format!("file://{}/more/kept%20here", conf.display()));
    assert_eq!(settings.secrets.key, KeyLocation::File(conf.join("more/a.key")));
    let settings = load_in(&folder, Some("conf/avling.toml"), &[("AVLING__STORE__URL", "two.db"), ("AVLING__INCLUDE", "none*")]).unwrap();
    assert_eq!(settings.store.url, format!("sqlite://{}/two.db", folder.path().display()));
    assert_eq!(settings.secrets.key, KeyLocation::File(conf.join("avling.key")), "beside the configuration file");
    assert_eq!(settings.archive.url, format!("file://{}/data/archive", conf.display()));
}

#[test]
fn the_default_data_folder_is_beside_the_file() {
    let folder = folder(&[("conf/avling.toml", "")]);
    let settings = load_in(&folder, Some("conf/avling.toml"), &[]).unwrap();
    assert_eq!(settings.data.dir, folder.path().join("conf/avling-data"));
}

#[test]
fn included_files_are_joined_each_once() {
    let source = |id: &str| format!("[[source]]\nid = \"{id}\"\nkind = \"counter_api\"\nurl = \"https://example.org/\"\n");
    let main = format!("include = [\"*.toml\", \"sources/*.toml\", \"sources/a.toml\"]\n{}", source("main"));
    let folder = folder(&[
        ("avling.toml", &main),
        ("sources/b.toml", &source("b")),
        ("sources/a.toml", &format!("[harvest]\npause = \"0\"\n{}{}", source("a1"), source("a2"))),
        ("sources/c.txt", "this is not TOML"),
        ("other.toml", "[harvest]\ntimeout = \"9s\"\n"),
    ]);
    let settings = load_in(&folder, None, &[]).unwrap();
    let ids: Vec<&str> = settings.sources.iter().map(|source| source.id.as_str()).collect();
    assert_eq!(ids, ["main", "a1", "a2", "b"]);
    assert_eq!((settings.harvest.pause, settings.harvest.timeout), (Duration::ZERO, Duration::from_secs(9)));
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
}

#[test]
fn what_is_wrong_with_included_files_is_told() {
    let folder = folder(&[
        ("avling.toml", "include = [\"a.toml\", \"b.toml\", \"none.toml\", \"**\", 3, \"none/*\"]\n[harvest]\npause = \"1s\"\n"),
        ("a.toml", "[harvest]\n  pause = \"1s\"\n"),
        ("b.toml", "include = [\"a.toml\"]\n[stor]\n"),
    ]);
    let problems = problems(&folder, None, &[]);
    assert_eq!(
        problems,
        [
            "a.toml:2:3: harvest.pause: is given a second time; it stands at avling.toml:3:1 already, keep one of them",
            "b.toml:2:2: stor: no section or setting has this name; did you mean 'store'?",
            "b.toml:1:1: include: an included file cannot include others; name them in the first file",
            "avling.toml:1:32: include: there is no file 'none.toml'",
            "avling.toml:1:45: include: '**' has more than a * in it; only * is known here, for anything within one name",
            "avling.toml:1:51: include: the number 3 is in the list, but all of it must be texts in quotes",
        ]
    );
}

#[test]
fn what_is_not_toml_is_told_with_its_place_and_without_the_line() {
    let problem = problem_of("[harvest]\npause = \"1s\n");
    assert_eq!(problem, "avling.toml:2:12: invalid basic string, expected `\"`; this is not TOML");
    let problems = problems_of("[harvest\n= 3\nsecret hunter2\n");
    assert!(problems.len() > 1 && !problems.concat().contains("hunter2"), "{problems:?}");
    let folder = folder(&[]);
    fs::write(folder.path().join("avling.toml"), b"# \n# \xe6\n").unwrap();
    assert_eq!(super::tests::problems(&folder, None, &[]), ["avling.toml: line 2 is not UTF-8; save the file as UTF-8"]);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_fine() {
    let settings = load_text("\u{feff}[harvest]\r\npause = \"1s\"\r\n").unwrap();
    assert_eq!(settings.harvest.pause, Duration::from_secs(1));
    assert!(problem_of("\u{feff}[harvest]\r\nx = 1\r\n").starts_with("avling.toml:2:1: harvest.x: "));
}

#[test]
fn unknown_names_are_refused_with_the_nearest_known() {
    let problems = problems_of(
        "uncle = 1\ndata = 3\n[harvest]\npasue = \"1s\"\ncron = \"0 0 * * *\"\nurl = 1\n[sorce]\n[http]\nbananas = 1\naccess = 1\n",
    );
    assert_eq!(
        problems,
        [
            "avling.toml:1:1: uncle: no section or setting has this name",
            "avling.toml:2:1: data: is a section: [data]",
            "avling.toml:4:1: harvest.pasue: no setting has this name; did you mean 'harvest.pause'?",
            "avling.toml:5:1: harvest.cron: no setting has this name; did you mean 'schedule.cron'?",
            "avling.toml:6:1: harvest.url: no setting has this name; did you mean one of 'store.url', 'archive.url'?",
            "avling.toml:7:2: sorce: no section or setting has this name; did you mean 'source'?",
            "avling.toml:9:1: http.bananas: no setting has this name",
            "avling.toml:10:1: http.access: no setting has this name; it is a key of [[source]]",
        ]
    );
}

#[test]
fn wrong_values_are_all_told_with_what_would_be_right() {
    let folder = folder(&[(
        "avling.toml",
        r#"include = "a.toml"
        [data]
        dir = "~/avling"
        [schedule]
        time_zone = "Europe/Olso"
        cron = "* *"
        backfill_from = 2024-01-01
        restate_months = -1
        [harvest]
        sources_in_parallel = 0
        pause = 3
        timeout = "0"
        max_report_size = "2 gigs"
        [attribution]
        subscribers_only = "true"
        [http]
        listen = "localhost"
        [secrets]
        key = "0123456789abcdef"
        "#,
    )]);
    let problems = problems(&folder, None, &[]).into_iter().map(|p| p.split_once(": ").map_or(String::new(), |(_, rest)| rest.to_owned()));
    let mut problems: Vec<String> = problems.collect();
    problems.sort();
    assert_eq!(
        problems,
        [
            "attribution.subscribers_only: is the text 'true', but must be true or false, without quotes",
            "data.dir: '~/avling': ~ means nothing here; write the whole path",
            "harvest.max_report_size: '2 gigs' is not a size; write it as 512MiB, 2GiB or 500MB",
            "harvest.pause: '3' is not a duration; write it as 3s, 500ms, 5m, 1h30m or 2d, in quotes",
            "harvest.sources_in_parallel: is the number 0, but must be a whole number from 1 to 1000",
            "harvest.timeout: no time at all is too little for any answer; write it as 300s",
            "http.listen: 'localhost' is not an address with a port; write the address and the port of this machine to listen at, as 127.0.0.1:8440 or [::1]:8440",
            "include: is the text 'a.toml', but must be a list of texts: [\"…\", \"…\"]",
            "schedule.backfill_from: '2024-01-01' is not a month; write it as YYYY-MM, for example 2024-03",
            "schedule.cron: '* *' has 2 fields, not five: minute, hour, day of the month, month, day of the week; write it as \"30 3 8-28 * *\"",
            "schedule.restate_months: is the number -1, but must be a whole number from 0 to 120",
            "schedule.time_zone: 'Europe/Olso' is not a time zone; write it as Europe/Oslo; did you mean 'Europe/Oslo'?",
            "secrets.key: does not say where the key is; write it as file:PATH, env:NAME or credential:NAME (what is written is not shown here, as it may be a key)",
        ]
    );
}

#[test]
fn urls_of_store_and_archive_hold_no_password_and_no_nonsense() {
    for (url, says) in [
        ("postgres://avling:hunter2@db.example.org/avling", "has a password in it"),
        ("postgres://avling@db.example.org/avling?password=hunter2", "has a password in it"),
        ("mysql://db/x", "'mysql://' is no store that is known here"),
        ("sqlite::memory:", "is no store that is known here"),
        ("sqlite://", "names no file"),
        ("sqlite:///a.db?mode=ro", "takes no options"),
        (" ", "is empty"),
    ] {
        let problem = problem_of(&format!("[store]\nurl = \"{url}\"\n"));
        assert!(problem.starts_with("avling.toml:2:1: store.url: ") && problem.contains(says), "{url}: {problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
    for (url, says) in [
        ("s3://me:hunter2@bucket/prefix", "has credentials in it"),
        ("ftp://host/x", "'ftp://' is no place that is known here"),
        ("file://archive/x", "names a host"),
        ("file:///archive?x", "takes no options"),
        ("file:archive", "is no place that is known here"),
    ] {
        let problem = problem_of(&format!("[archive]\nurl = \"{url}\"\n"));
        assert!(problem.starts_with("avling.toml:2:1: archive.url: ") && problem.contains(says), "{url}: {problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
    let settings =
        load_text("[store]\nurl = \"postgres://avling@db.example.org/avling\"\n[archive]\nurl = \"s3://bucket/prefix\"\n").unwrap();
    assert_eq!(settings.store.url, "postgres://avling@db.example.org/avling");
    assert_eq!(settings.archive.url, "s3://bucket/prefix");
}
