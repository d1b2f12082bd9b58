//! `limits`: sizes, times and budgets. None has a default; `docs/limits.md` says what to choose and why.

use super::calls::judge_operations;
use super::listeners::{line_name, read_line};
use super::names::{AUTHORITY, Names, introduce};
use super::report::{At, Fields, Report};
use super::services::Offer;
use super::words;
use super::yaml::{Kind, Node};
use crate::{Budget, BudgetKey, Limits, Line, Spot};

const LIMIT_KEYS: &[&str] = &[
    "head_bytes_max",
    "headers_max",
    "body_bytes_max",
    "header_seconds",
    "body_seconds",
    "upstream_seconds",
    "connections_max",
    "budgets",
];

/// Largest body that a line reads whole, bytes.
pub(super) const BODY_BYTES_MAX: u32 = 67_108_864;

pub(super) fn read_limits(
    report: &mut Report,
    node: &Node,
    names: &Names,
    offers: &[Offer],
) -> Option<Limits> {
    let fields = report.fields(node, "`limits`", LIMIT_KEYS)?;
    let head = fields.need_size(report, "head_bytes_max", 1024..=1_048_576);
    let headers = fields.need_size(report, "headers_max", 8..=128);
    let body = fields.need_size(report, "body_bytes_max", 1..=BODY_BYTES_MAX);
    let header_seconds = fields.need_u32(report, "header_seconds", 1..=300);
    let body_seconds = fields.need_u32(report, "body_seconds", 1..=3600);
    let upstream_seconds = fields.need_u32(report, "upstream_seconds", 1..=3600);
    let connections = fields.need_size(report, "connections_max", 1..=1_048_576);
    let budgets = fields
        .need(report, "budgets")
        .map(|node| read_budgets(report, node, names, offers));
    Some(Limits {
        head_bytes_max: head?,
        headers_max: headers?,
        body_bytes_max: body?,
        header_seconds: header_seconds?,
        body_seconds: body_seconds?,
        upstream_seconds: upstream_seconds?,
        connections_max: connections?,
        budgets: budgets?,
    })
}

fn read_budgets(report: &mut Report, node: &Node, names: &Names, offers: &[Offer]) -> Vec<Budget> {
    let mut seen = Vec::new();
    let mut budgets = Vec::new();
    for item in report.list(node, "`budgets`").unwrap_or_default() {
        budgets.extend(read_budget(report, item, names, offers, &mut seen));
    }
    budgets
}

const BUDGET_KEYS: &[&str] = &[
    "name",
    "at",
    "key",
    "requests",
    "seconds",
    "burst",
    "operations",
];

fn read_budget(
    report: &mut Report,
    node: &Node,
    names: &Names,
    offers: &[Offer],
    seen: &mut Vec<At<String>>,
) -> Option<Budget> {
    let fields = report.fields(node, "a budget", BUDGET_KEYS)?;
    let name = fields
        .need_text(report, "name")
        .map(|name| introduce(report, name, seen, "budget"));
    let at = fields
        .need_text(report, "at")
        .and_then(|text| Some((read_line(report, &text, names)?, text.spot)));
    let key = fields
        .need(report, "key")
        .and_then(|node| read_key(report, node));
    let requests = fields.need_u32(report, "requests", 1..=1_000_000);
    let seconds = fields.need_u32(report, "seconds", 1..=86_400);
    let burst = fields.need_u32(report, "burst", 1..=1_000_000);
    let operations = fields
        .get("operations")
        .map(|node| read_operations(report, node));
    if let Some((at, spot)) = &at {
        judge_guarded(report, at, *spot, offers);
        if let Some(key) = &key {
            judge_key(report, &fields, at, key);
        }
        if let Some(listed) = &operations {
            judge_budget_operations(report, listed, at, offers);
        }
    }
    Some(Budget {
        name: name?,
        at: at?.0,
        key: key?,
        requests: requests?,
        seconds: seconds?,
        burst: burst?,
        operations: operations.map(|listed| listed.into_iter().map(|one| one.value).collect()),
    })
}

