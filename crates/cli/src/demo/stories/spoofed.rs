//! A budget whose key the attacker writes is no budget.

use std::sync::Arc;

use anyhow::Context as _;
use serde_json::json;
use vauban_policy::{BudgetKey, Line};

use super::super::client::Ask;
use super::super::stage::Stage;
use super::heading;
use crate::{files, say};

/// The header that every tutorial trusts.
const HEADER: &str = "x-forwarded-for";

/// Addresses that are left in TEST-NET-2.
const ADDRESSES_MAX: u32 = 254;

/// `check` on a plan that counts by a header; then a flood under rotating addresses in that header, against the shipped plan.
pub(super) async fn spoofed(stage: &Stage) -> anyhow::Result<()> {
    believed(stage)?;
    heading("Bob's password is guessed, each time from `another address`");
    guess(stage).await
}

/// What `check` says when the address budget believes a header, and what it says of the shipped plan.
fn believed(stage: &Stage) -> anyhow::Result<()> {
    heading("A budget by address that believes X-Forwarded-For");
    let components = vauban_seam::Components::embedded();
    let loaded = files::load(&stage.file);
    let mut plan = loaded
        .map_err(|_failure| anyhow::anyhow!("the plan of this demo holds no longer"))?
        .plan;
    let changed = Arc::get_mut(&mut plan).context("a plan of one's own")?;
    for budget in &mut changed.limits.budgets {
        if budget.at == Line::Edge && budget.key == BudgetKey::Ip {
            budget.key = BudgetKey::DangerHeader("X-Forwarded-For".to_owned());
        }
    }
    let bad = vauban_seam::check(&vauban_seam::facts(&plan, &components));
    anyhow::ensure!(
        bad.iter().any(|finding| finding.rule == "SEAM-LIMIT-01"),
        "check did not find the header"
    );
    say(vauban_seam::text(&bad).trim_end());
    heading(
        "The shipped plan: the address is the socket's peer, and a login counts for the account it is about",
    );
    let good = vauban_seam::check(&vauban_seam::facts(&stage.plan, &components));
    say(vauban_seam::text(&good).trim_end());
    Ok(())
}

/// Wrong passwords until the account's budget is spent; the address in the header changes every time.
async fn guess(stage: &Stage) -> anyhow::Result<()> {
    let logins = stage
        .plan
        .limits
        .budgets
        .iter()
        .find(|budget| budget.at == Line::Authority && budget.key == BudgetKey::Account)
        .context("a budget of logins by account")?;
    let burst = logins.burst;
    // A slow machine gives the budget time to refill; it is spent all the same.
    for number in 0..burst.saturating_mul(4).min(ADDRESSES_MAX) {
        let address = format!("198.51.100.{}", number + 1);
        say(&format!("  {HEADER}: {address}"));
        let password = format!("not bob's password {number}");
        let body = json!({ "username": "bob", "password": password, "client_id": "bank-web" });
        let ask = Ask {
            header: Some((HEADER, &address)),
            body: Some(body),
            ..Ask::default()
        };
        let expected: &[u16] = if number < burst { &[401] } else { &[401, 429] };
        let answer = stage
            .ask_one_of(expected, "POST", "/auth/login", ask)
            .await?;
        if answer.status == 429 {
            say(&format!(
                "  {} claimed addresses, one budget: it belongs to the account that is guessed at. Row A23 below does the same to the budget by address. Why:",
                number + 1
            ));
            return stage.explain(&answer.decision).await;
        }
    }
    anyhow::bail!("the budget of logins was never spent")
}
