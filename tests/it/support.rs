//! A folder with everything that the program needs, and the program run on it.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_avling");

/// A row of CSV by column name.
pub type Row = BTreeMap<String, String>;

/// What the program did.
#[derive(Debug)]
pub struct Ran {
    /// Its exit status; nothing if a signal ended it.
    pub status: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The result as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// Fails the test unless it ended so.
    #[track_caller]
    pub fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

/// A folder with a configuration and a store.
pub struct Site {
    folder: tempfile::TempDir,
    now: String,
}

impl Site {
    /// A site with these sources (as TOML), on 20 January 2025, with nothing imported.
    pub fn new(sources: &str) -> Self {
        let site = Self { folder: tempfile::tempdir().expect("a folder"), now: "2025-01-20T03:30:00Z".into() };
        site.write("avling.toml", format!("{SETTINGS}\n{sources}"));
        site
    }

    /// The same with the small registry of [`registry`](Self::registry) imported.
    pub fn with_registry(sources: &str) -> Self {
        let site = Self::new(sources);
        site.registry();
        site
    }

    /// Moves the site's clock.
    pub fn at(&mut self, now: &str) {
        now.clone_into(&mut self.now);
    }

    /// Moves a source to another address.
    pub fn move_source(&self, from: &str, to: &str) {
        let settings = std::fs::read_to_string(self.path().join("avling.toml")).expect("settings");
        assert!(settings.contains(from), "no source is at {from}");
        self.write("avling.toml", settings.replace(from, to));
    }

    /// The site's folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.path().join("data/avling.db")
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folder made");
        std::fs::write(&path, content).expect("file written");
        path
    }

    /// The program with the site's configuration and clock and nothing else from the environment.
    pub fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command.env_clear().env("AVLING_NOW", &self.now).env("HOME", self.path()).current_dir(self.path());
        command.arg("--config").arg(self.path().join("avling.toml")).stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command().args(arguments).output().expect("the program starts"))
    }

    /// Runs the program, which must succeed.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> Ran {
        self.run(arguments).expect(0)
    }

    /// Imports text as a file of this kind.
    #[track_caller]
    pub fn import(&self, kind: &str, content: &str) -> Ran {
        let path = self.write(&format!("{kind}.csv"), content);
        self.run(&["import", kind, path.to_str().expect("a path")])
    }

    /// Three neighbours in Østfold and a school: Halden with its own network, Aremark behind Halden, Marker alone, a school and a town
    /// hall on Halden's. Everybody subscribes to `avis` but Marker and the town hall.
    pub fn registry(&self) {
        for (kind, content) in REGISTRY {
            self.import(kind, content).expect(0);
        }
    }

    /// An export as rows.
    #[track_caller]
    pub fn export(&self, arguments: &[&str]) -> Vec<Row> {
        let ran = self.ok(&[&["export"], arguments].concat());
        rows(&ran.stdout)
    }

    /// Every export there is, to be compared with those of another site.
    pub fn everything(&self) -> BTreeMap<&'static str, String> {
        ["statistics", "facts", "subscriptions", "runs"].into_iter().map(|kind| (kind, self.ok(&["export", kind]).stdout)).collect()
    }
}

/// CSV as rows by column name.
#[track_caller]
pub fn rows(text: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().collect::<Result<_, _>>().expect("sound CSV")
}

/// Runs the program without any configuration, in an empty folder.
pub fn bare(arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("HOME", folder.path()).current_dir(folder.path()).stdin(Stdio::null());
    Ran::of(command.args(arguments).output().expect("the program starts"))
}

const SETTINGS: &str = r#"
[data]
dir = "data"
[schedule]
backfill_from = "2024-10"
[harvest]
pause = "0s"
timeout = "10s"
max_report_size = "32MiB"
"#;

