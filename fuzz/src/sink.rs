//! [`Counting`], which checks and hashes records and keeps none of them, and [`Trickle`], a reader that gives a few bytes at a time.

use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Read};

use avling::formats::digest::MonthDigests;
use avling::formats::{FormatError, Reading, RecordSink, Stopped};
use avling::model::UsageRecord;

/// No input here has as many records by right; of one that claims more, no more are wanted.
const MOST_RECORDS: u64 = 2_000_000;

/// Kinds of notes are told once each, so that a report has few however long it is.
const MOST_NOTES: usize = 500;

/// A message quotes a little of what it is about, never the whole of it.
const LONGEST_MESSAGE: usize = 8 * 1024;

/// Takes records, checks what always holds, and keeps none: its memory does not grow with their number.
pub struct Counting {
    records: u64,
    hash: DefaultHasher,
    digests: MonthDigests,
}

impl Counting {
    /// Has taken nothing yet.
    fn new() -> Self {
        Self { records: 0, hash: DefaultHasher::new(), digests: MonthDigests::default() }
    }
}

impl RecordSink for Counting {
    fn record(&mut self, record: &UsageRecord<'_>) -> Result<(), Stopped> {
        assert!(record.count > 0 && i64::try_from(record.count).is_ok(), "a count of {}", record.count);
        assert!(!record.metric.is_empty(), "a count of nothing");
        self.records += 1;
        if self.records > MOST_RECORDS {
            return Err(Stopped);
        }
        let _ = write!(IntoHash(&mut self.hash), "{record:?}");
        self.digests.add(record);
        self.hash.write(self.digests.get(record.month).as_bytes());
        Ok(())
    }
}

/// Hashes what is written.
struct IntoHash<'h>(&'h mut DefaultHasher);

impl fmt::Write for IntoHash<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// Gives 1 to 13 bytes at a time, as a slow network may.
pub struct Trickle<'d> {
    data: &'d [u8],
    step: usize,
}

impl<'d> Trickle<'d> {
    /// Gives these bytes.
    pub fn new(data: &'d [u8]) -> Self {
        Self { data, step: 0 }
    }
}

impl Read for Trickle<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.step = self.step % 13 + 1;
        let size = self.step.min(self.data.len()).min(into.len());
        let (now, later) = self.data.split_at(size);
        into[..size].copy_from_slice(now);
        self.data = later;
        Ok(size)
    }
}

/// Does something with all of the bytes at once, and once more with small pieces of them: both have to give the same. Gives that.
pub fn twice_of<T: PartialEq + fmt::Debug>(data: &[u8], read: impl Fn(&mut dyn Read) -> T) -> T {
    let (whole, in_pieces) = (read(&mut &*data), read(&mut Trickle::new(data)));
    assert_eq!(whole, in_pieces, "it matters in which pieces it comes");
    whole
}

/// Why a report is refused. How much of its beginning is shown depends on how much of it was there.
fn refusal(error: &FormatError) -> String {
    let message = error.to_string();
    assert!(message.len() <= LONGEST_MESSAGE, "a message of {} bytes", message.len());
    message.split_once("begins with: ").map_or(message.clone(), |(before, _)| before.to_owned())
}

/// Reads a report at once and once more in small pieces: both have to give the same report, or the same refusal. Gives the report.
pub fn twice(data: &[u8], read: impl Fn(&mut dyn Read, &mut Counting) -> Result<Reading, FormatError>) -> Option<Reading> {
    let whole = twice_of(data, |reader| {
        let mut sink = Counting::new();
        let reading = read(reader, &mut sink).map_err(|error| refusal(&error))?;
        assert_eq!(reading.records, sink.records, "as many records are told of as were given");
        assert!(reading.notes.len() <= MOST_NOTES, "{} notes", reading.notes.len());
        Ok::<_, String>((reading, sink.hash.finish()))
    });
    whole.ok().map(|(reading, _)| reading)
}
