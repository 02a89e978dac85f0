//! Counts of the same thing, brought together: what a row of a table is, and an item of a report with all of its rows.
//!
//! [`Gather`] is a [`RecordSink`] that keeps items with their rows and adds up what is the same. It passes items to a [`TakesItems`]
//! in the order in which they first came. Memory is bounded: when much has come, all of it is passed on, and an item that comes
//! again after that is another.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::{RecordSink, Stopped};
use crate::model::{Item, Member, Month, UsageRecord};

/// So many counts, or bytes of text, are kept at most.
const COUNTS: usize = 256 * 1024;
const TEXT: usize = 16 * 1024 * 1024;
/// A row takes the room of so many counts beside its own.
const ROW: usize = 4;

/// Of which kind the counts of a row are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kind {
    /// The institution of a consortium that they belong to.
    pub member: Option<Member>,
    /// `Data_Type`.
    pub data_type: Rc<str>,
    /// `YOP`.
    pub yop: Rc<str>,
    /// `Access_Type`.
    pub access_type: Rc<str>,
    /// `Access_Method`.
    pub access_method: Rc<str>,
    /// `Metric_Type`.
    pub metric: Rc<str>,
}

/// A row: counts that differ in nothing but their month; none is zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Of which kind they are.
    pub kind: Kind,
    /// The counts.
    pub counts: BTreeMap<Month, u64>,
}

/// Takes items with all of their rows.
pub trait TakesItems {
    /// Takes an item.
    ///
    /// # Errors
    /// [`Stopped`], when nobody wants more.
    fn item(&mut self, item: &Item, rows: &[Row]) -> Result<(), Stopped>;
}

impl<T: TakesItems + ?Sized> TakesItems for &mut T {
    fn item(&mut self, item: &Item, rows: &[Row]) -> Result<(), Stopped> {
        (**self).item(item, rows)
    }
}

/// Passes every item's rows on as records, each count once.
#[derive(Debug)]
pub struct AsRecords<'s, S>(pub &'s mut S);

impl<S: RecordSink> TakesItems for AsRecords<'_, S> {
    fn item(&mut self, item: &Item, rows: &[Row]) -> Result<(), Stopped> {
        for Row { kind, counts } in rows {
            let counts: Vec<(Month, u64)> = counts.iter().map(|(month, count)| (*month, *count)).collect();
            let Some(&(month, count)) = counts.first() else { continue };
            let like = UsageRecord {
                item,
                member: kind.member.as_ref(),
                addresses: None,
                metric: &kind.metric,
                month,
                data_type: &kind.data_type,
                access_method: &kind.access_method,
                access_type: &kind.access_type,
                yop: &kind.yop,
                count,
            };
            self.0.months(&like, &counts)?;
        }
        Ok(())
    }
}

/// The rows of an item.
#[derive(Debug)]
struct Gathered {
    item: Rc<Item>,
    rows: Vec<Row>,
    index: HashMap<Kind, usize>,
}

/// Brings counts together.
#[derive(Debug)]
pub struct Gather<T> {
    to: T,
    items: Vec<Gathered>,
    index: HashMap<Rc<Item>, usize>,
    /// The item that came last.
    last: usize,
    words: HashSet<Rc<str>>,
    counts: usize,
    text: usize,
    /// Counts passed on.
    passed: u64,
    /// Whether not all was brought together at once.
    in_parts: bool,
    most: usize,
    /// A sum became too large.
    overflow: bool,
}

impl<T: TakesItems> Gather<T> {
    /// Brings counts together for `to`.
    pub fn new(to: T) -> Self {
        Self::with_room(to, COUNTS)
    }

    /// The same with room for `most` counts.
    pub fn with_room(to: T, most: usize) -> Self {
        Self {
            to,
            items: vec![],
            index: HashMap::new(),
            last: 0,
            words: HashSet::new(),
            counts: 0,
            text: 0,
            passed: 0,
            in_parts: false,
            most,
            overflow: false,
        }
    }

