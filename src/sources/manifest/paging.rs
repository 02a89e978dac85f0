//! Where the pages of a reply stand, and which is next.

use std::collections::HashSet;

use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};

use crate::formats::mapped::PageSeen;
use crate::model::manifest::Paging;
use crate::sources::error::host_of;

/// The page that is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    /// How many pages there are, this one included.
    pub pages: u64,
    /// Its number, as the vendor counts.
    pub number: u64,
    /// How many rows come before it.
    pub offset: u64,
    /// The word that leads to it; empty on the first.
    pub cursor: String,
    /// The address that leads to it, if the page before gave one.
    pub url: Option<Url>,
    /// Words and addresses that were used.
    used: HashSet<String>,
    /// A page had a place for what leads to the next, even if nothing stood there.
    had_place: bool,
}

/// What comes after a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing.
    End,
    /// Another; the course is set to it.
    More,
    /// Another at another host, which is not asked.
    OtherHost(String),
}

impl Course {
    /// The first page.
    pub(super) fn new(paging: Option<&Paging>) -> Self {
        let (number, offset) = match paging {
            Some(Paging::Page { first, .. }) => (*first, 0),
            Some(Paging::Offset { first, .. }) => (1, *first),
            _ => (1, 0),
        };
        Self { pages: 1, number, offset, ..Self::default() }
    }

    /// Sets the course to the page after this one.
    ///
    /// # Errors
    /// The vendor leads us in a circle, or says what cannot be followed.
    pub(super) fn next(&mut self, paging: &Paging, seen: &PageSeen, headers: &HeaderMap, url: &Url) -> Result<Next, String> {
        // What is asked for stands in `found` in the order of `Paging::places`.
        let mut found = seen.found.iter().map(|found| found.as_deref().map(str::trim).filter(|text| !text.is_empty()));
        let mut said = |asked: bool| if asked { found.next().flatten() } else { None };
        let first_is_there = seen.found.first().is_some_and(Option::is_some);
        let next = match paging {
            Paging::Page { first, size, pages, more } => {
                let (pages, more) = (said(pages.is_some()), said(more.is_some()));
                let last = number(pages, "page_count")?.map(|pages| self.number + 1 >= first + pages);
                if self.ends(last, switch(more)?, seen.rows, *size) {
                    return Ok(Next::End);
                }
                self.number += 1;
                Next::More
            }
            Paging::Offset { first: _, size, total, more } => {
                let (total, more) = (said(total.is_some()), said(more.is_some()));
                let step = size.unwrap_or(seen.rows);
                let last = number(total, "row_count")?.map(|total| self.offset.saturating_add(step) >= total);
                if self.ends(last, switch(more)?, seen.rows, *size) {
                    return Ok(Next::End);
                }
                self.offset = self.offset.saturating_add(step);
                Next::More
            }
            Paging::Cursor { place, header, may_be_absent, more } => {
                let in_headers = header.as_ref().is_some_and(|name| headers.contains_key(name));
                self.check_place(in_headers || place.is_some() && first_is_there, *may_be_absent, "the cursor")?;
                let in_reply = said(place.is_some());
                let more = switch(said(more.is_some()))?;
                let in_header = header.as_ref().and_then(|name| headers.get(name)).and_then(|value| value.to_str().ok()).map(str::trim);
                let cursor = in_reply.or(in_header).filter(|cursor| !cursor.is_empty() && *cursor != "null" && more != Some(false));
                let Some(cursor) = cursor else { return Ok(Next::End) };
                self.use_once(cursor)?;
                cursor.clone_into(&mut self.cursor);
                Next::More
            }
            Paging::Link { place, may_be_absent } => {
                self.check_place(place.is_none() || first_is_there, *may_be_absent, "the next address")?;
                let link = match place {
                    Some(_) => said(true).map(str::to_owned),
                    None => next_link(headers),
                };
                let Some(link) = link else { return Ok(Next::End) };
                let target = url.join(&link).map_err(|_| "the address of the next page is none".to_owned())?;
                if target.origin() != url.origin() {
                    return Ok(Next::OtherHost(format!("{}://{}", target.scheme(), host_of(&target))));
                }
                self.use_once(target.as_str())?;
                self.url = Some(target);
                Next::More
            }
        };
        self.pages += 1;
        Ok(next)
    }

    /// Whether the page is the last: as the vendor says, else the one that has no rows or is not full.
    #[allow(clippy::unused_self, reason = "said of the page that the course stands at")]
    fn ends(&self, last: Option<bool>, more: Option<bool>, rows: u64, size: Option<u64>) -> bool {
        match (last, more) {
            (Some(true), _) | (_, Some(false)) => true,
            (Some(false), _) | (_, Some(true)) => rows == 0,
            (None, None) => rows == 0 || size.is_some_and(|size| rows < size),
        }
    }

    /// A slip in the place of what leads on must not look like the last page.
    fn check_place(&mut self, is_there: bool, may_be_absent: bool, what: &str) -> Result<(), String> {
        self.had_place |= is_there;
        if self.had_place || may_be_absent {
            return Ok(());
        }
        Err(format!(
            "the reply has no place for {what} where pages looks; correct it, or say may_be_absent = true in pages if that means that there are no more pages"
        ))
    }

    fn use_once(&mut self, word: &str) -> Result<(), String> {
        if self.used.insert(word.to_owned()) {
            Ok(())
        } else {
            Err(format!("what leads to page {} has led to a page before, so there would be no end; ask the vendor", self.pages + 1))
        }
    }
}

fn number(text: Option<&str>, key: &str) -> Result<Option<u64>, String> {
    let parsed = text.map(|text| text.parse::<u64>().map_err(|_| format!("what stands where {key} of pages looks is no number")));
    parsed.transpose()
}

fn switch(text: Option<&str>) -> Result<Option<bool>, String> {
    match text.map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("true" | "1" | "yes" | "y") => Ok(Some(true)),
        Some("false" | "0" | "no" | "n") => Ok(Some(false)),
        Some(_) => Err("what stands where more of pages looks is neither true nor false".into()),
    }
}

/// The target of `Link: <…>; rel="next"` (RFC 8288 section 3).
fn next_link(headers: &HeaderMap) -> Option<String> {
    for value in headers.get_all(LINK) {
        let mut rest = value.to_str().ok()?;
        while let Some((_, after)) = rest.split_once('<') {
            let (target, after) = after.split_once('>')?;
            // Parameters go on to the comma before the next target; commas may stand in quotes.
            let (mut end, mut quoted) = (after.len(), false);
            for (at, c) in after.char_indices() {
                match c {
                    '"' => quoted = !quoted,
                    ',' if !quoted => {
                        end = at;
                        break;
                    }
                    _ => {}
                }
            }
            let (parameters, later) = after.split_at(end);
            let is_next = parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
                name.trim().eq_ignore_ascii_case("rel")
                    && value.trim().trim_matches('"').split_whitespace().any(|kind| kind.eq_ignore_ascii_case("next"))
            });
            if is_next {
                return Some(target.trim().to_owned());
            }
            rest = later;
        }
    }
    None
}
