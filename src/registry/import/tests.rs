//! Files against what is stored: what changes, and everything that is refused.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::model::registry::Row;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// What is stored, with changes made to it as the store makes them.
#[derive(Clone, Default)]
struct World {
    registry: Registry,
    sources: Vec<String>,
}

impl World {
    /// Two municipalities, an institution in each, a vendor with a product, and a source.
    fn small() -> Self {
        let mut world = Self { registry: Registry::default(), sources: vec!["idunn".into()] };
        world.take(
            Kind::Municipalities,
            "municipality,name,county,valid_from,valid_to\n0301,Oslo,03,,\n0104,Moss,01,,2020-01-01\n3103,Moss,31,2024-01-01,\n",
        );
        world.take(
            Kind::Institutions,
            "institution,name,kind,municipality\n2030000,Deichman,public_library,0301\nk3103,Moss,public_library,3103\n",
        );
        world.take(Kind::Vendors, "vendor,name\nuf,Universitetsforlaget\n");
        world.take(Kind::Products, "product,name,vendor\nidunn,Idunn,uf\n");
        world
    }

    fn try_files(&self, kind: Kind, files: &[(&str, &[u8])], replace: bool) -> Result<Imported, Problems> {
        let files: Vec<FileInput<'_>> = files.iter().map(|(name, bytes)| FileInput { name, bytes }).collect();
        let known = Known { sources: self.sources.iter().map(String::as_str).collect(), ..Known::default() };
        let mut seal = |account: &AccountId, column: &'static str, secret: &str| {
            if secret == "refuse-me" {
                Err(format!("no key for {secret}"))
            } else {
                Ok(format!("sealed:{account}/{column}/{}", secret.len()))
            }
        };
        import(kind, &files, &self.registry, &known, replace, day("2026-11-24"), &mut seal)
    }

    fn try_text(&self, kind: Kind, text: &str) -> Result<Imported, Problems> {
        self.try_files(kind, &[("a.csv", text.as_bytes())], false)
    }

    /// What is wrong, a line each.
    fn wrong(&self, kind: Kind, text: &str) -> String {
        self.try_text(kind, text).expect_err(text).to_string()
    }

    fn wrong_replacing(&self, kind: Kind, text: &str) -> String {
        self.try_files(kind, &[("a.csv", text.as_bytes())], true).expect_err(text).to_string()
    }

    fn take(&mut self, kind: Kind, text: &str) -> Imported {
        let imported = self.try_text(kind, text).unwrap_or_else(|problems| panic!("{problems}"));
        self.apply(kind, &imported.changes);
        imported
    }

    fn apply(&mut self, kind: Kind, changes: &[Change]) {
        fn to<R: Row>(rows: &mut Vec<R>, changes: &[Change]) {
            let mut all: BTreeMap<Vec<String>, R> = rows.drain(..).map(|row| (row.identity(), row)).collect();
            for change in changes {
                let before = all.remove(&change.identity).map(|row| row.cells());
                assert_eq!(before, change.before);
                if let Some(after) = &change.after {
                    let cells: Vec<&str> = after.iter().map(String::as_str).collect();
                    let row = R::parse(&cells).unwrap();
                    assert_eq!(row.identity(), change.identity);
                    all.insert(change.identity.clone(), row);
                }
            }
            rows.extend(all.into_values());
        }
        let registry = &mut self.registry;
        match kind {
            Kind::Municipalities => to(&mut registry.municipalities, changes),
            Kind::Transitions => to(&mut registry.transitions, changes),
            Kind::Institutions => to(&mut registry.institutions, changes),
            Kind::Persons => to(&mut registry.persons, changes),
            Kind::Networks => to(&mut registry.claims, changes),
            Kind::Vendors => to(&mut registry.vendors, changes),
            Kind::Products => to(&mut registry.products, changes),
            Kind::Subscriptions => to(&mut registry.subscriptions, changes),
            Kind::Accounts => to(&mut registry.accounts, changes),
            Kind::Members => to(&mut registry.members, changes),
            Kind::Keys => to(&mut registry.keys, changes),
            Kind::Sessions => to(&mut registry.sessions, changes),
            Kind::Statistics => to(&mut registry.manual, changes),
        }
    }
}

