//! `avling export networks-form`: a workbook for each library to fill in and send back.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::arguments::ExportArguments;
use super::context::{Context, write_whole};
use super::overlaps::known_county;
use super::{Done, Failure};
use crate::export::{Format, Forms, write_form_xlsx};
use crate::model::Month;
use crate::model::registry::{Institution, Registry};

/// Runs the command.
pub fn run(context: &Context, registry: &Registry, arguments: &ExportArguments) -> Result<Done, Failure> {
    let output = check(arguments, registry)?;
    let today = context.clock.today(context.settings.schedule.time_zone);
    let month = arguments.month.unwrap_or_else(|| Month::of(today));
    let forms = Forms::new(registry, month, today, context.settings.attribution.subscribers_only);
    let mut libraries = forms.libraries(arguments.county.as_deref());
    if let Some(id) = &arguments.institution {
        libraries.retain(|library| library.id == *id);
    }
    if libraries.is_empty() {
        let place = arguments.county.as_ref().map(|county| format!(" in county {county}")).unwrap_or_default();
        let who = arguments.institution.as_ref().map_or_else(|| "there is no library".to_owned(), |id| format!("{id} is no library"));
        return Err(Failure::input(format_args!("{who}{place} in {month}; other bodies get no form")));
    }
    let single = arguments.institution.is_some() && output.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"));
    let folder = (!single).then_some(output);
    // All are made before any is written.
    let mut taken = HashSet::new();
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::with_capacity(libraries.len());
    for library in libraries {
        let mut bytes = Vec::new();
        write_form_xlsx(&mut bytes, &forms.of(library), context.clock.now())?;
        files.push((folder.map_or_else(|| output.to_owned(), |folder| folder.join(file_name(library, &mut taken))), bytes));
    }
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        std::fs::create_dir(folder).map_err(|error| Failure::input(format_args!("{}: {error}", folder.display())))?;
    }
    for (path, bytes) in &files {
        write_whole(path, |out| Ok(out.write_all(bytes)?))?;
    }
    context.printer.say(match files.len() {
        1 => format!("{} written", files.first().map(|(path, _)| path.display().to_string()).unwrap_or_default()),
        many => format!("{many} forms written to {}", output.display()),
    });
    Ok(Done::Whole)
}

fn check<'a>(arguments: &'a ExportArguments, registry: &Registry) -> Result<&'a Path, Failure> {
    known_county(registry, arguments.county.as_deref())?;
    let others = arguments.municipality.is_some()
        || !arguments.products.is_empty()
        || arguments.report.is_some()
        || !arguments.metrics.is_empty()
        || arguments.from.is_some()
        || arguments.to.is_some();
    if others || arguments.format == Format::Json {
        return Err(Failure::input(
            "a form is a workbook for one library; it goes with --county, --institution, --month and --output alone",
        ));
    }
    if arguments.county.is_none() && arguments.institution.is_none() {
        return Err(Failure::input("whose form? name a county with --county CC, or a library with --institution ID"));
    }
    arguments.output.as_deref().ok_or_else(|| {
        Failure::input("where to? name a folder with --output DIR, or for one library a file: --institution ID --output FILE.xlsx")
    })
}

/// `2010100-halden-bibliotek.xlsx`: the id and the name in letters that every file system takes, unlike all before it.
fn file_name(library: &Institution, taken: &mut HashSet<String>) -> String {
    let plain = |text: &str| {
        let mut out = String::new();
        for letter in text.to_lowercase().chars() {
            match letter {
                'æ' | 'ä' => out.push_str("ae"),
                'ø' | 'ö' => out.push('o'),
                'å' | 'á' | 'à' => out.push('a'),
                'č' => out.push('c'),
                'đ' => out.push('d'),
                'é' | 'è' => out.push('e'),
                'ŋ' => out.push('n'),
                'š' => out.push('s'),
                'ŧ' => out.push('t'),
                'ž' => out.push('z'),
                letter if letter.is_ascii_alphanumeric() => out.push(letter),
                _ if out.ends_with('-') || out.is_empty() => {}
                _ => out.push('-'),
            }
            if out.len() >= 60 {
                break;
            }
        }
        out.trim_end_matches('-').to_owned()
    };
    let base = [plain(library.id.as_str()), plain(&library.name)].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let base = if base.is_empty() { "bibliotek".to_owned() } else { base };
    let mut name = base.clone();
    let mut number = 2_u64;
    while !taken.insert(name.clone()) {
        name = format!("{base}-{number}");
        number += 1;
    }
    format!("{name}.xlsx")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::InstitutionId;
    use crate::model::registry::{InstitutionKind, Validity};

    #[test]
    fn files_are_named_after_libraries_and_never_leave_their_folder() {
        let library = |id: &str, name: &str| Institution {
            id: InstitutionId::trusted(id),
            name: name.into(),
            kind: InstitutionKind::PublicLibrary,
            municipality: None,
            isil: String::new(),
            valid: Validity::default(),
        };
        let mut taken = HashSet::new();
        let mut name = |id, text| file_name(&library(id, text), &mut taken);
        assert_eq!(name("2010100", "Halden bibliotek"), "2010100-halden-bibliotek.xlsx");
        assert_eq!(name("vgs/ås", "Ås «vgs», avd. Øst"), "vgs-as-as-vgs-avd-ost.xlsx");
        assert_eq!(name("../../etc/passwd", ""), "etc-passwd.xlsx");
        assert_eq!(name("ETC?passwd", ""), "etc-passwd-2.xlsx");
        assert_eq!(name("…", "図書館"), "bibliotek.xlsx");
        assert!(name("x", &"lang ".repeat(100)).len() < 80);
    }
}
