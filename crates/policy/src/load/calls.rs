//! `calls`: who may call whom.

use super::names::{AUTHORITY, Names, refer};
use super::report::{At, Report};
use super::services::Offer;
use super::words;
use super::yaml::Node;
use crate::{Call, Caller, Zone};

pub(super) fn read_calls(
    report: &mut Report,
    node: &Node,
    names: &Names,
    offers: &[Offer],
    zones: &[Zone],
) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    for item in report.list(node, "`calls`").unwrap_or_default() {
        let Some(call) = read_call(report, item, names, offers) else {
            continue;
        };
        judge_isolation(report, item, &call, offers, zones);
        if calls
            .iter()
            .any(|other| other.from == call.from && other.to == call.to)
        {
            let hint = "list all its operations in one entry";
            report.mistake_hint(
                item.spot,
                format!("this call to `{}` is declared twice", call.to),
                hint,
            );
        }
        calls.push(call);
    }
    calls
}

fn read_call(report: &mut Report, node: &Node, names: &Names, offers: &[Offer]) -> Option<Call> {
    let fields = report.fields(node, "a call", &["from", "to", "operations"])?;
    let from = fields
        .need_text(report, "from")
        .and_then(|from| match from.value.as_str() {
            "edge" => Some(Caller::Edge),
            "danger_anyone" => Some(Caller::Anyone),
            _ => refer(report, &from, &names.services, "service")
                .then(|| Caller::Service(from.value.clone())),
        });
    let to = fields
        .need_text(report, "to")
        .filter(|to| judge_target(report, to, names));
    let operations = match (fields.get("operations"), &to) {
        (None, _) => None,
        (Some(node), to) => {
            let listed = report.texts(node, "`operations`").unwrap_or_default();
            if node.items().is_empty() {
                let hint = "remove the call, or remove the key to allow every operation";
                report.mistake_hint(node.spot, "`operations` lists nothing", hint);
            }
            if let Some(to) = to {
                judge_operations(report, &listed, offers, &to.value);
            }
            Some(listed.into_iter().map(|one| one.value).collect())
        }
    };
    let (from, to) = (from?, to?);
    if from == Caller::Service(to.value.clone()) {
        report.mistake(to.spot, format!("service `{}` calls itself", to.value));
    }
    Some(Call {
        from,
        to: to.value,
        operations,
    })
}

fn judge_target(report: &mut Report, to: &At<String>, names: &Names) -> bool {
    if to.value == AUTHORITY && !names.services.iter().any(|name| name == AUTHORITY) {
        let hint = "remove this call";
        report.mistake_hint(to.spot, "the lines' way to the authority is built in", hint);
        return false;
    }
    refer(report, to, &names.services, "service")
}

/// Refuses operations that the service does not offer.
pub(super) fn judge_operations(
    report: &mut Report,
    listed: &[At<String>],
    offers: &[Offer],
    service: &str,
) {
    let Some(document) = offers
        .iter()
        .find(|offer| offer.name == service && offer.complete)
        .and_then(|offer| offer.document.as_ref())
    else {
        return;
    };
    let known: Vec<String> = document
        .operations
        .iter()
        .map(|operation| operation.id.clone())
        .collect();
    for one in listed {
        if !known.contains(&one.value) {
            let hint = words::hint(&one.value, &known, "operations");
            report.mistake_hint(
                one.spot,
                format!("service `{service}` has no operation `{}`", one.value),
                hint,
            );
        }
    }
}

/// Nobody in an isolated zone may call.
fn judge_isolation(
    report: &mut Report,
    node: &Node,
    call: &Call,
    offers: &[Offer],
    zones: &[Zone],
) {
    let Caller::Service(name) = &call.from else {
        return;
    };
    let zone = offers
        .iter()
        .find(|offer| offer.name == *name)
        .and_then(|offer| offer.zone.as_ref());
    if let Some(zone) = zone
        && zones.iter().any(|one| one.name == *zone && one.isolated)
    {
        let message =
            format!("service `{name}` stands in the isolated zone `{zone}` and may call nobody");
        report.mistake_hint(node.spot, message, "remove the call or move the service");
    }
}
