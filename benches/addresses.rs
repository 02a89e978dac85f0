//! How fast it is found who claims an address.
//!
//! `cargo bench --bench addresses [-- CLAIMS]` makes 100 000 claims (or as many as is asked for) that lie in and over each other, the
//! table of them, and millions of addresses to look up. It says nanoseconds for a look-up: of avling, of a scan of all claims, and of
//! tries of prefixes that others have made. These get the same disjoint intervals, cut into prefixes, with the interval's number as
//! value. Fails if any of them gives another answer than avling.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

use std::collections::BTreeSet;
use std::error::Error;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;
use std::time::Instant;

use avling::attribution::addresses::AddressTable;
use avling::model::address::number;
use avling::model::registry::{Claim, Validity};
use avling::model::{AddressRange, InstitutionId};

const ROUNDS: usize = 5;
const FOUR_ASKED: usize = 4_000_000;
const SIX_ASKED: usize = 1_000_000;
const SCANNED: usize = 500;
/// Addresses that are asked of one contender after the other.
const PIECE: usize = 250_000;
const NOBODY: usize = usize::MAX;

fn main() -> ExitCode {
    let size = std::env::args().skip(1).find(|argument| argument != "--bench");
    let done = match size.as_deref().unwrap_or("100000").parse() {
        Ok(size) => run(size),
        Err(_) => Err("the size is a number of claims".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(size: usize) -> Result<(), Box<dyn Error>> {
    let mut random = Random(7);
    let claims = claims(&mut random, size);
    let few = self::claims(&mut random, 5_000);
    let seconds = (0..ROUNDS).map(|_| built(|| AddressTable::new(few.iter().collect())).1).fold(f64::MAX, f64::min);
    println!("a table of 5000 claims is made in {:.1} ms", seconds * 1e3);

    let (table, seconds) = built(|| AddressTable::new(claims.iter().collect()));
    let intervals: Vec<AddressRange> = table.intervals().map(|(range, _)| range).collect();
    let four = intervals.iter().filter(|range| range.first().is_ipv4()).count();
    let prefixes = Prefixes::of(&intervals)?;
    let (six, prefixes_four, prefixes_six) = (intervals.len() - four, prefixes.four.len(), prefixes.six.len());
    println!("{size} claims: {four} intervals of IPv4 and {six} of IPv6, that is {prefixes_four} and {prefixes_six} prefixes");

    let interval = |address| table.position(address).unwrap_or(NOBODY);
    let every_claim = |address| table.of_address(address).map(weigh).sum();
    let scanned = |address| scan(&claims, address).into_iter().map(weigh).sum();
    let contenders = [
        Contender::new("avling, the interval", Some(seconds), interval),
        contender::<PrefixTrie>(&prefixes)?,
        contender::<Poptrie>(&prefixes)?,
        contender::<Iptrie>(&prefixes)?,
        contender::<TreeBitmap>(&prefixes)?,
        contender::<Bart>(&prefixes)?,
    ];
    let walking = [Contender::new("avling, every claim", None, every_claim), Contender::new("a scan of all claims", None, scanned)];

    let mut times = [(); 2].map(|()| Vec::new());
    for (times, four) in times.iter_mut().zip([true, false]) {
        let asked = addresses(&mut random, &claims, four);
        let held = asked.iter().filter(|address| table.position(**address).is_some()).count();
        let count: usize = asked.iter().map(|address| table.of_address(*address).count()).sum();
        println!(
            "asked for {} addresses of {}, {} % of them claimed, by {} on average",
            asked.len(),
            if four { "IPv4" } else { "IPv6" },
            100 * held / asked.len(),
            count / held.max(1)
        );
        times.extend(race(&contenders, &asked)?);
        // A scan takes so long that only some are asked of it.
        let few: Vec<IpAddr> = asked.iter().step_by(asked.len() / SCANNED).copied().collect();
        if let Some(address) = few.iter().find(|address| table.of_address(**address).ne(scan(&claims, **address))) {
            return Err(format!("the table has other claims of {address} than a scan").into());
        }
        times.extend(race(&walking[..1], &asked)?);
        times.extend(race(&walking, &few)?.last());
    }
    println!("{:<33}{:>13}{:>10}{:>13}{:>10}{:>9}", "", "IPv4", "ratio", "IPv6", "ratio", "made in");
    let [four, six] = &times;
    for ((contender, four_time), six_time) in contenders.iter().chain(&walking).zip(four).zip(six) {
        let (name, four_ratio, six_ratio) = (contender.name, four_time / four[0], six_time / six[0]);
        let made_in = contender.made_in.map(|seconds| format!("{:.0} ms", seconds * 1e3)).unwrap_or_default();
        println!("{name:<33}{four_time:>10.1} ns{four_ratio:>10.2}{six_time:>10.1} ns{six_ratio:>10.2}{made_in:>9}");
    }
    Ok(())
}

fn built<T>(build: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let built = build();
    (built, start.elapsed().as_secs_f64())
}

struct Contender<'c> {
    name: &'static str,
    /// Seconds.
    made_in: Option<f64>,
    /// Writes the answer to each address.
    answers: Box<dyn Fn(&[IpAddr], &mut [usize]) + 'c>,
}

impl<'c> Contender<'c> {
    fn new(name: &'static str, made_in: Option<f64>, answer: impl Fn(IpAddr) -> usize + 'c) -> Self {
        let answers = move |asked: &[IpAddr], answers: &mut [usize]| {
            for (address, place) in asked.iter().zip(answers) {
                *place = answer(*address);
            }
        };
        Self { name, made_in, answers: Box::new(answers) }
    }
}

/// Nanoseconds for an address, of each contender. The addresses are asked in pieces, and all contenders in turn for each piece, so that
/// what else the machine does troubles them alike; of each piece the quickest round counts. Every answer must be the first contender's.
#[expect(clippy::cast_precision_loss, reason = "for people")]
fn race(contenders: &[Contender<'_>], asked: &[IpAddr]) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut nanoseconds = vec![0.0; contenders.len()];
    for piece in asked.chunks(PIECE) {
        let mut quickest = vec![f64::MAX; contenders.len()];
        let mut expected = vec![NOBODY; piece.len()];
        let mut answers = vec![NOBODY; piece.len()];
        for round in 0..ROUNDS {
            for (contender, quickest) in contenders.iter().zip(&mut quickest) {
                let ((), seconds) = built(|| (contender.answers)(black_box(piece), &mut answers));
                *quickest = seconds.min(*quickest);
                if round == 0 && contender.name == contenders[0].name {
                    expected.clone_from(&answers);
                } else if let Some(place) = (0..piece.len()).find(|place| expected[*place] != answers[*place]) {
                    let (name, address) = (contender.name, piece[place]);
                    return Err(format!("{name}: {address} is {}, and for avling {}", answers[place], expected[place]).into());
                }
            }
        }
        for (sum, quickest) in nanoseconds.iter_mut().zip(quickest) {
            *sum += quickest * 1e9 / asked.len() as f64;
        }
    }
    Ok(nanoseconds)
}

/// Every claim is looked at, as ATTRIBUTION section 2, rule 1 has it.
fn scan(claims: &[Claim], address: IpAddr) -> Vec<&Claim> {
    let on: Vec<&Claim> = claims.iter().filter(|claim| claim.range.contains(address)).collect();
    let Some(narrowest) = on.iter().filter(|c| c.exclusive).map(|c| c.range.span()).min() else { return on };
    let shuts_out: BTreeSet<AddressRange> = on.iter().filter(|c| c.exclusive && c.range.span() == narrowest).map(|c| c.range).collect();
    on.into_iter().filter(|claim| shuts_out.contains(&claim.range)).collect()
}

/// Something of a claim that cannot be known without reading it.
fn weigh(claim: &Claim) -> usize {
    1 + usize::from(claim.exclusive)
}

/// The intervals cut into prefixes: first address, length, the interval's number.
struct Prefixes {
    four: Vec<(u32, u8, u32)>,
    six: Vec<(u128, u8, u32)>,
}

impl Prefixes {
    fn of(intervals: &[AddressRange]) -> Result<Self, Box<dyn Error>> {
        let mut prefixes = Self { four: Vec::new(), six: Vec::new() };
        for (range, place) in intervals.iter().zip(0..) {
            let bits: u32 = if range.first().is_ipv4() { 32 } else { 128 };
            let (mut first, last) = (number(range.first()), number(range.last()));
            loop {
                // As many addresses as a prefix that begins here can have, if it may not go beyond the last one.
                let room = (last - first).saturating_add(1).ilog2().min(first.trailing_zeros()).min(bits);
                let length = u8::try_from(bits - room)?;
                if bits == 32 {
                    prefixes.four.push((u32::try_from(first)?, length, place));
                } else {
                    prefixes.six.push((first, length, place));
                }
                match first.checked_add(1 << room) {
                    Some(next) if next <= last => first = next,
                    _ => break,
                }
            }
        }
        Ok(prefixes)
    }
}

/// A map of prefixes that finds the longest one that an address has.
trait Peer: Sized {
    const NAME: &'static str;
    fn new(prefixes: &Prefixes) -> Result<Self, Box<dyn Error>>;
    fn answer(&self, address: IpAddr) -> Option<u32>;
}

fn contender<'c, P: Peer + 'c>(prefixes: &Prefixes) -> Result<Contender<'c>, Box<dyn Error>> {
    let (peer, seconds) = built(|| P::new(prefixes));
    let peer = peer?;
    Ok(Contender::new(P::NAME, Some(seconds), move |address| peer.answer(address).map_or(NOBODY, |place| place as usize)))
}

struct PrefixTrie(prefix_trie::PrefixMap<(u32, u8), u32>, prefix_trie::PrefixMap<(u128, u8), u32>);

impl Peer for PrefixTrie {
    const NAME: &'static str = "prefix-trie";

    fn new(prefixes: &Prefixes) -> Result<Self, Box<dyn Error>> {
        let four = prefixes.four.iter().map(|(first, length, place)| ((*first, *length), *place)).collect();
        Ok(Self(four, prefixes.six.iter().map(|(first, length, place)| ((*first, *length), *place)).collect()))
    }

    fn answer(&self, address: IpAddr) -> Option<u32> {
        match address {
            IpAddr::V4(address) => self.0.get_lpm(&(address.into(), 32)).map(|(_, place)| *place),
            IpAddr::V6(address) => self.1.get_lpm(&(address.into(), 128)).map(|(_, place)| *place),
        }
    }
}

struct Poptrie(poptrie::Poptrie<(u32, u8), u32>, poptrie::Poptrie<(u128, u8), u32>);

impl Peer for Poptrie {
    const NAME: &'static str = "poptrie";

    fn new(prefixes: &Prefixes) -> Result<Self, Box<dyn Error>> {
        let four = prefixes.four.iter().map(|(first, length, place)| ((*first, *length), *place)).collect();
        Ok(Self(four, prefixes.six.iter().map(|(first, length, place)| ((*first, *length), *place)).collect()))
    }

    fn answer(&self, address: IpAddr) -> Option<u32> {
        match address {
            IpAddr::V4(address) => self.0.lookup(u32::from(address)).copied(),
            IpAddr::V6(address) => self.1.lookup(u128::from(address)).copied(),
        }
    }
}

struct Iptrie(iptrie::Ipv4LCTrieMap<Option<u32>>, iptrie::Ipv6LCTrieMap<Option<u32>>);

impl Peer for Iptrie {
    const NAME: &'static str = "iptrie, level-compressed";

    fn new(prefixes: &Prefixes) -> Result<Self, Box<dyn Error>> {
        let mut four = iptrie::Ipv4RTrieMap::with_root(None);
        for (first, length, place) in &prefixes.four {
            four.insert(ipnet::Ipv4Net::new(Ipv4Addr::from(*first), *length)?.into(), Some(*place));
        }
        let mut six = iptrie::Ipv6RTrieMap::with_root(None);
        for (first, length, place) in &prefixes.six {
            six.insert(ipnet::Ipv6Net::new(Ipv6Addr::from(*first), *length)?.into(), Some(*place));
        }
        Ok(Self(four.compress(), six.compress()))
    }

    fn answer(&self, address: IpAddr) -> Option<u32> {
        match address {
            IpAddr::V4(address) => *self.0.lookup(&address).1,
            IpAddr::V6(address) => *self.1.lookup(&address).1,
        }
    }
}

use ip_network_table_deps_treebitmap::IpLookupTable;
struct TreeBitmap(IpLookupTable<Ipv4Addr, u32>, IpLookupTable<Ipv6Addr, u32>);

impl Peer for TreeBitmap {
    const NAME: &'static str = "ip_network_table-deps-treebitmap";

    fn new(prefixes: &Prefixes) -> Result<Self, Box<dyn Error>> {
        let mut tables = Self(IpLookupTable::new(), IpLookupTable::new());
        for (first, length, place) in &prefixes.four {
            tables.0.insert((*first).into(), (*length).into(), *place);
        }
        for (first, length, place) in &prefixes.six {
            tables.1.insert((*first).into(), (*length).into(), *place);
        }
        Ok(tables)
    }

    fn answer(&self, address: IpAddr) -> Option<u32> {
        match address {
            IpAddr::V4(address) => self.0.longest_match(address).map(|(_, _, place)| *place),
            IpAddr::V6(address) => self.1.longest_match(address).map(|(_, _, place)| *place),
        }
    }
}

struct Bart(ts_bart::Table<u32>);

impl Peer for Bart {
    const NAME: &'static str = "ts_bart";

    fn new(prefixes: &Prefixes) -> Result<Self, Box<dyn Error>> {
        use ts_bart::RoutingTable as _;
        let mut table = ts_bart::Table::default();
        for (first, length, place) in &prefixes.four {
            table.insert(ipnet::IpNet::new(Ipv4Addr::from(*first).into(), *length)?, *place);
        }
        for (first, length, place) in &prefixes.six {
            table.insert(ipnet::IpNet::new(Ipv6Addr::from(*first).into(), *length)?, *place);
        }
        Ok(Self(table))
    }

    fn answer(&self, address: IpAddr) -> Option<u32> {
        use ts_bart::RoutingTable as _;
        self.0.lookup(address).copied()
    }
}

/// SplitMix64: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn wide(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }

    /// A number from `first` to `last`.
    fn between(&mut self, first: u128, last: u128) -> u128 {
        (last - first).checked_add(1).map_or(0, |count| first + self.wide() % count)
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    fn of<'t, T>(&mut self, all: &'t [T]) -> Option<&'t T> {
        usize::try_from(self.next()).ok().and_then(|number| all.get(number % all.len().max(1)))
    }
}

