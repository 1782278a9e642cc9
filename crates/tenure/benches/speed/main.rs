//! `make bench`: how fast the main job is, as ratios against named references in the same run.
//!
//! Servers run on one core and the load generator on the other: this program starts itself again, pinned with
//! `taskset`, for each role. Nothing here is a test: no figure makes it fail.
#![allow(
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark measures, and stops where it cannot"
)]

mod database;
mod gate;
mod import;
mod ingest;
mod load;
mod mqtt;
mod world;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["echo", port] => load::echo(port.parse().unwrap()),
        ["coap-load", rest @ ..] => load::coap(&load::Load::parse(rest)),
        ["mqtt-load", rest @ ..] => mqtt::load(&load::Load::parse(rest)),
        rest => {
            let wanted = |name: &str| {
                let named: Vec<_> = rest.iter().filter(|word| !word.starts_with('-')).collect();
                named.is_empty() || named.iter().any(|word| **word == name)
            };
            if wanted("gate") {
                gate::run();
            }
            if wanted("ingest") {
                ingest::run();
            }
            if wanted("database") {
                database::run();
            }
            if wanted("import") {
                import::run();
            }
        }
    }
}
