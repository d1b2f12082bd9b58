use super::*;

#[test]
fn every_word_of_the_file_is_found_with_its_kind_in_any_case() {
    let mut count = 0;
    for line in lines(WORDS_TEXT) {
        let (kind, text) = (Kind::of_letter(line[0]).unwrap(), &line[2..]);
        assert_eq!(word(text), Some(kind), "{}", text.escape_ascii());
        assert_eq!(word(&text.to_ascii_lowercase()), Some(kind));
        for gap in (0..text.len()).filter(|at| text[*at] == b' ') {
            let found = phrase(&text[..gap], &text[gap + 1..]);
            assert_eq!(found.map(|found| found.text), Some(text));
        }
        count += 1;
    }
    assert_eq!(count, 985);
}

#[test]
fn every_fingerprint_of_the_file_is_found() {
    let mut known = 0;
    for line in lines(FINGERPRINTS_TEXT) {
        let kinds: Vec<_> = line
            .iter()
            .map(|letter| kind_of_upper(*letter).unwrap())
            .collect();
        assert!(is_attack(kinds.iter().copied()), "{}", line.escape_ascii());
        known += 1;
    }
    assert_eq!(known, 8367);
    assert_eq!(
        FINGERPRINTS.0.iter().filter(|slot| **slot != 0).count(),
        known
    );
}

#[test]
fn unknown_words_end_the_search() {
    for key in [
        &b""[..],
        b"x",
        b"vauban",
        b"SELECT\0",
        b"\xff\xff\xff",
        b"0N1U",
    ] {
        assert_eq!(word(key), None);
    }
    assert!(!is_attack([].into_iter()));
    assert!(!is_attack([Kind::Bareword; 5].into_iter()));
}
