//! The first reading of what is new in a log: is it a log at all, how far does it go, when was it, and where does the next reading begin.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use chrono_tz::Tz;

use super::count::SESSION;
use super::file::{FIRST, Keyed, Peek, TAIL};
use crate::config::LogSettings;
use crate::formats::access_log::{Fields, Moment, Role};
use crate::model::Month;
use crate::store::LogFile;

/// So many bad lines are named.
const NAMED: usize = 5;

/// Between two places from where the next reading could begin, in seconds.
const APART: i64 = 60;

/// What is new in a log.
pub struct Part {
    /// The file.
    pub peek: Peek,
    /// What it was known as before.
    pub before: Option<LogFile>,
    /// What it is known as once this part is counted.
    pub after: LogFile,
    /// Lines that are events.
    pub good: u64,
    /// Lines that are not.
    pub bad: u64,
    /// The numbers of the first of these.
    pub bad_lines: Vec<u64>,
    /// The first event of the part, in seconds since 1970.
    pub first: Option<i64>,
    /// The days that have events.
    pub days: BTreeMap<Month, u32>,
}

/// What a file turned out to be.
pub enum Judged {
    /// There is nothing new in it; what is known of it may still have to be written anew, and sessions may be open at its end.
    Nothing(Option<Box<Part>>),
    /// This is new.
    New(Box<Part>),
    /// It is not read.
    Refused(String),
}

/// A line as an event: its fields and when it was.
pub fn event<'a>(line: &'a [u8], peek: &Peek, settings: &LogSettings, zone: Tz, this_month: Month) -> Option<(Fields<'a>, Moment)> {
    let fields = settings.layout.fields(line.trim_ascii_end(), &settings.names, peek.header.as_ref()).ok()?;
    let moment = Moment::read(fields.of(Role::Time), zone)?;
    (moment.month <= this_month).then_some((fields, moment))
}

/// The log that a file is known as.
pub fn known_as<'a>(peek: &Peek, known: &'a [LogFile], keyed: &Keyed) -> Option<&'a LogFile> {
    let mut lengths: Vec<u64> = known.iter().map(|log| log.first_bytes).collect();
    lengths.sort_unstable();
    lengths.dedup();
    // What is known by more is known better.
    lengths.into_iter().rev().find_map(|length| {
        let first = keyed.text(peek.first.get(..usize::try_from(length).ok()?)?);
        known.iter().find(|log| log.first_bytes == length && log.first == first)
    })
}

/// Reads what is new in a file.
pub fn judge(peek: Peek, known: &[LogFile], keyed: &Keyed, settings: &LogSettings, zone: Tz, this_month: Month) -> io::Result<Judged> {
    let before = known_as(&peek, known, keyed).cloned();
    let unchanged = before.as_ref().is_some_and(|log| log.raw == peek.raw && log.raw_bytes == peek.raw_bytes);
    if let Some(log) = &before
        && unchanged
        && (peek.is_packed() || log.counted >= peek.raw_bytes)
    {
        return Ok(Judged::Nothing(Some(Box::new(Part::old(peek, log.clone())))));
    }
    let from = before.as_ref().map_or(peek.first_at, |log| log.counted);
    let tail_bytes = from.min(TAIL);
    let Some(mut lines) = peek.lines_from(from - tail_bytes)? else { return Ok(Judged::Nothing(None)) };
    let mut recent = lines.bytes(tail_bytes)?;
    if (recent.len() as u64) < tail_bytes {
        // A copy that is not finished, or a log that was cut off: what it has is counted.
        return Ok(Judged::Nothing(None));
    }
    if let Some(log) = &before
        && keyed.text(&recent) != log.tail
    {
        return Ok(Judged::Refused("begins like a log that is counted, but goes on otherwise; nothing of it is counted".to_owned()));
    }
    let after = LogFile { first: keyed.text(&peek.first), first_bytes: peek.first.len() as u64, ..LogFile::default() };
    let mut part = Part { before, ..Part::old(peek, after) };
    let mut end = from;
    let (mut number, mut newest) = part.before.as_ref().map_or((part.peek.lines_before, i64::MIN), |log| (log.lines, log.newest));
    let replay = part.before.as_ref().map_or(from, |log| log.replay);
    let mut places = VecDeque::from([(i64::MIN, replay)]);
    let mut line = Vec::new();
    while let Some(at) = lines.next(&mut line)? {
        // A line without its end waits for it, unless it had all the time since the last look.
        if !at.ended && !part.peek.is_packed() && !unchanged {
            break;
        }
        end = lines.offset;
        number += 1;
        if at.too_long {
            recent.clear();
        } else {
            recent.extend_from_slice(line.get(line.len().saturating_sub(FIRST)..).unwrap_or_default());
        }
        recent.drain(..recent.len().saturating_sub(usize::try_from(TAIL).unwrap_or(0)));
        if settings.layout.passes_over(&line) {
            continue;
        }
        let found = if at.too_long { None } else { event(&line, &part.peek, settings, zone, this_month) };
        let Some((_, moment)) = found else {
            part.bad += 1;
            if part.bad_lines.len() < NAMED {
                part.bad_lines.push(number);
            }
            continue;
        };
        part.good += 1;
        part.first = Some(part.first.map_or(moment.seconds, |first| first.min(moment.seconds)));
        *part.days.entry(moment.month).or_default() |= 1 << moment.day;
        newest = newest.max(moment.seconds);
        if places.back().is_none_or(|(time, _)| moment.seconds >= time.saturating_add(APART)) {
            places.push_back((moment.seconds, at.start));
        }
        while places.get(1).is_some_and(|(time, _)| *time < newest - SESSION) {
            places.pop_front();
        }
    }
    let tail = tail_of(&part.peek, end, recent, end == from)?;
    part.after = LogFile {
        counted: end,
        lines: number,
        tail: keyed.text(&tail),
        replay: places.front().map_or(end, |(_, place)| *place),
        newest,
        raw_bytes: part.peek.raw_bytes,
        raw: part.peek.raw.clone(),
        ..part.after
    };
    if part.bad > part.good {
        return Ok(Judged::Refused(format!(
            "has {} lines that are no events, and {} that are; is it the log that the configuration describes? {}",
            part.bad,
            part.good,
            part.bad_words()
        )));
    }
    if part.good == 0 && part.bad == 0 {
        return Ok(Judged::Nothing(Some(Box::new(part))));
    }
    Ok(Judged::New(Box::new(part)))
}

/// The bytes before a place; `recent` has them unless a line was too long to be kept.
fn tail_of(peek: &Peek, end: u64, recent: Vec<u8>, unmoved: bool) -> io::Result<Vec<u8>> {
    let wanted = end.min(TAIL);
    if unmoved || recent.len() as u64 == wanted {
        return Ok(recent);
    }
    match peek.lines_from(end - wanted)? {
        Some(mut lines) => lines.bytes(wanted),
        None => Ok(recent),
    }
}

impl Part {
    /// A log in which there is nothing new.
    fn old(peek: Peek, log: LogFile) -> Self {
        Self { peek, before: Some(log.clone()), after: log, good: 0, bad: 0, bad_lines: Vec::new(), first: None, days: BTreeMap::new() }
    }

    /// Which lines could not be read.
    pub fn bad_words(&self) -> String {
        let numbers: Vec<String> = self.bad_lines.iter().map(ToString::to_string).collect();
        let more = self.bad - self.bad_lines.len() as u64;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("Lines that are none: {}{more} (what stands there is not shown: it may be personal)", numbers.join(", "))
    }
}
