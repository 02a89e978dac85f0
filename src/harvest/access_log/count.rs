//! The second reading of what is new in logs: events to sessions, of institutions, products and months.
//!
//! A session is what one user does with one product, as long as no more than 30 minutes pass from one event to the next (Code of Practice,
//! "session" and section 7). Logs are read side by side in the order of time, each from a little before what is new, so that sessions
//! that are open there are known. Users are keyed hashes in memory, under a key of this reading alone, and gone after it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::io;
use std::net::IpAddr;

use chrono_tz::Tz;

use super::file::{Keyed, Lines};
use super::judge::{Part, event};
use crate::attribution::Rules;
use crate::attribution::addresses::AddressTables;
use crate::attribution::claimants::claimants;
use crate::attribution::members::MemberList;
use crate::attribution::month_view::MonthView;
use crate::config::{InstitutionBy, LogSettings};
use crate::formats::access_log::{Fields, Role, host_and_path};
use crate::model::registry::Registry;
use crate::model::{AddressRange, Addresses, InstitutionId, Month, ProductId, Scope};

/// A session goes on for so many seconds after each of its events.
pub const SESSION: i64 = 30 * 60;

/// So often, in seconds, users are forgotten whose sessions are over.
const FORGET: i64 = 5 * 60;

/// So many addresses are remembered with whose they are.
const REMEMBERED: usize = 65_536;

/// What became of events that are new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub events: u64,
    /// The sessions that began with one.
    pub sessions: u64,
    /// Events of a session that had begun.
    pub later: u64,
    /// Requests that were not answered with what was asked for.
    pub unsuccessful: u64,
    /// Events that have to do with no product.
    pub no_product: u64,
    /// Events of nobody who is known.
    pub no_institution: u64,
    /// Events from addresses that several claim.
    pub shared: u64,
}

/// Sessions of an institution and a product in a month.
pub type Counts = BTreeMap<(InstitutionId, ProductId, Month), u64>;

/// Who counts.
pub struct Counter<'a> {
    settings: &'a LogSettings,
    zone: Tz,
    this_month: Month,
    registry: &'a Registry,
    rules: &'a Rules,
    /// The product of everything, where neither rules nor a field say which; nothing if it is not registered.
    whole: Option<&'a ProductId>,
    institutions: HashMap<&'a str, &'a InstitutionId>,
    products: HashMap<&'a str, &'a ProductId>,
    tables: AddressTables<'a>,
    views: HashMap<Month, MonthView<'a>>,
    whose: HashMap<(Month, IpAddr, &'a ProductId), Whose<'a>>,
    keyed: Keyed,
    last: HashMap<[u8; 16], i64>,
    forgotten_at: i64,
    counts: HashMap<(&'a InstitutionId, &'a ProductId, Month), u64>,
    tally: Tally,
}

/// Whose an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose<'a> {
    One(&'a InstitutionId),
    Nobody,
    Several,
}

/// An event that is somebody's use of a product.
struct Use<'a> {
    seconds: i64,
    month: Month,
    institution: &'a InstitutionId,
    product: &'a ProductId,
    /// Nothing if users cannot be told apart: then every event is a session.
    user: Option<[u8; 16]>,
    /// It is new, and not only there to know which sessions are open.
    is_new: bool,
}

/// A log that is being read.
struct Stream<'p> {
    part: &'p Part,
    lines: Lines,
    line: Vec<u8>,
}

impl<'a> Counter<'a> {
    /// Who counts for these settings.
    ///
    /// # Errors
    /// The system gives no random key.
    pub fn new(
        settings: &'a LogSettings,
        registry: &'a Registry,
        rules: &'a Rules,
        whole: &ProductId,
        zone: Tz,
        this_month: Month,
    ) -> io::Result<Self> {
        Ok(Self {
            settings,
            zone,
            this_month,
            registry,
            rules,
            whole: registry.products.iter().map(|row| &row.id).find(|id| *id == whole),
            institutions: registry.institutions.iter().map(|row| (row.id.as_str(), &row.id)).collect(),
            products: registry.products.iter().map(|row| (row.id.as_str(), &row.id)).collect(),
            tables: AddressTables::new(registry),
            views: HashMap::new(),
            whose: HashMap::new(),
            keyed: Keyed::new()?,
            last: HashMap::new(),
            forgotten_at: i64::MIN,
            counts: HashMap::new(),
            tally: Tally::default(),
        })
    }