/// Added, replaced, removed, unchanged.
fn counts(imported: &Imported) -> [usize; 4] {
    [imported.added, imported.replaced, imported.removed, imported.unchanged]
}

#[test]
fn rows_are_added_replaced_or_left_and_only_replacing_removes() {
    let mut world = World::small();
    world.take(Kind::Vendors, "vendor,name,contact\nb,B,\nc,C,\n");
    let text = "vendor,name,contact\nd,D,\nb,Bee,\nc,C,\nuf,Universitetsforlaget,\n";
    let imported = world.try_text(Kind::Vendors, text).unwrap();
    assert_eq!((imported.rows, counts(&imported)), (4, [1, 1, 0, 2]));
    let without_c = "vendor,name,contact\nd,D,\nb,Bee,\nuf,Universitetsforlaget,\n";
    let imported = world.try_files(Kind::Vendors, &[("a.csv", without_c.as_bytes())], true).unwrap();
    assert_eq!(counts(&imported), [1, 1, 1, 1]);
    let order: Vec<(&str, bool, bool)> =
        imported.changes.iter().map(|c| (c.identity[0].as_str(), c.before.is_some(), c.after.is_some())).collect();
    assert_eq!(order, [("c", true, false), ("b", true, true), ("d", false, true)]);
}

#[test]
fn several_files_are_one_import_and_one_wrong_row_stops_all_of_it() {
    let world = World::small();
    let good: &[u8] = b"vendor,name\nb,B\n";
    let imported = world.try_files(Kind::Vendors, &[("a.csv", good), ("b.csv", b"vendor;name\nc;C\n")], false).unwrap();
    assert_eq!(counts(&imported), [2, 0, 0, 0]);
    let problems = world.try_files(Kind::Vendors, &[("a.csv", good), ("b.csv", b"vendor,name\nc,\n,D\n")], false).unwrap_err();
    assert_eq!(problems.to_string(), "b.csv:2: name: is empty\nb.csv:3: vendor: is empty");
}

#[test]
fn the_same_row_twice_is_one_and_two_that_differ_are_a_problem_that_names_both() {
    let world = World::small();
    let imported = world.try_text(Kind::Vendors, "vendor,name\nb,B\n\nb,B\n").unwrap();
    assert_eq!((imported.rows, counts(&imported)), (2, [1, 0, 0, 0]));
    let files: [(&str, &[u8]); 2] = [("a.csv", b"vendor,name\nb,B\n"), ("b.csv", b"vendor,name\n\nb,Bee\n")];
    let problems = world.try_files(Kind::Vendors, &files, false).unwrap_err();
    assert_eq!(problems.to_string(), "b.csv:3: stands at a.csv:2 too, with another name; keep one of them");
}

#[test]
fn what_a_row_names_must_exist() {
    let world = World::small();
    for (kind, text, said) in [
        (
            Kind::Transitions,
            "date,from,to\n2024-01-01,0104,9999\n",
            "a.csv:2: to: there is no municipality '9999'; import municipalities first",
        ),
        (
            Kind::Institutions,
            "institution,name,kind,municipality\n1,A,other_body,9999\n",
            "a.csv:2: municipality: there is no municipality '9999'",
        ),
        (
            Kind::Persons,
            "subject,date,persons\nk3130,2024-01-01,5\n",
            "a.csv:2: subject: there is no municipality or institution 'k3130' (did you mean 'k3103'?)",
        ),
        (
            Kind::Networks,
            "institution,range\n203000,192.0.2.1\n",
            "a.csv:2: institution: there is no institution '203000' (did you mean '2030000'?)",
        ),
        (
            Kind::Products,
            "product,name,vendor\np,P,ufo\n",
            "a.csv:2: vendor: there is no vendor 'ufo' (did you mean 'uf'?); import vendors first",
        ),
        (
            Kind::Subscriptions,
            "institution,product\n2030000,idun\n",
            "a.csv:2: product: there is no product 'idun' (did you mean 'idunn'?)",
        ),
        (
            Kind::Accounts,
            "account,source,customer_id,covers\na,iddunn,c,*\n",
            "a.csv:2: source: there is no source 'iddunn' (did you mean 'idunn'?); put it into the configuration first",
        ),
        (
            Kind::Accounts,
            "account,source,customer_id,covers\na,idunn,c,2030000 k9999\n",
            "a.csv:2: covers: names no institution that there is",
        ),
    ] {
        let problems = world.wrong(kind, text);
        assert!(problems.starts_with(said), "{problems}");
        assert_eq!(problems.lines().count(), 1, "{problems}");
    }
    world.try_text(Kind::Persons, "subject,date,persons\n0104,2019-01-01,5\nk3103,2024-01-01,5\n").unwrap();
}

