//! A country's registry: the bundled municipalities, public libraries and inhabitants, and as many schools, claims, subscriptions,
//! accounts and keys as ten times today's load has. Addresses are those set aside for benchmarks and documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;

use avling::simulator::demo::REGISTRY;
use avling::simulator::{AccountPlan, Content, MemberPlan, VendorPlan};

use super::draw::Draw;

const INSTITUTIONS: usize = 700;
const SCHOOLS: usize = 250;
const CLAIMS: usize = 5000;
const SHARED_CLAIMS: usize = CLAIMS / 3;
const PRODUCTS: usize = 40;
const ACCOUNTS_OF_PRODUCT: usize = 30;
const KEYS_OF_PRODUCT: usize = 5;

/// What each product is, in turn, with the reports that tell of it and how many titles give 10 million facts in all.
const CONTENTS: [(Content, &str, usize); 8] = [
    (Content::Newspapers, "TR", 84),
    (Content::Books, "TR", 153),
    (Content::Journals, "TR", 208),
    (Content::ReferenceWorks, "TR", 84),
    (Content::Mixed, "TR", 124),
    (Content::Films, "IR", 84),
    (Content::Books, "TR", 153),
    (Content::Music, "IR", 124),
];

/// Who is there.
#[derive(Debug, Clone)]
struct Institution {
    id: String,
    kind: &'static str,
    municipality: String,
    isil: String,
    persons: usize,
}

impl Institution {
    fn county(&self) -> &str {
        &self.municipality[..2]
    }

    fn is_library(&self) -> bool {
        self.kind != "other_body"
    }
}

/// One claim of addresses.
#[derive(Debug, Clone)]
struct Claim {
    institution: usize,
    range: String,
    from: &'static str,
    to: &'static str,
    exclusive: bool,
}

/// One key: its id, what it is for, and its institutions with weights.
#[derive(Debug, Clone)]
pub struct Key {
    pub id: String,
    applies_to: String,
    product: String,
    method: &'static str,
    from: &'static str,
    institutions: Vec<(String, usize)>,
}

