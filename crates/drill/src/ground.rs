//! The ground of the drill: which plans may be drilled, and what is attacked in them.

use std::net::IpAddr;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vauban_attack::{Read, Upload, Write};
use vauban_bank::Service;
use vauban_policy::{Behind, BudgetKey, Environment, Evidence, Line, Operation, Ownership, Plan};

/// The attacker, a user of the bank.
pub(crate) const ATTACKER: &str = "1001";
/// The victim, another user of the same tenant.
pub(crate) const VICTIM: &str = "1002";
/// The administrator of that tenant.
pub(crate) const ADMIN: &str = "1003";
/// An account of the attacker's.
pub(crate) const ATTACKERS_ACCOUNT: i64 = 500_101;
/// An account of the victim's.
pub(crate) const VICTIMS_ACCOUNT: i64 = 500_201;
/// The tenant of all three.
pub(crate) const TENANT: &str = "north";

/// The largest budget after scaling: floods stay short, and the proportions stay what they are.
const BURST_MAX: u32 = 32;
/// No budget is scaled below this, unless it was smaller anyway.
const BURST_MIN: u32 = 4;

/// A PNG image of one pixel.
const ONE_PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// What makes the objects of this run recognisable.
#[derive(Debug, Clone)]
pub(crate) struct Canaries {
    pub(crate) account: String,
    pub(crate) profile: String,
    /// Prefix of references.
    pub(crate) run: String,
}

/// Refuses a plan that may not be drilled: it runs for real, it reaches outside, or nothing in it can be seeded.
pub(crate) fn judge(plan: &Plan) -> anyhow::Result<()> {
    if plan.environment == Environment::Production {
        bail!(
            "the plan says `environment: production`; a drill attacks, so it runs on development plans only"
        );
    }
    for listener in &plan.listeners {
        if !listener.address.ip().is_loopback() {
            bail!(
                "listener `{}` has the address `{}`, which is not loopback",
                listener.name,
                listener.address
            );
        }
        if let Some(host) = listener.hosts.iter().find(|host| !is_local(host)) {
            bail!(
                "listener `{}` serves the public host `{host}`; a drill only plays at localhost",
                listener.name
            );
        }
    }
    for service in &plan.services {
        match &service.behind {
            Behind::Unguarded { address, .. } if !address.ip().is_loopback() => {
                bail!(
                    "service `{}` has the address `{address}`, which is not loopback",
                    service.name
                );
            }
            Behind::Unguarded { .. } | Behind::Guard(_) | Behind::Authority => {}
        }
    }
    judge_seeds(plan)
}

/// Only the bank's services have rows with canaries in them; without canaries nothing could be judged.
fn judge_seeds(plan: &Plan) -> anyhow::Result<()> {
    let foreign: Vec<String> = plan
        .services
        .iter()
        .filter(|service| {
            !matches!(service.behind, Behind::Authority) && Service::named(&service.name).is_none()
        })
        .map(|service| format!("`{}`", service.name))
        .collect();
    if !foreign.is_empty() {
        bail!(
            "no canaries for {}: the drill can seed the bank's services only (accounts, payments, images)",
            foreign.join(", ")
        );
    }
    for service in Service::ALL {
        let planned = plan.service(service.name());
        match planned.map(|planned| &planned.behind) {
            Some(Behind::Guard(_)) => {}
            Some(Behind::Unguarded { .. } | Behind::Authority) => {
                bail!(
                    "service `{service}` has no guard in the plan; the drill's bank only listens behind guards"
                )
            }
            None => bail!(
                "the plan has no service `{service}`, so there is nothing of the bank's to attack there"
            ),
        }
    }
    Ok(())
}

