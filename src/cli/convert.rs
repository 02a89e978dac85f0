//! `avling convert`: a COUNTER report in another form, or a standard view derived from it.

use std::io::{BufReader, Write};
use std::path::Path;

use serde_json::json;

use super::arguments::ConvertArguments;
use super::context::write_whole;
use super::import_usage::known_view;
use super::printer::Printer;
use super::table::grouped;
use super::{Done, Failure};
use crate::export::counter::{CounterError, CounterForm, CounterWriter, Plan, Shape};
use crate::formats::gather::{AsRecords, Gather};
use crate::formats::views::{Derivation, IN_PARTS, View};
use crate::formats::{self, FormatError, Note, Reading, RecordSink};
use crate::harvest::input::Input;

/// What a report is read as.
struct Source<'a> {
    path: &'a Path,
    input: Input,
    /// The view, and the header of the report that it is derived from.
    view: Option<(View, Reading)>,
}

/// Runs the command; it needs neither configuration nor store.
pub fn run(arguments: &ConvertArguments, printer: &Printer) -> Result<Done, Failure> {
    let path = arguments.file.as_path();
    let to_terminal = arguments.output.is_none() && std::io::IsTerminal::is_terminal(&std::io::stdout());
    if to_terminal && arguments.to == CounterForm::Xlsx {
        return Err(Failure::input("a workbook is no text for a terminal; name a file with --output FILE.xlsx"));
    }
    let mut source = Source { path, input: Input::of(path).map_err(Failure::input)?, view: None };
    if let Some(view) = &arguments.view {
        known_view(view)?;
        let (plain, _) = source.read(&mut Nothing)?;
        let view = View::from_report(view.as_str(), &plain).map_err(|error| source.refused(error))?;
        source.view = Some((view, plain));
    }
    let mut shape = Shape::default();
    let (reading, mut notes) = source.read(&mut shape)?;
    if !reading.has_items {
        let said: Vec<String> = reading.exceptions.iter().map(ToString::to_string).collect();
        return Err(source.refused(format_args!("it holds no report, only: {}", said.join("; "))));
    }
    let plan = Plan::new(&reading, shape).map_err(|error| source.refused(error))?;
    if arguments.to != CounterForm::Json {
        notes.extend(
            plan.notes().iter().map(|note| Note { what: format!("left out, as no column can tell it: {}", note.what), ..note.clone() }),
        );
    }
    let mut written = None;
    let write = |out: &mut dyn Write| {
        written = Some(source.write(arguments.to, &plan, out)?);
        Ok(())
    };
    match &arguments.output {
        Some(output) => write_whole(output, write)?,
        None => {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            let mut write = write;
            write(&mut out)?;
            out.flush()?;
        }
    }
    let (counts, in_parts) = written.unwrap_or_default();
    if in_parts {
        notes.push(Note { what: IN_PARTS.to_owned(), times: 1, place: path.display().to_string() });
    }
    for note in reading.notes.iter().chain(&notes) {
        printer.say(format_args!("avling: {}: note: {note}", path.display()));
    }
    if let Some(output) = &arguments.output {
        let report = reading.header.report.as_ref();
        let document = json!({ "file": output, "report": report, "release": reading.header.release, "records": counts });
        printer.result(&document, || {
            let report = report.map_or("", |report| report.as_str());
            format!("{}: {report}, {} counts above zero\n", output.display(), grouped(counts))
        })?;
    }
    Ok(Done::Whole)
}

impl Source<'_> {
    fn refused(&self, why: impl std::fmt::Display) -> Failure {
        Failure::input(format_args!("{}: {why}", self.path.display()))
    }

    /// Reads the report or its view once. Gives what it says about itself, and what is to be said about the view.
    fn read(&self, sink: &mut impl RecordSink) -> Result<(Reading, Vec<Note>), Failure> {
        self.try_read(sink).map_err(|error| self.refused(error))
    }

    fn try_read(&self, sink: &mut impl RecordSink) -> Result<(Reading, Vec<Note>), anyhow::Error> {
        let reader = BufReader::with_capacity(256 * 1024, self.input.open()?);
        let Some((view, of)) = &self.view else { return Ok((formats::read(reader, sink)?, vec![])) };
        let mut gather = Gather::new(AsRecords(sink));
        let mut derivation = Derivation::new(*view, &of.header, &mut gather);
        let read = formats::read(reader, &mut derivation);
        let notes = derivation.finish()?;
        if gather.is_overflow() {
            return Err(too_large());
        }
        let mut reading = read?;
        gather.finish()?;
        reading.header = view.header(&of.header);
        reading.looks_like = None;
        Ok((reading, notes))
    }

    /// Writes it in a form. Gives how many counts were written, and whether not all was brought together.
    fn write(&self, form: CounterForm, plan: &Plan, out: &mut dyn Write) -> Result<(u64, bool), Failure> {
        let mut writer = CounterWriter::new(form, plan, out).map_err(failed)?;
        let mut gather = Gather::new(&mut writer);
        let read = self.try_read(&mut gather);
        if gather.is_overflow() {
            return Err(self.refused(too_large()));
        }
        let stopped = matches!(&read, Err(error) if matches!(error.downcast_ref(), Some(FormatError::Stopped(_))));
        if let Err(error) = read
            && !stopped
        {
            return Err(self.refused(error));
        }
        let gathered = if stopped { None } else { gather.finish().ok().map(|(_, counts, in_parts)| (counts, in_parts)) };
        // Why nothing more was wanted.
        writer.finish().map_err(failed)?;
        gathered.ok_or_else(|| anyhow::anyhow!("{}: writing was stopped", self.path.display()).into())
    }
}

fn too_large() -> anyhow::Error {
    anyhow::anyhow!("counts that are the same but for their place add up to 2^63 or more")
}

fn failed(error: CounterError) -> Failure {
    match error {
        error @ (CounterError::TooManyRows | CounterError::Workbook(_)) => Failure::input(error),
        CounterError::Write(error) => error.into(),
    }
}

/// For a reading that is only about the header.
struct Nothing;

impl RecordSink for Nothing {
    fn record(&mut self, _: &crate::model::UsageRecord<'_>) -> Result<(), formats::Stopped> {
        Ok(())
    }
}
