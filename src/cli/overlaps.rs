//! `avling networks overlaps`: the sharing audit as a table, JSON, CSV, and workbooks to send out.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Write as _;
use std::path::Path;

use serde_json::json;

use super::arguments::{OverlapsArguments, OverlapsFormat};
use super::context::{Context, write_whole};
use super::table::{Align, TextTable};
use super::{Done, Failure};
use crate::attribution::audit::{Finding, FindingKind, Per, Severity};
use crate::export::audit::Chapter;
use crate::export::{AuditReport, write_audit_xlsx, write_csv};
use crate::model::registry::Registry;
use crate::model::{InstitutionId, Month, ProductId, SourceId};

/// Findings of a kind that the terminal shows.
const MOST_LINES: usize = 40;

/// Runs the command.
pub fn run(context: &Context, registry: &Registry, month: Month, arguments: &OverlapsArguments) -> Result<Done, Failure> {
    let today = context.clock.today(context.settings.schedule.time_zone);
    let (rules, products) = (context.rules(), products(context));
    check(arguments, registry, context)?;
    let report = AuditReport::new(registry, month, today, &rules, &products);
    let county = arguments.county.as_deref();
    let per = arguments.per.unwrap_or(Per::Institution);
    match arguments.format.unwrap_or(OverlapsFormat::Table) {
        OverlapsFormat::Table => {
            let findings = report.findings(&arguments.kinds, per, county);
            let document = json!({
                "month": month,
                "county": county,
                "per": per.as_str(),
                "counts": counts(&findings),
                "findings": findings.iter().map(|finding| report.json(finding)).collect::<Vec<_>>(),
            });
            context.printer.result(&document, || text(&report, &findings, arguments))?;
        }
        OverlapsFormat::Csv => {
            let findings = report.findings(&arguments.kinds, per, county);
            let mut bytes = Vec::new();
            write_csv(&mut bytes, findings.iter().map(|finding| Ok::<_, Infallible>(report.row(finding))))?;
            deliver(context, arguments.output.as_deref(), &bytes)?;
        }
        OverlapsFormat::Xlsx => {
            let chapters = report.chapters(&arguments.kinds, arguments.per);
            match arguments.output.as_deref().filter(|path| path.is_dir()) {
                Some(folder) => folder_of_workbooks(context, &report, &chapters, folder)?,
                None => deliver(context, arguments.output.as_deref(), &workbook(context, &report, &chapters, county)?)?,
            }
        }
    }
    Ok(Done::Whole)
}

/// Which products a source serves, as configured.
fn products(context: &Context) -> BTreeMap<SourceId, Vec<ProductId>> {
    let served = |source: &crate::config::SourceSettings| (source.id.clone(), source.products().into_iter().cloned().collect());
    context.settings.sources.iter().map(served).collect()
}

fn check(arguments: &OverlapsArguments, registry: &Registry, context: &Context) -> Result<(), Failure> {
    known_county(registry, arguments.county.as_deref())?;
    let file = matches!(arguments.format, Some(OverlapsFormat::Csv | OverlapsFormat::Xlsx));
    if context.printer.is_json() && file {
        return Err(Failure::input("--json and --format csv or xlsx exclude each other; choose one"));
    }
    let Some(path) = &arguments.output else {
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
        return if arguments.format == Some(OverlapsFormat::Xlsx) && terminal {
            Err(Failure::input("a workbook is no text for a terminal; name a file or an existing folder with --output"))
        } else {
            Ok(())
        };
    };
    if !file {
        return Err(Failure::input("--output goes with --format csv or xlsx; the table and --json go to stdout"));
    }
    let folder = path.is_dir();
    // A slash at the end means a folder to whoever writes it.
    let means_folder = path.to_string_lossy().ends_with(std::path::is_separator);
    if !folder && means_folder {
        return Err(Failure::input(format_args!("{}: there is no such folder; make it first", path.display())));
    }
    match (folder, arguments.format, &arguments.county) {
        (true, Some(OverlapsFormat::Csv), _) => {
            Err(Failure::input(format_args!("{}: is a folder; name a file for csv, or use --format xlsx", path.display())))
        }
        (true, _, Some(county)) => Err(Failure::input(format_args!(
            "a folder takes a workbook for each county; name a file for county {county}, or leave out --county"
        ))),
        _ => Ok(()),
    }
}

