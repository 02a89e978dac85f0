//! Vendors with interfaces of their own: every manifest that is shipped against a server that speaks so, and what can go wrong.

mod server;
mod tools;
mod trouble;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use self::server::{ASCII_KEY, KEY, Server, TOKEN, USER, book};
use crate::support::{ACCOUNTS, Site};

/// Account, month and metric, and the sum.
type Sums = BTreeMap<(String, String, String), u64>;

fn vendors() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/vendors")
}

/// The names of the manifests that are shipped.
fn shipped() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(vendors())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A source with this manifest at this address.
fn source(id: &str, url: &str, more: &str) -> String {
    let file = vendors().join(format!("{id}.toml"));
    format!(
        "[[source]]\nid = \"{id}\"\nkind = \"manifest\"\nmanifest = '{}'\nurl = \"{url}\"\nproduct = \"avis\"\n{more}\n",
        file.display()
    )
}

/// What facts there are, added up.
fn facts(site: &Site) -> Sums {
    let mut sums = Sums::new();
    for row in site.export(&["facts"]) {
        *sums.entry((row["account"].clone(), row["month"].clone(), row["metric"].clone())).or_default() +=
            row["count"].parse::<u64>().unwrap();
    }
    sums
}

/// What a vendor's own books say.
fn books(id: &str) -> Sums {
    let mut sums = Sums::new();
    for month in ["2024-10", "2024-11", "2024-12"] {
        let mut add = |metric: &str, count: u64| {
            if count > 0 {
                *sums.entry((id.to_owned(), month.to_owned(), metric.to_owned())).or_default() += count;
            }
        };
        for line in book(id, month) {
            match id {
                "newspapers-by-ip" | "music-cursor" => {
                    add("Total_Item_Requests", line.count);
                    add("Unique_Item_Requests", line.few);
                }
                "encyclopedia-csv" => {
                    add("Total_Item_Requests", line.count);
                    add("Total_Item_Investigations", line.few);
                }
                "access-events-lines" => {
                    add("Total_Item_Investigations", line.count);
                    add("Total_Item_Requests", line.few);
                }
                "ebooks-lending" => {
                    add("Total_Item_Requests", line.count);
                    if line.library.0 != line.owner.0 {
                        add("Copies_Lent_By_Others", line.count);
                    }
                }
                "language-course-workbook" => add("Searches_Platform", line.count % 20),
                "film-by-library-card" | "magazines-zip" => add("Total_Item_Requests", line.count),
                other => panic!("nobody keeps the books of {other}"),
            }
        }
    }
    sums
}

/// A server that speaks as a manifest says.
fn serve(id: &str, tokens: &Arc<Mutex<u32>>) -> Server {
    match id {
        "newspapers-by-ip" => Server::start(server::newspapers),
        "film-by-library-card" => Server::start(server::films),
        "music-cursor" => Server::start(server::music),
        "ebooks-lending" => {
            let (url, tokens) = (Arc::new(OnceLock::<String>::new()), Arc::clone(tokens));
            let known = Arc::clone(&url);
            let server = Server::start(move |request| server::ebooks(request, known.get().unwrap(), &tokens));
            url.set(server.url.clone()).unwrap();
            server
        }
        "encyclopedia-csv" => Server::start(server::encyclopedia),
        "magazines-zip" => Server::start(server::magazines),
        "language-course-workbook" => Server::start(server::courses),
        "access-events-lines" => Server::start(server::events),
        other => panic!("no server speaks as {other} says"),
    }
}