    /// Passes on what is left. Gives the receiver, how many counts it was given, and whether that was in parts.
    ///
    /// # Errors
    /// [`Stopped`], as the receiver says, or when counts that belong together add up to more than can be counted.
    pub fn finish(mut self) -> Result<(T, u64, bool), Stopped> {
        self.flush(false)?;
        if self.overflow { Err(Stopped) } else { Ok((self.to, self.passed, self.in_parts)) }
    }

    /// Whether counts that belong together add up to more than can be counted (2^63 and more).
    pub fn is_overflow(&self) -> bool {
        self.overflow
    }

    /// Passes on what is kept; the last item stays, if it is to be kept.
    fn flush(&mut self, keep_last: bool) -> Result<(), Stopped> {
        let kept = (keep_last && self.last < self.items.len()).then(|| self.items.remove(self.last));
        self.index.clear();
        self.words.clear();
        for gathered in self.items.drain(..) {
            self.passed += gathered.rows.iter().map(|row| row.counts.len() as u64).sum::<u64>();
            self.to.item(&gathered.item, &gathered.rows)?;
        }
        (self.counts, self.text, self.last) = (0, 0, 0);
        if let Some(kept) = kept {
            self.counts = kept.rows.iter().map(|row| ROW + row.counts.len()).sum();
            self.text = size(&kept.item);
            self.index.insert(Rc::clone(&kept.item), 0);
            self.items.push(kept);
        }
        Ok(())
    }

    fn word(&mut self, text: &str) -> Rc<str> {
        if let Some(word) = self.words.get(text) {
            return Rc::clone(word);
        }
        let word: Rc<str> = Rc::from(text);
        self.text += text.len() + 48;
        self.words.insert(Rc::clone(&word));
        word
    }

    /// The place of an item.
    fn place(&mut self, item: &Item) -> usize {
        if self.items.get(self.last).is_some_and(|known| *known.item == *item) {
            return self.last;
        }
        self.last = if let Some(&place) = self.index.get(item) {
            place
        } else {
            let item = Rc::new(item.clone());
            self.text += size(&item);
            self.items.push(Gathered { item: Rc::clone(&item), rows: vec![], index: HashMap::new() });
            self.index.insert(item, self.items.len() - 1);
            self.items.len() - 1
        };
        self.last
    }
}

/// About how much memory an item takes.
fn size(item: &Item) -> usize {
    512 + item.canonical().len() * 2
}