fn is_local(host: &str) -> bool {
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Makes the plan quick to flood and to log in to. Keys, lines and operations of budgets stay; so do their proportions.
pub(crate) fn scale(plan: &mut Plan) {
    let outer = plan
        .limits
        .budgets
        .iter()
        .filter(|budget| budget.at == Line::Edge)
        .map(|budget| budget.burst);
    let factor = outer.max().unwrap_or(1).div_ceil(BURST_MAX).max(1);
    for budget in plan
        .limits
        .budgets
        .iter_mut()
        .filter(|budget| budget.at != Line::Authority)
    {
        budget.burst = budget
            .burst
            .div_ceil(factor)
            .max(BURST_MIN.min(budget.burst));
    }
    // The clock of a drill stands still, so tuning sees no time pass and takes the fewest passes.
    plan.issuer.password.memory_kib = 64;
    plan.issuer.password.target_milliseconds = 1;
}

/// Milliseconds after which every budget of these lines is full again.
pub(crate) fn refill_ms(plan: &Plan, at: impl Fn(&Line) -> bool) -> u64 {
    let full = |budget: &vauban_policy::Budget| {
        u64::from(budget.burst) * u64::from(budget.seconds) * 1000
            / u64::from(budget.requests.max(1))
    };
    plan.limits
        .budgets
        .iter()
        .filter(|budget| at(&budget.at))
        .map(full)
        .max()
        .unwrap_or(0)
        + 1
}

/// Milliseconds after which one more login from the same address is allowed.
pub(crate) fn refill_one_ms(plan: &Plan) -> u64 {
    let one = |budget: &vauban_policy::Budget| {
        u64::from(budget.seconds) * 1000 / u64::from(budget.requests.max(1))
    };
    let authority = plan
        .limits
        .budgets
        .iter()
        .filter(|budget| budget.at == Line::Authority && budget.key == BudgetKey::Ip);
    authority.map(one).max().unwrap_or(0) + 1
}

/// The smallest burst that `key` has at the edge for an operation.
pub(crate) fn burst(
    plan: &Plan,
    operation: &str,
    is: impl Fn(&Line, &BudgetKey) -> bool,
) -> Option<u32> {
    let counts = |budget: &&vauban_policy::Budget| {
        budget
            .operations
            .as_ref()
            .is_none_or(|all| all.iter().any(|one| one == operation))
    };
    let mine = plan
        .limits
        .budgets
        .iter()
        .filter(|budget| is(&budget.at, &budget.key));
    mine.filter(counts).map(|budget| budget.burst).min()
}

/// A budget of the edge that an address has, or believes to have.
pub(crate) fn is_address_budget(at: &Line, key: &BudgetKey) -> bool {
    *at == Line::Edge && matches!(key, BudgetKey::Ip | BudgetKey::DangerHeader(_))
}

/// A budget of the edge that a user has.
pub(crate) fn is_user_budget(at: &Line, key: &BudgetKey) -> bool {
    *at == Line::Edge && matches!(key, BudgetKey::User)
}

/// Headers that the plan takes for evidence of ownership.
pub(crate) fn evidence_headers(plan: &Plan) -> Vec<String> {
    let operations = plan
        .services
        .iter()
        .flat_map(|service| &service.document.operations);
    let header = |operation: &Operation| match &operation.ownership {
        Ownership::Object(rule) => match &rule.evidence {
            Evidence::DangerHeader(name) => Some(name.clone()),
            Evidence::Stored => None,
        },
        Ownership::NoObject
        | Ownership::Public { .. }
        | Ownership::Unowned { .. }
        | Ownership::Undeclared { .. } => None,
    };
    operations.filter_map(header).collect()
}

/// Headers that the plan takes for the key of a budget.
pub(crate) fn limit_headers(plan: &Plan) -> Vec<String> {
    let header = |budget: &vauban_policy::Budget| match &budget.key {
        BudgetKey::DangerHeader(name) => Some(name.clone()),
        BudgetKey::Ip | BudgetKey::User | BudgetKey::Account | BudgetKey::Endpoint => None,
    };
    plan.limits.budgets.iter().filter_map(header).collect()
}

/// An operation of one service.
pub(crate) fn operation<'p>(
    plan: &'p Plan,
    service: &str,
    id: &str,
) -> anyhow::Result<&'p Operation> {
    plan.service(service)
        .and_then(|service| {
            service
                .document
                .operations
                .iter()
                .find(|operation| operation.id == id)
        })
        .with_context(|| {
            format!(
                "service `{service}` has no operation `{id}`, which the drill's canaries belong to"
            )
        })
}

/// The path of an operation about one object.
fn path(operation: &Operation, object: &str) -> String {
    let segment = |segment: &str| {
        if segment.starts_with('{') {
            object.to_owned()
        } else {
            segment.to_owned()
        }
    };
    operation
        .path
        .as_str()
        .split('/')
        .map(segment)
        .collect::<Vec<_>>()
        .join("/")
}

/// The victim's objects that are read.
pub(crate) fn reads(plan: &Plan, canaries: &Canaries) -> anyhow::Result<Vec<Read>> {
    let read = |id: &str, object: &str, canary: &str| -> anyhow::Result<Read> {
        Ok(Read {
            operation: id.to_owned(),
            service: "accounts".to_owned(),
            path: path(operation(plan, "accounts", id)?, object),
            canary: canary.to_owned(),
        })
    };
    Ok(vec![
        read(
            "readStatements",
            &VICTIMS_ACCOUNT.to_string(),
            &canaries.account,
        )?,
        read("readProfile", VICTIM, &canaries.profile)?,
    ])
}

/// The administrator's operation; its answer holds every profile of the tenant.
pub(crate) fn admin_read(plan: &Plan, canaries: &Canaries) -> anyhow::Result<Read> {
    Ok(Read {
        operation: "listProfiles".to_owned(),
        service: "accounts".to_owned(),
        path: path(operation(plan, "accounts", "listProfiles")?, ""),
        canary: canaries.profile.clone(),
    })
}

/// One cent from the victim's account to the attacker's.
pub(crate) fn write(plan: &Plan) -> anyhow::Result<Write> {
    let body = serde_json::json!({
        "from_account": VICTIMS_ACCOUNT,
        "to_account": ATTACKERS_ACCOUNT,
        "amount_cents": 1,
        "reference": "{reference}",
    });
    Ok(Write {
        operation: "createTransfer".to_owned(),
        service: "payments".to_owned(),
        method: "POST".to_owned(),
        path: path(operation(plan, "payments", "createTransfer")?, ""),
        body: body.to_string(),
        idempotency_header: Some("Idempotency-Key".to_owned()),
    })
}

/// An image, recognised by the digest that its description holds.
pub(crate) fn upload(plan: &Plan) -> anyhow::Result<Upload> {
    let body = STANDARD
        .decode(ONE_PIXEL)
        .context("the image is not base64")?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body);
    Ok(Upload {
        operation: "describeImage".to_owned(),
        path: path(operation(plan, "images", "describeImage")?, ""),
        content_type: "image/png".to_owned(),
        body,
        canary: crate::hex(digest.as_ref()),
    })
}

#[cfg(test)]
pub(crate) mod tests;
