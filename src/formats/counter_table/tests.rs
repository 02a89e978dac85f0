//! COUNTER tables as vendors write them, as text and as workbooks.

use std::io::{Cursor, Read as _, Write as _};

use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::formats::{FormatError, Reading, RecordSink, Stopped, read};
use crate::model::{Item, Member, Release, UsageRecord};

/// Records as lines, with the items and members behind them.
#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    items: Vec<Item>,
    members: Vec<Option<Member>>,
}

impl RecordSink for Lines {
    fn record(&mut self, r: &UsageRecord<'_>) -> Result<(), Stopped> {
        let i = r.item;
        let name = [&i.item, &i.title, &i.database, &i.platform].into_iter().find(|name| !name.is_empty()).unwrap();
        let kinds = [r.data_type, r.access_type, r.yop].iter().filter(|kind| !kind.is_empty()).copied().collect::<Vec<_>>().join(" ");
        let method = if r.access_method == "Regular" { "" } else { r.access_method };
        self.lines.push(format!("{name} [{kinds}{method}] {} {} {}", r.metric, r.month, r.count));
        self.items.push(i.clone());
        self.members.push(r.member.cloned());
        Ok(())
    }
}

fn all(bytes: &[u8]) -> Result<(Lines, Reading), FormatError> {
    let mut lines = Lines::default();
    let reading = read(bytes, &mut lines)?;
    assert_eq!(reading.records, lines.lines.len() as u64);
    Ok((lines, reading))
}

fn lines(text: &str) -> Vec<String> {
    all(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}")).0.lines
}

fn notes(bytes: &[u8]) -> Vec<String> {
    all(bytes).unwrap().1.notes.iter().map(ToString::to_string).collect()
}

fn error(text: &str) -> String {
    match all(text.as_bytes()) {
        Ok((lines, _)) => panic!("taken: {:?}\n{text}", lines.lines),
        Err(error) => error.to_string(),
    }
}

/// A TR of two months with these rows.
fn tr(rows: &str) -> String {
    format!(
        "Report_Name\tTitle Report\nReport_ID\tTR\nRelease\t5.1\nInstitution_ID\tNO:c1\nReporting_Period\tBegin_Date=2024-01-01; End_Date=2024-02-29\n\n\
         Title\tPublisher\tPlatform\tDOI\tYOP\tData_Type\tMetric_Type\tReporting_Period_Total\tJan-2024\tFeb-2024\n{rows}"
    )
}

/// A JR1 of two months with these rows.
fn jr1(rows: &str) -> String {
    format!(
        "Journal Report 1 (R4)\n\nJournal,Publisher,Platform,Reporting Period Total,Reporting Period HTML,Reporting Period PDF,Jan-2018,Feb-2018\n{rows}"
    )
}

const ROW: &str = "Blåbær\tP\tV\t10.1/x\t2020\tBook\tTotal_Item_Requests\t1,003\t3\t1 000\n";
const COUNTS: [&str; 2] = ["Blåbær [Book 2020] Total_Item_Requests 2024-01 3", "Blåbær [Book 2020] Total_Item_Requests 2024-02 1000"];

