//! Workbooks: as they are, and put together from their parts, since a fuzzer does not get past checksums.

use std::io::{Cursor, Write as _};

use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::sink::twice;

/// What the parts are, where an input does not say.
const WORKBOOK: &[u8] = br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="TR" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const STYLES: &[u8] = br#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="17"/></cellXfs></styleSheet>"#;
const SHARED: &[u8] = br#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>"#;

const TYPES: &[u8] = br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#;
const TOP: &[u8] = br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const RELATIONS: &[u8] = br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;

/// A workbook of these parts, with a zero byte between: the sheet, the shared texts, the styles, the workbook's own. Parts that are not
/// there are as a plain workbook has them.
pub fn book(parts: &[u8]) -> Vec<u8> {
    let mut parts = parts.split(|byte| *byte == 0);
    let mut part = |usual: &'static [u8]| parts.next().filter(|part| !part.is_empty()).unwrap_or(usual).to_vec();
    let files = [
        ("xl/worksheets/sheet1.xml", part(b"<worksheet/>")),
        ("xl/sharedStrings.xml", part(SHARED)),
        ("xl/styles.xml", part(STYLES)),
        ("xl/workbook.xml", part(WORKBOOK)),
        ("[Content_Types].xml", TYPES.to_vec()),
        ("_rels/.rels", TOP.to_vec()),
        ("xl/_rels/workbook.xml.rels", RELATIONS.to_vec()),
    ];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in files {
        zip.start_file(name, options).expect("a file in memory takes another part");
        zip.write_all(&bytes).expect("a file in memory takes a part's bytes");
    }
    zip.finish().expect("a file in memory can be closed").into_inner()
}

/// A workbook, or the parts of one.
pub fn workbook(data: &[u8]) {
    if data.starts_with(b"PK") {
        twice(data, |reader, sink| avling::formats::read(reader, sink));
    } else {
        twice(&book(data), |reader, sink| avling::formats::read(reader, sink));
    }
}
