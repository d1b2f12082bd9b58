//! The bank's people: random passwords, made once for each state directory and kept where only its owner reads.

use std::collections::BTreeMap;

use anyhow::Context as _;
use vauban_authority::{NewUser, Storage};
use vauban_net::Clock;
use vauban_policy::Plan;
use vauban_secret::Secret;

/// Name, subject, tenant and role of everybody.
const EVERYBODY: &[(&str, &str, &str, &str)] = &[
    ("alice", "1001", "north", "user"),
    ("bob", "1002", "north", "user"),
    ("carol", "1003", "north", "admin"),
    ("dave", "1004", "south", "user"),
    ("erin", "1005", "south", "admin"),
];

/// Passwords by name.
#[derive(Clone)]
pub(crate) struct People(BTreeMap<String, String>);

impl std::fmt::Debug for People {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "People({})", self.0.len())
    }
}

impl People {
    /// The password of one of them.
    pub(crate) fn password(&self, name: &str) -> anyhow::Result<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("the demo has nobody named `{name}`"))
    }
}

/// File with the passwords, in the state directory's `secrets`.
pub(crate) const FILE: &str = "demo-users.json";

/// Reads the passwords, or makes them and adds everybody to the authority.
pub(crate) async fn ensure(
    storage: &Storage,
    plan: &Plan,
    clock: &dyn Clock,
) -> anyhow::Result<People> {
    let file = storage.state().secrets().join(FILE);
    if file.exists() {
        let secret = vauban_secret::read_private(&file)?;
        let people = serde_json::from_slice(secret.expose()).with_context(|| {
            format!(
                "`{}` is damaged; remove the state directory to begin anew",
                file.display()
            )
        })?;
        return Ok(People(people));
    }
    let mut passwords = BTreeMap::new();
    for (name, subject, tenant, role) in EVERYBODY {
        let mut bytes = [0_u8; 15];
        getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("randomness: {error}"))?;
        let password =
            base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes);
        let user = NewUser {
            subject: (*subject).to_owned(),
            username: (*name).to_owned(),
            password: Secret::new(password.as_bytes().to_vec()),
            roles: vec![(*role).to_owned()],
            tenant: (*tenant).to_owned(),
        };
        vauban_authority::add_user(storage, plan, user, clock).await?;
        passwords.insert((*name).to_owned(), password);
    }
    let text = serde_json::to_vec_pretty(&passwords).context("passwords")?;
    vauban_secret::write_private(&file, &text)?;
    Ok(People(passwords))
}
