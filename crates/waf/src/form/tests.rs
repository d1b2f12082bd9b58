use super::*;

fn check(value: &[u8], expected: Option<Form>) {
    assert_eq!(
        Form::of(value),
        expected,
        "{:?}",
        String::from_utf8_lossy(value)
    );
}

#[test]
fn typed_values_have_a_form() {
    for integer in ["0", "7", "-1", "-0", "12345678901234567890"] {
        check(integer.as_bytes(), Some(Form::Integer));
    }
    for decimal in ["0.5", "-1.25", "1e9", "3E-7", "12.50e-3"] {
        check(decimal.as_bytes(), Some(Form::Decimal));
    }
    check(b"f81d4fae-7dec-11d0-a765-00a0c91e6bf6", Some(Form::Uuid));
    check(b"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", Some(Form::Uuid));
}

#[test]
fn what_is_nearly_typed_has_none() {
    for value in [
        "",
        "-",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+5",
        "1 ",
        " 1",
        "1\n",
        "0x1f",
        "1e5e",
        "--1",
        "1-1",
        "1;",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf61",
        "g81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "f81d4fae07dec-11d0-a765-00a0c91e6bf6",
    ] {
        check(value.as_bytes(), None);
    }
    check(&[b'1'; BYTES_MAX], Some(Form::Integer));
    check(&[b'1'; BYTES_MAX + 1], None);
}

#[test]
fn a_text_occurs_where_the_form_allows_it() {
    let occurs = |form: Form, text: &str| form.contains(text.as_bytes());
    assert!(occurs(Form::Integer, "23") && occurs(Form::Integer, "-1"));
    assert!(!occurs(Form::Integer, "1-") && !occurs(Form::Integer, "e"));
    assert!(occurs(Form::Decimal, "E-") && !occurs(Form::Decimal, "--"));
    assert!(occurs(Form::Uuid, "dead") && occurs(Form::Uuid, "AB-CD"));
    assert!(!occurs(Form::Uuid, "--") && !occurs(Form::Uuid, "deadbeefdeadb"));
}
