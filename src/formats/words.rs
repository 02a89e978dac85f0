//! The few words that reports repeat a million times: each is kept once, in the standard's spelling.

use std::collections::HashMap;

/// Which attribute a word belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// `Data_Type`.
    DataType,
    /// `Access_Method`.
    AccessMethod,
    /// `Access_Type`.
    AccessType,
    /// `YOP`.
    Yop,
    /// `Metric_Type`.
    Metric,
}

impl Field {
    pub(super) const COUNT: usize = 5;

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DataType => "Data_Type",
            Self::AccessMethod => "Access_Method",
            Self::AccessType => "Access_Type",
            Self::Yop => "YOP",
            Self::Metric => "Metric_Type",
        }
    }

    /// What the Code of Practice knows, R5 and R5.1 together (R5.1 sections 3.3.2 to 3.3.7, R5 sections 3.3.2 to 3.3.8).
    fn known(self) -> &'static [&'static str] {
        match self {
            Self::DataType => &DATA_TYPES,
            Self::AccessMethod => &["Regular", "TDM"],
            Self::AccessType => &["Controlled", "Open", "Free_To_Read", "OA_Gold", "OA_Delayed", "Other_Free_To_Read"],
            Self::Yop => &[],
            Self::Metric => &METRICS,
        }
    }
}

const METRICS: [&str; 12] = [
    "Total_Item_Investigations",
    "Unique_Item_Investigations",
    "Unique_Title_Investigations",
    "Total_Item_Requests",
    "Unique_Item_Requests",
    "Unique_Title_Requests",
    "Limit_Exceeded",
    "No_License",
    "Searches_Regular",
    "Searches_Automated",
    "Searches_Federated",
    "Searches_Platform",
];

const DATA_TYPES: [&str; 30] = [
    "Article",
    "Audiovisual",
    "Book",
    "Book_Segment",
    "Conference",
    "Conference_Item",
    "Database",
    "Database_AI",
    "Database_Aggregated",
    "Database_Full",
    "Database_Full_Item",
    "Dataset",
    "Image",
    "Interactive_Resource",
    "Journal",
    "Multimedia",
    "News_Item",
    "Newspaper_or_Newsletter",
    "Other",
    "Patent",
    "Platform",
    "Reference_Item",
    "Reference_Work",
    "Report",
    "Repository_Item",
    "Software",
    "Sound",
    "Standard",
    "Thesis_or_Dissertation",
    "Unspecified",
];

/// What is special about a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// As the Code of Practice writes it.
    Known,
    /// Known, written otherwise.
    Respelt,
    /// Not in the Code of Practice.
    Unknown,
}

/// The words of one attribute. Word 0 is the empty one.
#[derive(Debug)]
pub(super) struct Words {
    field: Field,
    texts: Vec<String>,
    index: HashMap<String, (u32, Standing)>,
}

impl Words {
    pub(super) fn new(field: Field) -> Self {
        Self { field, texts: vec![String::new()], index: HashMap::new() }
    }

    pub(super) fn text(&self, word: u32) -> &str {
        self.texts.get(word as usize).map_or("", String::as_str)
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// Forgets every word; only between items.
    pub(super) fn clear(&mut self) {
        self.texts.truncate(1);
        self.index.clear();
    }

    /// The word's number, and whether it is one that the Code of Practice knows.
    pub(super) fn intern(&mut self, raw: &str) -> (u32, Standing) {
        if let Some(&found) = self.index.get(raw) {
            return found;
        }
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            return (0, Standing::Known);
        }
        let known = self.field.known();
        let (text, standing) = if known.is_empty() || known.contains(&trimmed) {
            (trimmed, Standing::Known)
        } else if let Some(right) = known.iter().find(|known| same_letters(known, trimmed)) {
            (*right, Standing::Respelt)
        } else {
            (trimmed, Standing::Unknown)
        };
        let word = if let Some(&(word, _)) = self.index.get(text) {
            word
        } else {
            let word = u32::try_from(self.texts.len()).unwrap_or(0);
            self.texts.push(text.to_owned());
            let plain = if standing == Standing::Respelt { Standing::Known } else { standing };
            self.index.insert(text.to_owned(), (word, plain));
            word
        };
        self.index.insert(raw.to_owned(), (word, standing));
        (word, standing)
    }
}

/// Whether two names differ in case and separators only.
pub(super) fn same_letters(one: &str, two: &str) -> bool {
    letters(one).eq(letters(two))
}

fn letters(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(|byte| !matches!(byte, b'_' | b' ' | b'-')).map(|byte| byte.to_ascii_lowercase())
}