/// The whole registry, as files, and what is to be changed in it later.
#[derive(Debug)]
pub struct Country {
    /// Kind, name of the file and content, in the order of import.
    pub files: Vec<(&'static str, String, String)>,
    /// A vendor for each product; both have the same name, which is also the source's.
    pub vendors: Vec<VendorPlan>,
    /// How many accounts there are.
    pub accounts: usize,
    /// Kind and content of files that change one thing each.
    pub changes: Vec<(&'static str, String)>,
}

const NETWORKS: &str = "institution,range,valid_from,valid_to,exclusive,note\n";
const KEYS: &str = "key,applies_to,product,method,institution,weight,valid_from,valid_to,state,agreed_by\n";
const SUBSCRIPTIONS: &str = "institution,product,valid_from,valid_to,price,currency,funding\n";
const PERSONS: &str = "subject,date,persons\n";

/// The country at this scale: the registry of institutions and claims is always whole, products and their accounts are fewer.
pub fn country(scale: f64) -> Result<Country, Box<dyn Error>> {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number above zero")]
    let products = ((PRODUCTS as f64 * scale).round() as usize).max(1);
    let mut draw = Draw::new(4);
    let institutions = institutions(&mut draw)?;
    let circles = circles(&institutions);
    let (claims, sharing) = claims(&mut draw, &institutions, &circles);
    let mut country = Country { files: Vec::new(), vendors: Vec::new(), accounts: 0, changes: Vec::new() };
    for (kind, name, content) in REGISTRY {
        if matches!(*kind, "municipalities" | "transitions") || *name == "persons.csv" {
            country.files.push((kind, (*name).to_owned(), (*content).to_owned()));
        }
    }
    let (mut list, mut persons) = ("institution,name,kind,municipality,isil,valid_from,valid_to\n".to_owned(), PERSONS.to_owned());
    for it in &institutions {
        writeln!(list, "{},Bibliotek {},{},{},{},,", it.id, it.id, it.kind, it.municipality, it.isil)?;
        if it.kind != "public_library" {
            writeln!(persons, "{},2024-01-01,{}", it.id, it.persons)?;
        }
    }
    let mut networks = NETWORKS.to_owned();
    for claim in &claims {
        networks.push_str(&claim_line(&institutions, claim));
    }
    let mut products_file = "product,name,vendor,kind,headline\n".to_owned();
    let mut vendors_file = "vendor,name,contact\n".to_owned();
    let mut subscriptions_file = SUBSCRIPTIONS.to_owned();
    let mut accounts_file = "account,source,customer_id,covers,access,requestor_id,api_key,valid_from,valid_to\n".to_owned();
    let (mut keys, mut by_address, mut some_subscriptions) = (Vec::new(), BTreeSet::new(), Vec::new());
    for number in 0..products {
        let product = product_name(number);
        let (content, report, titles) = CONTENTS[number % CONTENTS.len()];
        writeln!(vendors_file, "{product},Leverandør {number},")?;
        writeln!(products_file, "{product},Produkt {number},{product},,PR:Total_Item_Investigations")?;
        let subscribers = subscriptions(&mut draw, &institutions, number, &mut subscriptions_file, &mut some_subscriptions)?;
        let mut accounts = Accounts { draw: &mut draw, institutions: &institutions, claims: &claims, number, plans: Vec::new() };
        let of_institutions = accounts.make(subscribers, &mut accounts_file)?;
        let plans = accounts.plans;
        country.accounts += plans.len();
        country.vendors.push(VendorPlan {
            titles,
            content,
            reports: vec!["PR", report],
            ..VendorPlan::new(&product, avling::model::Release::R51, plans)
        });
        by_address.extend(of_institutions.iter().flat_map(|(_, covered)| covered.iter().copied()));
        for (account, covered) in of_institutions.into_iter().take(KEYS_OF_PRODUCT) {
            keys.push(key(&mut draw, keys.len(), &account, &product, &covered, &institutions, &sharing));
        }
    }
    let mut keys_file = KEYS.to_owned();
    for key in &keys {
        keys_file.push_str(&key_lines(key, ""));
    }
    country.files.extend([
        ("institutions", "institutions.csv".to_owned(), list),
        ("persons", "persons_institutions.csv".to_owned(), persons),
        ("networks", "networks.csv".to_owned(), networks),
        ("vendors", "vendors.csv".to_owned(), vendors_file),
        ("products", "products.csv".to_owned(), products_file),
        ("subscriptions", "subscriptions.csv".to_owned(), subscriptions_file),
        ("accounts", "accounts.csv".to_owned(), accounts_file),
        ("keys", "keys.csv".to_owned(), keys_file),
    ]);
    // Institutions cannot be before municipalities, nor persons before institutions; those of municipalities do not mind.
    let order = |kind: &str| ["municipalities", "transitions", "institutions"].iter().position(|first| *first == kind).unwrap_or(3);
    country.files.sort_by_key(|(kind, _, _)| order(kind));
    let own: Vec<&Claim> = claims[SHARED_CLAIMS..].iter().filter(|claim| by_address.contains(&claim.institution)).collect();
    country.changes = changes(&mut draw, &institutions, &circles, &own, &keys, &some_subscriptions);
    Ok(country)
}

/// A product's id, which is its vendor's and its source's too.
pub fn product_name(number: usize) -> String {
    format!("produkt-{number:02}")
}

fn rows(name: &str) -> Result<Vec<csv::StringRecord>, Box<dyn Error>> {
    let text = REGISTRY.iter().find(|(_, file, _)| *file == name).map_or("", |(_, _, content)| content);
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).flexible(true).from_reader(text.as_bytes());
    Ok(reader.records().collect::<Result<_, _>>()?)
}

/// Every municipality's library, schools where people live, a library in each county, and other bodies beside them.
fn institutions(draw: &mut Draw) -> Result<Vec<Institution>, Box<dyn Error>> {
    let mut inhabitants = BTreeMap::new();
    for row in rows("persons.csv")? {
        inhabitants.insert(row[0].to_owned(), row[2].parse::<usize>()?);
    }
    let mut found = Vec::new();
    for row in rows("institutions.csv")?.iter().filter(|row| &row[2] == "public_library") {
        let persons = inhabitants.get(&row[3]).copied().unwrap_or(1000);
        found.push(Institution {
            id: row[0].to_owned(),
            kind: "public_library",
            municipality: row[3].to_owned(),
            isil: row[4].to_owned(),
            persons,
        });
    }
    let municipalities: Vec<(String, usize)> = found.iter().map(|it| (it.municipality.clone(), it.persons)).collect();
    let everybody: usize = municipalities.iter().map(|(_, persons)| persons).sum();
    let mut add = |id: String, kind: &'static str, municipality: &str, persons: usize| {
        found.push(Institution { id, kind, municipality: municipality.to_owned(), isil: String::new(), persons });
    };
    for number in 0..SCHOOLS {
        let mut place = draw.below(everybody);
        let (code, _) = municipalities
            .iter()
            .find(|(_, persons)| {
                let here = place < *persons;
                place = place.saturating_sub(*persons);
                here
            })
            .ok_or("nobody lives anywhere")?;
        add(format!("vgs-{number:03}"), "school_library", code, 200 + draw.below(1300));
    }
    let counties: BTreeMap<&str, &str> = municipalities.iter().map(|(code, _)| (&code[..2], code.as_str())).collect();
    for (county, code) in &counties {
        add(format!("fb-{county}"), "county_library", code, 10 + draw.below(50));
        add(format!("fylke-{county}"), "other_body", code, 100 + draw.below(900));
    }
    let left = INSTITUTIONS - municipalities.len() - SCHOOLS - 2 * counties.len();
    for number in 0..left {
        let (code, persons) = &municipalities[number * 5 % municipalities.len()];
        add(format!("radhus-{code}"), "other_body", code, 20 + persons / 50);
    }
    found.sort_by(|a, b| (&a.municipality, &a.id).cmp(&(&b.municipality, &b.id)));
    Ok(found)
}

