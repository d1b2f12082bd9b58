use super::{fresh, hex, is_decision, token_hash};

#[test]
fn fresh_names_are_decision_ids_and_differ() {
    let names: Vec<String> = (0..64).map(|_| fresh().unwrap()).collect();
    assert!(names.iter().all(|name| is_decision(name)), "{names:?}");
    let different: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!(different.len(), 64);
}

#[test]
fn decision_ids_have_one_form() {
    for (text, expected) in [
        ("0123456789abcdefghjkmnpqrs", true),
        ("0123456789abcdefghjkmnpqr", false),
        ("0123456789abcdefghjkmnpqrst", false),
        ("0123456789ABCDEFGHJKMNPQRS", false),
        ("0123456789abcdefghjkmnpq\ns", false),
        ("", false),
    ] {
        assert_eq!(is_decision(text), expected, "{text}");
    }
}

#[test]
fn hashes_are_sha_256() {
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex(&token_hash(b"abc")), expected);
}