#[test]
fn the_facts_are_the_same_whatever_separates_and_encodes() {
    let text = tr(ROW);
    assert_eq!(lines(&text), COUNTS);
    for separator in [";", "|", ","] {
        let quoted = text.replace("1,003", "\"1,003\"").replace("Begin_Date=2024-01-01; End_Date=2024-02-29", "2024-01-01 to 2024-02-29");
        let text = quoted.replace('\t', separator).replace('\n', "\r\n");
        assert_eq!(lines(&text), COUNTS, "{separator}");
        assert_eq!(lines(&format!("sep={separator}\r\n{text}")), COUNTS, "{separator}");
    }
    let utf16 = |big: bool, mark: &str| -> Vec<u8> {
        let text = format!("{mark}{text}");
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let windows = encoding_rs::WINDOWS_1252.encode(&text).0.into_owned();
    for bytes in [
        utf16(false, "\u{feff}"),
        utf16(true, "\u{feff}"),
        utf16(false, ""),
        utf16(true, ""),
        windows.clone(),
        format!("\u{feff}{text}").into_bytes(),
    ] {
        assert_eq!(all(&bytes).unwrap().0.lines, COUNTS);
    }
    assert!(notes(&windows).contains(&"characters that are not UTF-8 are read as Windows-1252 (line 8)".to_owned()));
    assert!(notes(&utf16(false, "\u{feff}")).contains(&"the text is in UTF-16 (the whole file)".to_owned()));
}

#[test]
fn the_heading_tells_what_the_json_header_would() {
    let (_, reading) = all(tr(ROW).as_bytes()).unwrap();
    let header = reading.header;
    assert_eq!((header.report.unwrap().as_str(), header.release), ("TR", Some(Release::R51)));
    assert_eq!(header.institution_ids[0].value, "NO:c1");
    assert_eq!((header.begin.unwrap().to_string(), header.end.unwrap().to_string()), ("2024-01-01".into(), "2024-02-29".into()));
    assert_eq!((reading.looks_like, reading.has_items), (Some("TR"), true));
    let kinds: Vec<String> = reading.notes.iter().map(ToString::to_string).collect();
    assert_eq!(kinds, ["counts with separators between thousands (line 8, Feb-2024)"]);
}

#[test]
fn rows_of_the_heading_may_be_missing_shifted_and_spelt_otherwise() {
    let table = "Title\tPublisher\tPlatform\tMetric Type\tReporting Period Total\t2024-01\nT\tP\tV\tTotal_Item_Requests\t3\t3\n";
    for heading in [
        "",
        "\n\n\t\t\n",
        "Report Name:\tTitle Master Report\n",
        "\treport id\ttr\n\n\n\tCreated by\tMe\n\n",
        "Release\t5\nReport_Name\tmy own\n",
    ] {
        let (found, reading) = all(format!("{heading}{table}").as_bytes()).unwrap();
        assert_eq!(found.lines, ["T [] Total_Item_Requests 2024-01 3"], "{heading:?}");
        assert_eq!(reading.looks_like, Some("TR"));
        assert_eq!(reading.header.report.is_some(), heading.contains("Master") || heading.contains("tr"), "{heading:?}");
    }
    let shifted = "\tReport_ID\tPR\n\n\tPlatform\tMetric_Type\tJan-2024\n\tV\tSearches_Platform\t4\n";
    assert_eq!(lines(shifted), ["V [] Searches_Platform 2024-01 4"]);
}

#[test]
fn months_may_be_rows_and_metrics_may_be_columns() {
    let long = "Report_ID,TR\nTitle,Publisher,Metric_Type,Month,Count\nA,P,Total_Item_Requests,2024-01,3\nA,P,Total_Item_Requests,feb-24,0\nA,P,Unique_Item_Requests,2024-02-01,2\n";
    assert_eq!(lines(long), ["A [] Total_Item_Requests 2024-01 3", "A [] Unique_Item_Requests 2024-02 2"]);
    let (_, reading) = all(long.as_bytes()).unwrap();
    assert_eq!(reading.header.end.unwrap().to_string(), "2024-02-29");
    let metrics = "Report_ID;PR\nPlatform;Month;Total_Item_Requests;Unique Item Requests\nV;mai 2024;3;2\nV;juni 2024;;1\n";
    assert_eq!(
        lines(metrics),
        ["V [] Total_Item_Requests 2024-05 3", "V [] Unique_Item_Requests 2024-05 2", "V [] Unique_Item_Requests 2024-06 1"]
    );
    assert_eq!(error(&long.replace("2024-01,", "next year,")), "line 3, Month: 'next year' is no month");
    // Without a heading such a table may be one of use; it is COUNTER's where it describes more than that has.
    let described = "Title,Publisher,DOI,Metric_Type,Month,Count\nA,P,10.1/x,Total_Item_Requests,2024-01,3\n";
    assert_eq!(all(described.as_bytes()).unwrap().0.items[0].ids[0].value, "10.1/x");
}

#[test]
fn a_bad_row_refuses_the_table_and_is_named() {
    let with = |row: &str| error(&tr(&format!("{ROW}{row}")));
    assert_eq!(with("T\tP\tV\t\t\tBook\tTotal_Item_Requests\t3\t3\tx\n"), "line 9, Feb-2024: 'x' is not a whole number from 0");
    assert_eq!(with("T\tP\tV\t\t\tBook\tTotal_Item_Requests\t3\t-3\t0\n"), "line 9, Jan-2024: '-3' is below zero");
    assert_eq!(with("T\tP\tV\t\t\tBook\tTotal_Item_Requests\t3\t3\t1.5\n"), "line 9, Feb-2024: '1.5' is not a whole number from 0");
    assert_eq!(with("T\tP\tV\t\t\tBook\t\t3\t3\t0\n"), "line 9, Metric_Type: is empty, and there are counts");
    assert_eq!(with("T\tP\tV\t\t\tBook\t\u{a0}\t3\t3\t0\n"), "line 9, Metric_Type: is empty, and there are counts");
    assert_eq!(
        with("T\tP\tV\t\t\tBook\tTotal_Item_Requests\t3\t#REF!\t0\n"),
        "line 9, Jan-2024: '#REF!' is what a spreadsheet shows where something went wrong"
    );
    assert!(with("T\tP\tP\tV\t\t\tBook\tTotal_Item_Requests\t3\t3\t0\n").starts_with("line 9: has 11 cells where there are 10 columns"));
    assert_eq!(
        with("T\tP\tV\t\t\tBook\tTotal_Item_Requests\t\t9223372036854775808\t0\n"),
        "line 9, Jan-2024: '9223372036854775808' is larger than can be counted"
    );
}

#[test]
fn a_file_that_was_cut_off_is_refused() {
    let whole = tr(&format!("{ROW}Other\tP\tV\t\t\tBook\tTotal_Item_Requests\t7\t3\t4\n"));
    assert_eq!(lines(&whole).len(), 4);
    // The last figure and the line's end alone can be missing without a trace.
    let last = whole.rfind("\t4").unwrap();
    let begin = whole.find("Other").unwrap();
    for at in begin + 1..last {
        let cut = all(&whole.as_bytes()[..at]);
        assert!(cut.is_err(), "{at}: {:?}", cut.unwrap().0.lines);
    }
    assert!(error(&whole[..last]).starts_with("line 9: is cut off after 9 of 10 cells"));
    // Empty cells that a program left out are not missing, if a total says so.
    assert_eq!(lines(&tr("T\tP\tV\t\t\tBook\tTotal_Item_Requests\t3\t3\nT\tP\tV\t\t\tBook\tUnique_Item_Requests\t1\t1\t\n")).len(), 2);
    assert!(
        error(&tr("T\tP\tV\t\t\tBook\tTotal_Item_Requests\t5\t3\nT\tP\tV\t\t\tBook\tUnique_Item_Requests\t1\t1\t\n"))
            .starts_with("line 8: has 9 cells")
    );
}

#[test]
fn a_table_that_is_not_what_it_says_is_refused() {
    let as_dr = tr(ROW).replace("Report_ID\tTR", "Report_ID\tDR");
    assert!(
        error(&as_dr).starts_with("line 7: it says that it is DR, but its columns are those of a TR: found Title, Publisher"),
        "{}",
        error(&as_dr)
    );
    let unknown = tr(ROW).replace("Report_ID\tTR", "Report_ID\tXY");
    assert!(error(&unknown).contains("its Report_ID is XY, which is no report of R5 or R5.1; by its columns it is a TR"));
    let own = tr(ROW).replace("Report_ID\tTR", "Report_ID\tvendor:XY");
    assert_eq!(lines(&own), COUNTS);
    let none = error("Report_ID\tTR\nRelease\t5\n\nmy\town\ttable\n1\t2\t3\n");
    assert!(none.contains("it begins as TR, but there is no table in it: a row that names the columns is expected"), "{none}");
    assert!(error("Report_Name,Platform Master Report\nmonth,address,count\n").contains("there is no table in it"));
    let months = tr(ROW).replace("Jan-2024\tFeb-2024", "Jan-2024\tMar-2024");
    assert!(error(&months).starts_with("line 7: there is no column for 2024-02 between 2024-01 and 2024-03"));
    let other = error(
        "Journal Report 1 (R4)\n\nDatabase,Publisher,Platform,User Activity,Reporting Period Total,Jan-2018\nD,P,V,Regular Searches,1,1\n",
    );
    assert!(
        other.starts_with(
            "line 3: it says that it is JR1, which has Title (or Journal), and no column that says what is counted; found Database"
        ),
        "{other}"
    );
    let old = error("Journal Report 1 (R3)\n\nJournal,Publisher,Platform,Print ISSN,YTD Total,Jan-2008\nJ,P,V,,1,1\n");
    assert!(old.contains("it is JR1 of release 3"), "{old}");
}

#[test]
fn what_the_vendor_says_in_the_heading_is_read() {
    let empty = tr("").replace("Release\t5.1", "Release\t5.1\nExceptions\t3030: No Usage Available for Requested Dates");
    let (found, reading) = all(empty.as_bytes()).unwrap();
    assert_eq!((found.lines.len(), reading.exceptions[0].code, reading.has_items), (0, 3030, true));
    let alone = "Report_ID\tTR\nRelease\t5.1\nExceptions\t3031: Usage Not Ready for Requested Dates (2024-02)\nReporting_Period\tBegin_Date=2024-01-01; End_Date=2024-02-29\n";
    let (_, reading) = all(alone.as_bytes()).unwrap();
    assert_eq!((reading.exceptions[0].code, reading.exceptions[0].data.as_str(), reading.has_items), (3031, "2024-02", false));
    assert_eq!(reading.header.report.unwrap().as_str(), "TR");
}

#[test]
fn totals_are_compared_and_not_counted() {
    let rows = "A\tP\tV\t\t\tBook\tTotal_Item_Requests\t3\t1\t2\nB\tP\tV\t\t\tBook\tTotal_Item_Requests\t4\t4\t0\n";
    let right = tr(&format!("{rows}Total\t\t\t\t\t\tTotal_Item_Requests\t7\t5\t2\n"));
    assert_eq!((lines(&right).len(), notes(right.as_bytes()).len()), (3, 0));
    let wrong = tr(&format!("{rows}Total\t\t\t\t\t\t\t7\t6\t2\n"));
    assert_eq!(notes(wrong.as_bytes()), ["a totals row is not the sum of its rows; the rows count (line 10, Jan-2024: 6 and 5)"]);
    let called = tr(&format!("{rows}Total requests\t\t\t\t\t\t\t7\t5\t2\n"));
    assert_eq!((lines(&called).len(), notes(called.as_bytes()).len()), (3, 0));
    let of_row = tr(&rows.replace("Requests\t3", "Requests\t9"));
    assert_eq!(notes(of_row.as_bytes()), ["Reporting_Period_Total is not the sum of the row's months; the months count (line 8: 9 and 3)"]);
    let short: String = (0..6).map(|n| format!("T{n}\tP\tV\t\t\tBook\tTotal_Item_Requests\t9\t1\t2\n")).collect();
    assert!(
        error(&tr(&short))
            .starts_with("line 8: Reporting_Period_Total is 9 and the months add up to 3, and so it is in 6 of 6 rows: months are missing")
    );
    let gone = error(&jr1("Total for all journals,,,9,9,0,4,5\n"));
    assert_eq!(gone, "line 4: Jan-2018: the totals row says 4, and no row has any use: rows are missing");
    // A book of that name has something that identifies it.
    assert_eq!(lines(&tr("Total\tP\tV\t10.1/t\t\tBook\tTotal_Item_Requests\t1\t1\t0\n")).len(), 1);
}

#[test]
fn what_is_no_row_is_passed_over_and_noted() {
    let text = tr(&format!(
        "{ROW}\n\t\t\nNote: figures are preliminary\nTitle\tPublisher\tPlatform\tDOI\tYOP\tData_Type\tMetric_Type\tReporting_Period_Total\tJan-2024\tFeb-2024\n#MeToo\tP\tV\t\t\tBook\tTotal_Item_Requests\t1\t1\t-\n"
    ));
    let (found, reading) = all(text.as_bytes()).unwrap();
    assert_eq!(found.lines[2..], ["#MeToo [Book] Total_Item_Requests 2024-01 1"]);
    let said: Vec<String> = reading.notes.iter().skip(1).map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "rows without counts (line 11)",
            "the row that names the columns is there again (line 12)",
            "dashes where nothing was counted (line 13, Feb-2024)"
        ]
    );
}

