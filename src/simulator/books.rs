//! The vendor's own books: how often everything was used. Pure; every count is a function of names and numbers.
//!
//! [`Books`] answers what was used of one title by one customer in one month, as [`Cell`]s that add up:
//! reports are sums of cells, and so is the truth that tests compare with.

use crate::model::{Month, Release};

use super::plan::{Content, VendorPlan};

/// A `Metric_Type`, as an index into [`Counts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Metric {
    TotalItemInvestigations,
    TotalItemRequests,
    UniqueItemInvestigations,
    UniqueItemRequests,
    UniqueTitleInvestigations,
    UniqueTitleRequests,
    LimitExceeded,
    NoLicense,
    SearchesPlatform,
    SearchesRegular,
    SearchesAutomated,
}

impl Metric {
    /// As the Code of Practice spells it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::TotalItemInvestigations => "Total_Item_Investigations",
            Self::TotalItemRequests => "Total_Item_Requests",
            Self::UniqueItemInvestigations => "Unique_Item_Investigations",
            Self::UniqueItemRequests => "Unique_Item_Requests",
            Self::UniqueTitleInvestigations => "Unique_Title_Investigations",
            Self::UniqueTitleRequests => "Unique_Title_Requests",
            Self::LimitExceeded => "Limit_Exceeded",
            Self::NoLicense => "No_License",
            Self::SearchesPlatform => "Searches_Platform",
            Self::SearchesRegular => "Searches_Regular",
            Self::SearchesAutomated => "Searches_Automated",
        }
    }

    /// Counted for the platform or the database itself, not for what is on it.
    pub(super) fn is_search(self) -> bool {
        matches!(self, Self::SearchesPlatform | Self::SearchesRegular | Self::SearchesAutomated)
    }
}

/// Number of metrics.
const METRICS: usize = 11;

/// One count for each metric.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts([u64; METRICS]);

impl Counts {
    pub(super) fn get(&self, metric: Metric) -> u64 {
        self.0.get(metric as usize).copied().unwrap_or(0)
    }

    fn set(&mut self, metric: Metric, count: u64) {
        if let Some(slot) = self.0.get_mut(metric as usize) {
            *slot = count;
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// The part of item `number` of `of`: the first takes six tenths rounded up, the second the rest.
    ///
    /// Both keep Unique at or below Total and Requests at or below Investigations, as both roundings keep order.
    pub(super) fn part(&self, number: usize, of: usize) -> Self {
        if of < 2 {
            return *self;
        }
        let mut part = *self;
        for count in &mut part.0 {
            let first = count.saturating_mul(6).div_ceil(10);
            *count = if number == 0 { first } else { *count - first.min(*count) };
        }
        part
    }
}

/// What the vendor calls a title and what lies in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TitleKind {
    /// `Data_Type` in PR, DR and TR.
    pub data_type: &'static str,
    /// `Data_Type` of its items in IR.
    pub item_type: &'static str,
    /// Whether it is in title reports, and the parent of its items.
    pub is_title: bool,
}

impl TitleKind {
    /// Whether Unique_Title metrics are counted (R5.1 section 3.3.5: books and reference works).
    fn has_unique_titles(self) -> bool {
        matches!(self.data_type, "Book" | "Reference_Work")
    }
}

/// One use of a title in one month, told apart by what reports can tell apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    /// Year of publication.
    pub yop: u16,
    /// `Access_Type`.
    pub access_type: &'static str,
    /// `Access_Method`.
    pub access_method: &'static str,
    /// The counts.
    pub counts: Counts,
}

/// Whose use, and how it is counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Customer {
    /// From vendor and customer id.
    seed: u64,
    /// Persons.
    size: u64,
}

/// The books of one vendor.
#[derive(Debug, Clone)]
pub(super) struct Books {
    seed: u64,
    release: Release,
    content: Content,
    titles: usize,
    /// Sum of the titles' popularities.
    popularity: u128,
}

/// Use in each calendar month, percent of the average: libraries are quiet in July and busy in winter.
const SEASON: [u64; 12] = [118, 112, 116, 98, 92, 74, 46, 82, 108, 118, 122, 100];

impl Books {
    pub(super) fn new(plan: &VendorPlan) -> Self {
        Self {
            seed: hash_text(0x5eed, &plan.name),
            release: plan.release,
            content: plan.content,
            titles: plan.titles,
            popularity: (0..plan.titles).map(popularity).sum(),
        }
    }

    pub(super) fn titles(&self) -> usize {
        self.titles
    }

    pub(super) fn customer(&self, customer_id: &str, size: u64) -> Customer {
        // Above 10^12 the products below would leave 128 bits.
        Customer { seed: hash_text(self.seed, customer_id), size: size.min(1_000_000_000_000) }
    }

