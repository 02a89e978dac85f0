//! Release 4 of the Code of Practice: its reports, and how vendors write their names.

use super::ReportId;

/// The reports of Release 4 (Code of Practice R4, section 4 and Appendix A), as avling writes them and as SUSHI asks for them.
pub const RELEASE_4_REPORTS: [(&str, &str); 31] = [
    ("JR1", "JR1"),
    ("JR1A", "JR1a"),
    ("JR1GOA", "JR1GOA"),
    ("JR2", "JR2"),
    ("JR3", "JR3"),
    ("JR3MOBILE", "JR3Mobile"),
    ("JR4", "JR4"),
    ("JR5", "JR5"),
    ("BR1", "BR1"),
    ("BR2", "BR2"),
    ("BR3", "BR3"),
    ("BR4", "BR4"),
    ("BR5", "BR5"),
    ("BR6", "BR6"),
    ("BR7", "BR7"),
    ("DB1", "DB1"),
    ("DB2", "DB2"),
    ("DB3", "DB3"),
    ("PR1", "PR1"),
    ("MR1", "MR1"),
    ("MR1MOBILE", "MR1Mobile"),
    ("MR2", "MR2"),
    ("TR1", "TR1"),
    ("TR1MOBILE", "TR1Mobile"),
    ("TR2", "TR2"),
    ("TR3", "TR3"),
    ("TR3MOBILE", "TR3Mobile"),
    ("CR1", "CR1"),
    ("CR2", "CR2"),
    ("CR3", "CR3"),
    ("PR2", "PR2"),
];

/// The long names, without blanks, of the families of reports.
const FAMILIES: [(&str, &str); 8] = [
    ("JOURNALREPORT", "JR"),
    ("BOOKREPORT", "BR"),
    ("DATABASEREPORT", "DB"),
    ("PLATFORMREPORT", "PR"),
    ("MULTIMEDIAREPORT", "MR"),
    ("TITLEREPORT", "TR"),
    ("CONSORTIUMREPORT", "CR"),
    ("CONSORTIAREPORT", "CR"),
];

/// The report that a vendor means by `JR1`, `JR1 GOA`, `JR1:4` or `Journal Report 1 (R4)`; nothing if it is none of Release 4.
#[must_use]
pub fn release_4_report(name: &str) -> Option<ReportId> {
    let name = name.split(['(', ':']).next().unwrap_or_default();
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let letters = match FAMILIES.iter().find_map(|(long, short)| Some((short, letters.strip_prefix(long)?))) {
        Some((short, rest)) => format!("{short}{rest}"),
        None => letters,
    };
    RELEASE_4_REPORTS.iter().find(|(id, _)| *id == letters).map(|(id, _)| ReportId::trusted(id))
}

/// Whether a report is one of Release 4.
#[must_use]
pub fn is_release_4(report: &ReportId) -> bool {
    RELEASE_4_REPORTS.iter().any(|(id, _)| *id == report.as_str())
}

/// The name by which SUSHI asks for a report: that of the standard, or the id as it is.
#[must_use]
pub fn sushi_name(report: &ReportId) -> &str {
    RELEASE_4_REPORTS.iter().find(|(id, _)| *id == report.as_str()).map_or(report.as_str(), |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_known_by_all_their_names() {
        for (name, id) in [
            ("JR1", "JR1"),
            ("jr1a", "JR1A"),
            ("JR1 GOA", "JR1GOA"),
            ("JR1:4", "JR1"),
            ("Journal Report 1 (R4)", "JR1"),
            ("Journal Report 1a", "JR1A"),
            ("Multimedia Report 1 (R4)", "MR1"),
            ("Consortium Report 1", "CR1"),
            ("Title Report 3 Mobile", "TR3MOBILE"),
        ] {
            assert_eq!(release_4_report(name).unwrap().as_str(), id, "{name}");
        }
        assert_eq!(release_4_report("TR"), None);
        assert_eq!(release_4_report("Journal Report"), None);
        assert_eq!(sushi_name(&ReportId::trusted("JR1A")), "JR1a");
    }
}
