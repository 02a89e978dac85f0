//! Reports of Release 4 (Code of Practice R4, section 4.1): what each is about, and what its counts are called.
//!
//! A table of R4 says in words what SUSHI's XML says by a name (`Regular Searches`, `search_reg`): the names are kept, so that a report is
//! the same whichever way it came. `docs/formats.md` tells what they would be in R5.

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    /// A journal or a book.
    Title,
    /// A database.
    Database,
    /// A platform, or a service on it.
    Platform,
    /// A collection of multimedia.
    Collection,
}

/// The column that says what a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// None: all rows count the same.
    None,
    /// `User Activity`.
    Activity,
    /// `Access Denied Category`.
    Category,
    /// `Page Type`.
    PageType,
    /// `Item Type`.
    ItemType,
    /// None, and the columns are years of publication instead of months.
    Years,
}

/// A report.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// Its name in SUSHI, in capitals and without a space.
    pub(super) id: &'static str,
    /// What a row is about.
    pub(super) thing: Thing,
    /// What says what a row counts.
    pub(super) detail: Detail,
    /// What it counts, if all rows count the same.
    pub(super) metric: &'static str,
    /// The type of what it is about; a column `Data Type` says more.
    pub(super) data_type: &'static str,
}

const fn report(id: &'static str, thing: Thing, detail: Detail, metric: &'static str, data_type: &'static str) -> Report {
    Report { id, thing, detail, metric, data_type }
}

/// All of them, optional ones included.
pub(super) const REPORTS: [Report; 25] = [
    report("JR1", Thing::Title, Detail::None, "ft_total", "Journal"),
    report("JR1A", Thing::Title, Detail::None, "ft_total", "Journal"),
    report("JR1GOA", Thing::Title, Detail::None, "ft_total", "Journal"),
    report("JR2", Thing::Title, Detail::Category, "", "Journal"),
    report("JR3", Thing::Title, Detail::PageType, "", "Journal"),
    report("JR3MOBILE", Thing::Title, Detail::PageType, "", "Journal"),
    report("JR4", Thing::Collection, Detail::Activity, "", "Collection"),
    report("JR5", Thing::Title, Detail::Years, "ft_total", "Journal"),
    report("BR1", Thing::Title, Detail::None, "ft_total", "Book"),
    report("BR2", Thing::Title, Detail::None, "ft_total", "Book"),
    report("BR3", Thing::Title, Detail::Category, "", "Book"),
    report("BR4", Thing::Platform, Detail::Category, "", "Platform"),
    report("BR5", Thing::Title, Detail::Activity, "", "Book"),
    report("BR6", Thing::Platform, Detail::Activity, "", "Platform"),
    report("BR7", Thing::Title, Detail::None, "ft_total", "Book"),
    report("DB1", Thing::Database, Detail::Activity, "", "Database"),
    report("DB2", Thing::Database, Detail::Category, "", "Database"),
    report("PR1", Thing::Platform, Detail::Activity, "", "Platform"),
    report("PR2", Thing::Platform, Detail::Activity, "", "Platform"),
    report("MR1", Thing::Collection, Detail::None, "multimedia", "Collection"),
    report("MR2", Thing::Collection, Detail::ItemType, "", "Collection"),
    report("TR1", Thing::Title, Detail::None, "ft_total", ""),
    report("TR1MOBILE", Thing::Title, Detail::None, "ft_total", ""),
    report("TR2", Thing::Title, Detail::Category, "", ""),
    report("TR3", Thing::Title, Detail::PageType, "", ""),
];

/// The report of this name.
pub(super) fn by_id(id: &str) -> Option<&'static Report> {
    let id = letters(id);
    REPORTS.iter().find(|report| report.id.eq_ignore_ascii_case(&id))
}

/// What a report is called in its first line.
const KINDS: [(&str, &str); 7] = [
    ("journalreport", "JR"),
    ("bookreport", "BR"),
    ("databasereport", "DB"),
    ("platformreport", "PR"),
    ("multimediareport", "MR"),
    ("titlereport", "TR"),
    ("consortiumreport", "CR"),
];

/// A first line: `Journal Report 1a (R4)`, also `JR1a (R4)` or `JR1a`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Titled {
    /// As SUSHI would name it.
    pub(super) id: String,
    /// The release that it names, if it does.
    pub(super) release: Option<u32>,
}

