use super::{IdRefusal, canonical};

#[track_caller]
fn check(id: &str, integer: bool, expected: Result<(), IdRefusal>) {
    assert_eq!(canonical(id, integer).map(|_| ()), expected, "{id:?}");
}

#[test]
fn one_text_has_one_reading() {
    for good in ["500101", "0", "-7", "9223372036854775807"] {
        check(good, true, Ok(()));
        check(good, false, Ok(()));
    }
    for good in [
        "a",
        "img-7",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "user@example.org",
        "7a",
        "e5",
        "a.b_c~d:e",
    ] {
        check(good, false, Ok(()));
        check(good, true, Err(IdRefusal::Number));
    }
    for bad in [
        "0500101",
        "00",
        "+5",
        "-0",
        "5e5",
        "5E5",
        "5.0",
        "500101.",
        ".5",
        "1_000",
        "0x1F",
        "0b1",
        "0o7",
        "inf",
        "-Infinity",
        "NaN",
        "9223372036854775808",
        "--5",
        "+a",
    ] {
        check(bad, false, Err(IdRefusal::Number));
        check(bad, true, Err(IdRefusal::Number));
    }
    for bad in [
        " 5",
        "5 ",
        "5\n",
        "٥٠٠١٠١",
        "５００",
        "a/b",
        "a'b",
        "a%",
        "a\0",
        "é",
        "5;6",
        "1,000",
        "\u{2212}5",
    ] {
        check(bad, false, Err(IdRefusal::Character));
    }
    check("", false, Err(IdRefusal::Length));
    check(&"a".repeat(128), false, Ok(()));
    check(&"a".repeat(129), false, Err(IdRefusal::Length));
}
