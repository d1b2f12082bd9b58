use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{InternalClaims, InternalKey, InternalKeyError};

fn decode(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap()
}

#[test]
fn a_token_has_exactly_the_profiles_members_and_verifies() {
    let key = InternalKey::from_pem(&InternalKey::create().unwrap()).unwrap();
    let (roles, permissions) = (["user".to_owned()], ["read:accounts".to_owned()]);
    let claims = InternalClaims {
        issuer: "https://authority.example/internal",
        audience: "accounts",
        subject: "1001",
        session: "s1",
        client_id: "bank-web",
        tenant: "north",
        roles: &roles,
        permissions: &permissions,
        jti: "j1",
        issued_at: 1_000,
        expires_at: 1_060,
    };
    let token = key.mint(&claims).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("{token}")
    };
    let read = |part| serde_json::from_slice::<Value>(&decode(part)).unwrap();
    let public = key.public();
    assert_eq!(
        read(header),
        json!({"alg": "EdDSA", "typ": "vauban-int+jwt", "kid": public["kid"]})
    );
    assert_eq!(
        read(payload),
        json!({
            "iss": "https://authority.example/internal", "sub": "1001", "aud": "accounts", "exp": 1_060, "iat": 1_000,
            "jti": "j1", "sid": "s1", "client_id": "bank-web", "tenant": "north", "roles": ["user"],
            "permissions": ["read:accounts"],
        })
    );
    let x = decode(public["x"].as_str().unwrap());
    let signed = token.rsplit_once('.').unwrap().0;
    let public_key = UnparsedPublicKey::new(&ED25519, x);
    public_key
        .verify(signed.as_bytes(), &decode(signature))
        .unwrap();
    public_key
        .verify(b"something else", &decode(signature))
        .unwrap_err();
}

/// The key of RFC 8037, appendix A.1, which is also that of the vectors in `docs/internal-token.md`.
const PUBLIC_EXAMPLE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";

#[test]
fn the_written_vectors_are_signed_octet_for_octet() {
    let page = include_str!("../../../../docs/internal-token.md");
    let key = InternalKey::from_pem(PUBLIC_EXAMPLE).unwrap();
    let mut signed = 0;
    for vector in page
        .split("```text\n")
        .filter(|block| block.starts_with("good: "))
    {
        let line = |name: &str| {
            vector
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap()
        };
        let (header, payload) = (line("header: "), line("payload: "));
        assert_eq!(
            key.seal(header, payload).unwrap(),
            line("token: "),
            "{}",
            line("good: ")
        );
        signed += 1;
    }
    assert!(signed >= 6, "the page has lost its vectors: {signed}");
}

#[test]
fn the_name_of_a_key_is_its_thumbprint() {
    // RFC 8037, appendix A.3.
    let key = InternalKey::from_pem(PUBLIC_EXAMPLE).unwrap();
    assert_eq!(
        key.public(),
        json!({"kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    );
}

#[test]
fn other_keys_are_refused_and_debug_is_silent() {
    for pem in [
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        assert_eq!(
            InternalKey::from_pem(pem).unwrap_err(),
            InternalKeyError::Stored,
            "{pem}"
        );
    }
    let pem = InternalKey::create().unwrap();
    let key = InternalKey::from_pem(&pem).unwrap();
    let kid = key.public()["kid"].as_str().unwrap().to_owned();
    assert_eq!(
        format!("{key:?}"),
        format!("InternalKey {{ kid: {kid:?}, .. }}")
    );
    assert_eq!(pem.lines().count(), 3);
}
