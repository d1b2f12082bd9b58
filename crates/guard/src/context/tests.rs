use vauban_policy::Principal;
use vauban_secret::Secret;

use super::ContextKey;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn principal(subject: &str, tenant: &str, roles: &[&str]) -> Principal {
    Principal {
        subject: subject.to_owned(),
        client_id: "app".to_owned(),
        tenant: tenant.to_owned(),
        session: "s".to_owned(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        permissions: Vec::new(),
    }
}

fn sign(service: &str, principal: &Principal) -> Option<String> {
    ContextKey::read(&Secret::from(KEY), service)
        .unwrap()
        .sign(principal, 1_790_000_000)
}

/// The macs were computed with OpenSSL: `printf %s "1.1001.north.0.1790000030|svc_accounts" | openssl dgst -sha256 -mac hmac …`.
#[test]
fn context_is_signed_for_one_subject_and_one_role() {
    assert_eq!(
        sign("accounts", &principal("1001", "north", &["user"])).as_deref(),
        Some(
            "1.1001.north.0.1790000030.3986ec73640e607c7c776cb0c4103f223f17c49186f9da76aea5947ad4eb61aa"
        )
    );
    assert_eq!(
        sign("payments", &principal("1003", "north", &["user", "admin"])).as_deref(),
        Some(
            "1.1003.north.1.1790000030.d29ceb84abedcd0ca8f03e712b44bdd36381835e2e62fe057886630b3ce1817b"
        )
    );
}

#[test]
fn names_that_could_be_taken_apart_otherwise_are_not_signed() {
    for (subject, tenant) in [
        ("", "north"),
        ("1001", ""),
        ("1001.south", "north"),
        ("1001", "no.rth"),
        ("1001|x", "north"),
        ("1001", "North"),
        ("10 01", "north"),
        ("1001", "nörth"),
    ] {
        assert_eq!(
            sign("accounts", &principal(subject, tenant, &[])),
            None,
            "{subject} {tenant}"
        );
    }
}

#[test]
fn key_is_32_bytes_in_hexadecimal_and_shows_in_no_message() {
    assert!(ContextKey::read(&Secret::from(format!("{KEY}\n")), "accounts").is_ok());
    let short = KEY.get(2..).unwrap();
    for bad in [
        "",
        short,
        &format!("{KEY}00"),
        &KEY.replace("0f", "0g"),
        &format!("+{short}0"),
    ] {
        let error = ContextKey::read(&Secret::from(bad), "accounts").unwrap_err();
        assert_eq!(
            error.to_string(),
            "context key of `accounts`: not 64 hexadecimal digits\nhint: `openssl rand -hex 32` makes one"
        );
    }
    let key = ContextKey::read(&Secret::from(KEY), "accounts").unwrap();
    assert_eq!(
        format!("{key:?}"),
        "ContextKey { role: \"svc_accounts\", .. }"
    );
}
