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
        actors: vec![],
        expires_at: 1900,
        issued_at: 1000,
    }
}

#[test]
fn what_a_reader_would_refuse_is_not_minted() {
    let key = Es256Key::generate().unwrap();
    assert!(mint(&key, &profile(), &claims()).is_ok());
    let refused = |name: &str, change: fn(&mut Claims)| {
        let mut claims = claims();
        change(&mut claims);
        let minted = mint(&key, &profile(), &claims);
        assert_eq!(minted, Err(SignError::Claims), "case `{name}`");
    };
    refused("longer than the profile allows", |c| c.expires_at = 1901);
    refused("no life", |c| c.expires_at = 1000);
    refused("ends before it begins", |c| c.expires_at = 999);
    refused("no subject", |c| c.subject = String::new());
    refused("control character", |c| c.tenant = "no\rth".into());
    refused("role with a comma", |c| c.roles = vec!["user,admin".into()]);
    refused("permission with a space", |c| {
        c.permissions = vec!["a b".into()];
    });
    refused("too many roles", |c| c.roles = vec!["r".into(); 65]);
    refused("too many actors", |c| c.actors = vec!["a".into(); 5]);
    refused("an actor without a name", |c| {
        c.actors = vec![String::new()];
    });
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
