//! The members of consortia as their vendors list them: what a report leaves out of a member, the list says.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::model::registry::ConsortiumMember;
use crate::model::{Member, SourceId};

/// The lists of all sources.
#[derive(Debug, Default)]
pub struct MemberList {
    sources: HashMap<SourceId, OfSource>,
}

#[derive(Debug, Default)]
struct OfSource {
    /// The ISIL of a customer id; empty if the list has none.
    isils: HashMap<String, String>,
    /// The customer id of a name; nothing where several have it.
    names: HashMap<String, Option<String>>,
}

impl MemberList {
    /// The lists of these rows.
    #[must_use]
    pub fn new(rows: &[ConsortiumMember]) -> Self {
        let mut sources: HashMap<SourceId, OfSource> = HashMap::new();
        for row in rows {
            let list = sources.entry(row.source.clone()).or_default();
            list.isils.insert(row.customer_id.clone(), row.isil.clone());
            let name = folded(&row.name);
            if !name.is_empty() {
                list.names.entry(name).and_modify(|known| *known = None).or_insert_with(|| Some(row.customer_id.clone()));
            }
        }
        Self { sources }
    }

    /// A member as a report of the source names it, with the customer id and the ISIL that the list has for it: found by customer id,
    /// or where the report gives none by name. An ISIL that the report gives stands, and a name that the list has with another is not
    /// the same member's.
    #[must_use]
    pub fn completed<'m>(&self, source: &SourceId, member: &'m Member) -> Cow<'m, Member> {
        let of_source = || {
            let list = self.sources.get(source)?;
            let customer_id = match member.customer_id.as_str() {
                "" => list.names.get(&folded(&member.name))?.as_ref()?,
                _ => &member.customer_id,
            };
            let isil = list.isils.get(customer_id)?;
            let (told, listed) = (bare(&member.isil), bare(isil));
            if !told.is_empty() && !listed.is_empty() && told != listed {
                return None;
            }
            let isil = if told.is_empty() { isil } else { &member.isil };
            Some(Member { customer_id: customer_id.clone(), name: member.name.clone(), isil: isil.clone() })
        };
        of_source().map_or(Cow::Borrowed(member), Cow::Owned)
    }
}

/// An ISIL without the prefix `ISIL:`.
fn bare(isil: &str) -> &str {
    isil.strip_prefix("ISIL:").unwrap_or(isil)
}

/// A name as it is compared: whatever stands around it and however it is capitalised.
pub(super) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(source: &str, customer_id: &str, name: &str, isil: &str) -> ConsortiumMember {
        let [customer_id, name, isil] = [customer_id, name, isil].map(str::to_owned);
        ConsortiumMember { source: SourceId::trusted(source), customer_id, name, isil }
    }

    fn member(customer_id: &str, name: &str, isil: &str) -> Member {
        let [customer_id, name, isil] = [customer_id, name, isil].map(str::to_owned);
        Member { customer_id, name, isil }
    }

    fn completed(customer_id: &str, name: &str, isil: &str) -> (String, String) {
        let rows = [
            row("s", "m1", "Halden bibliotek", "NO-1"),
            row("s", "m2", "Ås bibliotek", ""),
            row("s", "m3", "Biblioteket", "NO-3"),
            row("s", "m4", "biblioteket ", "NO-4"),
            row("s", "m5", "", "NO-5"),
            row("t", "m6", "Moss", "NO-6"),
        ];
        let found = MemberList::new(&rows).completed(&SourceId::trusted("s"), &member(customer_id, name, isil)).into_owned();
        (found.customer_id, found.isil)
    }

    fn pair(customer_id: &str, isil: &str) -> (String, String) {
        (customer_id.to_owned(), isil.to_owned())
    }

    #[test]
    fn a_customer_id_is_looked_up_before_a_name() {
        assert_eq!(completed("m1", "", ""), pair("m1", "NO-1"));
        assert_eq!(completed("m1", "Ås bibliotek", ""), pair("m1", "NO-1"));
        // One that is not listed is not replaced by the name's.
        assert_eq!(completed("m9", "Halden bibliotek", ""), pair("m9", ""));
    }

    #[test]
    fn a_name_is_enough_whatever_its_capitals() {
        assert_eq!(completed("", " HALDEN Bibliotek ", ""), pair("m1", "NO-1"));
        assert_eq!(completed("", "åS bibliotek", ""), pair("m2", ""));
        assert_eq!(completed("", "Halden", ""), pair("", ""));
    }

    #[test]
    fn a_name_that_two_have_is_neithers_and_no_name_is_nobodys() {
        assert_eq!(completed("", "Biblioteket", ""), pair("", ""));
        assert_eq!(completed("", "", ""), pair("", ""));
        assert_eq!(completed("", "Moss", ""), pair("", ""), "another source's list says nothing here");
    }

    #[test]
    fn an_isil_of_the_report_stands() {
        assert_eq!(completed("m1", "", "NO-7"), pair("m1", "NO-7"));
        assert_eq!(completed("", "Halden bibliotek", "NO-7"), pair("", "NO-7"));
        assert_eq!(completed("", "Halden bibliotek", "ISIL:NO-1"), pair("m1", "ISIL:NO-1"));
        assert_eq!(completed("", "Ås bibliotek", "NO-7"), pair("m2", "NO-7"));
    }
}