/// For each institution those beside it in its county.
fn circles(institutions: &[Institution]) -> Vec<Vec<usize>> {
    let near = |i: usize| i.saturating_sub(4)..(i + 5).min(institutions.len());
    (0..institutions.len())
        .map(|i| near(i).filter(|j| *j != i && institutions[*j].county() == institutions[i].county()).collect())
        .collect()
}

/// 16 addresses of IPv4 that belong together, of the 131 072 set aside for benchmarks (RFC 2544).
fn block(number: usize) -> String {
    let first = number * 16;
    format!("198.{}.{}.{}", 18 + first / 65536, first / 256 % 256, first % 256)
}

fn last_part(address: &str) -> (&str, usize) {
    let (start, last) = address.rsplit_once('.').unwrap_or(("", "0"));
    (start, last.parse().unwrap_or(0))
}

/// The claims, and for each institution those with whom it shares some address at some time.
fn claims(draw: &mut Draw, institutions: &[Institution], circles: &[Vec<usize>]) -> (Vec<Claim>, Vec<BTreeSet<usize>>) {
    let mut claims: Vec<Claim> = Vec::with_capacity(CLAIMS);
    let mut sharing = vec![BTreeSet::new(); institutions.len()];
    let mut blocks = 0;
    while claims.len() < SHARED_CLAIMS {
        let owner = draw.below(institutions.len());
        let mut others = circles[owner].clone();
        draw.shuffle(&mut others);
        others.truncate((1 + draw.below(4)).min(SHARED_CLAIMS.saturating_sub(claims.len() + 1).max(1)));
        let six = draw.chance(15);
        let start = if six { format!("2001:db8:{blocks:x}") } else { block(blocks) };
        let (network, number) = last_part(&start);
        blocks += 1;
        let whole = if six { format!("{start}::/48") } else { format!("{start}/28") };
        let mut excluded = false;
        claims.push(dated(draw, owner, whole.clone()));
        for other in &others {
            let range = match draw.below(10) {
                0..=4 => whole.clone(),
                5..=7 if six => format!("{start}:{:x}00::/56", draw.below(256)),
                _ if six => format!("{start}:{:x}::/64", draw.below(65536)),
                5..=7 => format!("{network}.{}/29", number + 8 * draw.below(2)),
                _ => format!("{network}.{}-{network}.{}", number + 1 + draw.below(6), number + 7 + draw.below(8)),
            };
            let mut claim = dated(draw, *other, range);
            claim.exclusive = claim.range != whole && !excluded && draw.chance(20);
            excluded |= claim.exclusive;
            claims.push(claim);
        }
        let members: Vec<usize> = others.into_iter().chain([owner]).collect();
        for member in &members {
            sharing[*member].extend(members.iter().filter(|other| *other != member));
        }
    }
    for number in 0..CLAIMS - claims.len() {
        // Everybody has addresses of their own.
        let owner = if number < institutions.len() { number } else { draw.below(institutions.len()) };
        let start = block(blocks);
        let (network, first) = last_part(&start);
        let range = match draw.below(8) {
            0 => format!("2001:db8:{blocks:x}::/48"),
            1 => format!("{network}.{}-{}", first + 1, first + 12),
            2 => format!("{network}.{}", first + 5),
            _ => format!("{start}/28"),
        };
        blocks += 1;
        claims.push(dated(draw, owner, range));
    }
    (claims, sharing)
}

/// A claim that may begin or end within the year.
fn dated(draw: &mut Draw, institution: usize, range: String) -> Claim {
    let (from, to) = match draw.below(100) {
        0..=4 => ("2024-03-01", ""),
        5..=8 => ("2024-08-15", ""),
        9..=13 => ("2020-01-01", "2024-06-01"),
        14..=16 => ("2020-01-01", "2024-11-01"),
        _ => ("2020-01-01", ""),
    };
    Claim { institution, range, from, to, exclusive: false }
}

