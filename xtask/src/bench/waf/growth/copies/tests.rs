use super::*;

const RULES: &str = r#"# id:900001 is free
SecRule ARGS "@rx (?i)\bunion\s+select[^\]a]x\x5cab%{tx.what}" \
    "id:942100,\
    phase:2,\
    ctl:ruleRemoveTargetById=942440;ARGS:uid:123456,\
    ctl:ruleRemoveById=920370-920390,\
    ver:'OWASP_CRS/3.3.4'"
SecAction "id:9001000,phase:1"
SecRule ARGS "!@rx ^abc$" "id:942110,phase:2,t:none"
SecRule ARGS "@pm sleep benchmark" "id:942120,phase:2,t:none"
"#;

#[test]
fn copies_have_identifiers_of_their_own() {
    let made = renumbered(RULES, 2).unwrap();
    for word in [
        "\"id:2942100,",
        "ById=2942440;ARGS:uid:123456,",
        "ById=2920370-2920390,",
        "\"id:29001000,",
        "\"id:2942110,",
        "\"id:2942120,",
    ] {
        assert!(made.contains(word), "{word} in {made}");
    }
    let gone = made
        .replace(":2942", ":942")
        .replace("=2942", "=942")
        .replace("2920370-2920390", "920370-920390")
        .replace("29001000", "9001000")
        .replace(" id:2900001", " id:900001");
    assert_eq!(gone, RULES);
    assert!(renumbered(RULES, 10).is_err());
    assert_eq!(rules_in(RULES), 4);
}

#[test]
fn other_words_have_the_same_shape() {
    let made = letters::of_rules(RULES, 1);
    let expected = RULES
        .replace(
            r"(?i)\bunion\s+select[^\]a]x\x5cab%{tx.what}",
            r"(?i)\bapoup\s+timidv[^\]a]y\x5cec%{tx.what}",
        )
        .replace("@pm sleep benchmark", "@pm tmiiq cipdjnesl");
    assert_eq!(made, expected);
    let mut list = b"/etc/passwd\n# C\n".to_vec();
    letters::of_list(&mut list, 1);
    assert_eq!(list, b"/ivd/qettxf\n# D\n");
}
