use super::*;

fn check(pattern: &str, name: &str, expected: bool) {
    assert_eq!(
        fits(pattern.as_bytes(), name.as_bytes()),
        expected,
        "`{pattern}` and `{name}`"
    );
}

#[test]
fn patterns_match_as_in_a_shell() {
    for (pattern, name, expected) in [
        ("*.conf", "a.conf", true),
        ("*.conf", ".conf", true),
        ("*.conf", "a.conf.bak", false),
        ("*a*b*", "xxaxxbxx", true),
        ("*a*b*", "xxbxxaxx", false),
        ("REQUEST-9?0-*.conf", "REQUEST-930-LFI.conf", true),
        ("REQUEST-9?0-*.conf", "REQUEST-931-RFI.conf", false),
        ("[a-c]x", "bx", true),
        ("[!a-c]x", "bx", false),
        ("[^a]x", "bx", true),
        ("[]a]", "]", true),
        ("[]a]", "b", false),
        ("[x", "[x", true),
        ("[]", "[]", true),
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("a", "", false),
    ] {
        check(pattern, name, expected);
    }
}

#[test]
fn a_hostile_pattern_is_not_slow() {
    let name = "a".repeat(4000);
    check(&format!("{}b", "*a".repeat(1000)), &name, false);
}

#[test]
fn patterns_walk_through_folders() {
    let folder = tempfile::tempdir().unwrap();
    for path in [
        "one/b.conf",
        "one/a.conf",
        "two/c.conf",
        "two/c.txt",
        "two/.d.conf",
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let root = folder.path().display();
    let found = |pattern: &str| -> Vec<String> {
        let found = Disk.matching(&format!("{root}/{pattern}")).unwrap();
        let prefix = format!("{root}/");
        found
            .iter()
            .map(|path| path.strip_prefix(&prefix).unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        found("*/*.conf"),
        ["one/a.conf", "one/b.conf", "two/c.conf"]
    );
    assert_eq!(found("two/c.txt"), ["two/c.txt"]);
    assert!(found("three/*.conf").is_empty());
    assert!(found("two/d.txt").is_empty());
    assert_eq!(found("two/.*.conf"), ["two/.d.conf"]);
}

#[test]
fn what_is_too_long_or_a_folder_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.conf");
    std::fs::write(&file, "123").unwrap();
    assert_eq!(read_file(&file, 3), Ok(b"123".to_vec()));
    assert_eq!(
        read_file(&file, 2),
        Err("it is longer than 2 bytes".to_owned())
    );
    assert_eq!(
        read_file(folder.path(), 3),
        Err("it is a folder".to_owned())
    );
    assert!(read_file(&folder.path().join("b.conf"), 3).is_err());
}