impl<T: TakesItems> RecordSink for Gather<T> {
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
        self.months(record, &[(record.month, record.count)])
    }

    fn months(&mut self, like: &UsageRecord<'_>, counts: &[(Month, u64)]) -> Result<(), Stopped> {
        if self.counts >= self.most || self.text >= TEXT {
            self.in_parts = true;
            // What comes may belong to the item that came last; the others are whole, as far as one can tell.
            let goes_on = self.items.len() > 1 && self.items.get(self.last).is_some_and(|known| *known.item == *like.item);
            self.flush(goes_on)?;
        }
        let place = self.place(like.item);
        let kind = Kind {
            member: like.member.cloned(),
            data_type: self.word(like.data_type),
            yop: self.word(like.yop),
            access_type: self.word(like.access_type),
            access_method: self.word(like.access_method),
            metric: self.word(like.metric),
        };
        let Some(gathered) = self.items.get_mut(place) else { return Ok(()) };
        let row = if let Some(&row) = gathered.index.get(&kind) {
            row
        } else {
            gathered.index.insert(kind.clone(), gathered.rows.len());
            gathered.rows.push(Row { kind, counts: BTreeMap::new() });
            self.counts += ROW;
            gathered.rows.len() - 1
        };
        let Some(row) = gathered.rows.get_mut(row) else { return Ok(()) };
        for &(month, count) in counts.iter().filter(|(_, count)| *count > 0) {
            let sum = row.counts.entry(month).or_default();
            self.counts += usize::from(*sum == 0);
            match sum.checked_add(count).filter(|sum| i64::try_from(*sum).is_ok()) {
                Some(more) => *sum = more,
                None => self.overflow = true,
            }
        }
        if self.overflow { Err(Stopped) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen(Vec<(String, Rows)>);

    /// Metrics and their counts by month.
    type Rows = Vec<(String, Vec<u64>)>;

    impl TakesItems for Seen {
        fn item(&mut self, item: &Item, rows: &[Row]) -> Result<(), Stopped> {
            let rows = rows.iter().map(|row| (row.kind.yop.to_string(), row.counts.values().copied().collect())).collect();
            self.0.push((item.title.clone(), rows));
            Ok(())
        }
    }

    fn item(title: &str) -> Item {
        Item { title: title.into(), ..Item::default() }
    }

    fn give<T: TakesItems>(gather: &mut Gather<T>, title: &str, yop: &str, counts: &[(i32, u64)]) -> Result<(), Stopped> {
        let january: Month = "2024-01".parse().unwrap();
        let counts: Vec<(Month, u64)> = counts.iter().map(|(month, count)| (january.plus(*month), *count)).collect();
        let item = item(title);
        let like = UsageRecord {
            item: &item,
            member: None,
            addresses: None,
            metric: "Total_Item_Requests",
            month: january,
            data_type: "Book",
            access_method: "Regular",
            access_type: "",
            yop,
            count: 1,
        };
        gather.months(&like, &counts)
    }

    #[test]
    fn what_is_the_same_is_added_up_and_items_keep_their_order() {
        let mut gather = Gather::new(Seen::default());
        give(&mut gather, "B", "2020", &[(0, 1), (1, 2)]).unwrap();
        give(&mut gather, "A", "2020", &[(0, 5)]).unwrap();
        give(&mut gather, "B", "2020", &[(1, 3), (2, 4), (3, 0)]).unwrap();
        give(&mut gather, "B", "2021", &[(0, 9)]).unwrap();
        let (seen, counts, in_parts) = gather.finish().unwrap();
        assert_eq!(
            seen.0,
            [("B".into(), vec![("2020".into(), vec![1, 5, 4]), ("2021".into(), vec![9])]), ("A".into(), vec![("2020".into(), vec![5])])]
        );
        assert_eq!((counts, in_parts), (5, false));
    }

    #[test]
    fn what_does_not_fit_is_passed_on_in_parts_and_nothing_is_lost() {
        let mut gather = Gather::with_room(Seen::default(), 8);
        for number in 0..100 {
            give(&mut gather, &format!("{}", number % 10), "2020", &[(0, 1)]).unwrap();
        }
        let (seen, counts, in_parts) = gather.finish().unwrap();
        let sum: u64 = seen.0.iter().flat_map(|(_, rows)| rows).flat_map(|(_, counts)| counts).sum();
        assert!(in_parts);
        assert_eq!(sum, 100);
        assert_eq!(counts, seen.0.len() as u64);
    }

    #[test]
    fn an_item_that_goes_on_stays_together() {
        let mut gather = Gather::with_room(Seen::default(), 16);
        for title in ["A", "B"] {
            for yop in ["2020", "2021", "2020", "2021"] {
                give(&mut gather, title, yop, &[(0, 1), (1, 1)]).unwrap();
            }
        }
        let (seen, counts, in_parts) = gather.finish().unwrap();
        let rows = vec![("2020".to_owned(), vec![2, 2]), ("2021".to_owned(), vec![2, 2])];
        assert_eq!(seen.0, [("A".to_owned(), rows.clone()), ("B".to_owned(), rows)]);
        assert_eq!((counts, in_parts), (8, true));
    }

    #[test]
    fn a_sum_that_cannot_be_counted_stops_it() {
        let mut gather = Gather::new(Seen::default());
        let most = u64::try_from(i64::MAX).unwrap();
        give(&mut gather, "A", "2020", &[(0, most)]).unwrap();
        assert_eq!(give(&mut gather, "A", "2020", &[(0, 1)]), Err(Stopped));
        assert!(gather.is_overflow());
    }
}
