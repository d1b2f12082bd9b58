#![no_main]

#[path = "../checks/both_ways.rs"]
mod both_ways;
#[path = "../checks/waf_engine.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes));