fn claim_line(institutions: &[Institution], claim: &Claim) -> String {
    let exclusive = if claim.exclusive { "yes" } else { "" };
    format!("{},{},{},{},{exclusive},\n", institutions[claim.institution].id, claim.range, claim.from, claim.to)
}

/// Who subscribes to product `number`. The eighth is open to everyone: nobody does.
fn subscriptions(
    draw: &mut Draw,
    institutions: &[Institution],
    number: usize,
    file: &mut String,
    some: &mut Vec<String>,
) -> Result<Vec<usize>, std::fmt::Error> {
    let open = number % PRODUCTS == 7;
    let liked = 20 + draw.below(50);
    let mut subscribers = Vec::new();
    for (place, it) in institutions.iter().enumerate() {
        let percent = match it.kind {
            "other_body" => 4,
            "school_library" => liked * 6 / 10,
            _ => liked,
        };
        if open && it.is_library() {
            subscribers.push(place);
        } else if !open && draw.chance(percent) {
            let (from, to) = match draw.below(100) {
                0..=3 => ("2024-04-01", ""),
                4..=5 => ("2024-09-01", ""),
                6..=8 => ("2022-01-01", "2024-07-01"),
                _ => ("2022-01-01", ""),
            };
            let funding = if it.kind == "public_library" { "own" } else { "county" };
            writeln!(file, "{},{},{from},{to},{}.00,NOK,{funding}", it.id, product_name(number), 1000 + it.persons / 4)?;
            if it.kind == "public_library" && from == "2022-01-01" && to.is_empty() {
                some.push(format!("{},{},{from},2024-09-01,,,own\n", it.id, product_name(number)));
            }
            subscribers.push(place);
        }
    }
    Ok(subscribers)
}

struct Accounts<'a> {
    draw: &'a mut Draw,
    institutions: &'a [Institution],
    claims: &'a [Claim],
    number: usize,
    plans: Vec<AccountPlan>,
}

