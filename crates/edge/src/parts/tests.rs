use super::*;

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn any_role_and_all_permissions() {
    // (required, held, any, all)
    let cases = [
        ("", "", true, true),
        ("", "a", true, true),
        ("a", "", false, false),
        ("a", "a", true, true),
        ("a", "A", false, false),
        ("a", "ab", false, false),
        ("a b", "b", true, false),
        ("a b", "b a", true, true),
        ("a b", "c", false, false),
    ];
    for (required, held, any, all) in cases {
        assert_eq!(
            AnyOf.judge(&words(required), &words(held)),
            any,
            "any of [{required}] in [{held}]"
        );
        assert_eq!(
            AllOf.judge(&words(required), &words(held)),
            all,
            "all of [{required}] in [{held}]"
        );
    }
}