    /// Counts what is new in these logs.
    ///
    /// # Errors
    /// One of them cannot be read, or is not what it was a moment ago.
    pub fn count(mut self, parts: &[Part]) -> io::Result<(Counts, Tally)> {
        let first = parts.iter().filter(|part| part.good > 0).filter_map(|part| part.first).min().unwrap_or(i64::MAX);
        // Logs are opened when their time has come, so that a year of them is not open at once.
        let mut closed: Vec<(i64, &Part, u64)> = Vec::new();
        for part in parts {
            let from = part.before.as_ref().map_or(part.peek.first_at, |log| log.counted);
            let open = part.before.as_ref().filter(|log| log.newest >= first.saturating_sub(SESSION) && log.replay < log.counted);
            match (open, part.first) {
                (Some(log), _) => closed.push((log.newest.saturating_sub(SESSION), part, log.replay)),
                (None, Some(first)) => closed.push((first, part, from)),
                (None, None) => {}
            }
        }
        closed.sort_by_key(|(time, part, _)| Reverse((*time, part.peek.name.clone())));
        let mut streams: Vec<Option<Stream<'_>>> = Vec::new();
        let mut waiting: BinaryHeap<Reverse<(i64, usize)>> = BinaryHeap::new();
        let mut uses: HashMap<usize, Use<'a>> = HashMap::new();
        loop {
            let now = waiting.peek().map(|Reverse((seconds, _))| *seconds);
            if closed.last().is_some_and(|(time, _, _)| now.is_none_or(|now| *time <= now)) {
                let Some((_, part, from)) = closed.pop() else { break };
                let lines = part.peek.lines_from(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
                streams.push(Some(Stream { part, lines, line: Vec::new() }));
                self.advance(streams.len() - 1, &mut streams, &mut waiting, &mut uses)?;
                continue;
            }
            let Some(Reverse((_, place))) = waiting.pop() else { break };
            if let Some(found) = uses.remove(&place) {
                self.take(&found);
            }
            self.advance(place, &mut streams, &mut waiting, &mut uses)?;
        }
        let counts = self.counts.into_iter().map(|((who, what, month), sum)| ((who.clone(), what.clone(), month), sum)).collect();
        Ok((counts, self.tally))
    }

    /// Finds the next use of a product in a log.
    fn advance(
        &mut self,
        place: usize,
        streams: &mut [Option<Stream<'_>>],
        waiting: &mut BinaryHeap<Reverse<(i64, usize)>>,
        uses: &mut HashMap<usize, Use<'a>>,
    ) -> io::Result<()> {
        let Some(slot) = streams.get_mut(place) else { return Ok(()) };
        while let Some(Stream { part, lines, line }) = slot {
            if lines.offset >= part.after.counted {
                break;
            }
            let Some(at) = lines.next(line)? else { return Err(io::ErrorKind::UnexpectedEof.into()) };
            if at.too_long || self.settings.layout.passes_over(line) {
                continue;
            }
            let Some((fields, moment)) = event(line, &part.peek, self.settings, self.zone, self.this_month) else { continue };
            let is_new = part.before.as_ref().is_none_or(|log| at.start >= log.counted);
            let before = self.tally;
            let found = self.classify(&fields, moment.month);
            if !is_new {
                self.tally = before;
            }
            if is_new {
                self.tally.events += 1;
            }
            if let Some((institution, product, user)) = found {
                waiting.push(Reverse((moment.seconds, place)));
                uses.insert(place, Use { seconds: moment.seconds, month: moment.month, institution, product, user, is_new });
                return Ok(());
            }
        }
        // Its file is closed.
        *slot = None;
        Ok(())
    }

    /// Counts a use, if it begins a session.
    fn take(&mut self, found: &Use<'a>) {
        if found.seconds.saturating_sub(self.forgotten_at) > FORGET {
            self.last.retain(|_, last| last.abs_diff(found.seconds) <= SESSION.unsigned_abs());
            self.forgotten_at = found.seconds;
        }
        let goes_on = found.user.is_some_and(|user| match self.last.insert(user, found.seconds) {
            Some(last) => {
                // Lines need not be quite in the order of time.
                let newest = last.max(found.seconds);
                let goes_on = last.abs_diff(found.seconds) <= SESSION.unsigned_abs();
                if goes_on {
                    self.last.insert(user, newest);
                }
                goes_on
            }
            None => false,
        });
        if !found.is_new {
            return;
        }
        if goes_on {
            self.tally.later += 1;
        } else {
            self.tally.sessions += 1;
            *self.counts.entry((found.institution, found.product, found.month)).or_default() += 1;
        }
    }

    /// Whose use of what an event is, and the hash of who it was.
    fn classify(&mut self, fields: &Fields<'_>, month: Month) -> Option<(&'a InstitutionId, &'a ProductId, Option<[u8; 16]>)> {
        let status = fields.of(Role::Status);
        if !status.is_empty() && !status.parse::<u16>().is_ok_and(|status| (200..400).contains(&status)) {
            self.tally.unsuccessful += 1;
            return None;
        }
        let Some(product) = self.product(fields) else {
            self.tally.no_product += 1;
            return None;
        };
        let institution = match self.whose(fields, month, product) {
            Whose::One(institution) => institution,
            Whose::Nobody => {
                self.tally.no_institution += 1;
                return None;
            }
            Whose::Several => {
                self.tally.shared += 1;
                return None;
            }
        };
        // People do not always write their names alike.
        let (user, address, agent) = (&fields.of(Role::User).to_lowercase(), fields.of(Role::Address), fields.of(Role::Agent));
        let whom: Option<[&str; 3]> = match (user.is_empty(), address.is_empty()) {
            (false, _) => Some(["user", user, ""]),
            (true, false) => Some(["address", address, agent]),
            (true, true) => None,
        };
        let hash = |whom: [&str; 3]| {
            let texts = [institution.as_str(), product.as_str(), whom[0], whom[1], whom[2]];
            let lengths = texts.map(|text| (text.len() as u64).to_be_bytes());
            let parts: Vec<&[u8]> = texts.iter().zip(&lengths).flat_map(|(text, length)| [&length[..], text.as_bytes()]).collect();
            self.keyed.hash(&parts)
        };
        let user = whom.map(hash);
        Some((institution, product, user))
    }

    fn product(&self, fields: &Fields<'_>) -> Option<&'a ProductId> {
        if self.settings.products.is_empty() {
            let named = fields.of(Role::Product);
            return if named.is_empty() { self.whole } else { self.products.get(named).copied() };
        }
        let (host, path) = host_and_path(fields.of(Role::Url), fields.of(Role::Host));
        self.settings.products.iter().find(|rule| rule.has(&host, &path)).map(|rule| &rule.product)
    }

    fn whose(&mut self, fields: &Fields<'_>, month: Month, product: &'a ProductId) -> Whose<'a> {
        let one = |found: Option<&'a InstitutionId>| found.map_or(Whose::Nobody, Whose::One);
        match self.settings.institution_by {
            InstitutionBy::Field => {
                let named = fields.of(Role::Institution);
                one(self.settings.institutions.get(&named.to_lowercase()).or_else(|| self.institutions.get(named).copied()))
            }
            InstitutionBy::Realm => {
                let realm = fields.of(Role::User).rsplit_once('@').map_or("", |(_, realm)| realm);
                one(self.settings.institutions.get(&realm.to_lowercase()))
            }
            InstitutionBy::Address => {
                let Some(address) = address(fields.of(Role::Address)) else { return Whose::Nobody };
                if let Some(whose) = self.whose.get(&(month, address, product)) {
                    return *whose;
                }
                let whose = self.by_claims(address, month, product);
                if self.whose.len() >= REMEMBERED {
                    self.whose.clear();
                }
                self.whose.insert((month, address, product), whose);
                whose
            }
        }
    }

    /// Who claims an address and may use the product, as attribution has it.
    fn by_claims(&mut self, address: IpAddr, month: Month, product: &ProductId) -> Whose<'a> {
        let Some(range) = AddressRange::new(address, address) else { return Whose::Nobody };
        let view = self.views.entry(month).or_insert_with(|| {
            let members = std::sync::Arc::new(MemberList::new(&self.registry.members));
            MonthView::with(self.registry, month, self.tables.of_month(month), members)
        });
        let found = claimants(view, self.rules, &[], &Scope::Addresses(Addresses::Range(range)), product);
        let mut all = found.all.keys();
        match (all.next(), all.next()) {
            (Some(one), None) => self.institutions.get(one.as_str()).copied().map_or(Whose::Nobody, Whose::One),
            (None, _) => Whose::Nobody,
            _ => Whose::Several,
        }
    }
}

/// The address that a field tells: the first of several, without a port.
fn address(field: &str) -> Option<IpAddr> {
    let first = field.split([',', ' ']).next().unwrap_or_default();
    let bare = first.trim_start_matches('[').split(']').next().unwrap_or_default();
    let address = bare.parse::<IpAddr>().ok().or_else(|| bare.split_once(':').and_then(|(address, _)| address.parse().ok()));
    address.map(|address| address.to_canonical())
}