/// Every reply of the archive, unpacked, with its record.
fn archive(site: &Site) -> Vec<u8> {
    let mut all = Vec::new();
    let mut folders = vec![site.path().join("data/archive")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "zst") {
                all.extend(zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap());
            } else {
                all.extend(std::fs::read(path).unwrap());
            }
        }
    }
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn every_shipped_manifest_harvests_what_its_vendor_has_in_its_books() {
    let tokens = Arc::new(Mutex::new(0));
    let names = shipped();
    assert!(names.len() >= 8, "{names:?}");
    let servers: Vec<(String, Server)> = names.iter().map(|name| (name.clone(), serve(name, &tokens))).collect();
    let mut sources = String::new();
    let mut accounts = ACCOUNTS.to_owned();
    for (name, server) in &servers {
        // Where tokens are given is the vendor's affair too.
        let auth = format!(
            "[source.auth]\nkind = \"oauth2\"\ntoken_url = \"{}/oauth/token\"\nclient_id = \"requestor_id\"\nclient_secret = \"api_key\"\nscope = \"statistics.read\"\n",
            server.url
        );
        let pages = "[source.pages]\nkind = \"offset\"\nrow_count = \"total\"\n";
        let more = match name.as_str() {
            "ebooks-lending" => &auth,
            "film-by-library-card" => pages,
            _ => "",
        };
        sources.push_str(&source(name, &server.url, more));
        let key = if name == "encyclopedia-csv" { KEY } else { ASCII_KEY };
        accounts.push_str(&format!("{name},{name},C 1,2010100 2011800 vgs-halden,ip,{USER},{key},,\n"));
    }
    let site = Site::with_registry(&sources);
    site.import("accounts", &accounts).expect(0);
    let run = |arguments: &[&str]| {
        let output = site.command().args(arguments).env("LEARNING_TOKEN", TOKEN).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let checked = run(&["check", "--online"]);
    // Every source but the one of films answers for a single month; that one's server wants the whole range.
    assert!(checked.1.contains("ok    source newspapers-by-ip: answers"), "{checked:?}");
    assert!(checked.1.contains("ok    source ebooks-lending: answers"), "{checked:?}");
    *tokens.lock().unwrap() = 0;
    let (status, out, said) = run(&["-v", "harvest"]);
    assert_eq!(status, Some(0), "{out}\n{said}");
    let found = facts(&site);
    for name in &names {
        let of_vendor: Sums = found.iter().filter(|(key, _)| key.0 == *name).map(|(key, sum)| (key.clone(), *sum)).collect();
        assert_eq!(of_vendor, books(name), "{name}");
    }
    // A token lives as long as it is said to.
    assert_eq!(*tokens.lock().unwrap(), 1);
    // No secret, however it came back, and no address outside the archive.
    let mut everything = archive(&site);
    for secret in [USER, KEY, ASCII_KEY, TOKEN, "YnJ1a2VyLTQ3MTE6", "hemmelig%2Fn"] {
        assert!(!holds(&everything, secret), "{secret} is in the archive");
    }
    assert!(holds(&everything, "192.0.2."), "the addresses are where they should be");
    everything.clear();
    for name in ["avling.db", "avling.db-wal"] {
        everything.extend(std::fs::read(site.path().join("data").join(name)).unwrap_or_default());
    }
    everything.extend(out.bytes().chain(said.bytes()));
    for line in book("newspapers-by-ip", "2024-10") {
        assert!(!holds(&everything, &format!("{} ", line.address)) && !holds(&everything, &format!("{}\"", line.address)));
    }
    for secret in [KEY, ASCII_KEY, TOKEN, "kari@example.org"] {
        assert!(!holds(&everything, secret), "{secret}");
    }
    // All of it can be made again from the archive, and nothing is asked for twice.
    let (status, out, said) = run(&["verify"]);
    assert_eq!(status, Some(0), "{out}\n{said}");
    let asked: usize = servers.iter().map(|(_, server)| server.seen().len()).sum();
    assert_eq!(run(&["harvest", "--source", "newspapers-by-ip"]).0, Some(0));
    assert_eq!(asked, servers.iter().map(|(_, server)| server.seen().len()).sum::<usize>());
    // Claims change: use by address finds its place anew from the archived pages.
    let scopes = || {
        let scopes: std::collections::BTreeSet<String> = site.export(&["facts"]).into_iter().map(|row| row["scope"].clone()).collect();
        scopes
    };
    let before = scopes();
    site.import("networks", "institution,range,exclusive\nvgs-halden,192.0.2.0/27,yes\n").expect(0);
    assert!(!before.contains("addresses 192.0.2.0/27") && scopes().contains("addresses 192.0.2.0/27"), "{:?}", scopes());
    assert_eq!(facts(&site), found);
    assert_eq!(run(&["verify"]).0, Some(0));
}

#[test]
fn status_tells_of_sources_with_manifests() {
    let server = Server::start(server::newspapers);
    let site = Site::with_registry(&source("newspapers-by-ip", &server.url, ""));
    site.import("accounts", &format!("{ACCOUNTS}newspapers-by-ip,newspapers-by-ip,C 1,*,ip,,{ASCII_KEY},,\n")).expect(0);
    let before = site.ok(&["--json", "status"]).json();
    assert!(before.to_string().contains("newspapers-by-ip") || before.is_object());
    site.ok(&["harvest"]);
    let said = site.ok(&["status"]).stdout;
    assert!(said.contains("newspapers-by-ip"), "{said}");
    let runs = site.export(&["runs"]);
    assert_eq!(runs.iter().filter(|run| run["state"] == "harvested").count(), 3);
}