    /// What title number `title` is.
    pub(super) fn kind(&self, title: usize) -> TitleKind {
        let content = match (self.content, title % 4) {
            (Content::Books, _) if title % 10 == 9 => Content::ReferenceWorks,
            (Content::Journals, _) if title % 5 == 4 => Content::Books,
            (Content::Mixed, 0) => Content::Books,
            (Content::Mixed, 1) => Content::Journals,
            (Content::Mixed, 2) => Content::Newspapers,
            (Content::Mixed, _) => Content::Films,
            (content, _) => content,
        };
        let (data_type, item_type, is_title) = match (content, self.release) {
            (Content::Newspapers, Release::R51) => ("Newspaper_or_Newsletter", "News_Item", true),
            (Content::Newspapers, Release::R4 | Release::R5) => ("Newspaper_or_Newsletter", "Article", true),
            (Content::ReferenceWorks, Release::R51) => ("Reference_Work", "Reference_Item", true),
            (Content::Books, _) | (Content::ReferenceWorks, Release::R4 | Release::R5) => ("Book", "Book_Segment", true),
            (Content::Journals | Content::Mixed, _) => ("Journal", "Article", true),
            (Content::Films | Content::Music | Content::Courses, Release::R4 | Release::R5) => ("Multimedia", "Multimedia", false),
            (Content::Films, Release::R51) => ("Audiovisual", "Audiovisual", false),
            (Content::Music, Release::R51) => ("Sound", "Sound", false),
            (Content::Courses, Release::R51) => ("Interactive_Resource", "Interactive_Resource", false),
        };
        TitleKind { data_type, item_type, is_title }
    }

    /// Investigations per million persons and month.
    fn rate(&self) -> u128 {
        match self.content {
            Content::Newspapers => 300_000,
            Content::Films => 80_000,
            Content::Music => 50_000,
            Content::Books => 60_000,
            Content::ReferenceWorks => 120_000,
            Content::Journals => 30_000,
            Content::Courses => 12_000,
            Content::Mixed => 150_000,
        }
    }

    /// Everything that `customer` did with `title` in `month`; cells without use are left out.
    pub(super) fn cells(&self, customer: Customer, title: usize, month: Month, restated: bool) -> impl Iterator<Item = Cell> + use<> {
        let kind = self.kind(title);
        let title_seed = hash(self.seed, title as u64);
        let yop = 1998 + u16::try_from(title_seed % 25).unwrap_or(0);
        let open = if self.release == Release::R51 { "Open" } else { "OA_Gold" };
        let two_years = title % 2 == 1;
        // (year, access type, access method, share in thousandths)
        let forms = [
            (yop, "Controlled", "Regular", if two_years { 600 } else { 1000 }),
            (yop.saturating_add(1), "Controlled", "Regular", if two_years { 400 } else { 0 }),
            (yop, open, "Regular", if title % 5 == 2 { 250 } else { 0 }),
            (yop, "Controlled", "TDM", if title % 6 == 4 { 80 } else { 0 }),
        ];
        let season = usize::try_from(month.number()).ok().and_then(|n| SEASON.get(n.wrapping_sub(1))).copied().unwrap_or(100);
        let share = (popularity(title) * 1_000_000_000).checked_div(self.popularity).unwrap_or(0);
        // Persons x millionths x thousand-millionths x percent: in units of 10^-17.
        let base = u128::from(customer.size) * self.rate() * share * u128::from(season);
        let when = hash(hash(customer.seed, title as u64), u64::try_from(month.index()).unwrap_or(0));
        forms.into_iter().enumerate().filter_map(move |(number, (yop, access_type, access_method, part))| {
            if part == 0 {
                return None;
            }
            let mut draw = Draw(hash(when, number as u64));
            let noise = 700 + draw.below(601);
            // Thousandths of part and noise make it 10^-23; kept to millionths of a use.
            let millionths = base * u128::from(noise) / 1_000_000 * part / 100_000_000_000;
            let used = u64::try_from((millionths + u128::from(draw.below(1_000_000))) / 1_000_000).unwrap_or(u64::MAX >> 8);
            let regular = access_method == "Regular";
            let counts = counts(used, restated, regular && access_type == "Controlled", regular, kind, &mut draw);
            (used > 0).then_some(Cell { yop, access_type, access_method, counts })
        })
    }
}