#[test]
fn quotes_that_quote_nothing_are_characters_of_a_title() {
    let rows = "\"Heroes\" and others\tP\tV\t\t\tBook\tTotal_Item_Requests\t1\t1\t0\n\"Unclosed\tP\tV\t\t\tBook\tTotal_Item_Requests\t1\t1\t0\n\"Two\nlines\"\tP\tV\t\t\tBook\tTotal_Item_Requests\t1\t1\t0\n";
    let titles: Vec<String> = all(tr(rows).as_bytes()).unwrap().0.items.into_iter().map(|item| item.title).collect();
    assert_eq!(titles, ["\"Heroes\" and others", "\"Unclosed", "Two\nlines"]);
}

#[test]
fn counts_of_one_thing_that_come_twice_are_added_and_noted() {
    let text = tr(&format!("{ROW}{}", ROW.replace("1,003\t3\t1 000", "1\t1\t0")));
    assert_eq!(lines(&text).len(), 3);
    assert!(notes(text.as_bytes()).iter().any(|note| note.starts_with("the same metric and month more than once for one item")));
}

#[test]
fn members_parents_and_years_are_where_json_has_them() {
    let ir = |release: &str| {
        format!(
            "Report_ID\tIR\nRelease\t{release}\nCustomer_ID\tInstitution_Name\tInstitution_ID\tItem\tPlatform\tAuthors\tArticle_Version\tParent_Title\tParent_Data_Type\tParent_ISBN\tYOP\tAccess_Method\tMetric_Type\tJan-2024\n\
             c7\tLib\tISIL:NO-7\tI\tV\tA B (ORCID:0000-0001-2345-6789); C D\tVoR\tT\tbook\t978-0-306-40615-7\t1\tTDM\tTotal_Item_Requests\t3\n"
        )
    };
    for (release, title) in [("5.1", "T"), ("5", "")] {
        let (found, _) = all(ir(release).as_bytes()).unwrap();
        assert_eq!(found.lines, ["I [0001TDM] Total_Item_Requests 2024-01 3"]);
        assert_eq!(found.members[0], Some(Member { customer_id: "c7".into(), name: "Lib".into(), isil: "NO-7".into() }));
        let item = &found.items[0];
        let parent = item.parent.as_deref().unwrap();
        assert_eq!(
            (item.title.as_str(), parent.title.as_str(), parent.data_type.as_str(), parent.ids[0].value.as_str()),
            (title, "T", "Book", "9780306406157")
        );
        assert_eq!((item.authors.join("+"), item.article_version.as_str()), ("A B+C D".into(), "VoR"));
    }
}

