//! The OAuth endpoints as a client meets them.

mod assertion;
mod authorize;
mod clients;
mod code;
mod exchange;
mod tokens;

pub(crate) use authorize::push;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use vauban_authority::issue_client_secret;

use crate::client::Answer;
use crate::world::{PASSWORD, World};

pub(crate) const VERIFIER: &str = "a-verifier-of-the-portal-with-43-characters";
const PORTAL: &str = "https://portal.example/cb";

/// A client's view of the authority.
pub(crate) struct Oauth {
    pub(crate) world: World,
    pub(crate) reports: String,
    pub(crate) desk: String,
}

impl Oauth {
    pub(crate) async fn start() -> Self {
        Self::of(World::start().await).await
    }

    pub(crate) async fn of(world: World) -> Self {
        let (reports, desk) = (
            secret(&world, "reports").await,
            secret(&world, "desk").await,
        );
        Self {
            world,
            reports,
            desk,
        }
    }

    /// A form, with further header lines.
    pub(crate) async fn post(&self, target: &str, headers: &str, pairs: &[(&str, &str)]) -> Answer {
        self.post_text(target, headers, &form(pairs)).await
    }

    pub(crate) async fn post_text(&self, target: &str, headers: &str, body: &str) -> Answer {
        let head = format!(
            "POST {target} HTTP/1.1\r\nvauban-client-address: 192.0.2.1\r\n\
             content-type: application/x-www-form-urlencoded{headers}"
        );
        self.world
            .ask_text(Some(&self.world.edge), &head, body)
            .await
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        let head = format!("GET {target} HTTP/1.1\r\nvauban-client-address: 192.0.2.1");
        self.world.ask_text(Some(&self.world.edge), &head, "").await
    }

    /// The header of `reports`.
    pub(crate) fn basic(&self) -> String {
        basic("reports", &self.reports)
    }

    /// A token of `reports` for itself.
    pub(crate) async fn own(&self, more: &[(&str, &str)]) -> Answer {
        let mut pairs = vec![("grant_type", "client_credentials")];
        pairs.extend(more);
        self.post("/oauth/token", &self.basic(), &pairs).await
    }

    /// The page for an authorization request of the portal, with some parameters replaced.
    pub(crate) async fn ask(&self, changes: &[(&str, &str)]) -> Answer {
        let challenge = challenge(VERIFIER);
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", "portal"),
            ("redirect_uri", PORTAL),
            ("state", "x y"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            pairs.retain(|(own, _)| own != name);
            pairs.push((name, value));
        }
        self.get(&format!("/oauth/authorize?{}", form(&pairs)))
            .await
    }

    /// The answer to the filled-in form of a page.
    pub(crate) async fn agree(&self, page: &Answer, username: &str, password: &str) -> Answer {
        let handle = handle(page);
        let pairs = [
            ("login", handle.as_str()),
            ("username", username),
            ("password", password),
        ];
        self.post("/oauth/authorize", "", &pairs).await
    }

    /// A code of alice for the portal.
    pub(crate) async fn code(&self, changes: &[(&str, &str)]) -> String {
        let page = self.ask(changes).await;
        let answer = self.agree(page.fine(), "alice", PASSWORD).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        parameter(&answer, "code").unwrap()
    }

    /// Redeems a code of the portal, with some parameters replaced.
    pub(crate) async fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("client_id", "portal"),
            ("code", code),
            ("redirect_uri", PORTAL),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in changes {
            pairs.retain(|(own, _)| own != name);
            pairs.push((name, value));
        }
        self.post("/oauth/token", "", &pairs).await
    }

    pub(crate) async fn refresh(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let mut pairs = vec![
            ("grant_type", "refresh_token"),
            ("client_id", "portal"),
            ("refresh_token", token),
        ];
        pairs.extend(more);
        self.post("/oauth/token", "", &pairs).await
    }
}

/// A refusal in the form of RFC 6749 §5.2.
#[track_caller]
pub(crate) fn check(name: &str, answer: &Answer, status: u16, error: &str) {
    let body = answer.json();
    assert_eq!(
        (answer.status, body["error"].as_str()),
        (status, Some(error)),
        "{name}: {answer:?}"
    );
    assert_eq!(body.as_object().unwrap().len(), 2, "{name}: {answer:?}");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

async fn secret(world: &World, client: &str) -> String {
    issue_client_secret(&world.storage, &world.plan, client, false, &*world.clock)
        .await
        .unwrap()
        .expose_text()
        .unwrap()
        .to_owned()
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    let both = STANDARD.encode(format!("{id}:{secret}"));
    format!("\r\nauthorization: Basic {both}")
}

pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

fn form(pairs: &[(&str, &str)]) -> String {
    let encoded = |text: &str| -> String {
        text.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect()
    };
    let all: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    all.join("&")
}

/// The hidden field of a page.
pub(crate) fn handle(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("name=\"login\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// A parameter of the redirection, decoded.
pub(crate) fn parameter(answer: &Answer, name: &str) -> Option<String> {
    let uri = answer.headers.get("location")?;
    let (_, query) = uri.split_once('?')?;
    let raw = query.split('&').find_map(|pair| {
        let (own, value) = pair.split_once('=')?;
        (own == name).then(|| value.to_owned())
    })?;
    let mut bytes = Vec::new();
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let two = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&two).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    Some(String::from_utf8(bytes).unwrap())
}
