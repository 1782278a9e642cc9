//! What the commands print. Everything else is written to the log, on standard error.
#![expect(clippy::print_stderr, reason = "this is the one place that prints")]

use std::io::Write;

/// A line for the person, or the script, that gave the command. A reader that is gone is no error.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// A refusal or failure: its stable code, then what to do.
pub fn error(code: &str, sentence: &str) {
    eprintln!("{code}: {sentence}");
}

/// One JSON object and nothing else when `json`, the text otherwise.
pub fn result(json: bool, object: &serde_json::Value, text: &str) {
    if json { line(&object.to_string()) } else { line(text) }
}