impl Accounts<'_> {
    /// The accounts of a product, as rows of a file and as its vendor has them; gives those that are known by the addresses of
    /// their institutions, with these.
    fn make(&mut self, mut subscribers: Vec<usize>, file: &mut String) -> Result<Vec<(String, Vec<usize>)>, std::fmt::Error> {
        self.draw.shuffle(&mut subscribers);
        let mut free: Vec<usize> = subscribers.iter().copied().filter(|i| self.institutions[*i].is_library()).collect();
        let mut by_institutions = Vec::new();
        let mut ranges_before = String::new();
        for place in 0..ACCOUNTS_OF_PRODUCT {
            let id = format!("{}-{place:02}", product_name(self.number));
            let customer = format!("{}-K{place:02}", self.number);
            let mut members = Vec::new();
            let (covered, covers, access) = match place {
                0 if self.number.is_multiple_of(4) => (subscribers.clone(), "*".to_owned(), ""),
                1 => {
                    // A county that pays for its libraries.
                    let county = free.first().map_or("", |i| self.institutions[*i].county());
                    let here: Vec<usize> = free.iter().copied().filter(|i| self.institutions[*i].county() == county).take(25).collect();
                    if self.number % 10 == 3 {
                        members = here.iter().map(|i| self.member(*i)).collect();
                    }
                    let covers = self.ids(&here);
                    (here, covers, "")
                }
                3..=5 => {
                    let owner = free.pop().into_iter().collect::<Vec<_>>();
                    let of_owner = self.claims.iter().filter(|claim| owner.contains(&claim.institution) && claim.to.is_empty());
                    let mut ranges: Vec<&str> = of_owner.map(|claim| claim.range.as_str()).take(3).collect();
                    // The same addresses twice, where the vendor reports shared traffic to everybody.
                    if place == 5 && is_replicated(self.number) && !ranges_before.is_empty() {
                        ranges = vec![&ranges_before];
                    }
                    let ranges = ranges.join(" ");
                    let covers = if ranges.is_empty() { self.ids(&owner) } else { ranges };
                    ranges_before.clone_from(&covers);
                    (owner, covers, "")
                }
                _ => {
                    let count = (1 + self.draw.below(3)).min(free.len());
                    let covered = free.split_off(free.len() - count);
                    let covers = self.ids(&covered);
                    let access = if (6..10).contains(&place) { "login" } else { "" };
                    if access.is_empty() && !covered.is_empty() {
                        by_institutions.push((id.clone(), covered.clone()));
                    }
                    (covered, covers, access)
                }
            };
            let covers = if covers.is_empty() { self.ids(&subscribers[..1]) } else { covers };
            let from = if self.draw.chance(3) { "2024-05-01" } else { "" };
            writeln!(file, "{id},{},{customer},{covers},{access},,,{from},", product_name(self.number))?;
            let size = covered.iter().map(|i| self.institutions[*i].persons).sum::<usize>().max(2000) as u64;
            self.plans.push(AccountPlan { members, ..AccountPlan::new(&customer, size) });
        }
        Ok(by_institutions)
    }

    fn ids(&self, covered: &[usize]) -> String {
        covered.iter().map(|i| self.institutions[*i].id.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn member(&self, place: usize) -> MemberPlan {
        let it = &self.institutions[place];
        MemberPlan { customer_id: it.id.clone(), name: format!("Bibliotek {}", it.id), isil: it.isil.clone(), size: it.persons as u64 }
    }
}

/// Whether the vendor of product `number` reports shared traffic on every account.
pub fn is_replicated(number: usize) -> bool {
    number % 10 == 6
}

/// A key of everybody who may share with what an account covers.
fn key(
    draw: &mut Draw,
    number: usize,
    account: &str,
    product: &str,
    covered: &[usize],
    institutions: &[Institution],
    sharing: &[BTreeSet<usize>],
) -> Key {
    let mut all: BTreeSet<usize> = covered.iter().copied().collect();
    for place in covered {
        all.extend(&sharing[*place]);
    }
    let wide = draw.chance(50);
    Key {
        id: format!("nokkel-{number:03}"),
        applies_to: if wide { String::new() } else { account.to_owned() },
        product: if wide && draw.chance(60) { String::new() } else { product.to_owned() },
        method: ["fixed", "equal", "population"][number % 3],
        from: if draw.chance(30) { "2024-07-01" } else { "2024-01-01" },
        institutions: all.into_iter().map(|i| (institutions[i].id.clone(), 1 + draw.below(100))).collect(),
    }
}

fn key_lines(key: &Key, until: &str) -> String {
    let mut lines = String::new();
    for (institution, weight) in &key.institutions {
        let weight = if key.method == "fixed" { weight.to_string() } else { String::new() };
        let Key { id, applies_to, product, method, from, .. } = key;
        lines.push_str(&format!("{id},{applies_to},{product},{method},{institution},{weight},{from},{until},agreed,fylket\n"));
    }
    lines
}

/// Files that change one thing each: a key in the place of one for all that a group of institutions shares, a neighbour on somebody's
/// addresses, a subscription that ends, a town that grew.
fn changes(
    draw: &mut Draw,
    institutions: &[Institution],
    circles: &[Vec<usize>],
    own: &[&Claim],
    keys: &[Key],
    subscriptions: &[String],
) -> Vec<(&'static str, String)> {
    let mut changes = Vec::new();
    let wide = |key: &&Key| key.applies_to.is_empty() && key.product.is_empty() && key.from == "2024-01-01" && key.institutions.len() > 2;
    for old in keys.iter().filter(wide).take(3) {
        let mut new = Key { id: format!("{}-ny", old.id), method: "fixed", from: "2024-08-01", ..old.clone() };
        for (place, (_, weight)) in new.institutions.iter_mut().enumerate() {
            *weight = 10 + 7 * place;
        }
        changes.push(("keys", format!("{KEYS}{}{}", key_lines(old, "2024-08-01"), key_lines(&new, ""))));
    }
    let open: Vec<&&Claim> = own.iter().filter(|claim| claim.to.is_empty()).collect();
    for claim in open.iter().step_by(open.len() / 3 + 1) {
        let near: Vec<usize> = circles[claim.institution].iter().copied().filter(|i| institutions[*i].kind == "public_library").collect();
        let Some(neighbour) = draw.one(&near).copied() else { continue };
        let more = Claim { institution: neighbour, range: claim.range.clone(), from: "2024-07-01", to: "", exclusive: false };
        changes.push(("networks", format!("{NETWORKS}{}", claim_line(institutions, &more))));
    }
    for line in subscriptions.iter().step_by(subscriptions.len() / 3 + 1) {
        changes.push(("subscriptions", format!("{SUBSCRIPTIONS}{line}")));
    }
    for it in institutions.iter().filter(|it| it.kind == "public_library").step_by(100).take(3) {
        changes.push(("persons", format!("{PERSONS}{},2024-01-01,{}\n", it.municipality, it.persons + it.persons / 10 + 1)));
    }
    changes
}
