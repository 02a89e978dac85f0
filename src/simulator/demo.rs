//! The bundled demonstration: eight invented vendors for the Norwegian registry in `fixtures/registry`.
//!
//! [`REGISTRY`] holds the files to import, [`demo_vendors`] plans the vendors from the same accounts, and
//! [`demo_config`] writes the sources that harvest them. It plays on [`FIRST_DAY`] and again on [`SECOND_DAY`],
//! when a vendor that was late has December, and another has corrected it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use crate::model::Release;

use super::{AccountPlan, Behaviour, Content, MemberPlan, VendorPlan};

/// The bundled registry: kind, file name and content, in the order of import.
pub const REGISTRY: &[(&str, &str, &str)] = &[
    ("municipalities", "municipalities.csv", include_str!("../../fixtures/registry/municipalities.csv")),
    ("transitions", "transitions.csv", include_str!("../../fixtures/registry/transitions.csv")),
    ("institutions", "institutions.csv", INSTITUTIONS),
    ("persons", "persons.csv", PERSONS),
    ("persons", "persons_institutions.csv", PERSONS_INSTITUTIONS),
    ("networks", "networks.csv", NETWORKS),
    ("vendors", "vendors.csv", include_str!("../../fixtures/registry/vendors.csv")),
    ("products", "products.csv", include_str!("../../fixtures/registry/products.csv")),
    ("subscriptions", "subscriptions.csv", include_str!("../../fixtures/registry/subscriptions.csv")),
    ("accounts", "accounts.csv", ACCOUNTS),
];

const INSTITUTIONS: &str = include_str!("../../fixtures/registry/institutions.csv");
const PERSONS: &str = include_str!("../../fixtures/registry/persons.csv");
const PERSONS_INSTITUTIONS: &str = include_str!("../../fixtures/registry/persons_institutions.csv");
const NETWORKS: &str = include_str!("../../fixtures/registry/networks.csv");
const ACCOUNTS: &str = include_str!("../../fixtures/registry/accounts.csv");

/// The county that the demonstration ends with: Østfold, where networks are shared in every way.
pub const COUNTY: &str = "31";

/// The persons behind an account that covers every subscriber.
const EVERYBODY: u64 = 600_000;

/// 20 January 2025: the year 2024 is harvested.
pub const FIRST_DAY: NaiveDate = day(2025, 1, 20);

/// 20 February 2025: newest months are fetched again.
pub const SECOND_DAY: NaiveDate = day(2025, 2, 20);

const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(date) => date,
        None => NaiveDate::MIN,
    }
}

/// One source of the demonstration and the vendor behind it, which has the source's id as its name.
struct Source {
    id: &'static str,
    vendor: &'static str,
    release: Release,
    behaviour: Behaviour,
    content: Content,
    titles: usize,
    platforms: &'static [&'static str],
    reports: &'static [&'static str],
    access: &'static str,
    /// A second product, told by its platform.
    rule: Option<(&'static str, &'static str)>,
    about: &'static str,
}

