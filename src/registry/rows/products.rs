//! Vendors, what they sell, and who subscribes to it.

use super::{Cells, QUOTED, key, open, optional, optional_key, required, shortened, without_thousands};
use crate::model::ReportId;
use crate::model::registry::{CellError, Column, Funding, Kind, Product, Row, Subscription, Vendor};

impl Row for Vendor {
    const KIND: Kind = Kind::Vendors;
    const COLUMNS: &'static [Column] = &[key("vendor"), required("name"), optional("contact")];

    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>> {
        let mut c = Cells::new(Self::COLUMNS, cells);
        let (id, name, contact) = (c.id("vendor"), c.filled("name"), c.text("contact"));
        let row = (|| Some(Self { id: id?, name: name?, contact: contact? }))();
        c.finish(row)
    }

    fn cells(&self) -> Vec<String> {
        vec![self.id.to_string(), self.name.clone(), self.contact.clone()]
    }
}

impl Row for Product {
    const KIND: Kind = Kind::Products;
    const COLUMNS: &'static [Column] = &[key("product"), required("name"), required("vendor"), optional("kind"), optional("headline")];

    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>> {
        let mut c = Cells::new(Self::COLUMNS, cells);
        let (id, name, vendor) = (c.id("product"), c.filled("name"), c.id("vendor"));
        let (kind, headline) = (c.text("kind"), headline(&mut c));
        let row = (|| Some(Self { id: id?, name: name?, vendor: vendor?, kind: kind?, headline: headline? }))();
        c.finish(row)
    }

    fn cells(&self) -> Vec<String> {
        vec![self.id.to_string(), self.name.clone(), self.vendor.to_string(), self.kind.clone(), self.headline.clone()]
    }
}

/// `REPORT:METRIC`, the report in capitals as everywhere.
fn headline(c: &mut Cells<'_>) -> Option<String> {
    let cell = c.get("headline");
    if cell.is_empty() {
        return Some(String::new());
    }
    let parts = cell.split_once(':').and_then(|(report, metric)| Some((report.parse::<ReportId>().ok()?, metric.trim())));
    match parts {
        Some((report, metric)) if is_word(metric) && !report.as_str().contains(':') => Some(format!("{report}:{metric}")),
        _ => {
            let what = format!("'{}' is not REPORT:METRIC, for example PR:Unique_Item_Requests", shortened(cell, QUOTED));
            c.wrong("headline", what)
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 200 && !text.contains(|ch: char| ch.is_whitespace() || ch.is_control() || ch == ':')
}

impl Row for Subscription {
    const KIND: Kind = Kind::Subscriptions;
    const COLUMNS: &'static [Column] = &[
        key("institution"),
        key("product"),
        optional_key("valid_from"),
        optional("valid_to"),
        optional("price"),
        optional("currency"),
        optional("funding"),
    ];

    fn parse(cells: &[&str]) -> Result<Self, Vec<CellError>> {
        let mut c = Cells::new(Self::COLUMNS, cells);
        let (institution, product, valid) = (c.id("institution"), c.id("product"), c.validity());
        let (price, currency) = (price(&mut c), currency(&mut c));
        let funding = c.word_or_empty("funding", &["own", "county", "external"]);
        let row = (|| {
            Some(Self {
                institution: institution?,
                product: product?,
                valid: valid?,
                price: price?,
                currency: currency?,
                funding: funding?,
            })
        })();
        c.finish(row)
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.institution.to_string(),
            self.product.to_string(),
            open(self.valid.from),
            open(self.valid.to),
            self.price.clone(),
            self.currency.clone(),
            self.funding.map_or_else(String::new, |funding: Funding| funding.as_str().to_owned()),
        ]
    }
}

/// A decimal number, zero or more, kept as written but with a point; thousands may stand apart.
fn price(c: &mut Cells<'_>) -> Option<String> {
    let cell = c.get("price");
    if cell.is_empty() {
        return Some(String::new());
    }
    let number = without_thousands(cell).map(|n| n.replace(',', ".")).filter(|n| {
        let (whole, part) = n.split_once('.').unwrap_or((n, "0"));
        let digits = |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        digits(whole, 15) && digits(part, 6)
    });
    match number {
        Some(number) => Some(number),
        None => c.wrong("price", format!("'{}' is not a price; write a number like 15800.00, or leave it empty", shortened(cell, QUOTED))),
    }
}

/// Three letters, in capitals.
fn currency(c: &mut Cells<'_>) -> Option<String> {
    let cell = c.get("currency");
    if cell.is_empty() || (cell.len() == 3 && cell.bytes().all(|b| b.is_ascii_alphabetic())) {
        return Some(cell.to_ascii_uppercase());
    }
    c.wrong("currency", format!("'{}' is not a currency of three letters, like NOK", shortened(cell, QUOTED)))
}
