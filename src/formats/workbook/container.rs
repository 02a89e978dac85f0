//! A workbook's file: an archive of parts, most of them XML, looked through as a whole before it is read.
//!
//! A few bytes can stand for gigabytes, and a part that breaks off can keep a reader waiting for its end: here everything is unpacked
//! once and thrown away, up to limits, and every part has to be well-formed.

use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};

use quick_xml::Reader;
use quick_xml::events::Event;
use zip::ZipArchive;

/// What an archive begins with.
pub(crate) const ZIP: &[u8] = b"PK\x03\x04";

/// What a compound file begins with: an old workbook (.xls), or one behind a password.
pub(crate) const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0";

/// How much a workbook may unpack to, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Its sheets together, which can be read cell by cell.
    pub(crate) sheets: u64,
    /// Everything else together: its texts are held in memory.
    pub(crate) others: u64,
}

/// No workbook has more parts.
const MOST_PARTS: usize = 10_000;

/// The deepest nesting of elements.
const DEEPEST: usize = 256;

/// The list of an OpenDocument file's parts is not longer.
const LONGEST_LIST: u64 = 1024 * 1024;

const PROTECTED: &str = "is protected by a password; save it without";

/// How sheets are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Office Open XML.
    Xlsx,
    /// OpenDocument.
    Ods,
}

/// Looks through a whole file; what is wrong with it is said as what follows its name.
pub(crate) fn check(bytes: &[u8], limits: Limits) -> Result<Kind, String> {
    if bytes.starts_with(COMPOUND) {
        // The name of the stream that holds an encrypted workbook.
        let encrypted: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        return Err(if bytes.windows(encrypted.len()).any(|window| window == encrypted) {
            PROTECTED.to_owned()
        } else {
            "is an old workbook (.xls); open it in the spreadsheet and save it as .xlsx or .ods".to_owned()
        });
    }
    check_archive(Cursor::new(bytes), limits)
}

/// Looks through an archive.
pub(crate) fn check_archive(reader: impl Read + Seek, limits: Limits) -> Result<Kind, String> {
    let mut archive = ZipArchive::new(reader).map_err(|error| broken(&error))?;
    if archive.len() > MOST_PARTS {
        return Err(format!("has more than {MOST_PARTS} parts, which no workbook has"));
    }
    if is_encrypted(&mut archive) {
        return Err(PROTECTED.to_owned());
    }
    let (mut sheets, mut others) = (Limit { left: limits.sheets, exceeded: false }, Limit { left: limits.others, exceeded: false });
    let (mut has_xlsx, mut has_xlsb, mut has_ods) = (false, false, false);
    for place in 0..archive.len() {
        let part = archive.by_index(place).map_err(|error| broken(&error))?;
        let name = part.name().map_err(|error| broken(&error))?.into_owned();
        has_xlsx |= name.eq_ignore_ascii_case("[Content_Types].xml");
        has_xlsb |= name.eq_ignore_ascii_case("xl/workbook.bin");
        has_ods |= name == "content.xml";
        let is_sheet = name.to_ascii_lowercase().starts_with("xl/worksheets/");
        let (limit, most) = if is_sheet { (&mut sheets, limits.sheets) } else { (&mut others, limits.others) };
        let looked = look_through(&name, BufReader::new(Limited { reader: part, limit: &mut *limit }));
        if limit.exceeded {
            return Err(format!("unpacks to more than {} MiB", most >> 20));
        }
        looked?;
    }
    match (has_xlsb, has_ods, has_xlsx) {
        (true, ..) => Err("is a binary workbook (.xlsb); save it as .xlsx or .ods".to_owned()),
        (_, true, _) => Ok(Kind::Ods),
        (_, _, true) => Ok(Kind::Xlsx),
        _ => Err("is an archive, but no workbook (.xlsx, .ods)".to_owned()),
    }
}

