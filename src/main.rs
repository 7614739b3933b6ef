//! The one binary: command line, thin over the crates.

mod site;

fn main() {}
