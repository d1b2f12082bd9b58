//! What a story plays on: the running instance, its people, and the words printed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use vauban_authority::Storage;
use vauban_policy::Plan;
use vauban_policy::plan::Line;
use vauban_secret::StateDir;

use super::client::{Answer, Ask, Client};
use super::people::{self, People};
use super::quoted;
use crate::files::{self, Loaded};
use crate::supervise::Addresses;
use crate::{explain, say};

/// What a line lets pass reaches its log at most this much later (what it refuses is there before the answer).
pub(crate) const NOTED: Duration = Duration::from_millis(80);

/// A running demo.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Its plan.
    pub(crate) plan: Arc<Plan>,
    /// The plan's file.
    pub(crate) file: std::path::PathBuf,
    /// Its state directory.
    pub(crate) state: StateDir,
    /// Where its authority keeps users and sessions.
    pub(crate) storage: Storage,
    /// The edge's address.
    pub(crate) edge: SocketAddr,
    addresses: Addresses,
    people: People,
    client: Client,
}

/// Tokens of somebody who logged in.
#[derive(Clone)]
pub(crate) struct Tokens {
    /// Access token.
    pub(crate) access: String,
    /// Refresh token.
    pub(crate) refresh: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Tokens(…)")
    }
}

impl Stage {
    /// Finds addresses and the public CA.
    pub(crate) async fn new(
        loaded: &Loaded,
        state: StateDir,
        addresses: Addresses,
        people: People,
    ) -> anyhow::Result<Self> {
        let listener = loaded
            .plan
            .listener_of(&Line::Edge)
            .context("edge listener")?;
        let edge = *addresses.get(&listener.name).context("edge address")?;
        let ca = std::fs::read_to_string(state.public_ca()).context("public CA")?;
        Ok(Self {
            plan: Arc::clone(&loaded.plan),
            file: loaded.file.clone(),
            storage: files::storage(loaded, &state).await?,
            state,
            edge,
            addresses,
            people,
            client: Client::new(edge, &ca)?,
        })
    }

    /// Address of a line, as bound.
    pub(crate) fn address(&self, line: &Line) -> anyhow::Result<SocketAddr> {
        let listener = self.plan.listener_of(line).context("listener")?;
        self.addresses
            .get(&listener.name)
            .copied()
            .context("address")
    }

    /// One request through the edge, printed with its answer; anything but `expected` ends the story.
    pub(crate) async fn ask(
        &self,
        expected: u16,
        method: &str,
        path: &str,
        ask: Ask<'_>,
    ) -> anyhow::Result<Answer> {
        self.ask_one_of(&[expected], method, path, ask).await
    }

    /// The same, where the story goes on with any of several answers.
    pub(crate) async fn ask_one_of(
        &self,
        expected: &[u16],
        method: &str,
        path: &str,
        ask: Ask<'_>,
    ) -> anyhow::Result<Answer> {
        let answer = self.client.send(method, path, ask).await?;
        let code = answer.body.get("code").and_then(|code| code.as_str());
        let code = code.map_or_else(String::new, |code| format!(" {code}"));
        say(&format!(
            "  {method} {path} → {}{code}   decision {}",
            answer.status, answer.decision
        ));
        anyhow::ensure!(
            expected.contains(&answer.status),
            "the story expected {expected:?} and got {}: {}",
            answer.status,
            answer.body
        );
        Ok(answer)
    }

    /// Logs somebody in.
    pub(crate) async fn login(&self, name: &str) -> anyhow::Result<Tokens> {
        let body = json!({
            "username": name, "password": self.people.password(name)?, "client_id": "bank-web",
        });
        let answer = self
            .ask(
                200,
                "POST",
                "/auth/login",
                Ask {
                    body: Some(body),
                    ..Ask::default()
                },
            )
            .await?;
        tokens(&answer)
    }

    /// Uses a refresh token.
    pub(crate) async fn refresh(&self, expected: u16, token: &str) -> anyhow::Result<Answer> {
        let body = json!({ "refresh_token": token, "client_id": "bank-web" });
        self.ask(
            expected,
            "POST",
            "/auth/refresh",
            Ask {
                body: Some(body),
                ..Ask::default()
            },
        )
        .await
    }

    /// Prints what every line decided about a request.
    pub(crate) async fn explain(&self, decision: &str) -> anyhow::Result<()> {
        tokio::time::sleep(NOTED).await;
        match explain::report(decision, &self.state)? {
            Some(text) => {
                for line in text.lines() {
                    say(&format!("  | {line}"));
                }
            }
            None => say("  | no line recorded it"),
        }
        Ok(())
    }

    /// Commands to copy and paste while the demo is up.
    pub(crate) fn invite(&self) {
        let ca = quoted(&self.state.public_ca());
        let people = quoted(&self.state.secrets().join(people::FILE));
        let base = format!("https://localhost:{}", self.edge.port());
        let state = quoted(self.state.root());
        say("\nThe bank stays up until Ctrl-C. In another terminal:\n");
        say(&format!(
            "PASSWORD=$(sed -n 's/.*\"alice\": \"\\(.*\\)\".*/\\1/p' {people})"
        ));
        say(&format!(
            "TOKEN=$(curl -s --cacert {ca} {base}/auth/login -H 'content-type: application/json' \\\n  -d \"{{\\\"username\\\":\\\"alice\\\",\\\"password\\\":\\\"$PASSWORD\\\",\\\"client_id\\\":\\\"bank-web\\\"}}\" | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
        ));
        say(&format!(
            "curl -si --cacert {ca} -H \"authorization: Bearer $TOKEN\" {base}/accounts/500101/statements   # her own: 200"
        ));
        say(&format!(
            "curl -si --cacert {ca} -H \"authorization: Bearer $TOKEN\" {base}/accounts/500201/statements   # bob's: 404"
        ));
        say(&format!(
            "vauban explain DECISION --state {state}     # the id is in the header vauban-decision"
        ));
        say(&format!("vauban audit verify --state {state}"));
        say(&format!(
            "vauban drill -c {} --state {state}",
            quoted(&self.file)
        ));
    }
}

/// Tokens of a login or refresh answer.
pub(crate) fn tokens(answer: &Answer) -> anyhow::Result<Tokens> {
    let text = |name: &str| {
        answer
            .body
            .get(name)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
            .with_context(|| format!("the answer has no `{name}`"))
    };
    Ok(Tokens {
        access: text("access_token")?,
        refresh: text("refresh_token")?,
    })
}
