#![no_main]

#[path = "../checks/token_edge.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes));
