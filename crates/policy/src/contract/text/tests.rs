use serde_json::json;

use super::*;

fn check(reading: Reading, texts: &[&str], expected: &Result<Value, &str>) {
    assert_eq!(read(reading, texts), *expected, "{reading:?} {texts:?}");
}

#[test]
fn a_scalar_has_one_spelling() {
    let cases = [
        (Scalar::String, "", Ok(json!(""))),
        (Scalar::String, "01", Ok(json!("01"))),
        (Scalar::Boolean, "true", Ok(json!(true))),
        (Scalar::Boolean, "false", Ok(json!(false))),
        (
            Scalar::Boolean,
            "TRUE",
            Err("is neither `true` nor `false`"),
        ),
        (Scalar::Boolean, "1", Err("is neither `true` nor `false`")),
        (Scalar::Integer, "0", Ok(json!(0))),
        (Scalar::Integer, "-12", Ok(json!(-12))),
        (Scalar::Integer, "18446744073709551615", Ok(json!(u64::MAX))),
        (
            Scalar::Integer,
            "18446744073709551616",
            Err("is not an integer"),
        ),
        (Scalar::Integer, "", Err("is not an integer")),
        (Scalar::Integer, "-", Err("is not an integer")),
        (Scalar::Integer, "-0", Err("is not an integer")),
        (Scalar::Integer, "+1", Err("is not an integer")),
        (Scalar::Integer, "01", Err("is not an integer")),
        (Scalar::Integer, "1.0", Err("is not an integer")),
        (Scalar::Integer, "1e3", Err("is not an integer")),
        (Scalar::Integer, " 1", Err("is not an integer")),
        (Scalar::Integer, "٣", Err("is not an integer")),
        (Scalar::Number, "1.5", Ok(json!(1.5))),
        (Scalar::Number, "-2e3", Ok(json!(-2000.0))),
        (Scalar::Number, "1e999", Err("is not a number")),
        (Scalar::Number, "NaN", Err("is not a number")),
        (Scalar::Number, " 1", Err("is not a number")),
        (Scalar::Number, "1 ", Err("is not a number")),
        (Scalar::Number, "\"1\"", Err("is not a number")),
        (Scalar::Number, "[1]", Err("is not a number")),
    ];
    for (scalar, text, expected) in cases {
        check(Reading::One(scalar), &[text], &expected);
    }
}

#[test]
fn lists_are_read_as_declared_and_bounded() {
    check(
        Reading::One(Scalar::String),
        &["a", "b"],
        &Err("is given more than once"),
    );
    check(
        Reading::Commas(Scalar::Integer),
        &["1,2"],
        &Ok(json!([1, 2])),
    );
    check(
        Reading::Commas(Scalar::Integer),
        &["1,"],
        &Err("is not an integer"),
    );
    check(
        Reading::Commas(Scalar::Integer),
        &["1", "2"],
        &Err("is given more than once"),
    );
    check(
        Reading::Repeated(Scalar::String),
        &["a,b", "c"],
        &Ok(json!(["a,b", "c"])),
    );
    let full = vec!["a"; LIST_VALUES_MAX];
    assert!(read(Reading::Repeated(Scalar::String), &full).is_ok());
    check(
        Reading::Repeated(Scalar::String),
        &[full, vec!["a"]].concat(),
        &Err("has too many values"),
    );
}