const SOURCES: [Source; 8] = [
    Source {
        id: "avisarkivet",
        vendor: "fjordpresse",
        release: Release::R51,
        behaviour: Behaviour::Normal,
        content: Content::Newspapers,
        titles: 30,
        platforms: &["Avisarkivet"],
        reports: &["PR", "TR"],
        access: "ip",
        rule: None,
        about: "Newspapers by address, on networks that libraries share.",
    },
    Source {
        id: "bokflyt",
        vendor: "bokflyt",
        release: Release::R51,
        behaviour: Behaviour::Queued { times: 1 },
        content: Content::Books,
        titles: 60,
        platforms: &["Bokflyt"],
        reports: &["PR", "TR"],
        access: "login",
        rule: None,
        about: "E-books by login; this vendor makes reports while one waits.",
    },
    Source {
        id: "filmskatten",
        vendor: "lerretet",
        release: Release::R5,
        behaviour: Behaviour::Gzip,
        content: Content::Films,
        titles: 24,
        platforms: &["Filmskatten"],
        reports: &["PR", "IR"],
        access: "login",
        rule: None,
        about: "Films by login, each library an account: exact figures. Release 5 still, and compressed.",
    },
    Source {
        id: "leksikonet",
        vendor: "kunnskapsforum",
        release: Release::R51,
        behaviour: Behaviour::Normal,
        content: Content::ReferenceWorks,
        titles: 8,
        platforms: &["Leksikonet"],
        reports: &["PR", "TR"],
        access: "ip",
        rule: None,
        about: "An encyclopedia with one account for every subscriber: estimates.",
    },
    Source {
        id: "nordfag",
        vendor: "nordfag",
        release: Release::R51,
        behaviour: Behaviour::NotReady { months_back: 1 },
        content: Content::Journals,
        titles: 40,
        platforms: &["Nordfag"],
        reports: &["PR", "TR"],
        access: "ip",
        rule: None,
        about: "Journals, from a vendor whose newest month is late.",
    },
    Source {
        id: "sprakstigen",
        vendor: "sprakstigen",
        release: Release::R5,
        behaviour: Behaviour::Restating,
        content: Content::Courses,
        titles: 10,
        platforms: &["Språkstigen"],
        reports: &["PR"],
        access: "ip",
        rule: None,
        about: "Language courses, open to everyone; this vendor corrects its figures later.",
    },
    Source {
        id: "stilleord",
        vendor: "stilleord",
        release: Release::R51,
        behaviour: Behaviour::Empty,
        content: Content::Music,
        titles: 5,
        platforms: &["Stille ord"],
        reports: &["PR"],
        access: "login",
        rule: None,
        about: "Spoken poetry that nobody has listened to.",
    },
    Source {
        id: "tonekassa",
        vendor: "tonekassa",
        release: Release::R51,
        behaviour: Behaviour::Normal,
        content: Content::Music,
        titles: 20,
        platforms: &["Tonekassa", "Tonekassa Jazz"],
        reports: &["PR"],
        access: "login",
        rule: Some(("tonekassa-jazz", "Tonekassa Jazz")),
        about: "Music: one consortium account, broken down by member; two products behind one source.",
    },
];

/// Rows of a bundled file, each as its columns by name.
fn rows(content: &str) -> Vec<HashMap<String, String>> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(content.as_bytes());
    reader.deserialize().filter_map(Result::ok).collect()
}

fn cell<'a>(row: &'a HashMap<String, String>, column: &str) -> &'a str {
    row.get(column).map(String::as_str).unwrap_or_default()
}

/// What the registry says about institutions, as far as vendors' sizes and names depend on it.
struct Known {
    /// Name and ISIL by institution.
    names: HashMap<String, (String, String)>,
    /// Persons by institution.
    persons: HashMap<String, u64>,
    /// Institutions by a range that they claim, as written.
    claims: HashMap<String, BTreeSet<String>>,
}

impl Known {
    fn read() -> Self {
        let mut figures: HashMap<String, u64> = HashMap::new();
        for row in rows(PERSONS).into_iter().chain(rows(PERSONS_INSTITUTIONS)) {
            figures.insert(cell(&row, "subject").to_owned(), cell(&row, "persons").parse().unwrap_or(0));
        }
        let (mut names, mut persons) = (HashMap::new(), HashMap::new());
        for row in rows(INSTITUTIONS) {
            let id = cell(&row, "institution");
            let subject = if cell(&row, "kind") == "public_library" { cell(&row, "municipality") } else { id };
            persons.insert(id.to_owned(), figures.get(subject).copied().unwrap_or(0));
            names.insert(id.to_owned(), (cell(&row, "name").to_owned(), cell(&row, "isil").to_owned()));
        }
        let mut claims: HashMap<String, BTreeSet<String>> = HashMap::new();
        for row in rows(NETWORKS) {
            for range in cell(&row, "range").split([' ', ';', ',']).filter(|range| !range.is_empty()) {
                claims.entry(range.to_owned()).or_default().insert(cell(&row, "institution").to_owned());
            }
        }
        Self { names, persons, claims }
    }

    fn name(&self, institution: &str) -> (String, String) {
        self.names.get(institution).cloned().unwrap_or_default()
    }

    /// The persons of an institution, or of everybody who claims a range.
    fn persons(&self, covered: &str) -> u64 {
        match self.claims.get(covered) {
            Some(claimants) => claimants.iter().filter_map(|claimant| self.persons.get(claimant)).sum(),
            None => self.persons.get(covered).copied().unwrap_or(0),
        }
    }

