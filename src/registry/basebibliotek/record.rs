//! One record of the register: the fields that matter, and the institution that follows from them.

use chrono::NaiveDate;

use super::Remark;
use crate::model::registry::{Institution, InstitutionKind, Validity};
use crate::model::{InstitutionId, MunicipalityCode};

/// What a record says, as written; whatever it does not say is empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    /// Where it begins, from 1.
    pub line: usize,
    /// The register's own number for the record.
    pub rid: String,
    /// When it was last changed, `YYYY-MM-DD HH:MM:SS`.
    pub changed: String,
    pub bibnr: String,
    pub isil: String,
    pub bibltype: String,
    pub kommnr: String,
    pub inst: String,
    pub stengt: String,
    pub stengt_fra: String,
}

/// Dates that stand in where a record has none of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Days {
    /// When the file was made.
    pub exported: Option<NaiveDate>,
    /// Now.
    pub today: NaiveDate,
}

impl Record {
    /// The field that an element of this name fills.
    pub(super) fn field(&mut self, element: &str) -> Option<&mut String> {
        Some(match element {
            "bibnr" => &mut self.bibnr,
            "isil" => &mut self.isil,
            "bibltype" => &mut self.bibltype,
            "kommnr" => &mut self.kommnr,
            "inst" => &mut self.inst,
            "stengt" => &mut self.stengt,
            "stengt_fra" => &mut self.stengt_fra,
            _ => return None,
        })
    }

    /// A remark on this record, which it names so that people find it.
    pub(super) fn remark(&self, what: impl Into<String>) -> Remark {
        let number = [self.bibnr.trim(), self.isil.trim()].into_iter().find(|text| !text.is_empty());
        let name = name(&self.inst);
        let parts = [Some(format!("rid {}", self.rid)).filter(|_| !self.rid.is_empty()), number.map(str::to_owned), Some(name)];
        let record: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        Remark { line: self.line, record: record.join(", ").chars().take(120).collect(), why: what.into() }
    }

    /// The day of its last change, if it says one.
    pub(super) fn changed_on(&self) -> Option<NaiveDate> {
        day(&self.changed)
    }

    /// The institution that it describes, with notes on what had to be understood.
    ///
    /// # Errors
    /// Why it cannot be one.
    pub(super) fn institution(&self, days: Days, notes: &mut Vec<Remark>) -> Result<Institution, String> {
        let kind_code = self.bibltype.trim().to_uppercase();
        if kind_code == "UTL" {
            return Err("is a library abroad (bibltype UTL)".to_owned());
        }
        let bibnr = self.bibnr.trim();
        if bibnr.is_empty() {
            return Err("has no number (bibnr)".to_owned());
        }
        if bibnr.len() != 7 || !bibnr.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("has the number (bibnr) '{}', which is not seven digits", short(bibnr)));
        }
        let name = name(&self.inst);
        if name.is_empty() {
            return Err("has no name (inst)".to_owned());
        }
        if name.chars().count() > LONGEST_NAME {
            return Err(format!("has a name (inst) of more than {LONGEST_NAME} characters"));
        }
        let municipality = self.municipality(notes)?;
        let isil = format!("NO-{bibnr}");
        if !self.isil.trim().is_empty() && self.isil.trim() != isil {
            notes.push(self.remark(format!("has the ISIL '{}'; used is {isil}, after its number", short(self.isil.trim()))));
        }
        let kind = kind(&kind_code).unwrap_or_else(|| {
            let says =
                if kind_code.is_empty() { "no bibltype".to_owned() } else { format!("the unknown bibltype '{}'", short(&kind_code)) };
            notes.push(self.remark(format!("has {says} and is registered as other_library")));
            InstitutionKind::OtherLibrary
        });
        let id = InstitutionId::trusted(bibnr);
        Ok(Institution { id, name, kind, municipality: Some(municipality), isil, valid: self.validity(days, notes) })
    }

    /// From `kommnr` alone: the digits of a bibnr are those of its municipality long ago, if at all.
    fn municipality(&self, notes: &mut Vec<Remark>) -> Result<MunicipalityCode, String> {
        let kommnr = self.kommnr.trim();
        if kommnr.is_empty() {
            return Err("has no municipality (kommnr)".to_owned());
        }
        let code: MunicipalityCode = kommnr.parse().map_err(|problem| format!("has a kommnr that is none: {problem}"))?;
        // In Oslo the register has the number of the district, 0300 to 0330, in place of the municipality's.
        if code.as_str().starts_with("03") && code.as_str() != OSLO {
            notes.push(self.remark(format!("is in district {code} of Oslo, municipality {OSLO}")));
            return Ok(MunicipalityCode::trusted(OSLO));
        }
        Ok(code)
    }

    /// Open on both sides, or ended if it is closed for good: on the day that it says, else that of its last change, which
    /// set the mark or came after it.
    fn validity(&self, days: Days, notes: &mut Vec<Remark>) -> Validity {
        let to = match self.stengt.trim() {
            "" => None,
            "X" | "x" => {
                let (to, why) = match (day(&self.stengt_fra), self.changed_on().or(days.exported)) {
                    (Some(from), _) => (from, "the day that it says"),
                    (None, Some(changed)) => (changed.min(days.today), "the day of its last change, as it says no other"),
                    (None, None) => (days.today, "today, as it says no day"),
                };
                notes.push(self.remark(format!("is closed for good; it ends on {to}, {why}")));
                Some(to)
            }
            "U" | "u" => {
                notes.push(self.remark("is closed for a while and stays registered"));
                None
            }
            other => {
                notes.push(self.remark(format!("has the unknown mark '{}' in stengt and stays registered", short(other))));
                None
            }
        };
        Validity { from: None, to }
    }
}

/// The most characters of a name; the register's longest have some hundred.
const LONGEST_NAME: usize = 500;

/// The number of Oslo, a county of one municipality.
const OSLO: &str = "0301";

/// What the register's kinds are to avling (the national library's list of kinds, in its description of bibnr).
///
/// A public library is one to a municipality: its branches and buses are other libraries. A school library is an upper
/// secondary school's.
fn kind(bibltype: &str) -> Option<InstitutionKind> {
    Some(match bibltype {
        "FBI" => InstitutionKind::PublicLibrary,
        "FYB" => InstitutionKind::CountyLibrary,
        "VGS" => InstitutionKind::SchoolLibrary,
        // National; universities, their institutes, colleges; archives, museums, special libraries, their departments;
        // branches and buses of public libraries, hospitals, prisons; folk high schools, primary schools.
        "NAB" | "UNB" | "UNI" | "HØY" | "ARK" | "MUS" | "FAG" | "AVD" | "FIL" | "BBB" | "PAS" | "FEN" | "FHS" | "GSK" => {
            InstitutionKind::OtherLibrary
        }
        // Firms, administrations and organisations that borrow but have no library.
        "FIR" | "ADM" | "ORG" => InstitutionKind::OtherBody,
        _ => return None,
    })
}

/// A name in one line: the register writes a body and its parts on lines of their own.
fn name(text: &str) -> String {
    let clean =
        |line: &str| line.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    text.lines().map(clean).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The day that a time begins with.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    text.trim().get(..10)?.parse().ok()
}

/// What of a text a message shows.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}
