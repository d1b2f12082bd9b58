#![no_main]

#[path = "../checks/policy_json.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes));
