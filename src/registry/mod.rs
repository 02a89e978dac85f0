//! What exists, who claims which addresses, who subscribes to what: from people's files to rows and back.
//!
//! [`import::import`] reads the files of one kind against what is stored and gives the [`Change`]s to make, or all
//! that is wrong as [`Problems`]. Below it, [`table`] turns text and [`workbook`] workbooks into cells with their places,
//! [`rows`] cells into the rows of the domain ([`Row`]), and [`basebibliotek`] the national library register into
//! institutions. [`sessions`] reads what an access control has seen. [`geography`] tells which municipality and county a
//! place is in, through time; [`agreement`] how a key comes to be agreed on. Nothing here reads a file or the store.
//!
//! [`Change`]: crate::model::registry::Change
//! [`Row`]: crate::model::registry::Row
//! [`Problems`]: problem::Problems

pub mod agreement;
pub mod basebibliotek;
pub mod geography;
pub mod import;
pub mod problem;
pub mod rows;
pub mod sessions;
pub mod table;
pub mod workbook;
