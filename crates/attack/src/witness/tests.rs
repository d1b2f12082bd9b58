use super::contains;

fn check(answer: &str, canary: &str, expected: bool) {
    assert_eq!(
        contains(answer.as_bytes(), canary),
        expected,
        "`{canary}` in `{answer}`"
    );
}

#[test]
fn a_canary_is_found_wherever_it_stands() {
    check("{\"note\":\"canary-7\"}", "canary-7", true);
    check("canary-7", "canary-7", true);
    check("canary-", "canary-7", false);
    check("", "canary-7", false);
}

#[test]
fn an_empty_canary_is_nowhere() {
    check("anything", "", false);
}