#[test]
fn r4_counts_under_its_own_names() {
    assert_eq!(
        lines(&jr1("Total for all journals,,,9,9,0,4,5\nJ,P,V,9,9,0,4,5\n")),
        ["J [Journal] ft_total 2018-01 4", "J [Journal] ft_total 2018-02 5"]
    );
    let (_, reading) = all(jr1("J,P,V,9,9,0,4,5\n").as_bytes()).unwrap();
    assert_eq!((reading.header.report.unwrap().as_str(), reading.header.release), ("JR1", Some(Release::R4)));
    let denied = "Book Report 3 (R4)\n\n,Publisher,Platform,ISBN,Access Denied Category,Reporting Period Total,Jan-2018\nB,P,V,,Access denied: content item not licenced,2,2\nB,P,V,,Access denied: licence limit exceeded,1,1\nB,P,V,,Something else,1,1\n";
    assert_eq!(lines(denied), ["B [Book] no_license 2018-01 2", "B [Book] turnaway 2018-01 1", "B [Book] Something else 2018-01 1"]);
    assert_eq!(notes(denied.as_bytes()), ["unknown Access_Denied_Category 'Something else' (line 6)"]);
    let years = |period: &str| {
        format!(
            "Journal Report 5 (R4)\nL\n1\nPeriod covered by Report: {period}\n\nJournal,Publisher,Platform,Articles in Press,YOP 2018,YOP unknown\nJ,P,V,1,,2\n"
        )
    };
    assert_eq!(lines(&years("2018-01-01 to 2018-01-31")), ["J [Journal 9999] ft_total 2018-01 1", "J [Journal 0001] ft_total 2018-01 2"]);
    assert!(
        error(&years("2018-01-01 to 2018-12-31"))
            .contains("it counts years of publication over its whole period, which has to be one month; found 2018-01 to 2018-12")
    );
}

