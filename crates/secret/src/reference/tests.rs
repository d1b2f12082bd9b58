use super::{Pkcs11Uri, Reference, ReferenceError};

#[expect(
    clippy::needless_pass_by_value,
    reason = "a table of cases reads better without references"
)]
fn check(text: &str, expected: Result<Reference, ReferenceError>) {
    assert_eq!(Reference::parse(text), expected, "{text}");
}

#[test]
fn each_scheme_has_its_form() {
    use ReferenceError as E;
    check("file:a b", Ok(Reference::File("a b".into())));
    check("env:A_1", Ok(Reference::Environment("A_1".into())));
    check("env:A-B", Err(E::Variable));
    check(
        "systemd-creds:vauban.key-1",
        Ok(Reference::Credential("vauban.key-1".into())),
    );
    for name in ["..", ".", "a/b", "/etc/passwd", "a b", "é"] {
        check(&format!("systemd-creds:{name}"), Err(E::Credential));
    }
    for scheme in ["file", "env", "systemd-creds", "vault", "pkcs11"] {
        check(&format!("{scheme}:"), Err(E::Empty));
    }
    for text in ["", "a", "File:a", "http://vault/x", "secret:a", "pkcs11"] {
        check(text, Err(E::Scheme));
    }
    check(
        &format!("file:{}", "a".repeat(1019)),
        Ok(Reference::File("a".repeat(1019).into())),
    );
    check(&format!("file:{}", "a".repeat(1020)), Err(E::TooLong));
}

#[test]
fn a_secret_of_the_vault_is_a_path_and_a_field() {
    let Ok(Reference::Vault(path)) = Reference::parse("vault:kv/bank/vauban#token") else {
        panic!("it is one");
    };
    assert_eq!(
        (path.target().as_str(), path.field()),
        ("/v1/kv/data/bank/vauban", "token")
    );
    for text in [
        "kv/a",
        "kv#f",
        "kv/#f",
        "/a#f",
        "kv/a#",
        "kv/../a#f",
        "kv/a//b#f",
        "kv/a?b#f",
        "kv/a#f#g",
        "kv/a%2fb#f",
        "//host/kv/a#f",
    ] {
        check(&format!("vault:{text}"), Err(ReferenceError::Vault));
    }
}

fn uri(text: &str) -> Pkcs11Uri {
    match Reference::parse(text) {
        Ok(Reference::Pkcs11(uri)) => uri,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_pkcs11_uri_is_read_and_written_alike() {
    let whole = "pkcs11:token=vauban%20eins;serial=9f;object=access%3B1;id=%00%FFa;type=private\
                 ?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:hsm.pin";
    let read = uri(whole);
    assert_eq!(
        read,
        Pkcs11Uri {
            token: Some("vauban eins".into()),
            serial: Some("9f".into()),
            object: Some("access;1".into()),
            id: Some(vec![0, 255, b'a']),
            module_path: Some("/usr/lib/softhsm/libsofthsm2.so".into()),
            pin_source: Some("file:hsm.pin".into()),
        }
    );
    assert_eq!(uri(&read.to_string()), read);
    let part = uri("pkcs11:id=%01");
    assert_eq!(part.to_string(), "pkcs11:id=%01");
}

#[test]
fn a_pkcs11_uri_is_strict_and_holds_no_pin() {
    use ReferenceError as E;
    for text in [
        "?",
        "type=private",
        "token=",
        "token=a;token=b",
        "token=a?token=b",
        "token",
        "slot-id=1",
        "type=cert;token=a",
        "module-path=/a",
        "token=a?module-path=a.so",
        "token=a?module-path=/a&module-path=/b",
        "token=%4",
        "token=%zz",
        "token=%ff",
        "token=a%0ab",
        "token=a b",
        "token=a\u{e9}",
    ] {
        check(&format!("pkcs11:{text}"), Err(E::Pkcs11));
    }
    check(&format!("pkcs11:token={}", "a".repeat(65)), Err(E::Pkcs11));
    check(&format!("pkcs11:id={}", "a".repeat(65)), Err(E::Pkcs11));
    check("pkcs11:token=a?pin-value=1234", Err(E::Pin));
    check("pkcs11:pin-value=1234", Err(E::Pin));
    for source in ["1234", "/etc/pin", "%7Ccat", "pkcs11:token=b", "file:"] {
        check(
            &format!("pkcs11:token=a?pin-source={source}"),
            Err(E::PinSource),
        );
    }
}

/// A message helps, and quotes nothing: what stands in the wrong place may be the secret itself.
#[test]
fn messages_have_hints_and_never_repeat_the_text() {
    for (text, hint) in [
        (
            "correct horse battery staple",
            "put the secret itself into a file with mode 600",
        ),
        (
            "hunter2:hunter3",
            "put the secret itself into a file with mode 600",
        ),
        ("env:hunter2-", "letters, digits and `_` only"),
        ("systemd-creds:hunter2/3", "without a path"),
        ("vault:hunter2", "without `/data/`"),
        ("pkcs11:token=a;hunter2", "pkcs11:token=vauban?module-path"),
        (
            "pkcs11:token=a?pin-value=hunter2",
            "pin-source=file:hsm.pin",
        ),
        (
            "pkcs11:token=a?pin-source=hunter2",
            "`systemd-creds:` or `vault:`",
        ),
    ] {
        let error = Reference::parse(text).unwrap_err();
        let said = error.to_string();
        assert!(said.contains(hint), "{said}");
        for form in [said, format!("{error:?}")] {
            assert!(
                !form.contains("hunter") && !form.contains("horse"),
                "{form}"
            );
        }
    }
}
