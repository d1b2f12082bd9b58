use super::*;

const ROW: &str = r#"
[[bad]]
id = "one"
what = 'a "quoted" thing'
requirements = [26, 32]
make = [
    'header alg = "none"',
    "signature empty",
]
edge = "no"
guard_lacks = "reason"
"#;

#[test]
fn a_row_is_read() {
    let row = read(ROW).unwrap().bad.remove(0);
    assert_eq!(row.what, r#"a "quoted" thing"#);
    assert_eq!(row.requirements, [26, 32]);
    assert_eq!(row.make, [r#"header alg = "none""#, "signature empty"]);
    assert_eq!(row.edge, Verdict::Refuses("no".to_owned()));
    assert_eq!(row.guard, Verdict::Lacks("reason".to_owned()));
    assert!(!row.only_library);
}

#[test]
fn every_mistake_of_the_table_is_said() {
    for (find, put, said) in [
        (
            "[[bad]]",
            "[[ugly]]",
            "`[[ugly]]` is neither `good` nor `bad`",
        ),
        ("[[bad]]", "", "line 3: stands in no entry"),
        ("id = \"one\"", "", "a row has no `id`"),
        ("what = ", "which = ", "row `one`: no `what`"),
        (
            "[26, 32]",
            "26",
            "row `one`: `requirements` is no list of numbers",
        ),
        (
            "[26, 32]",
            "[\"26\"]",
            "row `one`: `requirements` is no list of numbers",
        ),
        ("edge = \"no\"", "", "row `one`: no verdict of `edge`"),
        (
            "edge = \"no\"",
            "edge = \"no\" x",
            "line 10: not a value of the small form",
        ),
        (
            "edge = \"no\"",
            "edge = \"n\\\"o\"",
            "line 10: not a value of the small form",
        ),
        ("edge = \"no\"", "edge", "line 10: not `name = value`"),
        (
            "edge = \"no\"",
            "id = \"two\"",
            "line 10: a name stands twice",
        ),
        (
            "edge = \"no\"",
            "edge = \"no\"\nedge_accepts = \"yes\"",
            "row `one`: `edge_accepts` is no name of a row, or one verdict too many",
        ),
        (
            "edge = \"no\"",
            "edge = \"no\"\nonly_library = 2",
            "row `one`: `only_library` is 1 or absent",
        ),
        (
            "    \"signature empty\",\n]",
            "",
            "line 6: a list has no end",
        ),
    ] {
        assert!(ROW.contains(find), "{find}");
        assert_eq!(read(&ROW.replace(find, put)).unwrap_err(), said, "{put}");
    }
    assert_eq!(read(&ROW.repeat(2)).unwrap_err(), "row `one` stands twice");
}

#[test]
fn the_table_of_the_repository_is_read() {
    let table = table().unwrap();
    assert!(table.good.len() >= 10, "{}", table.good.len());
    let covered = |number| {
        table
            .bad
            .iter()
            .any(|row| row.requirements.contains(&number))
    };
    for number in 26..=32 {
        assert!(covered(number), "no row for requirement {number}");
    }
}
