//! `routes`: which operations the edge offers, to whom.

use std::collections::BTreeMap;

use super::limits::BODY_BYTES_MAX;
use super::names::{AUTHORITY, Names, refer};
use super::report::{At, Fields, Report};
use super::services::Offer;
use super::words::list_of;
use super::yaml::{Kind, Node};
use crate::{Authenticate, Authorize, Call, Caller, OperationRef, PathTemplate, Route, Waf};

/// Methods that a route can offer.
pub(super) const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const ROUTE_KEYS: &[&str] = &[
    "path",
    "methods",
    "authenticate",
    "authorize",
    "body_bytes_max",
    "waf",
];

/// What routes refer to.
pub(super) struct Offered<'a> {
    pub(super) names: &'a Names,
    pub(super) offers: &'a [Offer],
    /// `None` when a call could not be read: then nobody can say that one is missing.
    pub(super) calls: Option<&'a Vec<Call>>,
    /// Largest body of any route.
    pub(super) body_bytes_max: Option<usize>,
    /// `None` when the block could not be read.
    pub(super) waf: Option<&'a Waf>,
}

pub(super) fn read_routes(report: &mut Report, node: &Node, offered: &Offered<'_>) -> Vec<Route> {
    let mut routes: Vec<At<Route>> = Vec::new();
    for item in report.list(node, "`routes`").unwrap_or_default() {
        let Some(route) = read_route(report, item, offered) else {
            continue;
        };
        judge_overlap(report, &route, item, &routes);
        routes.push(At {
            value: route,
            spot: item.spot,
        });
    }
    routes.into_iter().map(|route| route.value).collect()
}

fn read_route(report: &mut Report, node: &Node, offered: &Offered<'_>) -> Option<Route> {
    let fields = report.fields(node, "a route", ROUTE_KEYS)?;
    let path = fields
        .need_text(report, "path")
        .and_then(|text| read_template(report, &text));
    let methods = fields
        .need(report, "methods")
        .map(|node| read_methods(report, node))
        .unwrap_or_default();
    let authenticate = fields
        .need(report, "authenticate")
        .and_then(|node| read_authenticate(report, node));
    let authorize = read_authorize(report, &fields, offered.names, authenticate.as_ref());
    let body_bytes_max = read_body_limit(report, &fields, offered.body_bytes_max);
    let waf = super::waf::read_route(report, &fields, offered.waf);
    let path = path?;
    let mut operations = BTreeMap::new();
    for method in &methods {
        if let Some(found) = find_operation(report, method, &path, offered.offers) {
            judge_call(report, method, found, offered);
            operations.insert(method.value.clone(), found);
        }
    }
    Some(Route {
        path: path.value,
        authenticate: authenticate?,
        authorize: authorize?,
        operations,
        body_bytes_max,
        waf: waf?,
    })
}

/// A route can only narrow what `limits` allows.
fn read_body_limit(
    report: &mut Report,
    fields: &Fields<'_>,
    limit: Option<usize>,
) -> Option<usize> {
    let node = fields.get("body_bytes_max")?;
    let number = report.number(node, "`body_bytes_max`", 0..=u64::from(BODY_BYTES_MAX))?;
    let size = usize::try_from(number).ok()?;
    if let Some(limit) = limit.filter(|limit| size > *limit) {
        let hint = format!("`limits` allows {limit}");
        report.mistake_hint(
            node.spot,
            format!("a route can only narrow `body_bytes_max`, found `{size}`"),
            hint,
        );
    }
    Some(size)
}

fn read_template(report: &mut Report, text: &At<String>) -> Option<At<PathTemplate>> {
    match PathTemplate::parse(&text.value) {
        Ok(value) => Some(At {
            value,
            spot: text.spot,
        }),
        Err(error) => {
            report.mistake(text.spot, format!("`{}` is no path: {error}", text.value));
            None
        }
    }
}

fn read_methods(report: &mut Report, node: &Node) -> Vec<At<String>> {
    let mut methods = report.texts(node, "`methods`").unwrap_or_default();
    if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
        report.mistake(node.spot, "`methods` must name at least one method");
    }
    methods.retain(|method| {
        let known = METHODS.contains(&method.value.as_str());
        if !known {
            let hint = format!("methods are {}", list_of(METHODS.iter().copied()));
            report.mistake_hint(
                method.spot,
                format!("there is no method `{}`", method.value),
                hint,
            );
        }
        known
    });
    methods
}

fn read_authenticate(report: &mut Report, node: &Node) -> Option<Authenticate> {
    let hint = "write `jwt`, or `{ none: \"the reason\" }`";
    match &node.kind {
        Kind::Scalar { text, .. } if text == "jwt" => Some(Authenticate::Jwt),
        Kind::Map(_) => {
            let fields = report.fields(node, "`authenticate`", &["none"])?;
            let because = fields.need_text(report, "none")?;
            Some(Authenticate::None {
                because: because.value,
            })
        }
        Kind::Scalar { text, .. } if text == "none" => {
            report.mistake_hint(node.spot, "`authenticate: none` needs a reason", hint);
            None
        }
        Kind::Scalar { text, .. } => {
            report.mistake_hint(
                node.spot,
                format!("there is no way to authenticate called `{text}`"),
                hint,
            );
            None
        }
        Kind::List(_) => {
            report.mistake_hint(
                node.spot,
                "`authenticate` must be one way, found a list",
                hint,
            );
            None
        }
    }
}