    fn account(&self, row: &HashMap<String, String>, broken_down: bool) -> AccountPlan {
        let customer_id = cell(row, "customer_id").to_owned();
        let given = |column| Some(cell(row, column)).filter(|text| !text.is_empty()).map(str::to_owned);
        let covers: Vec<&str> = cell(row, "covers").split_whitespace().collect();
        let member = |covered: &&str| {
            let (name, isil) = self.name(covered);
            let customer_id = if isil.is_empty() { format!("{customer_id}-{covered}") } else { isil.clone() };
            MemberPlan { customer_id, name, isil, size: self.persons(covered) }
        };
        let name = match covers.as_slice() {
            [one] => self.name(one).0,
            _ => String::new(),
        };
        AccountPlan {
            name,
            requestor_id: given("requestor_id"),
            api_key: given("api_key"),
            size: if covers == ["*"] { EVERYBODY } else { covers.iter().map(|covered| self.persons(covered)).sum() },
            members: if broken_down { covers.iter().map(member).collect() } else { Vec::new() },
            members_by_name: false,
            customer_id,
        }
    }
}

/// The vendors of the demonstration, with the accounts, keys and sizes of the bundled registry. Each is named as its source.
#[must_use]
pub fn demo_vendors() -> Vec<VendorPlan> {
    let known = Known::read();
    let mut accounts: BTreeMap<String, Vec<AccountPlan>> = BTreeMap::new();
    for row in rows(ACCOUNTS) {
        let source = cell(&row, "source");
        accounts.entry(source.to_owned()).or_default().push(known.account(&row, source == "tonekassa"));
    }
    let plan = |source: Source| VendorPlan {
        behaviour: source.behaviour,
        reports: source.reports.to_vec(),
        content: source.content,
        titles: source.titles,
        platforms: source.platforms.iter().map(|&platform| platform.to_owned()).collect(),
        ..VendorPlan::new(source.id, source.release, accounts.remove(source.id).unwrap_or_default())
    };
    SOURCES.into_iter().map(plan).collect()
}

