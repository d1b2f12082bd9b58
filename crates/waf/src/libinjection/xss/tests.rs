use super::*;

fn check(input: &[u8], expected: bool) {
    assert_eq!(
        crate::libinjection::xss(input),
        expected,
        "{}",
        input.escape_ascii()
    );
}

#[test]
fn tags_and_attributes() {
    for (input, expected) in [
        (&b"<script>"[..], true),
        (b"<scr\0ipt>", true),
        (b"<svgx>", true),
        (b"<b>bold</b>", false),
        (b"</script>", false),
        (b"a < b and c > d", false),
        (b"onload=x", true),
        (b"onl=x", false),
        (b"x' onload=x", true),
        (b"style=x", true),
        (b"class=x", false),
        (b"attributename=href", true),
        (b"<!DOCTYPE html>", true),
        (b"<!-- a -->", false),
        (b"<!-- ` -->", true),
        (b"<!--[if IE]>", true),
    ] {
        check(input, expected);
    }
}

#[test]
fn quirks_of_the_c_code_are_kept() {
    for (input, expected) in [
        // Byte 255 where an attribute may begin is taken for the end.
        (&b"<a \xff onload=x>"[..], false),
        (b"<a \xfe onload=x>", true),
        // Characters are cut to their lowest byte.
        (b"href=&#x14a;ava:", true),
        (b"href=&#x16a;ava:", false),
    ] {
        check(input, expected);
    }
}

#[test]
fn addresses() {
    for (value, expected) in [
        (&b"javascript:x"[..], true),
        (b" \x01\xe2\x80\xa8JaVa\0script:x", true),
        (b"&#106;&#x61;v\na", true),
        (b"&#106ava", true),
        (b"&#;java", false),
        (b"&#99999999java", false),
        (b"https://example.com/", false),
        (b"data", true),
        (b"dat", false),
        (b"", false),
    ] {
        assert_eq!(
            is_hostile_address(value),
            expected,
            "{}",
            value.escape_ascii()
        );
    }
}
