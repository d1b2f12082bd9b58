#![no_main]

#[path = "../checks/http_chunks.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes));