#[test]
fn an_institution_under_a_code_that_is_no_more_is_a_warning_with_the_code_of_today() {
    let mut world = World::small();
    world.take(Kind::Municipalities, "municipality,name,county,valid_from,valid_to\n3002,Moss,30,2020-01-01,2024-01-01\n");
    world.take(Kind::Transitions, "date,from,to\n2020-01-01,0104,3002\n2024-01-01,3002,3103\n");
    let imported =
        world.try_text(Kind::Institutions, "institution,name,kind,municipality\n1,A,other_body,0104\n2,B,other_body,3103\n").unwrap();
    assert_eq!(imported.warnings, ["a.csv:2: municipality: 0104 is not a municipality today; an institution has the code of today: 3103?"]);
    assert_eq!(counts(&imported), [2, 0, 0, 0]);
}

#[test]
fn rows_that_exclude_one_another_may_follow_but_not_meet() {
    let mut world = World::small();
    let head = "institution,product,valid_from,valid_to\n";
    world.take(Kind::Subscriptions, &format!("{head}2030000,idunn,2022-01-01,2023-01-01\n2030000,idunn,2023-01-01,\n"));
    assert_eq!(
        world.wrong(Kind::Subscriptions, &format!("{head}2030000,idunn,2024-01-01,\n")),
        "a.csv:2: valid_from: is valid at the same time as the stored row (from 2023-01-01); give that one its end (valid_to) in the same import"
    );
    world.take(Kind::Subscriptions, &format!("{head}2030000,idunn,2024-01-01,\n2030000,idunn,2023-01-01,2024-01-01\n"));
    let claims =
        "institution,range,valid_from,valid_to\nk3103,192.0.2.0/24,,\nk3103,192.0.2.*,2024-01-01,\n2030000,192.0.2.0/24,2024-01-01,\n";
    assert_eq!(world.wrong(Kind::Networks, claims), "a.csv:3: valid_from: is valid at the same time as a.csv:2 (always)");
    let municipalities = "municipality,name,county,valid_from,valid_to\n0301,Kristiania,03,1900-01-01,1925-01-01\n";
    assert!(
        world
            .wrong(Kind::Municipalities, municipalities)
            .contains("a.csv:2: valid_from: is valid at the same time as the stored row (always)")
    );
}

#[test]
fn a_long_row_is_in_the_way_of_all_that_begin_while_it_lasts() {
    let text = "institution,range,valid_from,valid_to\nk3103,192.0.2.1,2020-01-01,2030-01-01\nk3103,192.0.2.1,2021-01-01,2022-01-01\nk3103,192.0.2.1,2025-01-01,\n";
    let wrong = World::small().wrong(Kind::Networks, text);
    let lines: Vec<&str> = wrong.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(lines, ["a.csv:3:", "a.csv:4:"], "{wrong}");
}

#[test]
fn a_cell_with_several_ranges_is_several_claims() {
    let mut world = World::small();
    let text = "institution,range,valid_from,valid_to,exclusive,note\nk3103,\"192.0.2.*, 2001:db8::/32\",2024-01-01,,yes,a\n";
    let imported = world.take(Kind::Networks, text);
    assert_eq!((imported.rows, counts(&imported)), (1, [2, 0, 0, 0]));
    let kept: Vec<Vec<String>> = world.registry.claims.iter().map(Row::cells).collect();
    assert_eq!(kept[0], ["k3103", "192.0.2.0/24", "2024-01-01", "", "yes", "a"]);
    assert_eq!(kept[1], ["k3103", "2001:db8::/32", "2024-01-01", "", "yes", "a"]);
    assert_eq!(counts(&world.take(Kind::Networks, text)), [0, 0, 0, 2]);
    let wrong = world.wrong(Kind::Networks, "institution,range,exclusive\nk3103,192.0.2.300 192.0.2.1,no\n");
    assert_eq!(wrong, "a.csv:2: range: '192.0.2.300' has a number above 255: 300\na.csv:2: exclusive: 'no' is neither yes nor empty");
    let wrong = world.wrong(Kind::Networks, "institution,range,exclusive\nk3103,192.0.2.1 192.0.2.3,no\n");
    assert_eq!(wrong.lines().count(), 1, "{wrong}");
}

