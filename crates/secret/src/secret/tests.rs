use super::Secret;

#[test]
fn debug_shows_nothing() {
    let secret = Secret::from("hunter2 hunter2");
    assert_eq!(format!("{secret:?}"), "Secret(…)");
    assert_eq!(format!("{:#?}", Some(&secret)), "Some(\n    Secret(…),\n)");
}

#[test]
fn equality_is_by_bytes() {
    for (left, right, equal) in [
        ("abc", "abc", true),
        ("abc", "abd", false),
        ("abc", "abcd", false),
        ("", "", true),
    ] {
        assert_eq!(
            Secret::from(left) == Secret::from(right),
            equal,
            "{left} {right}"
        );
    }
}

#[test]
fn random_secrets_are_hexadecimal_and_differ() {
    let (first, second) = (Secret::random().unwrap(), Secret::random().unwrap());
    assert_ne!(first, second);
    for secret in [first, second] {
        let text = secret.expose_text().unwrap();
        assert_eq!(text.len(), 64);
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)),
            "{text}"
        );
    }
}

#[test]
fn bytes_that_are_not_text_are_not_lossily_converted() {
    assert_eq!(Secret::new(vec![0xff, 0xfe]).expose_text(), None);
}
