//! Reports as files: of release 5 and 5.1 by avling's own writers, of Release 4 as vendors write them.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use avling::export::counter::{CounterForm, CounterWriter, Plan, Shape};
use avling::formats::Reading;
use avling::formats::gather::{AsRecords, TakesItems};
use avling::model::{Month, Release, ReportHeader};
use rust_xlsxwriter::{Workbook, Worksheet};

use super::titles::{Draw, Written, YEAR, doi, issns, item, months, name, proprietary, publisher, rows};

/// What a file holds.
#[derive(Debug, Clone, Copy)]
pub enum Report {
    /// A title report, `TR`.
    Master(Release, CounterForm),
    /// Journals, `TR_J1` or `TR_J2`, of release 5.
    View(&'static str, CounterForm),
    /// `JR1` of Release 4.
    Journals(Old),
}

/// A form of Release 4.
#[derive(Debug, Clone, Copy)]
pub enum Old {
    /// A table as text.
    Csv,
    /// A table as a workbook.
    Xlsx,
    /// SUSHI's answer in SOAP.
    Xml,
}

/// Writes a report of so many titles. Gives what it holds, and of that what is not the year's PDF and HTML (`JR1` as XML).
pub fn write(path: &Path, report: Report, titles: u64) -> Result<(Written, Written), Box<dyn Error>> {
    let mut out = BufWriter::with_capacity(1024 * 1024, File::create(path)?);
    let written = match report {
        Report::Master(release, form) => same(counter("TR", release, form, titles, &mut out)?),
        Report::View(view, form) => same(counter(view, Release::R5, form, titles, &mut out)?),
        Report::Journals(Old::Csv) => same(csv(titles, &mut out)?),
        Report::Journals(Old::Xlsx) => same(xlsx(titles, &mut out)?),
        Report::Journals(Old::Xml) => xml(titles, &mut out)?,
    };
    out.flush()?;
    Ok(written)
}

fn same(written: Written) -> (Written, Written) {
    (written, written)
}

fn counter(report: &str, release: Release, form: CounterForm, titles: u64, out: &mut dyn Write) -> Result<Written, Box<dyn Error>> {
    let metrics: &[&str] = match report {
        "TR" => &["Total_Item_Investigations", "Total_Item_Requests", "Unique_Item_Investigations", "Unique_Item_Requests"],
        "TR_J1" => &["Total_Item_Requests", "Unique_Item_Requests"],
        _ => &["Limit_Exceeded", "No_License"],
    };
    let is_master = report == "TR";
    let months = months();
    let header = ReportHeader {
        release: Some(release),
        report: Some(report.parse().map_err(|_| "no such report")?),
        created: format!("{}-02-03T04:05:06Z", YEAR + 1),
        created_by: "Vendor".into(),
        customer_id: if release == Release::R5 { "4711".into() } else { String::new() },
        institution_name: "The Library".into(),
        begin: months.first().map(|month| month.first_day()),
        end: months.last().map(|month| month.last_day()),
        filters: if is_master { vec![] } else { vec![("Data_Type".into(), "Journal".into())] },
        attributes: if is_master { vec![("Attributes_To_Show".into(), "Access_Method|Access_Type|YOP".into())] } else { vec![] },
        ..ReportHeader::default()
    };
    let reading = Reading { header, has_items: true, ..Reading::default() };
    // Twice the same: which columns there are has to be known first.
    let mut shape = Shape::default();
    give(titles, metrics, is_master, &mut AsRecords(&mut shape))?;
    let plan = Plan::new(&reading, shape)?;
    let mut writer = CounterWriter::new(form, &plan, out)?;
    let given = give(titles, metrics, is_master, &mut writer);
    writer.finish()?;
    given
}

fn give(titles: u64, metrics: &[&str], is_master: bool, to: &mut impl TakesItems) -> Result<Written, Box<dyn Error>> {
    let (mut draw, mut written) = (Draw::new(), Written::default());
    for title in 0..titles {
        to.item(&item(title), &rows(metrics, is_master, &mut draw, &mut written))?;
    }
    Ok(written)
}

/// The use of a journal: PDF and HTML of each month.
fn uses(draw: &mut Draw) -> Vec<(Month, u64, u64)> {
    months().into_iter().map(|month| (month, draw.count(400), draw.count(200))).collect()
}

const ABOVE: [[&str; 2]; 7] = [
    ["Journal Report 1 (R4)", "Number of Successful Full-Text Article Requests by Month and Journal"],
    ["The Library", ""],
    ["4711", ""],
    ["Period covered by Report:", ""],
    ["2024-01-01 to 2024-12-31", ""],
    ["Date run:", ""],
    ["2025-02-03", ""],
];
const NAMES: [&str; 7] = ["Journal", "Publisher", "Platform", "Journal DOI", "Proprietary Identifier", "Print ISSN", "Online ISSN"];
const TOTALS: [&str; 3] = ["Reporting Period Total", "Reporting Period HTML", "Reporting Period PDF"];

fn headings() -> Vec<String> {
    let months = months().into_iter().map(|month| month.first_day().format("%b-%Y").to_string());
    NAMES.into_iter().chain(TOTALS).map(str::to_owned).chain(months).collect()
}

fn names(title: u64) -> [String; 7] {
    let (print, online) = issns(title);
    [name(title), publisher(title), "Vendor Online".into(), doi(title), proprietary(title), print, online]
}

/// Total, HTML, PDF, and the total of each month.
fn numbers(uses: &[(Month, u64, u64)]) -> Vec<u64> {
    let sum = |of: fn(&(Month, u64, u64)) -> u64| uses.iter().map(of).sum::<u64>();
    let mut numbers = vec![sum(|(_, pdf, html)| pdf + html), sum(|(_, _, html)| *html), sum(|(_, pdf, _)| *pdf)];
    numbers.extend(uses.iter().map(|(_, pdf, html)| pdf + html));
    numbers
}

/// The row above all others: it is drawn as the others are.
fn total(titles: u64) -> Vec<u64> {
    let mut draw = Draw::new();
    let mut total = vec![0; TOTALS.len() + 12];
    for _ in 0..titles {
        total.iter_mut().zip(numbers(&uses(&mut draw))).for_each(|(sum, number)| *sum += number);
    }
    total
}

fn csv(titles: u64, out: &mut dyn Write) -> Result<Written, Box<dyn Error>> {
    let mut table = csv::WriterBuilder::new().flexible(true).from_writer(out);
    for line in ABOVE {
        table.write_record(line)?;
    }
    table.write_record(headings())?;
    let all = ["Total for all journals", "", "Vendor Online", "", "", "", ""].map(str::to_owned);
    table.write_record(all.into_iter().chain(total(titles).iter().map(u64::to_string)))?;
    let (mut draw, mut written) = (Draw::new(), Written::default());
    for title in 0..titles {
        let numbers = numbers(&uses(&mut draw));
        numbers.iter().skip(TOTALS.len()).for_each(|count| written.add(*count));
        table.write_record(names(title).into_iter().chain(numbers.iter().map(u64::to_string)))?;
    }
    table.flush()?;
    Ok(written)
}

fn xlsx(titles: u64, out: &mut BufWriter<File>) -> Result<Written, Box<dyn Error>> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    let mut row = 0;
    for line in ABOVE {
        line_of(sheet, &mut row, line.iter().filter(|text| !text.is_empty()), &[])?;
    }
    line_of(sheet, &mut row, headings().iter(), &[])?;
    line_of(sheet, &mut row, ["Total for all journals", "", "Vendor Online", "", "", "", ""].iter(), &total(titles))?;
    let (mut draw, mut written) = (Draw::new(), Written::default());
    for title in 0..titles {
        let numbers = numbers(&uses(&mut draw));
        numbers.iter().skip(TOTALS.len()).for_each(|count| written.add(*count));
        line_of(sheet, &mut row, names(title).iter(), &numbers)?;
    }
    workbook.save_to_writer(out)?;
    Ok(written)
}

