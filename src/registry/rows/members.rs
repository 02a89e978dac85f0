//! The members of consortia, as vendors list them.

use super::{Cells, key, optional};
use crate::model::registry::{CellError, Column, ConsortiumMember, Kind, Row};

impl Row for ConsortiumMember {
    const KIND: Kind = Kind::Members;
    const COLUMNS: &'static [Column] = &[key("source"), key("customer_id"), optional("name"), optional("isil")];

    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>> {
        let mut c = Cells::new(Self::COLUMNS, cells);
        let (source, customer_id) = (c.id("source"), c.filled("customer_id"));
        let (name, isil) = (c.text("name"), super::places::isil(&mut c));
        let row = (|| Some(Self { source: source?, customer_id: customer_id?, name: name?, isil: isil? }))();
        c.finish(row)
    }

    fn cells(&self) -> Vec<String> {
        vec![self.source.to_string(), self.customer_id.clone(), self.name.clone(), self.isil.clone()]
    }
}
