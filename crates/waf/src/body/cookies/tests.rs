use super::*;

fn check(header: &str, expected: &[(&str, &str)]) {
    let mut seen = Vec::new();
    cookies(header.as_bytes(), &mut |name: &[u8], value: &[u8]| {
        seen.push((name.to_vec(), value.to_vec()));
        true
    });
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect();
    assert_eq!(seen, expected, "{header}");
}

#[test]
fn headers() {
    check("", &[]);
    check("a=b", &[("a", "b")]);
    check("a=b; c=d=e;f", &[("a", "b"), ("c", "d=e"), ("f", "")]);
    check("a=b ; c = d \t", &[("a", "b "), ("c ", " d")]);
    check(";; =x;\t;a=b;", &[("a", "b")]);
    check("a=%41+; a=2", &[("a", "%41+"), ("a", "2")]);
}

#[test]
fn a_receiver_that_has_enough() {
    let mut count = 0;
    cookies(b"a=1;b=2;c=3", &mut |_: &[u8], _: &[u8]| {
        count += 1;
        count < 2
    });
    assert_eq!(count, 2);
}