#[test]
fn months_that_the_table_does_not_tell_of_are_not_zeros() {
    let covered = |text: &str| {
        let header = all(text.as_bytes()).unwrap().1.header;
        format!("{} {}", header.begin.unwrap(), header.end.unwrap())
    };
    let longer = tr(ROW).replace("End_Date=2024-02-29", "End_Date=2024-12-31");
    assert_eq!(covered(&longer), "2024-01-01 2024-02-29");
    let shorter = tr(&ROW.replace("1,003\t3\t1 000", "3\t3\t")).replace("End_Date=2024-02-29", "End_Date=2024-01-31");
    assert_eq!(covered(&shorter), "2024-01-01 2024-01-31");
    let beyond = tr(ROW).replace("End_Date=2024-02-29", "End_Date=2024-01-31");
    assert_eq!(covered(&beyond), "2024-01-01 2024-02-29");
    let form = "Platform\tMetric_Type\tReporting_Period_Total\tJan-2024\tFeb-2024\tMar-2024\nV\tTotal_Item_Requests\t3\t3\t0\t\n";
    assert_eq!(covered(form), "2024-01-01 2024-02-29");
}

/// A workbook whose sheets are filled in.
fn book(sheets: &[&dyn Fn(&mut Worksheet)]) -> Vec<u8> {
    let mut book = Workbook::new();
    for fill in sheets {
        fill(book.add_worksheet());
    }
    book.save_to_buffer().unwrap()
}