/// The `[[source]]` sections of the demonstration as TOML; `urls` gives a vendor's base URL by its name.
#[must_use]
pub fn demo_config(urls: impl Fn(&str) -> String) -> String {
    let section = |source: Source| {
        let Source { id, vendor, release, access, about, .. } = source;
        let quoted: Vec<String> = source.reports.iter().map(|report| format!("\"{report}\"")).collect();
        let (reports, url) = (quoted.join(", "), urls(id));
        let rule = source.rule.map_or(String::new(), |(product, platform)| {
            format!("[[source.product_rule]]\nproduct = \"{product}\"\nplatform = \"{platform}\"\n")
        });
        format!(
            "# {about}\n[[source]]\nid = \"{id}\"\nvendor = \"{vendor}\"\nkind = \"counter_api\"\nrelease = \"{release}\"\nurl = \"{url}\"\n\
             reports = [{reports}]\nproduct = \"{id}\"\naccess = \"{access}\"\nshared_traffic = \"single\"\npause = \"0s\"\n{rule}"
        )
    };
    SOURCES.into_iter().map(section).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry::Kind;
    use crate::simulator::Simulator;

    fn column(content: &str, name: &str) -> BTreeSet<String> {
        rows(content).iter().map(|row| cell(row, name).to_owned()).collect()
    }

    fn file(name: &str) -> &'static str {
        REGISTRY.iter().find(|(_, file, _)| *file == name).unwrap().2
    }

    #[test]
    fn the_registry_is_in_order_of_import() {
        let kinds: Vec<Kind> = REGISTRY.iter().map(|(kind, ..)| kind.parse().unwrap()).collect();
        assert!(kinds.is_sorted());
        let bundled: BTreeSet<Kind> = kinds.into_iter().collect();
        let left_out: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !bundled.contains(kind)).collect();
        assert_eq!(left_out, [Kind::Members, Kind::Keys, Kind::Sessions, Kind::Statistics]);
    }

    #[test]
    fn every_row_names_only_what_there_is() {
        let institutions = column(INSTITUTIONS, "institution");
        let products = column(file("products.csv"), "product");
        assert!(column(NETWORKS, "institution").is_subset(&institutions));
        assert!(column(PERSONS_INSTITUTIONS, "subject").is_subset(&institutions));
        assert!(column(file("subscriptions.csv"), "institution").is_subset(&institutions));
        assert!(column(file("subscriptions.csv"), "product").is_subset(&products));
        assert!(column(file("products.csv"), "vendor").is_subset(&column(file("vendors.csv"), "vendor")));
        let municipalities = column(file("municipalities.csv"), "municipality");
        assert!(column(INSTITUTIONS, "municipality").is_subset(&municipalities));
        let sources: BTreeSet<String> = SOURCES.iter().map(|source| source.id.to_owned()).collect();
        assert_eq!(column(ACCOUNTS, "source"), sources);
        assert!(sources.is_subset(&products));
        for row in rows(ACCOUNTS) {
            for covered in cell(&row, "covers").split_whitespace() {
                assert!(covered == "*" || covered.contains('/') || institutions.contains(covered), "{covered}");
            }
        }
    }

    #[test]
    fn no_row_is_lost_in_reading() {
        for (_, name, content) in REGISTRY {
            let lines = content.lines().filter(|line| !line.starts_with('#')).count();
            assert_eq!(rows(content).len() + 1, lines, "{name}");
        }
    }

    #[test]
    fn one_public_library_for_each_municipality_of_today() {
        let libraries = rows(INSTITUTIONS).into_iter().filter(|row| cell(row, "kind") == "public_library");
        let places: Vec<String> = libraries.map(|row| cell(&row, "municipality").to_owned()).collect();
        let today = rows(file("municipalities.csv")).into_iter().filter(|row| cell(row, "valid_to").is_empty());
        assert_eq!(places.iter().cloned().collect::<BTreeSet<_>>(), today.map(|row| cell(&row, "municipality").to_owned()).collect());
        assert_eq!(places.len(), 357);
    }

    #[test]
    fn only_reserved_addresses_are_used() {
        let reserved = ["192.0.2.", "198.51.100.", "203.0.113.", "198.18.", "198.19.", "2001:db8:"];
        for range in column(NETWORKS, "range") {
            for part in range.split([' ', ';']).filter(|part| !part.is_empty()) {
                assert!(part.split('-').all(|end| !end.contains(['.', ':']) || reserved.iter().any(|r| end.starts_with(r))), "{part}");
            }
        }
    }

    #[test]
    fn every_account_has_people_behind_it() {
        let vendors = demo_vendors();
        assert!(vendors.iter().flat_map(|vendor| &vendor.accounts).all(|account| account.size > 0));
        let music = vendors.iter().find(|vendor| vendor.name == "tonekassa").unwrap();
        assert!(music.accounts[0].members.iter().filter(|member| !member.isil.is_empty()).count() > 60);
        assert!(vendors.iter().map(|vendor| vendor.accounts.len()).sum::<usize>() <= 250);
    }

    #[test]
    fn the_configuration_is_toml_with_a_section_for_each_vendor() {
        let text = demo_config(|vendor| format!("http://127.0.0.1:1/{vendor}"));
        let table: toml::Table = toml::from_str(&text).unwrap();
        let sources = table["source"].as_array().unwrap();
        assert_eq!(sources.len(), demo_vendors().len());
        let music = sources.iter().find(|source| source["id"].as_str() == Some("tonekassa")).unwrap();
        assert_eq!(music["product_rule"][0]["product"].as_str(), Some("tonekassa-jazz"));
        assert_eq!(music["release"].as_str(), Some("5.1"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_demonstration_account_of_the_year_has_use_in_its_books() {
        let simulator = Simulator::start(demo_vendors(), FIRST_DAY).await.unwrap();
        for vendor in demo_vendors() {
            for account in &vendor.accounts {
                let book = simulator.book(&vendor.name, &account.customer_id, "PR", "2024-02".parse().unwrap());
                // Tiny libraries may have months without.
                assert!(!book.is_empty() || account.size < 5_000, "{} {}", vendor.name, account.customer_id);
            }
        }
    }
}
