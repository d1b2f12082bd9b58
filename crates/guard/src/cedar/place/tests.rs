use super::{slots, spot};

fn at(text: &str, offset: usize) -> (usize, usize) {
    let spot = spot(text, offset);
    (spot.line, spot.column)
}

#[test]
fn a_byte_has_a_line_and_a_column_in_characters() {
    let text = "ab\n\u{e9}\u{e9}c\n\nend\n";
    for (offset, expected) in [
        (0, (1, 1)),
        (2, (1, 3)),
        (3, (2, 1)),
        (7, (2, 3)),
        (10, (4, 1)),
        (13, (4, 4)),
        // The end, beyond it, and the middle of a character.
        (14, (4, 4)),
        (99, (4, 4)),
        (4, (4, 4)),
    ] {
        assert_eq!(at(text, offset), expected, "{offset}");
    }
    assert_eq!(at("", 0), (1, 1));
}

#[test]
fn a_question_mark_is_a_slot_only_outside_comments_and_quotes() {
    let text = "// really?\npermit (principal == ?principal, action, resource)\n\
                when { \"a\\\"?\" like \"\\\\\" && 4 / 2 == ?resource };";
    let found: Vec<_> = slots(text)
        .iter()
        .map(|spot| (spot.line, spot.column))
        .collect();
    assert_eq!(found, [(2, 22), (3, 37)]);
    assert_eq!(slots("permit (principal, action, resource);"), []);
}