fn table(sheet: &mut Worksheet) {
    let month = Format::new().set_num_format("mmm-yy");
    for (row, (name, value)) in [("Report_ID", "TR"), ("Release", "5"), ("Created_By", "V")].into_iter().enumerate() {
        sheet.write(u32::try_from(row).unwrap(), 1, name).unwrap();
        sheet.write(u32::try_from(row).unwrap(), 2, value).unwrap();
    }
    for (column, name) in (1..).zip(["Title", "ISBN", "YOP", "Metric_Type", "Reporting_Period_Total"]) {
        sheet.write(5, column, name).unwrap();
    }
    sheet.write_with_format(5, 6, ExcelDateTime::from_ymd(2024, 1, 1).unwrap(), &month).unwrap();
    sheet.write(5, 7, "feb-24").unwrap();
    sheet.write(7, 1, "T").unwrap();
    sheet.write(7, 2, 9_780_306_406_157_f64).unwrap();
    sheet.write(7, 3, 2020).unwrap();
    sheet.write(7, 4, "Total_Item_Requests").unwrap();
    sheet.write(7, 5, Formula::new("=G8+H8").set_result("7")).unwrap();
    sheet.write(7, 6, 3).unwrap();
    sheet.write(7, 7, Formula::new("=2+2").set_result("4")).unwrap();
}

#[test]
fn workbooks_are_read_as_one_sees_them() {
    let bytes = book(&[&|sheet| drop(sheet.write(0, 0, "read me")), &table]);
    let (found, reading) = all(&bytes).unwrap();
    assert_eq!(found.lines, ["T [2020] Total_Item_Requests 2024-01 3", "T [2020] Total_Item_Requests 2024-02 4"]);
    assert_eq!(found.items[0].ids[0].value, "9780306406157");
    assert_eq!(reading.header.report.unwrap().as_str(), "TR");
    assert_eq!(
        reading.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["sheets without a COUNTER table are not read (sheet 'Sheet1')"]
    );
}

