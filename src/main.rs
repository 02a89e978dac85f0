//! The command `avling`: parse, run, exit.
fn main() {}
