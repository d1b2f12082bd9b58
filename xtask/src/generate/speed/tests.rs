use super::*;

#[test]
fn times_are_told_in_three_digits() {
    let told: Vec<String> = [33.4, 2862.5, 169_709.7, 1_342_782.6]
        .iter()
        .map(|us| time(*us))
        .collect();
    assert_eq!(told, ["33 µs", "2.9 ms", "170 ms", "1.3 s"]);
    assert_eq!(
        (size(1024.0), size(1_048_576.0)),
        ("1 KB".to_owned(), "1 MB".to_owned())
    );
}

#[test]
fn what_was_not_asked_is_said() {
    let series = serde_json::json!({
        "body": "form", "ours_per_doubling_of_bytes": { "all": 1.7, "last_step": 1.9 },
        "points": [{ "bytes": 1024, "ours_us": 5.0 }, { "bytes": 2048 }],
    });
    let mut table = String::new();
    for engine in ENGINES {
        growth_row(&mut table, &series, engine, ("body", "bytes"), 2);
    }
    assert_eq!(
        table,
        "| form | Vauban | 5 µs | not asked | 1.70 | 1.90 |\n"
    );
}