/// What an error of the archive means to whoever has the file.
pub(crate) fn broken(error: &dyn std::error::Error) -> String {
    format!("is a broken workbook ({error}); save it again from the spreadsheet")
}

/// Whether an OpenDocument file says that its parts are encrypted.
fn is_encrypted(archive: &mut ZipArchive<impl Read + Seek>) -> bool {
    let mut list = Vec::new();
    let read = archive.by_name("META-INF/manifest.xml").map(|part| part.take(LONGEST_LIST).read_to_end(&mut list));
    read.is_ok() && String::from_utf8_lossy(&list).contains("manifest:encryption-data")
}

/// How much may still be unpacked.
struct Limit {
    left: u64,
    exceeded: bool,
}

/// Stops where the limit is.
struct Limited<'a, R> {
    reader: R,
    limit: &'a mut Limit,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = self.reader.read(into)?;
        match self.limit.left.checked_sub(size as u64) {
            Some(left) => self.limit.left = left,
            None => {
                self.limit.exceeded = true;
                return Err(io::Error::other("too large"));
            }
        }
        Ok(size)
    }
}

/// `XFD1048576` is the last cell of a sheet.
const LONGEST_PLACE: usize = 10;

/// So many texts a workbook may say that its cells share, however few there are: some programs count every cell. Room is made for them.
const MOST_SHARED: u64 = 1 << 20;

/// Unpacks a part and sees whether it is well-formed, if it is XML.
fn look_through(name: &str, mut part: BufReader<impl Read>) -> Result<(), String> {
    let beginning = part.fill_buf().map_err(|error| broken(&error))?;
    let beginning = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning).trim_ascii_start();
    let ending = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    // Drawings of old make are not XML, though they look like it; they are not read.
    if matches!(&*ending, "xml" | "rels") || (beginning.starts_with(b"<") && ending != "vml") {
        well_formed(&mut part)?;
    }
    io::copy(&mut part, &mut io::sink()).map_err(|error| broken(&error))?;
    Ok(())
}

/// Reads XML to its end.
fn well_formed(part: &mut impl BufRead) -> Result<(), String> {
    let mut xml = Reader::from_reader(part);
    xml.config_mut().expand_empty_elements = true;
    let (mut buffer, mut depth, mut shared) = (Vec::new(), 0, 0);
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer).map_err(|error| broken(&error))? {
            Event::Start(_) if depth == DEEPEST => {
                return Err(format!("has more than {DEEPEST} elements in each other; it is no workbook"));
            }
            Event::Start(element) => {
                depth += 1;
                if element.local_name().as_ref() == "sst" {
                    let counts = element.attributes().flatten().filter(|attribute| attribute.key.as_ref() == "uniqueCount");
                    shared = counts.map(|attribute| attribute.value.trim().parse().unwrap_or(u64::MAX)).chain([shared]).max().unwrap_or(0);
                }
                // Cells say where they stand; a place that is none overflows whoever counts columns in it.
                if matches!(element.local_name().as_ref(), "c" | "row" | "dimension" | "mergeCell" | "f") {
                    for attribute in element.attributes().flatten() {
                        let is_place = matches!(attribute.key.as_ref(), "r" | "ref");
                        if is_place && attribute.value.split(':').any(|place| place.len() > LONGEST_PLACE) {
                            return Err("is a broken workbook (a cell stands nowhere); save it again from the spreadsheet".to_owned());
                        }
                    }
                }
            }
            Event::End(_) => depth -= 1,
            // No text is shorter than a byte.
            Event::Eof if shared > MOST_SHARED.max(xml.buffer_position()) => {
                return Err("is a broken workbook (its cells share more texts than it has); save it again from the spreadsheet".to_owned());
            }
            Event::DocType(_) => return Err("has a document type (DOCTYPE), which no workbook has and which is not safe".to_owned()),
            Event::Eof if depth > 0 => {
                return Err("is a broken workbook (a part of it breaks off); save it again from the spreadsheet".to_owned());
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}
