//! A target is read without a panic, and its canonical form is its own canonical form.

use vauban_http::Target;

pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(target) = Target::parse(text) else {
        return;
    };
    let canonical = target.to_canonical();
    let again = Target::parse(&canonical).expect("a canonical form is refused");
    assert_eq!(again, target);
    assert_eq!(again.to_canonical(), canonical);
    assert!(canonical.bytes().all(|byte| byte.is_ascii_graphic()));
    for segment in target.path.segments() {
        assert!(
            !matches!(segment.as_str(), "" | "." | "..")
                && !segment.contains(['/', '\\', ';', '\0'])
        );
    }
}