#[test]
fn nothing_is_removed_that_something_else_still_names() {
    let mut world = World::small();
    world.take(Kind::Networks, "institution,range\nk3103,192.0.2.1\nk3103,192.0.2.3\n");
    world.take(Kind::Subscriptions, "institution,product\nk3103,idunn\n");
    assert_eq!(
        world.wrong_replacing(Kind::Institutions, "institution,name,kind\n2030000,Deichman,public_library\n"),
        "a.csv: institution: lacks 'k3103', which is still named in networks (2), subscriptions (1); keep it, with an end, or remove those first"
    );
    assert!(world.wrong_replacing(Kind::Vendors, "vendor,name\nb,B\n").contains("lacks 'uf', which is still named in products (1)"));
    assert!(
        world
            .wrong_replacing(Kind::Products, "product,name,vendor\np,P,uf\n")
            .contains("lacks 'idunn', which is still named in subscriptions (1)")
    );
    let municipalities = "municipality,name,county\n0301,Oslo,03\n";
    assert!(world.wrong_replacing(Kind::Municipalities, municipalities).contains("lacks '3103', which is still named in institutions (1)"));
    // A municipality that has one row less is there all the same.
    let moss = "municipality,name,county,valid_from\n0301,Oslo,03,\n3103,Moss,31,2023-01-01\n";
    let imported = world.try_files(Kind::Municipalities, &[("a.csv", moss.as_bytes())], true).unwrap();
    assert_eq!(counts(&imported), [1, 0, 2, 1]);
}

#[test]
fn secrets_are_sealed_before_anything_is_made_of_them_and_never_repeated() {
    let mut world = World::small();
    let head = "account,source,customer_id,covers,requestor_id,api_key,access\n";
    let text = format!("{head}a,idunn,c,*,env:REQUESTOR,hunter22,\nb,idunn,d,k3103,,,ip\n");
    world.take(Kind::Accounts, &text);
    let account = &world.registry.accounts[0];
    assert_eq!((account.requestor_id.as_str(), account.api_key.as_str()), ("env:REQUESTOR", "sealed:a/api_key/8"));
    assert_eq!(counts(&world.take(Kind::Accounts, &text)), [0, 0, 0, 2]);
    assert_eq!(counts(&world.take(Kind::Accounts, &format!("{head}a,idunn,c,*,env:REQUESTOR,sealed:a/api_key/8,\n"))), [0, 0, 0, 1]);
    for row in [
        "a,idunn,c,*,,sealed:hunter22,",
        "b,idunn,c,*,,sealed:a/api_key/8,",
        "a,idunn,c,,,hunter22,",
        ",idunn,c,*,,hunter22,",
        "a,nowhere,c,*,hunter22,hunter22,",
        "a,idunn,c,*,,,hunter22",
        "a,idunn,c,*,,env:hunter22 x,",
        "a,idunn,c,*,,refuse-me,",
        "a,idunn,c,*,x,hunter22,\na,idunn,c,*,x,hunter2,",
    ] {
        let wrong = world.wrong(Kind::Accounts, &format!("{head}{row}\n"));
        assert!(!["hunter2", "refuse-me", "a/api_key"].iter().any(|secret| wrong.contains(secret)), "{wrong}");
    }
}