fn address(four: bool, number: u128) -> IpAddr {
    if four { Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)).into() } else { Ipv6Addr::from(number).into() }
}

/// Claims of 700 institutions in the networks of some hundred providers, nine in ten of them IPv4: prefixes of all lengths, ranges that
/// are none, single addresses, whole networks, and one in nine of just what another one claims; some exclusive.
fn claims(random: &mut Random, size: usize) -> Vec<Claim> {
    let prefix = |within: u128, bits: u32, length: u128| {
        let hosts = (1_u128 << (u128::from(bits) - length)) - 1;
        (within & !hosts, within | hosts)
    };
    let mut networks: [Vec<(u128, u128)>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..300 {
        let (within, length) = (random.wide() >> 96, random.between(14, 19));
        networks[0].push(prefix(within, 32, length));
        let (within, length) = (0x2a00_u128 << 112 | random.wide() >> 12, random.between(29, 32));
        networks[1].push(prefix(within, 128, length));
    }
    let mut ranges: [Vec<(u128, u128)>; 2] = [Vec::new(), Vec::new()];
    let mut claims = Vec::with_capacity(size);
    while claims.len() < size {
        let six = random.percent(10);
        let (bits, lengths, widest) = if six { (128, (40, 64), u128::from(u64::MAX)) } else { (32, (20, 31), 600) };
        let Some((first, last)) = random.of(&networks[usize::from(six)]).copied() else { continue };
        let within = random.between(first, last);
        let range = match random.next() % 100 {
            0..45 => prefix(within, bits, random.between(lengths.0, lengths.1)),
            45..75 => (within, last.min(within + random.between(1, widest))),
            75..88 => (within, within),
            88 => (first, last),
            _ => random.of(&ranges[usize::from(six)]).copied().unwrap_or((first, last)),
        };
        ranges[usize::from(six)].push(range);
        let Some(range) = AddressRange::new(address(!six, range.0), address(!six, range.1)) else { continue };
        let institution = InstitutionId::trusted(&format!("institution-{}", random.next() % 700));
        claims.push(Claim { institution, range, valid: Validity::default(), exclusive: random.percent(3), note: String::new() });
    }
    // As in a registry.
    claims.sort_by(|one, other| one.institution.cmp(&other.institution));
    claims
}

/// Addresses to look up: half in some claim, a quarter next to one, a quarter anywhere.
fn addresses(random: &mut Random, claims: &[Claim], four: bool) -> Vec<IpAddr> {
    let ranges: Vec<(u128, u128)> = claims
        .iter()
        .filter(|claim| claim.range.first().is_ipv4() == four)
        .map(|claim| (number(claim.range.first()), number(claim.range.last())))
        .collect();
    let everywhere = if four { (0, u128::from(u32::MAX)) } else { (0x2000_u128 << 112, 0x4000_u128 << 112) };
    let one = |random: &mut Random| {
        let (first, last) = random.of(&ranges).copied().unwrap_or(everywhere);
        let number = match random.next() % 4 {
            0 | 1 => random.between(first, last),
            2 => random.between(first.saturating_sub(16), last.saturating_add(16).min(everywhere.1)),
            _ => random.between(everywhere.0, everywhere.1),
        };
        address(four, number)
    };
    (0..if four { FOUR_ASKED } else { SIX_ASKED }).map(|_| one(random)).collect()
}
