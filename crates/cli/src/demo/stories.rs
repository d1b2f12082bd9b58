//! The stories that the demo tells, each with real requests over real sockets.

use anyhow::bail;
use serde_json::json;

use super::client::Ask;
use super::inside;
use super::stage::{Stage, tokens};
use crate::{drill, say};

mod layers;
mod spoofed;

/// Stories that can be told alone.
pub(crate) const NAMES: [&str; 4] = [
    "jwt-is-not-ownership",
    "one-jwt-library",
    "flat-inside",
    "spoofed-limit-key",
];

/// Plan with one JWT library in every line, and the components that say so.
const ONE_LIBRARY: &str = include_str!("stories/one-jwt-library.components.json");

/// The whole story, in order.
pub(crate) async fn whole(stage: &Stage) -> anyhow::Result<()> {
    heading("Alice logs in, and reads her own statements");
    let alice = stage.login("alice").await?;
    ownership(stage, &alice.access).await?;
    transfer(stage, &alice.access).await?;
    hostile(stage, &alice.access).await?;
    replay(stage).await?;
    flat(stage).await?;
    heading(
        "The drill: each control taken away in turn, the attacks replayed, in an instance of its own",
    );
    run_drill(stage, None).await
}

/// One story by name.
pub(crate) async fn one(name: &str, stage: &Stage) -> anyhow::Result<()> {
    match name {
        "jwt-is-not-ownership" => {
            heading("A valid token is not ownership");
            let alice = stage.login("alice").await?;
            ownership(stage, &alice.access).await?;
            run_drill(stage, Some(name)).await
        }
        "one-jwt-library" => {
            one_library(stage)?;
            run_drill(stage, Some(name)).await
        }
        "flat-inside" => {
            flat(stage).await?;
            run_drill(stage, Some(name)).await
        }
        "spoofed-limit-key" => {
            spoofed::spoofed(stage).await?;
            run_drill(stage, Some(name)).await
        }
        other => bail!("no story is named `{other}`"),
    }
}

/// Own statements 200; the same token with another id 404; another profile 403.
async fn ownership(stage: &Stage, token: &str) -> anyhow::Result<()> {
    let with = || Ask {
        token: Some(token),
        ..Ask::default()
    };
    let own = stage
        .ask(200, "GET", "/accounts/500101/statements", with())
        .await?;
    let lines = own.body.get("statements").and_then(|list| list.as_array());
    say(&format!(
        "  {} lines of her own account",
        lines.map_or(0, Vec::len)
    ));
    heading("The same token, the same route, somebody else's id");
    let foreign = stage
        .ask(404, "GET", "/accounts/500201/statements", with())
        .await?;
    say("  404, because even the existence of the account is none of her business. Why:");
    stage.explain(&foreign.decision).await?;
    let profile = stage
        .ask(403, "GET", "/api/v1/user/profile/1002", with())
        .await?;
    say("  403 here: the operation says that profiles are known to exist.");
    stage.explain(&profile.decision).await
}

/// One transfer through the six layers.
async fn transfer(stage: &Stage, token: &str) -> anyhow::Result<()> {
    heading("A transfer, traced through the six layers");
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("randomness: {error}"))?;
    let key = format!("story-{:016x}", u64::from_be_bytes(bytes));
    let body = json!({
        "from_account": 500_101, "to_account": 500_201, "amount_cents": 1250, "reference": "lunch",
    });
    let ask = Ask {
        token: Some(token),
        header: Some(("idempotency-key", &key)),
        body: Some(body),
    };
    let answer = stage.ask(201, "POST", "/transfers", ask).await?;
    layers::trace(stage, &answer).await
}

/// What looks like an attack goes no further than the edge.
async fn hostile(stage: &Stage, token: &str) -> anyhow::Result<()> {
    heading("SQL in the query, and script in the body of a transfer");
    let with = || Ask {
        token: Some(token),
        ..Ask::default()
    };
    let target = "/accounts?name=x%27%20OR%20%271%27%3D%271";
    let sql = stage.ask(403, "GET", target, with()).await?;
    stage.explain(&sql.decision).await?;
    let body = json!({
        "from_account": 500_101, "to_account": 500_201, "amount_cents": 1,
        "reference": "<script>alert(1)</script>",
    });
    let ask = Ask {
        header: Some(("idempotency-key", "story-script")),
        body: Some(body),
        ..with()
    };
    let script = stage.ask(403, "POST", "/transfers", ask).await?;
    say("  The rules stand before the contract, which would refuse the first one as well:");
    stage.explain(&script.decision).await
}

/// A refresh token used twice ends the session.
async fn replay(stage: &Stage) -> anyhow::Result<()> {
    heading("A stolen refresh token is used a second time");
    let bob = stage.login("bob").await?;
    let fresh = tokens(&stage.refresh(200, &bob.refresh).await?)?;
    let replayed = stage.refresh(401, &bob.refresh).await?;
    stage.explain(&replayed.decision).await?;
    say("  the whole session has ended; the newest access token is dead as well:");
    let ask = Ask {
        token: Some(&fresh.access),
        ..Ask::default()
    };
    stage
        .ask(401, "GET", "/accounts/500201/statements", ask)
        .await?;
    Ok(())
}

/// A taken-over service gets nothing.
async fn flat(stage: &Stage) -> anyhow::Result<()> {
    heading("The image processor is taken over and calls the accounts service directly");
    let intruder = inside::intruder(stage).await?;
    say(&format!(
        "  it holds a genuine certificate: {}",
        intruder.spiffe
    ));
    let (status, body) = intruder.steal("/accounts/500101/statements").await?;
    let code = body
        .get("code")
        .and_then(|code| code.as_str())
        .unwrap_or("");
    say(&format!(
        "  GET /accounts/500101/statements at the guard → {status} {code}"
    ));
    anyhow::ensure!(
        status == 403 && code == "peer.undeclared",
        "the guard let the intruder in"
    );
    if let Some(decision) = body.get("decision").and_then(|id| id.as_str()) {
        stage.explain(decision).await?;
    }
    Ok(())
}

/// `check` on components in which one library decides everywhere, and on the shipped ones.
fn one_library(stage: &Stage) -> anyhow::Result<()> {
    heading("One JWT library in every layer: three checks, one flaw");
    let components = vauban_seam::Components::parse(ONE_LIBRARY)?;
    let bad = vauban_seam::check(&vauban_seam::facts(&stage.plan, &components));
    anyhow::ensure!(
        bad.iter().any(|finding| finding.rule == "SEAM-JWT-01"),
        "check did not find the shared library"
    );
    say(vauban_seam::text(&bad).trim_end());
    heading("The shipped lines: another library, another key, another fact behind the first");
    let shipped = vauban_seam::Components::embedded();
    let good = vauban_seam::check(&vauban_seam::facts(&stage.plan, &shipped));
    say(vauban_seam::text(&good).trim_end());
    Ok(())
}

async fn run_drill(stage: &Stage, story: Option<&str>) -> anyhow::Result<()> {
    let program = drill::locate()?;
    let mut command = tokio::process::Command::new(program);
    command
        .arg("-c")
        .arg(&stage.file)
        .arg("--out")
        .arg(stage.state.drill_last());
    match story {
        None => command.arg("--quick"),
        Some(name) => command.args(["--story", name]),
    };
    let status = command
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .status()
        .await?;
    anyhow::ensure!(status.success(), "the drill ended with {status}");
    say(&format!(
        "  the result is kept for `vauban explain`: {}",
        stage.state.drill_last().display()
    ));
    Ok(())
}

fn heading(text: &str) {
    say(&format!("\n■ {text}"));
}
