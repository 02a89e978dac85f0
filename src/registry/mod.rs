//! What is registered: reading it, checking it, and looking things up in it.
//!
//! [`basebibliotek`] reads the national library register; [`geography`] tells which municipality and county a place
//! is in, through time.

pub mod basebibliotek;
pub mod geography;