/// A county that nobody has is an oversight.
pub(super) fn known_county(registry: &Registry, county: Option<&str>) -> Result<(), Failure> {
    match county {
        Some(county) if !registry.municipalities.iter().any(|m| m.county == *county) => {
            Err(Failure::input(format_args!("--county {county}: nothing of that name is registered (two digits, such as 31)")))
        }
        _ => Ok(()),
    }
}

fn workbook(context: &Context, report: &AuditReport<'_>, chapters: &[Chapter], county: Option<&str>) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    write_audit_xlsx(&mut bytes, report, chapters, county, context.clock.now())?;
    Ok(bytes)
}

/// A workbook for each county that has institutions, and one for what concerns no county, if there is any. All are made before any is
/// written.
fn folder_of_workbooks(context: &Context, report: &AuditReport<'_>, chapters: &[Chapter], folder: &Path) -> Result<(), Failure> {
    let mut files = Vec::new();
    for county in report.counties().keys() {
        files.push((folder.join(format!("networks-{county}.xlsx")), workbook(context, report, chapters, Some(county))?));
    }
    if chapters.iter().any(|chapter| chapter.of(Some("")).next().is_some()) {
        files.push((folder.join("networks-uten-fylke.xlsx"), workbook(context, report, chapters, Some(""))?));
    }
    for (path, bytes) in &files {
        write_whole(path, |out| Ok(out.write_all(bytes)?))?;
    }
    context.printer.say(format_args!("{} workbooks written to {}", files.len(), folder.display()));
    Ok(())
}

fn deliver(context: &Context, output: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    match output {
        Some(path) => {
            write_whole(path, |out| Ok(out.write_all(bytes)?))?;
            context.printer.say(format_args!("{} written", path.display()));
        }
        None => {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()?;
        }
    }
    Ok(())
}

/// How many findings of each kind there are.
fn counts(findings: &[Finding]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.kind().as_str()).or_default() += 1;
    }
    counts
}