#[test]
fn the_library_register_is_read_as_institutions_under_the_codes_of_today() {
    let mut world = World::small();
    world.take(Kind::Municipalities, "municipality,name,county,valid_from,valid_to\n3002,Moss,30,2020-01-01,2024-01-01\n");
    world.take(Kind::Transitions, "date,from,to\n2020-01-01,0104,3002\n2024-01-01,3002,3103\n");
    let record = |bibnr: &str, name: &str, code: &str| {
        format!("<record><bibnr>{bibnr}</bibnr><inst>{name}</inst><bibltype>FBI</bibltype><kommnr>{code}</kommnr></record>\n")
    };
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<BaseBibliotek xmlns=\"http://nb.no/BaseBibliotek\">\n{}{}{}{}</BaseBibliotek>",
        record("2010400", "Moss bibliotek", "0104"),
        record("2999900", "Langtvekkistan", "9999"),
        record("", "Uten nummer", "0301"),
        record("2030000", "Deichman", "0301"),
    );
    let imported = world.try_files(Kind::Institutions, &[("bb.xml", xml.as_bytes())], false).unwrap();
    let warnings = imported.warnings.join("\n");
    world.apply(Kind::Institutions, &imported.changes);
    let code =
        |id: &str| world.registry.institutions.iter().find(|i| i.id.as_str() == id).unwrap().municipality.as_ref().map(ToString::to_string);
    assert_eq!(code("2010400").as_deref(), Some("3103"));
    assert_eq!(code("2999900"), None);
    assert!(warnings.contains("bb.xml:3: municipality: 0104 is now 3103"), "{warnings}");
    assert!(warnings.contains("bb.xml:4: municipality: there is no municipality '9999'"), "{warnings}");
    assert!(warnings.contains("bb.xml:5: ") && warnings.contains("(not used)"), "{warnings}");
    let broken = world.try_files(Kind::Institutions, &[("bb.xml", b"<BaseBibliotek>\n<record>")], false).unwrap_err().to_string();
    assert!(broken.starts_with("bb.xml:2: "), "{broken}");
    let again = world.try_files(Kind::Institutions, &[("bb.xml", xml.as_bytes())], false).unwrap();
    assert_eq!(again.changes, []);
}

/// Every file of a folder in the order of import, twice: the second time nothing changes.
fn import_twice(folder: &Path, files: &[(Kind, &str)], sources: &[&str]) -> World {
    let mut world = World { sources: sources.iter().map(|s| (*s).to_owned()).collect(), ..World::default() };
    for round in 0..2 {
        for (kind, file) in files {
            let text = std::fs::read_to_string(folder.join(file)).unwrap();
            let imported = world.take(*kind, &text);
            assert_eq!(imported.warnings, [""; 0], "{file}");
            assert!(imported.rows > 0, "{file}");
            assert_eq!(imported.changes.is_empty(), round == 1, "{file}");
        }
    }
    world
}

#[test]
fn a_member_is_of_a_source_and_has_a_customer_id() {
    let mut world = World::small();
    let rows = "source,customer_id,name,isil\nidunn,m1,Halden bibliotek,NO-2010100\nidunn,m2,,\n";
    assert_eq!(counts(&world.take(Kind::Members, rows)), [2, 0, 0, 0]);
    assert_eq!(counts(&world.take(Kind::Members, "source,customer_id,name\nidunn,m2,Moss\n")), [0, 1, 0, 0]);
    let wrong = world.wrong(Kind::Members, "source,customer_id,isil\nidun,m3,\nidunn,,\nidunn,m4,NO 4\n");
    for said in ["there is no source 'idun'", "did you mean 'idunn'", "customer_id", "has a space in it"] {
        assert!(wrong.contains(said), "{said}: {wrong}");
    }
}

#[test]
fn the_bundled_files_are_imported_in_order_and_again_without_change() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/registry");
    let files = [
        (Kind::Municipalities, "municipalities.csv"),
        (Kind::Transitions, "transitions.csv"),
        (Kind::Institutions, "institutions.csv"),
        (Kind::Persons, "persons.csv"),
        (Kind::Persons, "persons_institutions.csv"),
        (Kind::Networks, "networks.csv"),
        (Kind::Vendors, "vendors.csv"),
        (Kind::Products, "products.csv"),
        (Kind::Subscriptions, "subscriptions.csv"),
        (Kind::Accounts, "accounts.csv"),
    ];
    let sources = ["avisarkivet", "bokflyt", "filmskatten", "leksikonet", "nordfag", "sprakstigen", "stilleord", "tonekassa"];
    let registry = import_twice(&folder, &files, &sources).registry;
    assert_eq!((registry.municipalities.len(), registry.transitions.len(), registry.institutions.len()), (780, 427, 394));
    assert_eq!((registry.persons.len(), registry.subscriptions.len(), registry.accounts.len()), (357 + 37, 362, 163));
    assert!(registry.accounts.iter().all(|account| account.api_key.is_empty() || account.api_key.starts_with("sealed:")));
    let inhabitants: u64 = registry.persons.iter().filter(|row| row.subject.len() == 4).map(|row| row.persons).sum();
    assert_eq!(inhabitants, 5_550_203);
}

