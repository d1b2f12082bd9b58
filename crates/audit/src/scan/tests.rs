use super::*;
use std::io::Cursor;

#[test]
fn lines_are_bounded() {
    let check = |bytes: &[u8], due: &str| {
        let mut reader = Cursor::new(bytes);
        let mut text = Vec::new();
        let found = match next_line(&mut reader, &mut text).unwrap() {
            Line::Whole => format!("whole {}", text.len()),
            Line::Torn => format!("torn {}", text.len()),
            Line::TooLong => "too long".to_owned(),
            Line::End => "end".to_owned(),
        };
        assert_eq!(found, due);
        assert!(
            text.len() <= RECORD_BYTES_MAX + 1,
            "{} bytes were read",
            text.len()
        );
    };
    let line = |length: usize, end: &str| [vec![b'a'; length], end.as_bytes().to_vec()].concat();
    check(b"", "end");
    check(b"\n", "whole 0");
    check(b"abc", "torn 3");
    check(b"abc\ndef", "whole 3");
    check(&line(RECORD_BYTES_MAX, "\n"), "whole 65536");
    check(&line(RECORD_BYTES_MAX, ""), "torn 65536");
    check(&line(RECORD_BYTES_MAX + 1, "\n"), "too long");
    check(&line(1 << 20, "\n"), "too long");
}

#[test]
fn only_exact_names_are_segments() {
    let dir = tempfile::tempdir().unwrap();
    let names = [
        "000002.seg",
        "1.seg",
        "0000001.seg",
        "+00001.seg",
        "000001.seg",
        "1000000.seg",
        "x.seg",
        "head",
        "000003.seg.bak",
    ];
    for name in names {
        std::fs::write(dir.path().join(name), "").unwrap();
    }
    let folder = crate::medium::Folder::at(dir.path());
    assert_eq!(segment_numbers(&folder).unwrap(), [1, 2, 1_000_000]);
}