fn judge_guarded(report: &mut Report, at: &Line, spot: Spot, offers: &[Offer]) {
    if let Line::Guard(service) = at
        && offers.iter().any(|offer| {
            offer.name == *service && matches!(offer.behind, Some(crate::Behind::Unguarded { .. }))
        })
    {
        report.mistake(
            spot,
            format!("service `{service}` has no guard that could spend a budget"),
        );
    }
}

fn read_key(report: &mut Report, node: &Node) -> Option<BudgetKey> {
    if matches!(node.kind, Kind::Map(_)) {
        let fields = report.fields(node, "`key`", &["danger_header"])?;
        let header = fields.need_text(report, "danger_header")?;
        if !words::is_header(&header.value) {
            report.mistake(header.spot, format!("`{}` is no header name", header.value));
        }
        return Some(BudgetKey::DangerHeader(header.value));
    }
    let text = report.text(node, "`key`")?;
    match text.value.as_str() {
        "ip" => Some(BudgetKey::Ip),
        "user" => Some(BudgetKey::User),
        "account" => Some(BudgetKey::Account),
        "endpoint" => Some(BudgetKey::Endpoint),
        other => {
            let hint = "keys are `ip`, `user`, `account`, `endpoint` and `{ danger_header: NAME }`";
            report.mistake_hint(text.spot, format!("there is no budget key `{other}`"), hint);
            None
        }
    }
}

/// A line can only count what it knows.
fn judge_key(report: &mut Report, fields: &Fields<'_>, at: &Line, key: &BudgetKey) {
    let known: &[&str] = match at {
        Line::Edge => &["ip", "user", "danger_header"],
        Line::Authority => &["ip", "account"],
        Line::Guard(_) => &["user", "endpoint"],
    };
    let word = match key {
        BudgetKey::Ip => "ip",
        BudgetKey::User => "user",
        BudgetKey::Account => "account",
        BudgetKey::Endpoint => "endpoint",
        BudgetKey::DangerHeader(_) => "danger_header",
    };
    if !known.contains(&word) {
        let spot = fields.get("key").map_or(fields.spot, |node| node.spot);
        let hint = format!("it can count by {}", words::list_of(known.iter().copied()));
        report.mistake_hint(
            spot,
            format!("line `{}` cannot count by `{word}`", line_name(at)),
            hint,
        );
    }
}

fn read_operations(report: &mut Report, node: &Node) -> Vec<At<String>> {
    let listed = report.texts(node, "`operations`").unwrap_or_default();
    if node.items().is_empty() {
        report.mistake_hint(
            node.spot,
            "`operations` lists nothing",
            "remove the key to spend the budget on every operation",
        );
    }
    listed
}

fn judge_budget_operations(
    report: &mut Report,
    listed: &[At<String>],
    at: &Line,
    offers: &[Offer],
) {
    match at {
        Line::Guard(service) => judge_operations(report, listed, offers, service),
        Line::Authority => judge_operations(report, listed, offers, AUTHORITY),
        Line::Edge => {
            if offers.iter().any(|offer| !offer.complete) {
                return;
            }
            let documents = offers.iter().filter_map(|offer| offer.document.as_ref());
            let known: Vec<String> = documents
                .flat_map(|document| document.operations.iter().map(|one| one.id.clone()))
                .collect();
            for one in listed {
                match known.iter().filter(|id| **id == one.value).count() {
                    0 => {
                        let hint = words::hint(&one.value, &known, "operations");
                        report.mistake_hint(
                            one.spot,
                            format!("no service has an operation `{}`", one.value),
                            hint,
                        );
                    }
                    1 => {}
                    _ => report.mistake(
                        one.spot,
                        format!("more than one service has an operation `{}`", one.value),
                    ),
                }
            }
        }
    }
}
