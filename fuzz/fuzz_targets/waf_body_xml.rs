#![no_main]

#[path = "../checks/waf_body_xml.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes));
