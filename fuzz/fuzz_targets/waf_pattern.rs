#![no_main]

#[path = "../checks/beside_pcre2.rs"]
mod beside_pcre2;
#[path = "../checks/waf_pattern.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes));
