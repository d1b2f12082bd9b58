use super::*;
use crate::Es256Key;

#[derive(Debug)]
struct Broken(usize);

impl Signer for Broken {
    fn kid(&self) -> &'static str {
        "broken"
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        if self.0 == 0 {
            Err(SignError::Key)
        } else {
            Ok(vec![0; self.0])
        }
    }
}

fn profile() -> Profile {
    Profile {
        issuer: "i".into(),
        audience: "a".into(),
        life_seconds_max: 900,
    }
}

fn claims() -> Claims {
    Claims {
        subject: "1001".into(),
        client_id: "web".into(),
        tenant: "north".into(),
        session: "s".into(),
        jti: "j".into(),
        roles: vec![],
        permissions: vec![],
        expires_at: 1900,
        issued_at: 1000,
    }
}

#[test]
fn what_a_reader_would_refuse_is_not_minted() {
    let key = Es256Key::generate().unwrap();
    let cases = [
        (
            "longer than the profile allows",
            Claims {
                expires_at: 1901,
                ..claims()
            },
        ),
        (
            "no life",
            Claims {
                expires_at: 1000,
                ..claims()
            },
        ),
        (
            "ends before it begins",
            Claims {
                expires_at: 999,
                ..claims()
            },
        ),
        (
            "no subject",
            Claims {
                subject: String::new(),
                ..claims()
            },
        ),
        (
            "control character",
            Claims {
                tenant: "no\rth".into(),
                ..claims()
            },
        ),
        (
            "role with a comma",
            Claims {
                roles: vec!["user,admin".into()],
                ..claims()
            },
        ),
        (
            "permission with a space",
            Claims {
                permissions: vec!["a b".into()],
                ..claims()
            },
        ),
        (
            "too many roles",
            Claims {
                roles: vec!["r".into(); 65],
                ..claims()
            },
        ),
    ];
    assert!(mint(&key, &profile(), &claims()).is_ok());
    for (name, claims) in cases {
        assert_eq!(
            mint(&key, &profile(), &claims),
            Err(SignError::Claims),
            "case `{name}`"
        );
    }
}

#[test]
fn a_token_that_no_reader_takes_is_not_minted() {
    let key = Es256Key::generate().unwrap();
    let permissions = (0..64)
        .map(|at| format!("{at:03}{}", "p".repeat(200)))
        .collect();
    assert_eq!(
        mint(
            &key,
            &profile(),
            &Claims {
                permissions,
                ..claims()
            }
        ),
        Err(SignError::TooLong)
    );
}

#[test]
fn a_key_store_that_fails_or_answers_nonsense_gives_no_token() {
    for length in [0, 63, 65, 72] {
        assert_eq!(
            mint(&Broken(length), &profile(), &claims()),
            Err(SignError::Key),
            "{length} bytes"
        );
    }
}
