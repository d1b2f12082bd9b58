use std::path::Path;

use vauban_policy::plan::{Behind, KeysKept};
use vauban_policy::{Mistakes, Plan, SecretRef, TextFile};
use vauban_secret::{Reference, Sources};

use super::distinct;

const PLAN: &str = include_str!("../../../policy/tests/data/seed.yaml");
const KEY: &str = "key: \"file:tls/public.key\"";

/// What the plan's loader says about `text` in the place of `key`, and where `limits:` begins.
fn said(edits: &[(&str, String)]) -> String {
    match loaded(edits) {
        Ok(_plan) => String::new(),
        Err(mistakes) => mistakes.to_string(),
    }
}

fn loaded(edits: &[(&str, String)]) -> Result<Plan, Mistakes> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy/tests/data");
    let text = edits.iter().fold(PLAN.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    let main = TextFile {
        name: "plan".to_owned(),
        text,
    };
    let mut beside = |file: &str| {
        std::fs::read_to_string(folder.join(file)).or(Ok::<String, String>(String::new()))
    };
    let builtin = [("authority", vauban_authority::OPENAPI)];
    vauban_policy::load(&main, &mut beside, &builtin)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Two crates read references, and neither knows the other: what the plan accepts is what can be read later.
#[test]
fn the_plan_accepts_the_references_that_can_be_read() {
    let vault = "vault: { address: \"https://vault\", ca: \"file:ca.pem\", token: \"file:token\" }\nlimits:";
    let long = |bytes: usize| format!("file:{}", "a".repeat(bytes - 5));
    let (longest, longer) = (long(1024), long(1025));
    for text in [
        "file:a",
        "file:/a b",
        "file:",
        "env:A_1",
        "env:A-1",
        "env:",
        "env:é",
        "systemd-creds:a.b-c_1",
        "systemd-creds:.",
        "systemd-creds:..",
        "systemd-creds:...",
        "systemd-creds:a/b",
        "systemd-creds:",
        "vault:kv/a#b",
        "vault:kv/a/b/c#d",
        "vault:kv#b",
        "vault:kv/a",
        "vault:kv/a#",
        "vault:/a#b",
        "vault:kv/../a#b",
        "vault:kv/a b#c",
        "vault:kv/a#b#c",
        "vault:",
        "File:a",
        "literal",
        "a:b",
        "",
        ":",
        "pkcs11:token=a?module-path=/a&pin-source=file:a",
        &longest,
        &longer,
    ] {
        let found = said(&[
            (KEY, format!("key: {}", quoted(text))),
            ("limits:", vault.to_owned()),
        ]);
        let readable = matches!(
            Reference::parse(text),
            Ok(Reference::File(_)
                | Reference::Environment(_)
                | Reference::Credential(_)
                | Reference::Vault(_))
        );
        assert_eq!(found.is_empty(), readable, "{text}: {found}");
    }
}

#[test]
fn the_plan_accepts_the_tokens_that_can_be_opened() {
    let long = format!("token={}?module-path=/a&pin-source=env:A", "a".repeat(64));
    let longer = format!("token={}?module-path=/a&pin-source=env:A", "a".repeat(65));
    for text in [
        "token=a?module-path=/a&pin-source=env:A",
        "token=a;serial=1?pin-source=env:A&module-path=/a",
        "token=%c3%a9?module-path=/a%20b&pin-source=systemd-creds:pin",
        "token=a;token=b?module-path=/a&pin-source=env:A",
        "token=a?module-path=/a&module-path=/b&pin-source=env:A",
        "token=a?module-path=a&pin-source=env:A",
        "token=a?module-path=/a&pin-source=1234",
        "token=a?module-path=/a&pin-value=1234",
        "token=a?module-path=/a",
        "token=a?pin-source=env:A",
        "serial=a?module-path=/a&pin-source=env:A",
        "token=?module-path=/a&pin-source=env:A",
        "token=%zz?module-path=/a&pin-source=env:A",
        "token=%ff?module-path=/a&pin-source=env:A",
        "token=a%0A?module-path=/a&pin-source=env:A",
        "token=a b?module-path=/a&pin-source=env:A",
        "token=a;object=b?module-path=/a&pin-source=env:A",
        "token=a;type=private?module-path=/a&pin-source=env:A",
        "token=a;module-path=/a?pin-source=env:A",
        "token=a;slot-id=1?module-path=/a&pin-source=env:A",
        &long,
        &longer,
    ] {
        let text = format!("pkcs11:{text}");
        let keys = format!(
            "keys: {{ cache_seconds: 60, pkcs11: {} }}\nlimits:",
            quoted(&text)
        );
        let found = said(&[("limits:", keys)]);
        // A token is named, what leads there too; a key in it is not, and needs no kind.
        let opens = if let Ok(Reference::Pkcs11(uri)) = Reference::parse(&text) {
            uri.token.is_some()
                && uri.module_path.is_some()
                && uri.pin_source.is_some()
                && uri.object.is_none()
                && !text.contains("type=")
        } else {
            false
        };
        assert_eq!(found.is_empty(), opens, "{text}: {found}");
    }
}

#[tokio::test]
async fn one_secret_behind_two_references_is_refused_with_both_places() {
    let sources = Sources::new(".", |name| match name {
        "PASSPHRASE" | "TWIN" => Some("one and the same".to_owned()),
        "OTHER" => Some("another".to_owned()),
        _ => None,
    });
    let mut plan = loaded(&[]).unwrap();
    assert!(
        distinct(&plan, &sources).await.is_ok(),
        "plain files are opened by no secret"
    );
    let set = |plan: &mut Plan, context: &str, kept: KeysKept| {
        plan.keys.kept = kept;
        let guards = plan.services.iter_mut().map(|service| &mut service.behind);
        for behind in guards {
            if let Behind::Guard(guard) = behind {
                guard.context_key = Some(SecretRef(context.to_owned()));
            }
        }
    };
    let passphrase = || KeysKept::Encrypted {
        passphrase: SecretRef("env:PASSPHRASE".to_owned()),
    };
    let token = || KeysKept::Token {
        token: SecretRef("pkcs11:token=a?module-path=/a&pin-source=env:PASSPHRASE".to_owned()),
    };
    let ways: [fn() -> KeysKept; 2] = [passphrase, token];
    for kept in ways {
        set(&mut plan, "env:OTHER", kept());
        assert!(distinct(&plan, &sources).await.is_ok());
        set(&mut plan, "env:TWIN", kept());
        let said = distinct(&plan, &sources).await.unwrap_err().to_string();
        assert!(
            said.contains("is the same secret as context_key of the service `"),
            "{said}"
        );
        assert!(!said.contains("one and the same"), "{said}");
    }
}
