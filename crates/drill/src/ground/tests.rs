use vauban_policy::{Plan, TextFile};

use super::{
    BudgetKey, Line, burst, evidence_headers, is_address_budget, is_user_budget, judge,
    limit_headers, refill_ms, scale,
};

/// The bank's plan after a change of its text.
pub(crate) fn plan(change: impl Fn(String) -> String) -> Plan {
    let text = change(vauban_bank::files::PLAN.to_owned());
    let mut read = |name: &str| {
        let beside = vauban_bank::files::BESIDE_PLAN
            .iter()
            .find(|(known, _)| *known == name);
        beside
            .map(|(_, text)| change((*text).to_owned()))
            .ok_or_else(|| format!("no `{name}`"))
    };
    let main = TextFile {
        name: "vauban.yaml".to_owned(),
        text,
    };
    vauban_policy::load(
        &main,
        &mut read,
        &[("authority", vauban_authority::OPENAPI)],
    )
    .unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn check(from: &str, to: &str, refusal: &str) {
    let error = judge(&plan(|text| text.replace(from, to))).unwrap_err();
    assert_eq!(error.to_string(), refusal, "{from} → {to}");
}

#[test]
fn the_banks_plan_is_drilled() {
    judge(&plan(|text| text)).unwrap();
}

#[test]
fn what_is_real_or_reaches_outside_is_not_drilled() {
    check(
        "environment: development",
        "environment: production\nkeys: { cache_seconds: 60, danger_plain: test }",
        "the plan says `environment: production`; a drill attacks, so it runs on development plans only",
    );
    check(
        "line: edge\n    address: \"127.0.0.1:0\"",
        "line: edge\n    address: \"192.0.2.7:8443\"",
        "listener `public` has the address `192.0.2.7:8443`, which is not loopback",
    );
    check(
        "hosts: [localhost, 127.0.0.1]",
        "hosts: [localhost, api.bank.example]",
        "listener `public` serves the public host `api.bank.example`; a drill only plays at localhost",
    );
}

#[test]
fn what_has_no_canaries_is_not_drilled() {
    let mut foreign = plan(|text| text);
    foreign
        .services
        .iter_mut()
        .find(|service| service.name == "images")
        .unwrap()
        .name = "ledgers".to_owned();
    assert_eq!(
        judge(&foreign).unwrap_err().to_string(),
        "no canaries for `ledgers`: the drill can seed the bank's services only (accounts, payments, images)"
    );
    let mut smaller = plan(|text| text);
    smaller
        .services
        .retain(|service| service.name != "payments");
    assert_eq!(
        judge(&smaller).unwrap_err().to_string(),
        "the plan has no service `payments`, so there is nothing of the bank's to attack there"
    );
}

#[test]
fn scaling_keeps_proportions_and_keys() {
    let mut plan = plan(|text| text);
    scale(&mut plan);
    let of = |name: &str| {
        plan.limits
            .budgets
            .iter()
            .find(|budget| budget.name == name)
            .unwrap()
            .burst
    };
    assert_eq!(
        (of("per-ip"), of("per-user"), of("accounts-endpoint")),
        (31, 8, 5)
    );
    assert_eq!(burst(&plan, "listAccounts", is_address_budget), Some(31));
    assert_eq!(burst(&plan, "listAccounts", is_user_budget), Some(8));
    assert!(of("transfers") >= 4);
    assert_eq!(of("login-account"), 5);
    assert!(refill_ms(&plan, |line| *line != Line::Authority) < 3000);
}

#[test]
fn what_the_attacker_writes_is_known_from_the_plan() {
    let spoofable = plan(|text| {
        text.replace(
            "at: edge, key: ip",
            "at: edge, key: { danger_header: X-Real-Client }",
        )
        .replace(
            "foreign: 403, evidence: stored",
            "foreign: 403, evidence: { danger_header: X-Owner-Claim }",
        )
    });
    assert_eq!(limit_headers(&spoofable), ["X-Real-Client"]);
    assert_eq!(evidence_headers(&spoofable), ["X-Owner-Claim"]);
    assert!(is_address_budget(
        &Line::Edge,
        &BudgetKey::DangerHeader("X-Real-Client".to_owned())
    ));
}