/// Who is identified must also be told what that is good for; who is not has nothing to show.
fn read_authorize(
    report: &mut Report,
    fields: &Fields<'_>,
    names: &Names,
    authenticate: Option<&Authenticate>,
) -> Option<Authorize> {
    let Some(node) = fields.get("authorize") else {
        if authenticate == Some(&Authenticate::Jwt) {
            let hint =
                "write `authorize: { roles: [], permissions: [] }` when an identity is enough";
            report.mistake_hint(
                fields.spot,
                "a route that identifies its caller must say what the caller needs",
                hint,
            );
        }
        return Some(Authorize::default());
    };
    if matches!(authenticate, Some(Authenticate::None { .. })) {
        let spot = fields.key_spot("authorize").unwrap_or(node.spot);
        report.mistake(
            spot,
            "a route that asks nobody cannot ask for roles or permissions",
        );
    }
    let inner = report.fields(node, "`authorize`", &["roles", "permissions"])?;
    if inner.get("roles").is_none() && inner.get("permissions").is_none() {
        report.mistake(
            node.spot,
            "`authorize` must have `roles`, `permissions` or both",
        );
    }
    let mut words = |key: &str, known: &[String], what: &str| -> Vec<String> {
        let found = inner
            .get(key)
            .and_then(|node| report.texts(node, &format!("`{key}`")))
            .unwrap_or_default();
        for word in &found {
            refer(report, word, known, what);
        }
        found.into_iter().map(|word| word.value).collect()
    };
    let roles = words("roles", &names.roles, "role");
    let permissions = words("permissions", &names.permissions, "permission");
    Some(Authorize { roles, permissions })
}

/// The one service whose document declares this method at this path.
fn find_operation(
    report: &mut Report,
    method: &At<String>,
    path: &At<PathTemplate>,
    offers: &[Offer],
) -> Option<OperationRef> {
    let mut found = Vec::new();
    let mut elsewhere: Vec<&str> = Vec::new();
    for (service, offer) in offers.iter().enumerate() {
        let operations = offer
            .document
            .as_ref()
            .map(|document| document.operations.as_slice())
            .unwrap_or_default();
        for (operation, one) in operations.iter().enumerate() {
            if !one.path.same_shape(&path.value) {
                continue;
            }
            if one.method == method.value {
                found.push((
                    OperationRef { service, operation },
                    offer.name.as_str(),
                    &one.path,
                ));
            } else {
                elsewhere.push(&one.method);
            }
        }
    }
    match found.as_slice() {
        [(at, _, template)] => {
            if template.as_str() != path.value.as_str() {
                let hint = format!("write `{template}`");
                let message = format!(
                    "the document names the parameters of `{}` otherwise",
                    path.value
                );
                report.mistake_hint(path.spot, message, hint);
            }
            Some(*at)
        }
        [] => {
            // A document that could not be read may declare it.
            if offers.iter().all(|offer| offer.complete) {
                report_undeclared(report, method, path, &elsewhere);
            }
            None
        }
        [(_, first, _), (_, second, _), ..] => {
            let message = format!(
                "`{} {}` is declared by two services, `{first}` and `{second}`",
                method.value, path.value
            );
            report.mistake(method.spot, message);
            None
        }
    }
}

fn report_undeclared(
    report: &mut Report,
    method: &At<String>,
    path: &At<PathTemplate>,
    elsewhere: &[&str],
) {
    if elsewhere.is_empty() {
        let hint = "a route leads to the service whose OpenAPI document declares its operation";
        report.mistake_hint(
            path.spot,
            format!("no service declares an operation at `{}`", path.value),
            hint,
        );
    } else {
        let hint = format!(
            "the document declares {}",
            list_of(elsewhere.iter().copied())
        );
        report.mistake_hint(
            method.spot,
            format!("no service declares `{} {}`", method.value, path.value),
            hint,
        );
    }
}

/// The edge must be a declared caller of what it offers.
fn judge_call(report: &mut Report, method: &At<String>, at: OperationRef, offered: &Offered<'_>) {
    let Some(calls) = offered.calls else {
        return;
    };
    let Some(offer) = offered
        .offers
        .get(at.service)
        .filter(|offer| offer.name != AUTHORITY)
    else {
        return;
    };
    let Some(operation) = offer
        .document
        .as_ref()
        .and_then(|document| document.operations.get(at.operation))
    else {
        return;
    };
    let allowed = |call: &Call| {
        call.to == offer.name
            && matches!(call.from, Caller::Edge | Caller::Anyone)
            && call.covers(&operation.id)
    };
    if !calls.iter().any(allowed) {
        let hint = format!(
            "add `{{ from: edge, to: {}, operations: [{}] }}` to `calls`",
            offer.name, operation.id
        );
        let message = format!(
            "the edge may not call operation `{}` of service `{}`",
            operation.id, offer.name
        );
        report.mistake_hint(method.spot, message, hint);
    }
}

fn judge_overlap(report: &mut Report, route: &Route, node: &Node, routes: &[At<Route>]) {
    let spot = node.get("path").map_or(node.spot, |path| path.spot);
    for other in routes {
        let line = other.spot.line;
        if route.path.same_shape(&other.value.path) {
            let hint = format!("the first route stands on line {line}; list all methods there");
            report.mistake_hint(spot, format!("path `{}` has two routes", route.path), hint);
        } else if route.path.crosses(&other.value.path) {
            let hint = format!(
                "some path has both forms (the other route stands on line {line}); make one of them more literal"
            );
            report.mistake_hint(
                spot,
                format!("`{}` and `{}` overlap", route.path, other.value.path),
                hint,
            );
        }
    }
}
