use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{resolve, resolve_public};
use crate::private::write_private;

fn environment(name: &str) -> Option<String> {
    match name {
        "TOKEN" => Some("from the environment\n".to_owned()),
        "BLANK" => Some("\n".to_owned()),
        _ => None,
    }
}

fn check(base: &Path, reference: &str, expected: Result<&str, &str>) {
    let found = resolve(reference, base, &environment);
    match (found, expected) {
        (Ok(secret), Ok(text)) => assert_eq!(secret.expose_text(), Some(text), "{reference}"),
        (Err(error), Err(text)) => assert_eq!(error.to_string(), text, "{reference}"),
        (found, expected) => panic!("{reference}: {found:?} instead of {expected:?}"),
    }
}

#[test]
fn references_lead_to_secrets_or_say_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    write_private(&base.join("secrets/a"), b"line one\nline two\r\n").unwrap();
    write_private(&base.join("empty"), b"\n").unwrap();
    check(base, "file:secrets/a", Ok("line one\nline two"));
    check(
        base,
        &format!("file:{}", base.join("secrets/a").display()),
        Ok("line one\nline two"),
    );
    check(base, "env:TOKEN", Ok("from the environment"));
    check(base, "env:OTHER", Err("the environment has no `OTHER`"));
    check(base, "env:BLANK", Err("`env:BLANK` is empty"));
    check(base, "file:empty", Err("`file:empty` is empty"));
    check(
        base,
        "file:",
        Err("the reference names nothing after its `:`"),
    );
    check(
        base,
        "env:",
        Err("the reference names nothing after its `:`"),
    );
    check(
        base,
        "env:A-B",
        Err("a variable's name has letters, digits and `_` only"),
    );
    check(
        base,
        "file:none",
        Err(&format!("cannot read `{}`", base.join("none").display())),
    );
}

#[test]
fn a_secret_written_in_place_of_a_reference_is_not_repeated() {
    for text in [
        "correct horse battery staple",
        "vault:path",
        "hunter2:hunter3",
    ] {
        let error = resolve(text, Path::new("/"), &environment).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a secret is named by `file:PATH` or `env:NAME`\n  hint: put the secret itself into a file with mode 600"
        );
        assert!(!format!("{error:?}").contains(text));
    }
}

#[test]
fn only_public_things_may_lie_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.pem");
    write_private(&path, b"certificate").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(resolve("file:chain.pem", folder.path(), &environment).is_err());
    let public = resolve_public("file:chain.pem", folder.path(), &environment).unwrap();
    assert_eq!(public.expose(), b"certificate");
}
