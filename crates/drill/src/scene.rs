//! One configuration as the attacker finds it: everybody logged in, the loot in hand.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use tokio::runtime::Handle;
use vauban_attack::{Door, Flood, Person, Request, Sibling, Stolen, Target, Wire, read_claim};
use vauban_bank::Service;
use vauban_net::{Upstream, UpstreamLimits};
use vauban_policy::Line;

use crate::fault::{Column, Fault};
use crate::ground;
use crate::stack::Stack;
use crate::template::{Template, User};

/// For one answer of the authority.
const ANSWER_TIME: std::time::Duration = std::time::Duration::from_secs(10);
/// Beyond the life of a token, milliseconds: more than any leeway.
const PAST_EXPIRY_MS: u64 = 30_000;

/// Logs everybody in and takes the loot. Blocking: it calls like any client.
pub(crate) fn set(template: &Template, stack: &Stack, column: &Column) -> anyhow::Result<Target> {
    let plan = &stack.plan;
    let operation = |id: &str| {
        ground::operation(plan, "accounts", id).map(|operation| operation.path.as_str().to_owned())
    };
    let expired = login(template, stack, &template.victim)?;
    let life_ms = u64::from(plan.issuer.access_token_seconds) * 1000;
    stack.clock.advance_ms(life_ms + PAST_EXPIRY_MS);
    let stolen_key = column.down.contains(&Fault::AccessKey);
    let sibling = stack.sibling_workload.current();
    Ok(Target {
        edge: Door {
            address: stack.edge,
            host: template.host.clone(),
            ca_pem: template.public_ca_pem.clone(),
        },
        guards: stack.guards.clone(),
        sibling: Sibling {
            service: Service::Images.name().to_owned(),
            certificate_pem: sibling.chain_pem.clone(),
            key_pem: sibling.key_pem.to_string(),
            // Present, so that the attacks apply; each gets a fresh one.
            internal_token: Some(String::new()),
        },
        attacker: login(template, stack, &template.attacker)?,
        victim: login(template, stack, &template.victim)?,
        admin: login(template, stack, &template.admin)?,
        crowd: template
            .crowd
            .iter()
            .map(|user| login(template, stack, user))
            .collect::<anyhow::Result<_>>()?,
        reads: ground::reads(plan, &template.canaries)?,
        write: ground::write(plan)?,
        admin_read: ground::admin_read(plan, &template.canaries)?,
        flood: Flood {
            operation: "listAccounts".to_owned(),
            path: operation("listAccounts")?,
            address_burst: ground::burst(plan, "listAccounts", ground::is_address_budget),
            user_burst: ground::burst(plan, "listAccounts", ground::is_user_budget),
        },
        upload: ground::upload(plan)?,
        evidence_headers: ground::evidence_headers(plan),
        limit_headers: ground::limit_headers(plan),
        stolen: Stolen {
            access_key_pem: stolen_key
                .then(|| std::fs::read_to_string(stack.state.access_key()))
                .transpose()?,
            forge_with_access_key: column.forge_with_access_key,
            expired_token: Some(expired.access_token),
        },
        run: template.canaries.run.clone(),
    })
}

/// Fills every budget again: each attack finds the system rested.
pub(crate) fn rest(stack: &Stack) {
    stack
        .clock
        .advance_ms(ground::refill_ms(&stack.plan, |line| {
            *line != Line::Authority
        }));
}

fn login(template: &Template, stack: &Stack, user: &User) -> anyhow::Result<Person> {
    // One address logs everybody in; its budget refills between two logins.
    stack.clock.advance_ms(ground::refill_one_ms(&stack.plan));
    let path = ground::operation(&stack.plan, "authority", "login")?
        .path
        .as_str();
    let client = stack
        .plan
        .clients
        .first()
        .context("the plan has no client")?;
    let body = serde_json::json!({ "username": user.username, "password": user.password, "client_id": client.id });
    let body = body.to_string();
    let request = Request {
        method: "POST",
        path,
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: body.as_bytes(),
    };
    let mut wire = Wire::outside(stack.edge, &template.host, &template.public_ca_pem)?;
    let answer = wire.send(&request)?;
    let Some(access_token) = answer.member("access_token") else {
        let code = answer.member("code").unwrap_or_default();
        bail!(
            "a user of the drill cannot log in: {} {code}",
            answer.status
        );
    };
    Ok(Person {
        subject: user.subject.clone(),
        access_token,
    })
}

/// An internal token of the victim's for the sibling service, as the authority gives it to the edge.
pub(crate) fn internal_token(
    stack: &Stack,
    victim: &Person,
    runtime: &Handle,
) -> anyhow::Result<String> {
    let claim = |name: &str| {
        read_claim(&victim.access_token, name).with_context(|| format!("the token has no `{name}`"))
    };
    let ask = serde_json::json!({
        "subject_token": victim.access_token,
        "audience": Service::Images.name(),
        "subject": claim("sub")?,
        "client_id": claim("client_id")?,
        "tenant": claim("tenant")?,
        "sid": claim("sid")?,
    });
    let limits = UpstreamLimits {
        answer_time: ANSWER_TIME,
        answer_bytes_max: 64 * 1024,
        idle_max: 1,
    };
    let authority = Upstream::mutual(
        stack.authority,
        stack.plan.spiffe_authority(),
        stack.edge_workload.clone(),
        limits,
    );
    let request = http::Request::post("/internal/exchange")
        .header(http::header::HOST, "authority")
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(ask.to_string()))?;
    let answer = runtime
        .block_on(authority.send(request))
        .context("the authority gave no internal token")?;
    let members: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(answer.body()).context("the exchange's answer is not JSON")?;
    let token = members
        .get("internal_token")
        .and_then(|token| token.as_str());
    token
        .map(str::to_owned)
        .with_context(|| format!("the exchange was refused with {}", answer.status()))
}
