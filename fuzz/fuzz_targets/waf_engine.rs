#![no_main]

#[path = "../checks/both_ways.rs"]
mod both_ways;
#[path = "../checks/waf_engine.rs"]
mod check;

// The rules are compiled first: no input takes so long.
libfuzzer_sys::fuzz_target!(init: check::check(b""), |bytes: &[u8]| check::check(bytes));
