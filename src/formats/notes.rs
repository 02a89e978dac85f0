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
    /// Notes `what`; its place is only worked out the first time.
    pub fn add(&mut self, what: impl Into<Cow<'static, str>>, place: impl FnOnce() -> String) {
        let mut what = what.into();
        if !self.index.contains_key(&what) && self.notes.len() >= KINDS {
            what = "other oddities".into();
        }
        if let Some(&known) = self.index.get(&what) {
            self.notes[known].times += 1;
            return;
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
