//! What a parser tolerated: each kind once, with how often and the first place.

use std::borrow::Cow;
use std::collections::HashMap;

use super::Note;

/// So many kinds are told apart; a report that is odd in more ways is odd enough.
const KINDS: usize = 60;

/// The notes of one reading.
#[derive(Debug, Default)]
pub struct Notes {
    notes: Vec<Note>,
    index: HashMap<Cow<'static, str>, usize>,
}

impl Notes {
    /// Notes `what` once more, if it was noted before.
    pub fn again(&mut self, what: &str) -> bool {
        let known = self.index.get(what).and_then(|place| self.notes.get_mut(*place));
        known.map(|note| note.times += 1).is_some()
    }

    /// Notes `what`; its place is only worked out the first time.
    pub fn add(&mut self, what: impl Into<Cow<'static, str>>, place: impl FnOnce() -> String) {
        let mut what = what.into();
        if self.again(&what) {
            return;
        }
        if self.notes.len() >= KINDS {
            what = "other oddities".into();
            if self.again(&what) {
                return;
            }
        }
        self.notes.push(Note { what: what.to_string(), times: 1, place: place() });
        self.index.insert(what, self.notes.len() - 1);
    }

    /// All of them, in the order of their first places.
    #[must_use]
    pub fn into_notes(self) -> Vec<Note> {
        self.notes
    }
}
