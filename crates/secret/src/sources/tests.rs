use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::Sources;
use crate::private::write_private;

/// Variables as a test needs them; `folder` is where credentials lie.
fn sources(base: &Path) -> Sources {
    let credentials = base.join("credentials").display().to_string();
    Sources::new(base, move |name| match name {
        "TOKEN" => Some("from the environment\n".to_owned()),
        "BLANK" => Some("\n".to_owned()),
        "CREDENTIALS_DIRECTORY" => Some(credentials.clone()),
        _ => None,
    })
}

async fn check(base: &Path, reference: &str, expected: Result<&str, &str>) {
    match (sources(base).resolve(reference).await, expected) {
        (Ok(secret), Ok(text)) => assert_eq!(secret.expose_text(), Some(text), "{reference}"),
        (Err(error), Err(text)) => assert_eq!(error.to_string(), text, "{reference}"),
        (found, expected) => panic!("{reference}: {found:?} instead of {expected:?}"),
    }
}

#[tokio::test]
async fn references_lead_to_secrets_or_say_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    write_private(&base.join("secrets/a"), b"line one\nline two\r\n").unwrap();
    write_private(&base.join("empty"), b"\n").unwrap();
    write_private(&base.join("credentials/pin"), b"1234\n").unwrap();
    check(base, "file:secrets/a", Ok("line one\nline two")).await;
    check(
        base,
        &format!("file:{}", base.join("secrets/a").display()),
        Ok("line one\nline two"),
    )
    .await;
    check(base, "env:TOKEN", Ok("from the environment")).await;
    check(base, "env:OTHER", Err("the environment has no `OTHER`")).await;
    check(base, "env:BLANK", Err("`env:BLANK` is empty")).await;
    check(base, "file:empty", Err("`file:empty` is empty")).await;
    check(base, "systemd-creds:pin", Ok("1234")).await;
    let none = format!("cannot read `{}`", base.join("none").display());
    check(base, "file:none", Err(&none)).await;
    let none = format!("cannot read `{}`", base.join("credentials/other").display());
    check(base, "systemd-creds:other", Err(&none)).await;
    check(
        base,
        "pkcs11:token=a",
        Err("what a `pkcs11:` reference names cannot be read, only used to sign"),
    )
    .await;
    check(
        base,
        "vault:kv/a#b",
        Err("the plan has no `vault`, so nothing can be read from one"),
    )
    .await;
}

#[tokio::test]
async fn without_systemd_there_are_no_credentials() {
    for folder in [None, Some(String::new()), Some("relative".to_owned())] {
        let sources = Sources::new("/", move |_name| folder.clone());
        let error = sources.resolve("systemd-creds:pin").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "systemd gave this process no credentials, so `pin` cannot be read\n  hint: add `LoadCredentialEncrypted=pin:PATH` to the unit (systemd.exec(5))"
        );
    }
}

/// systemd 253 and later: root's file, mode 0400, and an access-list entry for the service's user, which shows as group bits.
#[tokio::test]
async fn a_credential_may_have_an_access_list_of_root_and_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials/pin");
    write_private(&path, b"1234").unwrap();
    let by_root = rustix::process::geteuid().is_root();
    for (mode, good) in [
        (0o400, true),
        (0o440, by_root),
        (0o460, false),
        (0o444, false),
        (0o450, false),
    ] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let found = sources(folder.path()).resolve("systemd-creds:pin").await;
        assert_eq!(found.is_ok(), good, "{mode:o}: {found:?}");
    }
    // The same file under `file:` has to be the owner's alone.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
    assert!(
        sources(folder.path())
            .resolve("file:credentials/pin")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn only_public_things_may_lie_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.pem");
    write_private(&path, b"certificate").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let sources = sources(folder.path());
    assert!(sources.resolve("file:chain.pem").await.is_err());
    let public = sources.resolve_public("file:chain.pem").await.unwrap();
    assert_eq!(public.expose(), b"certificate");
}

#[test]
fn nothing_secret_is_shown() {
    let shown = format!("{:?}", sources(Path::new("/plan")));
    assert_eq!(shown, "Sources { base: \"/plan\", vault: false, .. }");
}
