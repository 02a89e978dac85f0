//! The words of Release 4: metrics with the category that each belongs to, and data types; kept under Release 4's own names.
//!
//! | Release 4 | reports | stands for in Release 5 |
//! | --- | --- | --- |
//! | `ft_total` | JR1, JR1a, JR5, BR2, TR1 … | `Total_Item_Requests` |
//! | `ft_total` | BR1: whole titles | `Unique_Title_Requests`, nearly |
//! | `ft_html`, `ft_pdf`, `ft_ps`, `ft_epub` and their `_mobile` | the same | parts of `ft_total`; nothing in Release 5 |
//! | `toc`, `abstract`, `reference` | JR4, TR3 … | part of `Total_Item_Investigations` |
//! | `multimedia`, `audio`, `video`, `image`, `podcast` | MR1, MR2 | `Total_Item_Requests` |
//! | `result_click`, `record_view` | DB1, PR1 | parts of `Total_Item_Investigations`; one act may count as both |
//! | `search_reg` | DB1 | `Searches_Regular` |
//! | `search_reg` | PR1 | `Searches_Platform` |
//! | `search_fed` | DB1, PR1 | `Searches_Federated` and `Searches_Automated` together |
//! | `turnaway` | JR2, BR3, DB2 | `Limit_Exceeded` |
//! | `no_license` | JR2, BR3, DB2 | `No_License` |
//!
//! What counts the same acts twice stays apart: no figure is the sum of two metrics.

use std::collections::HashMap;

use crate::formats::words::same_letters;

const REQUESTS: &str = "Requests";
const SEARCHES: &str = "Searches";
const DENIED: &str = "Access_denied";

/// Metrics of the schema COUNTER 4.1 with their categories.
const METRICS: [(&str, &str); 26] = [
    ("ft_total", REQUESTS),
    ("ft_html", REQUESTS),
    ("ft_pdf", REQUESTS),
    ("ft_ps", REQUESTS),
    ("ft_epub", REQUESTS),
    ("ft_html_mobile", REQUESTS),
    ("ft_pdf_mobile", REQUESTS),
    ("ft_ps_mobile", REQUESTS),
    ("sectioned_html", REQUESTS),
    ("toc", REQUESTS),
    ("abstract", REQUESTS),
    ("reference", REQUESTS),
    ("data_set", REQUESTS),
    ("audio", REQUESTS),
    ("video", REQUESTS),
    ("image", REQUESTS),
    ("podcast", REQUESTS),
    ("multimedia", REQUESTS),
    ("record_view", REQUESTS),
    ("result_click", REQUESTS),
    ("other", REQUESTS),
    ("search_reg", SEARCHES),
    ("search_fed", SEARCHES),
    ("session_reg", SEARCHES),
    ("turnaway", DENIED),
    ("no_license", DENIED),
];

/// Data types of the schema.
const DATA_TYPES: [&str; 7] = ["Journal", "Book", "Database", "Platform", "Collection", "Multimedia", "Reference_Work"];

/// How a word came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// As the schema has it.
    Known,
    /// Known, written otherwise.
    Respelt,
    /// Not of Release 4.
    Unknown,
    /// A known metric in a category where it does not belong.
    Elsewhere,
}

/// The metric that a category and a `MetricType` make: the type alone where it is in its own category or in none, so that
/// `Access_denied:ft_total` is never added to `ft_total`.
pub(super) fn metric(category: &str, metric: &str) -> (String, Standing) {
    let Some((known, own)) = METRICS.iter().find(|(known, _)| same_letters(known, metric)) else {
        return (metric.to_owned(), Standing::Unknown);
    };
    if !category.is_empty() && !same_letters(category, own) {
        return (format!("{category}:{known}"), Standing::Elsewhere);
    }
    ((*known).to_owned(), if *known == metric { Standing::Known } else { Standing::Respelt })
}

/// A data type as Release 4 writes it.
pub(super) fn data_type(raw: &str) -> (String, Standing) {
    match DATA_TYPES.iter().find(|known| same_letters(known, raw)) {
        Some(known) => ((*known).to_owned(), if *known == raw { Standing::Known } else { Standing::Respelt }),
        None => (raw.to_owned(), if raw.is_empty() { Standing::Known } else { Standing::Unknown }),
    }
}

/// The reports, by the beginning of their names, that have items of this type.
pub(super) fn family(data_type: &str) -> Option<&'static str> {
    Some(match data_type {
        "Journal" => "JR",
        "Book" | "Reference_Work" => "BR",
        "Database" => "DB",
        "Platform" => "PR",
        "Collection" | "Multimedia" => "MR",
        _ => return None,
    })
}

/// Texts that repeat, each with a number; number 0 is the empty one.
#[derive(Debug)]
pub(super) struct Numbered {
    texts: Vec<String>,
    index: HashMap<String, u32>,
}

/// So many different words of one kind are more than any report has.
pub(super) const MOST_WORDS: usize = 4096;

impl Numbered {
    pub(super) fn new() -> Self {
        Self { texts: vec![String::new()], index: HashMap::from([(String::new(), 0)]) }
    }

    pub(super) fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", String::as_str)
    }

    /// The number of a text; nothing if there are too many.
    pub(super) fn number(&mut self, text: &str) -> Option<u32> {
        if let Some(number) = self.index.get(text) {
            return Some(*number);
        }
        let number = u32::try_from(self.texts.len()).ok().filter(|_| self.texts.len() <= MOST_WORDS)?;
        self.texts.push(text.to_owned());
        self.index.insert(text.to_owned(), number);
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_keeps_its_name_and_a_strange_category_keeps_it_apart() {
        assert_eq!(metric("Requests", "ft_total"), ("ft_total".into(), Standing::Known));
        assert_eq!(metric("", "FT-Total"), ("ft_total".into(), Standing::Respelt));
        assert_eq!(metric("Access_denied", "ft_total"), ("Access_denied:ft_total".into(), Standing::Elsewhere));
        assert_eq!(metric("access denied", "turnaway"), ("turnaway".into(), Standing::Known));
        assert_eq!(metric("Requests", "chapters"), ("chapters".into(), Standing::Unknown));
    }

    #[test]
    fn there_is_an_end_of_words() {
        let mut words = Numbered::new();
        for word in 0..MOST_WORDS {
            assert!(words.number(&word.to_string()).is_some());
        }
        assert_eq!(words.number("one more"), None);
        assert_eq!(words.number("7").map(|number| words.text(number).to_owned()).as_deref(), Some("7"));
    }
}