fn line_of<T: AsRef<str>>(
    sheet: &mut Worksheet,
    row: &mut u32,
    texts: impl Iterator<Item = T>,
    numbers: &[u64],
) -> Result<(), Box<dyn Error>> {
    let mut column = 0;
    for text in texts {
        sheet.write_string(*row, column, text.as_ref())?;
        column += 1;
    }
    for number in numbers {
        #[expect(clippy::cast_precision_loss, reason = "a workbook has no other numbers")]
        sheet.write_number(*row, column, *number as f64)?;
        column += 1;
    }
    *row += 1;
    Ok(())
}

fn xml(titles: u64, out: &mut dyn Write) -> Result<(Written, Written), Box<dyn Error>> {
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Body>\
         <sc:ReportResponse xmlns=\"http://www.niso.org/schemas/counter\" xmlns:s=\"http://www.niso.org/schemas/sushi\" \
         xmlns:sc=\"http://www.niso.org/schemas/sushi/counter\" Created=\"2025-02-03T04:05:06Z\" ID=\"1\">\
         <s:Requestor><s:ID>r</s:ID><s:Name/><s:Email/></s:Requestor><s:CustomerReference><s:ID>4711</s:ID></s:CustomerReference>\
         <s:ReportDefinition Release=\"4\" Name=\"JR1\"><s:Filters><s:UsageDateRange><s:Begin>{YEAR}-01-01</s:Begin><s:End>{YEAR}-12-31</s:End>\
         </s:UsageDateRange></s:Filters></s:ReportDefinition>\n<sc:Report><Report Created=\"2025-02-03T04:05:06Z\" ID=\"1\" Name=\"JR1\" \
         Title=\"Journal Report 1\" Version=\"4\"><Vendor><Name>Vendor</Name><ID>V</ID></Vendor><Customer><Name>The Library</Name><ID>4711</ID>"
    )?;
    let (mut draw, mut written, mut totals) = (Draw::new(), Written::default(), Written::default());
    for title in 0..titles {
        let (print, online) = issns(title);
        write!(out, "\n<ReportItems>")?;
        for (kind, value) in [("DOI", doi(title)), ("Proprietary", proprietary(title)), ("Print_ISSN", print), ("Online_ISSN", online)] {
            write!(out, "<ItemIdentifier><Type>{kind}</Type><Value>{value}</Value></ItemIdentifier>")?;
        }
        write!(
            out,
            "<ItemPlatform>Vendor Online</ItemPlatform><ItemPublisher>{}</ItemPublisher><ItemName>{}</ItemName><ItemDataType>Journal</ItemDataType>",
            publisher(title),
            name(title)
        )?;
        for (month, pdf, html) in uses(&mut draw) {
            write!(
                out,
                "\n<ItemPerformance><Period><Begin>{}</Begin><End>{}</End></Period><Category>Requests</Category>",
                month.first_day(),
                month.last_day()
            )?;
            for (metric, count) in [("ft_pdf", pdf), ("ft_html", html), ("ft_total", pdf + html)] {
                write!(out, "<Instance><MetricType>{metric}</MetricType><Count>{count}</Count></Instance>")?;
                written.add(count);
            }
            write!(out, "</ItemPerformance>")?;
            totals.add(pdf + html);
        }
        write!(out, "</ReportItems>")?;
    }
    writeln!(out, "</Customer></Report></sc:Report></sc:ReportResponse></S:Body></S:Envelope>")?;
    Ok((written, totals))
}