/// All counts that follow from `used` uses: Unique at most Total, Requests at most Investigations, titles at most items.
fn counts(used: u64, restated: bool, may_be_denied: bool, searched: bool, kind: TitleKind, draw: &mut Draw) -> Counts {
    let percent = |n: u64, percent: u64| u64::try_from(u128::from(n) * u128::from(percent) / 100).unwrap_or(n);
    let correction = 1 + draw.below(6);
    let investigations = if restated { used + percent(used, correction) } else { used };
    let requests = percent(investigations, 45 + draw.below(40));
    let unique = percent(investigations, 70 + draw.below(26)).max(1).min(investigations);
    let unique_requests = percent(requests, 72 + draw.below(26)).max(1).min(requests).min(unique);
    let mut counts = Counts::default();
    counts.set(Metric::TotalItemInvestigations, investigations);
    counts.set(Metric::TotalItemRequests, requests);
    counts.set(Metric::UniqueItemInvestigations, unique);
    counts.set(Metric::UniqueItemRequests, unique_requests);
    if kind.has_unique_titles() {
        let titles = percent(unique, 55 + draw.below(30)).max(1).min(unique);
        counts.set(Metric::UniqueTitleInvestigations, titles);
        counts.set(Metric::UniqueTitleRequests, percent(unique_requests, 60 + draw.below(30)).max(1).min(unique_requests).min(titles));
    }
    if may_be_denied {
        let denied = draw.below(9);
        counts.set(Metric::LimitExceeded, if denied == 0 { investigations.div_ceil(25) } else { 0 });
        counts.set(Metric::NoLicense, if denied == 1 { investigations.div_ceil(18) } else { 0 });
    }
    if searched {
        let searches = percent(investigations, 30 + draw.below(30));
        counts.set(Metric::SearchesPlatform, searches);
        counts.set(Metric::SearchesRegular, searches);
        counts.set(Metric::SearchesAutomated, searches / 12);
    }
    counts
}

/// How well liked a title is: the first ones most.
fn popularity(title: usize) -> u128 {
    1_000_000_000_000 / (title as u128 + 4)
}

/// Numbers that look like chance and never change: SplitMix64.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0) % limit.max(1)
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn hash(seed: u64, value: u64) -> u64 {
    mix(seed ^ mix(value.wrapping_add(0x9e37_79b9_7f4a_7c15)))
}

/// FNV-1a, mixed.
fn hash_text(seed: u64, text: &str) -> u64 {
    mix(text.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_keep_the_rules_of_the_code_of_practice() {
        let plan = VendorPlan { titles: 60, ..VendorPlan::new("v", Release::R51, Vec::new()) };
        let books = Books::new(&plan);
        let customer = books.customer("c", 40_000);
        let month: Month = "2024-03".parse().unwrap();
        let mut used = 0;
        for title in 0..60 {
            for restated in [false, true] {
                for cell in books.cells(customer, title, month, restated) {
                    for part in [cell.counts, cell.counts.part(0, 2), cell.counts.part(1, 2)] {
                        let get = |metric| part.get(metric);
                        assert!(get(Metric::UniqueItemInvestigations) <= get(Metric::TotalItemInvestigations));
                        assert!(get(Metric::UniqueItemRequests) <= get(Metric::TotalItemRequests));
                        assert!(get(Metric::TotalItemRequests) <= get(Metric::TotalItemInvestigations));
                        assert!(get(Metric::UniqueItemRequests) <= get(Metric::UniqueItemInvestigations));
                        assert!(get(Metric::UniqueTitleInvestigations) <= get(Metric::UniqueItemInvestigations));
                        assert!(get(Metric::UniqueTitleRequests) <= get(Metric::UniqueItemRequests));
                        assert!(get(Metric::UniqueTitleRequests) <= get(Metric::UniqueTitleInvestigations));
                    }
                    used += cell.counts.get(Metric::TotalItemInvestigations);
                }
            }
        }
        // 40,000 persons x 0.15 x 116 %, twice, and a little for the open and mined parts.
        assert!((12_000..18_000).contains(&used), "{used}");
    }

    #[test]
    fn figures_never_change_from_run_to_run() {
        let books = Books::new(&VendorPlan::new("v", Release::R51, Vec::new()));
        let cell = books.cells(books.customer("c", 10_000), 0, "2024-01".parse().unwrap(), false).next().unwrap();
        assert_eq!(cell.counts.get(Metric::TotalItemInvestigations), 285);
    }

    #[test]
    fn enormous_customers_do_not_overflow() {
        let books = Books::new(&VendorPlan { titles: 1, ..VendorPlan::new("v", Release::R51, Vec::new()) });
        let cells = books.cells(books.customer("c", u64::MAX), 0, "2024-01".parse().unwrap(), true);
        assert!(cells.map(|cell| cell.counts.get(Metric::TotalItemInvestigations)).sum::<u64>() > 100_000_000_000);
    }
}