/// A small registry; kinds in the order of import.
pub const REGISTRY: &[(&str, &str)] = &[
    (
        "municipalities",
        "municipality,name,county,county_name,valid_from,valid_to\n\
         3101,Halden,31,Østfold,2024-01-01,\n3122,Marker,31,Østfold,2024-01-01,\n3124,Aremark,31,Østfold,2024-01-01,\n",
    ),
    (
        "institutions",
        "institution;name;kind;municipality;isil;valid_from;valid_to\n\
         2010100;Halden bibliotek;public_library;3101;NO-2010100;;\n2011800;Aremark bibliotek;public_library;3124;NO-2011800;;\n\
         2011900;Marker bibliotek;public_library;3122;NO-2011900;;\nvgs-halden;Halden videregående skole;school_library;3101;;;\n\
         radhus-halden;Halden rådhus;other_body;3101;;;\n",
    ),
    ("persons", "subject,date,persons\n3101,2024-01-01,31000\n3124,2024-01-01,1300\n3122,2024-01-01,3600\nvgs-halden,2024-01-01,1200\n"),
    (
        "networks",
        "institution,range,valid_from,valid_to,exclusive,note\n\
         2010100,192.0.2.0/25,,,,\n2011800,192.0.2.64-192.0.2.127,,,,bak Halden\nvgs-halden,192.0.2.0/26,,,,\n\
         radhus-halden,192.0.2.0/24,,,,\n2011900,198.51.100.0/24,,,,\n",
    ),
    ("vendors", "vendor,name,contact\nv,Forlaget,\n"),
    ("products", "product,name,vendor,kind,headline\navis,Avisen,v,newspapers,PR:Unique_Item_Requests\nfilm,Filmen,v,films,\n"),
    (
        "subscriptions",
        "institution,product,valid_from,valid_to,price,currency,funding\n\
         2010100,avis,2023-01-01,,12000.50,NOK,own\n2011800,avis,2023-01-01,,,,county\nvgs-halden,avis,2023-01-01,,,,\n\
         2010100,film,2023-01-01,,,,\n2011800,film,2023-01-01,,,,\n2011900,film,2023-01-01,,,,external\n",
    ),
];

/// The header of a file of accounts.
pub const ACCOUNTS: &str = "account,source,customer_id,covers,access,requestor_id,api_key,valid_from,valid_to\n";

/// A source as TOML.
pub fn source(id: &str, url: &str, product: &str, more: &str) -> String {
    format!(
        "[[source]]\nid = \"{id}\"\nvendor = \"v\"\nkind = \"counter_api\"\nrelease = \"5.1\"\nurl = \"{url}\"\nreports = [\"PR\"]\nproduct = \"{product}\"\n{more}\n"
    )
}

/// A server that gives these answers one after the other, the last of them for ever: a status line with more headers, and a body.
pub struct Scripted {
    /// Its address.
    pub url: String,
    asked: Arc<AtomicUsize>,
}

impl Scripted {
    /// The server, on a free port of this machine.
    pub fn start(answers: Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let url = format!("http://{}/r51", listener.local_addr().expect("an address"));
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read(&mut byte).unwrap_or(0) == 0 {
                        break;
                    }
                    request.push(byte[0]);
                }
                // What is left unread when the connection closes would cost the answer.
                let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
                let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.trim().parse().ok());
                let _ = stream.read_exact(&mut vec![0; length.unwrap_or(0)]);
                let place = counter.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
                let (head, body) = &answers[place];
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {head}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
            }
        });
        Self { url, asked }
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Does something to a store that avling itself would not do.
pub async fn sql(site: &Site, statements: &[&str]) {
    use sqlx::Connection as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(site.database());
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("the store opens");
    for statement in statements {
        let done = sqlx::query(sqlx::AssertSqlSafe(*statement)).execute(&mut connection).await.expect("the statement is sound");
        assert!(done.rows_affected() > 0 || statement.starts_with("PRAGMA"), "nothing changed by {statement}");
    }
    connection.close().await.expect("closed");
}
