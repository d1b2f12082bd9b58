#![no_main]

#[path = "../checks/policy_load.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes));
