//! A target is read without a panic, and its canonical form is its own canonical form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vauban_http::Target;

fuzz_target!(|text: &str| {
    let Ok(target) = Target::parse(text) else { return };
    let canonical = target.to_canonical();
    let again = Target::parse(&canonical).expect("a canonical form is refused");
    assert_eq!(again, target);
    assert_eq!(again.to_canonical(), canonical);
    assert!(canonical.bytes().all(|byte| byte.is_ascii_graphic()));
    for segment in target.path.segments() {
        assert!(!matches!(segment.as_str(), "" | "." | "..") && !segment.contains(['/', '\\', ';', '\0']));
    }
});