/// The findings for a terminal: kind after kind, shortened.
fn text(report: &AuditReport<'_>, findings: &[Finding], arguments: &OverlapsArguments) -> String {
    let place = arguments.county.as_ref().map(|county| format!(" in {}", report.county(county))).unwrap_or_default();
    if findings.is_empty() {
        let kinds: Vec<&str> = arguments.kinds.iter().map(|kind| kind.as_str()).collect();
        let kinds = if kinds.is_empty() { String::new() } else { format!(" of kind {}", kinds.join(" or ")) };
        return format!("Nothing was found{kinds}{place} in {}.\n", report.month);
    }
    let mut out = String::new();
    for kind in FindingKind::ALL {
        let of_kind: Vec<&Finding> = findings.iter().filter(|finding| finding.kind() == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let serious = of_kind.iter().filter(|finding| finding.severity == Severity::Serious).count();
        let serious = if serious > 0 { format!(", {serious} of them serious") } else { String::new() };
        out.push_str(&format!("{} ({kind}): {}{serious}{place}\n", kind.title(), of_kind.len()));
        out.push_str(&format!("  {}\n  What to do: {}\n", kind.meaning(), kind.what_to_do()));
        out.push_str(&table(report, kind, &of_kind));
        if of_kind.len() > MOST_LINES {
            out.push_str(&format!("… and {} more; --kind {kind} --format csv has them all\n", of_kind.len() - MOST_LINES));
        }
        out.push('\n');
    }
    out.pop();
    out
}

fn table(report: &AuditReport<'_>, kind: FindingKind, findings: &[&Finding]) -> String {
    let named = |id: &InstitutionId| {
        let name = report.institution(id);
        if name == id.as_str() { name.to_owned() } else { format!("{name} ({id})") }
    };
    let everybody = |finding: &Finding| few(finding.institutions.iter().map(named), 3);
    let counties = |finding: &Finding| few(finding.counties.iter().filter(|county| !county.is_empty()), 4);
    let products = |finding: &Finding| few(finding.products.iter().map(|id| report.product(id).to_owned()), 3);
    let accounts = |finding: &Finding| few(&finding.accounts, 2);
    let addresses = |finding: &Finding| amount(finding.addresses.count());
    let ranges = |finding: &Finding| few(finding.addresses.ranges(), 3);
    let pair = |finding: &Finding, place: usize| finding.institutions.get(place).map(named).unwrap_or_default();
    type Cell<'c> = Box<dyn Fn(&Finding) -> String + 'c>;
    let mut columns: Vec<(&str, Align, Cell<'_>)> = match (kind, findings.first().map(|finding| &finding.detail)) {
        (FindingKind::Shared, Some(crate::attribution::audit::Detail::Shared(Per::County))) => vec![
            ("county", Align::Left, Box::new(counties)),
            ("", Align::Left, Box::new(Finding::why)),
            ("institutions", Align::Right, Box::new(|finding| finding.institutions.len().to_string())),
        ],
        (FindingKind::Shared, Some(crate::attribution::audit::Detail::Shared(Per::Address))) => {
            vec![("institutions", Align::Left, Box::new(everybody))]
        }
        (FindingKind::Shared | FindingKind::Unaware, _) => vec![
            ("institution", Align::Left, Box::new(|finding| pair(finding, 0))),
            ("shares with", Align::Left, Box::new(|finding| pair(finding, 1))),
        ],
        (FindingKind::Exposed, _) => vec![
            ("account", Align::Left, Box::new(accounts)),
            ("product", Align::Left, Box::new(products)),
            ("institutions", Align::Left, Box::new(everybody)),
        ],
        (FindingKind::LockedOut, _) => {
            vec![("institution", Align::Left, Box::new(everybody)), ("product", Align::Left, Box::new(products))]
        }
        (FindingKind::Unpaid, _) => vec![
            ("body", Align::Left, Box::new(|finding| pair(finding, 0))),
            ("persons", Align::Right, Box::new(|finding| finding.persons().map(|persons| persons.to_string()).unwrap_or_default())),
            ("product", Align::Left, Box::new(products)),
            ("account", Align::Left, Box::new(accounts)),
        ],
        (FindingKind::Reserved | FindingKind::TooWide, _) => {
            vec![("institution", Align::Left, Box::new(everybody)), ("account", Align::Left, Box::new(accounts))]
        }
    };
    columns.push(("addresses", Align::Right, Box::new(addresses)));
    columns.push(("where", Align::Left, Box::new(ranges)));
    if !matches!(kind, FindingKind::Shared | FindingKind::Exposed | FindingKind::Unpaid) {
        columns.push(("why", Align::Left, Box::new(Finding::why)));
    }
    let header: Vec<(&str, Align)> = columns.iter().map(|(title, align, _)| (*title, *align)).collect();
    let mut table = TextTable::new(&header);
    for finding in findings.iter().take(MOST_LINES) {
        table.row(columns.iter().map(|(_, _, cell)| cell(finding)));
    }
    table.to_string()
}

/// The first few things, and how many more there are.
fn few<T: std::fmt::Display>(things: impl IntoIterator<Item = T>, most: usize) -> String {
    let mut things = things.into_iter();
    let shown: Vec<String> = things.by_ref().take(most).map(|thing| thing.to_string()).collect();
    match things.count() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A number of addresses that people can take in: whole up to a million million, then by powers.
fn amount(number: u128) -> String {
    match u64::try_from(number) {
        Ok(number) if number < 1_000_000_000_000 => super::table::grouped(number),
        _ if number.is_power_of_two() => format!("2^{}", number.ilog2()),
        _ => format!("over 2^{}", number.ilog2()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_addresses_can_be_read() {
        assert_eq!(amount(65_536), "65\u{a0}536");
        assert_eq!(amount(1 << 80), "2^80");
        assert_eq!(amount((1 << 80) + 256), "over 2^80");
        assert_eq!(amount(u128::MAX), "over 2^127");
    }

    #[test]
    fn long_lists_are_cut_short_and_counted() {
        assert_eq!(few(["a", "b"], 2), "a, b");
        assert_eq!(few(["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!(few(Vec::<String>::new(), 2), "");
    }
}
