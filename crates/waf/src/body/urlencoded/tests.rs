use super::*;

fn check(input: &str, expected: &[(&str, &str)], invalid: bool) {
    let mut seen = Vec::new();
    let result = urlencoded(input.as_bytes(), b'&', &mut |name: &[u8], value: &[u8]| {
        seen.push((name.to_vec(), value.to_vec()));
        true
    });
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect();
    assert_eq!(seen, expected, "{input}");
    assert_eq!(
        result,
        UrlEncoded {
            invalid_encoding: invalid,
            complete: true
        },
        "{input}"
    );
}

#[test]
fn arguments() {
    check("", &[], false);
    check("a=1&b=2", &[("a", "1"), ("b", "2")], false);
    check("a", &[("a", "")], false);
    check("a=b=c", &[("a", "b=c")], false);
    check("a+b=%41%42+", &[("a b", "AB ")], false);
    check("&a&&=&", &[("", ""), ("a", ""), ("", ""), ("", "")], false);
    check("a;b=1", &[("a;b", "1")], false);
    check("%00=\0", &[("\0", "\0")], false);
}

#[test]
fn what_is_not_encoded_rightly_stays() {
    check("a=%", &[("a", "%")], true);
    check("a=%4", &[("a", "%4")], true);
    check("%zz=1&a=%%41", &[("%zz", "1"), ("a", "%A")], true);
    check("a=%4g%41", &[("a", "%4gA")], true);
}

#[test]
fn another_separator() {
    let mut names = Vec::new();
    urlencoded(b"a=1;b&c", b';', &mut |name: &[u8], _: &[u8]| {
        names.push(name.to_vec());
        true
    });
    assert_eq!(names, [b"a".to_vec(), b"b&c".to_vec()]);
}

#[test]
fn percent_decoding_leaves_plus_alone() {
    let mut out = b"kept ".to_vec();
    assert!(percent_decode(b"a+%2B%2f", &mut out));
    assert_eq!(out, b"kept a++/");
    assert!(!percent_decode(b"%2", &mut out));
    assert_eq!(out, b"kept a++/%2");
}
