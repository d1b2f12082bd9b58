//! One request through the six layers by name, told from the audit events.

use vauban_audit::{Event, control};

use super::super::client::Answer;
use super::super::stage::{NOTED, Stage};
use crate::say;

/// A layer and the controls that belong to it.
const LAYERS: &[(&str, &[&str])] = &[
    (
        "authentication",
        &[
            control::EDGE_TOKEN,
            control::EDGE_EXCHANGE,
            control::AUTHORITY_REGISTRY,
            control::GUARD_TOKEN,
            control::GUARD_SESSION,
        ],
    ),
    (
        "authorization",
        &[
            control::EDGE_ROLES,
            control::EDGE_PERMISSIONS,
            control::GUARD_PEER,
            control::GUARD_OWNERSHIP,
            control::DATA_RLS,
        ],
    ),
    (
        "input handling",
        &[
            control::EDGE_FRAMING,
            control::EDGE_CANONICAL,
            control::EDGE_INSPECT,
            control::EDGE_CONTRACT,
            control::SERVICE_STATEMENT,
        ],
    ),
];

/// Prints the layers, outermost first.
pub(super) async fn trace(stage: &Stage, answer: &Answer) -> anyhow::Result<()> {
    tokio::time::sleep(NOTED).await;
    let events = vauban_audit::find(&stage.state.audit(), &answer.decision)?;
    say(&format!(
        "  1 transport        {}, `{}`; mutual TLS between the lines",
        answer.tls, answer.hsts
    ));
    for (number, (layer, controls)) in (2..).zip(LAYERS) {
        say(&format!("  {number} {layer}"));
        for event in &events {
            for (name, fact) in passed(event, controls) {
                say(&format!("      {:<18} {name:<22} {fact}", event.line));
            }
        }
    }
    say("  5 secrets");
    say(
        "      key A (ES256, access tokens) and key B (Ed25519, internal tokens) are held by the authority alone;",
    );
    say(
        "      the plan holds references only; the internal token lived at most 60 seconds and reached one service",
    );
    say("  6 supply chain");
    say(
        "      two token libraries that share no code decide: see docs/reference/common-mode.md and `vauban check`",
    );
    anyhow::ensure!(
        events.len() >= 3,
        "a transfer must leave an event at the edge, the guard and the service"
    );
    Ok(())
}

fn passed<'a>(event: &'a Event, names: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    event
        .controls
        .iter()
        .filter(|control| names.contains(&&*control.name))
        .map(|control| (&*control.name, &*control.fact))
}