#[test]
fn the_norwegian_facts_are_imported_in_order_and_again_without_change() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/norway");
    if !folder.exists() {
        return crate::skipped_tests::skip(&format!("{} is not there", folder.display()));
    }
    let files = [
        (Kind::Municipalities, "municipalities.csv"),
        (Kind::Transitions, "transitions.csv"),
        (Kind::Institutions, "institutions_known.csv"),
        (Kind::Persons, "persons.csv"),
    ];
    let mut world = import_twice(&folder, &files, &[]);
    assert_eq!((world.registry.municipalities.len(), world.registry.institutions.len()), (780, 94));
    let (mut read, mut files) = (0, 0);
    for file in std::fs::read_dir(folder.join("basebibliotek")).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        let bytes = std::fs::read(&file).unwrap();
        let name = file.display().to_string();
        let imported = world.try_files(Kind::Institutions, &[(&name, &bytes)], false).unwrap_or_else(|problems| panic!("{problems}"));
        world.apply(Kind::Institutions, &imported.changes);
        assert_eq!(world.try_files(Kind::Institutions, &[(&name, &bytes)], false).unwrap().changes, []);
        (read, files) = (read + imported.rows, files + 1);
    }
    assert!(files > 0 && read > 0, "{read} libraries in {files} registers");
}

proptest! {
    #[test]
    fn no_file_panics_and_what_is_taken_is_taken_for_good(
        kind in proptest::sample::select(Kind::ALL.to_vec()),
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
        cells in proptest::collection::vec(proptest::collection::vec(
            prop_oneof![
                Just("2030000".to_owned()), Just("k3103".to_owned()), Just("0301".to_owned()), Just("3103".to_owned()), Just("idunn".to_owned()), Just("uf".to_owned()),
                Just("2024-01-01".to_owned()), Just("2025-01-01".to_owned()), Just("192.0.2.0/24 2001:db8::1".to_owned()), Just(String::new()),
                Just("03".to_owned()), Just("other_body".to_owned()), Just("*".to_owned()), Just("yes".to_owned()), ".{0,6}",
            ], 10), 0..6),
        replace in any::<bool>(),
    ) {
        let mut world = World::small();
        let _ = world.try_files(kind, &[("a.csv", &bytes), ("a.xml", &bytes)], replace);
        let columns = match kind {
            Kind::Municipalities => Municipality::COLUMNS,
            Kind::Transitions => Transition::COLUMNS,
            Kind::Institutions => Institution::COLUMNS,
            Kind::Persons => Persons::COLUMNS,
            Kind::Networks => Claim::COLUMNS,
            Kind::Vendors => Vendor::COLUMNS,
            Kind::Products => Product::COLUMNS,
            Kind::Subscriptions => Subscription::COLUMNS,
            Kind::Accounts => Account::COLUMNS,
            Kind::Members => ConsortiumMember::COLUMNS,
            Kind::Keys => KeyRow::COLUMNS,
            Kind::Sessions => SessionCount::COLUMNS,
            Kind::Statistics => ManualFigure::COLUMNS,
        };
        let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
        writer.write_record(columns.iter().map(|c| c.name)).unwrap();
        for row in &cells {
            writer.write_record(&row[..columns.len()]).unwrap();
        }
        let text = writer.into_inner().unwrap();
        match world.try_files(kind, &[("a.csv", &text)], replace) {
            Ok(imported) => {
                world.apply(kind, &imported.changes);
                let again = world.try_files(kind, &[("a.csv", &text)], replace);
                prop_assert_eq!(again.map(|again| again.changes), Ok(Vec::new()));
            }
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }
}