/// Reads a first line.
pub(super) fn titled(text: &str) -> Option<Titled> {
    let text = letters(text);
    let long = KINDS.iter().find_map(|(name, kind)| text.strip_prefix(name).map(|rest| (*kind, rest)));
    let (kind, rest) =
        long.or_else(|| KINDS.iter().find_map(|(_, kind)| text.strip_prefix(&*kind.to_lowercase()).map(|rest| (*kind, rest))))?;
    let number = rest.chars().next().filter(char::is_ascii_digit)?;
    let mut rest = rest.get(1..)?;
    let mut suffix = "";
    for (name, id) in [("goa", "GOA"), ("goldoa", "GOA"), ("mobile", "MOBILE"), ("a", "A")] {
        if let Some(after) = rest.strip_prefix(name)
            && (after.is_empty() || after.starts_with('r'))
        {
            (suffix, rest) = (id, after);
            break;
        }
    }
    let release = rest.strip_prefix('r').and_then(|rest| rest.chars().next()).and_then(|digit| digit.to_digit(10));
    let whole = rest.is_empty() || release.is_some() || rest.starts_with("release");
    let release =
        release.or_else(|| rest.strip_prefix("release").and_then(|rest| rest.chars().next()).and_then(|digit| digit.to_digit(10)));
    whole.then(|| Titled { id: format!("{kind}{number}{suffix}"), release })
}

/// Small letters and digits alone.
fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The name of what a row counts, if what stands in its column is known.
pub(super) fn metric(detail: Detail, text: &str) -> Option<&'static str> {
    let text = letters(text);
    let has = |word: &str| text.contains(word);
    match detail {
        Detail::None | Detail::Years => None,
        Detail::Activity => match () {
            () if has("recordview") => Some("record_view"),
            () if has("resultclick") => Some("result_click"),
            () if has("federated") || has("automated") || text == "searchfed" => Some("search_fed"),
            () if has("regularsearch")
                || has("searchesregular")
                || text == "searchreg"
                || text == "searches"
                || text == "totalsearches" =>
            {
                Some("search_reg")
            }
            () => None,
        },
        Detail::Category => match () {
            () if has("notlicen") || text == "nolicense" => Some("no_license"),
            () if has("limit") || has("simultaneous") || has("concurrent") || has("turnaway") => Some("turnaway"),
            () => None,
        },
        Detail::PageType => match () {
            () if has("pdf") && has("mobile") => Some("ft_pdf_mobile"),
            () if has("html") && has("mobile") => Some("ft_html_mobile"),
            () if has("pdf") => Some("ft_pdf"),
            () if has("html") => Some("ft_html"),
            () if has("postscript") || text == "ftps" => Some("ft_ps"),
            () if has("epub") => Some("ft_epub"),
            () if has("tableofcontents") || text == "toc" || text == "tocs" => Some("toc"),
            () if has("abstract") => Some("abstract"),
            () if has("reference") => Some("reference"),
            () if has("fulltext") || text == "fttotal" => Some("ft_total"),
            () => None,
        },
        Detail::ItemType => ["audio", "video", "image", "podcast", "multimedia"].into_iter().find(|name| has(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines_name_their_report() {
        for (text, id, release) in [
            ("Journal Report 1 (R4)", "JR1", Some(4)),
            ("Journal Report 1a (R4)", "JR1A", Some(4)),
            ("Journal Report 1 GOA (R4)", "JR1GOA", Some(4)),
            ("JOURNAL REPORT 3 Mobile (R4)", "JR3MOBILE", Some(4)),
            ("Book Report 1(R4)", "BR1", Some(4)),
            ("Multimedia Report 1 (R4) - Number of Successful", "MR1", Some(4)),
            ("Title Report 2", "TR2", None),
            ("JR1 (R4)", "JR1", Some(4)),
            ("JR1 GOA", "JR1GOA", None),
            ("PR1", "PR1", None),
            ("Database Report 3 (R3)", "DB3", Some(3)),
            ("Platform Report 1, Release 4", "PR1", Some(4)),
        ] {
            assert_eq!(titled(text), Some(Titled { id: id.into(), release }), "{text}");
        }
        for text in ["", "Report_Name", "Title Master Report", "Book Report 2024", "Journal Report", "PR", "TR_J1", "Prix 1", "Title 1"] {
            assert_eq!(titled(text), None, "{text}");
        }
        assert!(by_id("jr1 goa").is_some_and(|report| report.id == "JR1GOA"));
        assert!(by_id("TR").is_none() && by_id("TR_J1").is_none());
    }

    #[test]
    fn what_is_counted_gets_its_name_in_sushi() {
        for (detail, text, name) in [
            (Detail::Activity, "Regular Searches", "search_reg"),
            (Detail::Activity, "Searches-federated and automated", "search_fed"),
            (Detail::Activity, "Result Clicks", "result_click"),
            (Detail::Activity, "Record Views", "record_view"),
            (Detail::Category, "Access denied: concurrent/simultaneous user license limit exceeded", "turnaway"),
            (Detail::Category, "Access denied: concurrent/simultaneous user licence exceeded", "turnaway"),
            (Detail::Category, "Access denied: content item not licensed", "no_license"),
            (Detail::PageType, "Full-text HTML Requests", "ft_html"),
            (Detail::PageType, "Table of Contents", "toc"),
            (Detail::ItemType, "Video", "video"),
        ] {
            assert_eq!(metric(detail, text), Some(name), "{text}");
        }
        assert_eq!(metric(Detail::Category, "3"), None);
        assert_eq!(metric(Detail::Activity, "Sessions"), None);
    }
}
