use super::*;

#[test]
fn lines_come_in_the_order_of_a_request() {
    let mut lines = [
        "other",
        "service-a",
        "guard-b",
        "edge",
        "guard-a",
        "authority",
    ];
    lines.sort_unstable();
    lines.sort_by_key(|line| rank(line));
    assert_eq!(
        lines,
        [
            "edge",
            "authority",
            "guard-a",
            "guard-b",
            "service-a",
            "other"
        ]
    );
}

#[test]
fn a_name_inside_a_fact_is_not_the_member() {
    let needle = needle("d1").unwrap();
    let fact = serde_json::to_string("\"decision\":\"d1\"").unwrap();
    assert!(!fact.contains(&needle), "{fact} contains {needle}");
}