/// The workbook with its parts changed.
fn repacked(bytes: &[u8], change: impl Fn(&str, Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for place in 0..archive.len() {
        let mut part = archive.by_index(place).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut content = Vec::new();
        part.read_to_end(&mut content).unwrap();
        let content = change(&name, content);
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The workbook with a formula that has no value, as programs write that do not calculate.
fn without_value(bytes: &[u8]) -> Vec<u8> {
    repacked(bytes, |name, content| {
        if !name.ends_with("sheet1.xml") {
            return content;
        }
        let xml = String::from_utf8(content).unwrap();
        assert!(xml.contains("<f>2+2</f><v>4</v>"), "{xml}");
        xml.replace("<f>2+2</f><v>4</v>", "<f>2+2</f>").into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_slip_in_a_workbook_panics(
        at in any::<prop::sample::Index>(),
        noise in prop_oneof![prop::collection::vec(any::<u8>(), 0..4), "[<>/\"=A-Z0-9.e-]{1,6}".prop_map(String::into_bytes)],
        taken in 0usize..6,
        which in prop::sample::select(vec!["sheet1.xml", "sharedStrings.xml", "workbook.xml", "styles.xml", "workbook.xml.rels"]),
    ) {
        let bytes = repacked(&book(&[&table]), |name, mut content| {
            if name.ends_with(which) {
                let from = at.index(content.len());
                let to = (from + taken).min(content.len());
                content.splice(from..to, noise.iter().copied());
            }
            content
        });
        let _ = all(&bytes);
        let cut = at.index(bytes.len());
        let _ = all(&bytes[..cut]);
    }
}

#[test]
fn workbooks_that_cannot_be_understood_say_why() {
    let said = |bytes: &[u8]| all(bytes).err().unwrap().to_string();
    let two = said(&book(&[&table, &table]));
    assert!(two.contains("the workbook has a table in each of the sheets 'Sheet1', 'Sheet2'; make a file of each"), "{two}");
    let wrong = said(&book(&[&|sheet| {
        table(sheet);
        sheet.write(7, 6, -3).unwrap();
    }]));
    assert_eq!(wrong, "sheet 'Sheet1', row 8, 2024-01-01: '-3' is below zero");
    let open = said(&without_value(&book(&[&table])));
    assert!(open.starts_with("sheet 'Sheet1', row 8, feb-24: ") && open.contains("a formula that was never worked out"), "{open}");
    assert!(said(&book(&[&|sheet| drop(sheet.write(0, 0, "nothing"))])).contains("there is no table in it"));
    assert!(said(b"PK\x03\x04 and no more").contains("the workbook is a broken workbook"));
    assert!(said(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").contains("is an old workbook (.xls)"));
}

#[test]
fn no_room_is_made_for_shared_texts_that_are_not_there() {
    let saying = |count: &str| {
        repacked(&book(&[&table]), |name, content| {
            if !name.ends_with("sharedStrings.xml") {
                return content;
            }
            let xml = String::from_utf8(content).unwrap();
            let (before, after) = xml.split_once("uniqueCount=\"").unwrap();
            let after = after.split_once('"').unwrap().1;
            format!("{before}uniqueCount=\"{count}\"{after}").into_bytes()
        })
    };
    for count in ["4294967295", "18446744073709551615", "99999999999999999999", "1048577"] {
        let wrong = all(&saying(count)).err().unwrap().to_string();
        assert!(wrong.contains("its cells share more texts than it has"), "{count}: {wrong}");
    }
    // Some programs count each cell, and some nothing.
    for count in ["100000", "0", "1048576"] {
        assert_eq!(all(&saying(count)).unwrap().0.lines.len(), 2, "{count}");
    }
}

#[test]
fn other_texts_are_what_they_were() {
    for text in ["HTTP Error 400: Bad request", "", "a,b,c\n1,2,3\n"] {
        assert!(matches!(all(text.as_bytes()), Err(FormatError::NotJson { .. })), "{text}");
    }
    let page = all(b"<html><body>Title, Publisher, Metric_Type, Jan-2024</body></html>");
    assert!(matches!(page, Err(FormatError::Html { .. })));
    assert!(matches!(all(b"{\"Title\":1}"), Err(FormatError::NotReport(_))));
}
