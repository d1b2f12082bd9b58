use super::*;

fn check(transformation: Transformation, input: &[u8], expected: &[u8]) {
    let map = UnicodeMap::parse(
        b"437 (x)\n0041:42\n\n20127 (US-ASCII)\n00e9:65 ff1c:3c 00e9:45\n\n20261 (T.61)\n00ea:65",
        20127,
    );
    let mut out = Vec::new();
    let changed = transformation.apply(input, &map.unwrap(), &mut out);
    let given = if changed { out.as_slice() } else { input };
    assert_eq!(
        given.escape_ascii().to_string(),
        expected.escape_ascii().to_string(),
        "{} of `{}`",
        transformation.name(),
        input.escape_ascii()
    );
    assert_eq!(changed, input != expected);
}

use Transformation as T;

const CASES: &[(T, &[u8], &[u8])] = &[
    (T::Base64Decode, b"QUI=", b"AB"),
    (T::Base64Decode, b"QUJD RA==", b""),
    (T::Base64Decode, b"QUJD\r\nREVG  ", b"ABCDEF"),
    (T::Base64Decode, b"QUJDRA", b"ABC"),
    (T::Base64DecodeExt, b"Q.UJD RA", b"ABCD"),
    (T::Base64Encode, b"AB", b"QUI="),
    (T::CmdLine, b"C^md  ,;/C \"dir\" (x", b"cmd/c dir(x"),
    (T::CmdLine, b"plain words only", b"plain words only"),
    (T::CompressWhitespace, b"a b c", b"a b c"),
    (T::CompressWhitespace, b"a\tb \x0b c", b"a b c"),
    (T::CssDecode, b"j\\61 va\\ff1c\\\n\\", b"java<"),
    (T::CssDecode, b"a\\0 b", b"a\0b"),
    (T::EscapeSeqDecode, b"\\x41\\101\\777\\q\\", b"AA\xffq\\"),
    (T::HexDecode, b"41424", b"AB"),
    (T::HexEncode, b"A\xff", b"41ff"),
    (
        T::HtmlEntityDecode,
        b"&lt;&#x41&#66;&copy;&nbsp",
        b"<AB&copy;\xa0",
    ),
    (
        T::HtmlEntityDecode,
        b"&#xfffffffffffffffff;&#x;",
        b"\xff&#x;",
    ),
    (
        T::JsDecode,
        b"\\u0041\\uFF1c\\x42\\101\\4011\\q",
        b"A<BA 11q",
    ),
    (T::Length, b"", b"0"),
    (T::Length, b"0123456789", b"10"),
    (T::Length, b"1", b"1"),
    (T::Lowercase, b"aBC\xc0", b"abc\xc0"),
    (
        T::Md5,
        b"",
        b"\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e",
    ),
    (T::NormalizePath, b"/a/./b/../../c//d", b"/c/d"),
    (T::NormalizePath, b"dir/../../foo/.", b"../foo"),
    // As libmodsecurity: a name in between lets the second reference climb over the first.
    (T::NormalizePath, b"../a/../..", b""),
    (T::NormalizePath, b"/a.b/c.d", b"/a.b/c.d"),
    (T::NormalizePathWin, b"a\\\\\\..\\b/c\\", b"b/c/"),
    (T::ParityEven7bit, b"ab", b"\xe1\xe2"),
    (T::ParityOdd7bit, b"ab", b"ab"),
    (T::ParityZero7bit, b"\xe1b", b"ab"),
    (T::RemoveComments, b"a/*x*/b<!--y-->c--d", b"abc"),
    (T::RemoveComments, b"a/*x", b"a "),
    (T::RemoveComments, b"a/*x*/", b"a\0"),
    (T::RemoveCommentsChar, b"a/*x*/<!--y-->#z--", b"axyz"),
    (T::RemoveNulls, b"\0a\0\0b", b"ab"),
    (T::RemoveWhitespace, b" a\xc2\xa0b\t", b"ab"),
    (T::ReplaceComments, b"a/*x*/b/*y", b"a b "),
    (T::ReplaceComments, b"a/*/b*/c", b"a c"),
    (T::ReplaceNulls, b"a\0b", b"a b"),
    (
        T::Sha1,
        b"",
        b"\xda\x39\xa3\xee\x5e\x6b\x4b\x0d\x32\x55\xbf\xef\x95\x60\x18\x90\xaf\xd8\x07\x09",
    ),
    (T::SqlHexDecode, b"a 0x4142 0x4 b", b"a AB 0x4 b"),
    (T::Trim, b" a b\n", b"a b"),
    (T::TrimLeft, b" a ", b"a "),
    (T::TrimRight, b" a ", b" a"),
    (T::Uppercase, b"aBc", b"ABC"),
    (T::UrlDecode, b"%41+%zz%4", b"A %zz%4"),
    (
        T::UrlDecodeUni,
        b"%u00e9%u00ea%uff1C%uff01%u3002%u41%",
        b"E\xea<!.%u41%",
    ),
    (T::UrlEncode, b"a *\xff", b"a+*%ff"),
    (
        T::Utf8ToUnicode,
        "é€😀\0".as_bytes(),
        b"%u00e9%u20ac%u1f600",
    ),
    (T::Utf8ToUnicode, b"\xc0\xaf\xc3a\x80", b"%u002f\xc0a\x80"),
];

#[test]
fn results() {
    for (transformation, input, expected) in CASES {
        check(*transformation, input, expected);
    }
    for transformation in Transformation::ALL {
        let named = |case: &(T, &[u8], &[u8])| case.0 == *transformation;
        assert!(
            CASES.iter().any(named),
            "no case for {}",
            transformation.name()
        );
    }
}

#[test]
fn maps() {
    let cases: &[(&[u8], u32, &str)] = &[
        (b"", 20127, "no mapping for code page 20127"),
        (
            b"20127 (US-ASCII)\n20261 (T.61)\n00ea:65",
            20127,
            "no mapping for code page 20127",
        ),
        (
            b"1 x\n00ea:zz",
            1,
            "`00ea:zz` is not `character:byte` in hexadecimal",
        ),
    ];
    for (text, code_page, expected) in cases {
        let given = UnicodeMap::parse(text, *code_page);
        assert_eq!(given.map(|_| ()), Err((*expected).to_owned()));
    }
}

#[test]
fn sets() {
    let set = ByteSet::of(b"\0a\xff");
    assert!(set.contains(0) && set.contains(b'a') && set.contains(255) && !set.contains(b'b'));
    assert_eq!(set.complement().complement(), set);
    assert_eq!(ByteSet::empty().complement(), ByteSet::all());
    assert!(!set.intersects(set.complement()) && set.intersects(ByteSet::of_value(b"xyza")));
    let mut grown = ByteSet::empty();
    grown.insert(200);
    assert_eq!(grown.union(set), ByteSet::of_value(b"a\xff\xc8\0a"));
}
