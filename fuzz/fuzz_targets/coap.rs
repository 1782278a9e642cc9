//! `cargo +nightly fuzz run coap`, in this directory's parent.
#![no_main]

#[allow(dead_code)]
#[path = "../../crates/wire/tests/exercise/mod.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exercise::coap(bytes);
});
