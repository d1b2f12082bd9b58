//! `listeners` and `zones`.

use std::net::SocketAddr;

use super::names::{Names, introduce, refer};
use super::report::{At, Report};
use super::secrets::{read_public, read_secret};
use super::words;
use super::yaml::Node;
use crate::{Environment, Line, Listener, Spot, TlsFiles, Zone};

pub(super) fn read_listeners(
    report: &mut Report,
    node: &Node,
    names: &Names,
    environment: Option<Environment>,
) -> Vec<At<Listener>> {
    let mut seen = Vec::new();
    let mut listeners: Vec<At<Listener>> = Vec::new();
    for item in report.list(node, "`listeners`").unwrap_or_default() {
        let Some(listener) = read_listener(report, item, names, environment, &mut seen) else {
            continue;
        };
        if let Some(other) = listeners
            .iter()
            .find(|other| other.value.line == listener.line)
        {
            let hint = format!("the first listener stands on line {}", other.spot.line);
            report.mistake_hint(
                item.spot,
                format!("line `{}` listens twice", line_name(&listener.line)),
                hint,
            );
        }
        let same = |other: &&At<Listener>| {
            listener.address.port() != 0 && other.value.address == listener.address
        };
        if let Some(other) = listeners.iter().find(same) {
            let message = format!(
                "`{}` and `{}` share the address `{}`",
                other.value.name, listener.name, listener.address
            );
            report.mistake(item.spot, message);
        }
        listeners.push(At {
            value: listener,
            spot: item.spot,
        });
    }
    // One that could not be read may be the missing one.
    let complete = listeners.len() == node.items().len();
    for line in [Line::Edge, Line::Authority] {
        if complete && !listeners.iter().any(|listener| listener.value.line == line) {
            report.mistake(
                node.spot,
                format!("no listener has `line: {}`", line_name(&line)),
            );
        }
    }
    listeners
}

fn read_listener(
    report: &mut Report,
    node: &Node,
    names: &Names,
    environment: Option<Environment>,
    seen: &mut Vec<At<String>>,
) -> Option<Listener> {
    let fields = report.fields(
        node,
        "a listener",
        &["name", "line", "address", "hosts", "tls"],
    )?;
    let name = fields
        .need_text(report, "name")
        .map(|name| introduce(report, name, seen, "listener"));
    let line = fields
        .need_text(report, "line")
        .and_then(|text| read_line(report, &text, names));
    let address = fields
        .need_text(report, "address")
        .and_then(|text| read_address(report, &text).map(|at| (at, text.spot)));
    let (mut hosts, mut tls) = (Vec::new(), None);
    if line == Some(Line::Edge) {
        hosts = fields
            .need(report, "hosts")
            .map(|node| read_hosts(report, node))
            .unwrap_or_default();
        tls = fields
            .need(report, "tls")
            .and_then(|node| read_tls(report, node));
    } else if line.is_some() {
        for key in ["hosts", "tls"] {
            if let Some(spot) = fields.key_spot(key) {
                let hint = "inside the walls lines know each other by workload certificates";
                report.mistake_hint(
                    spot,
                    format!("`{key}` belongs to the listener of the edge"),
                    hint,
                );
            }
        }
    }
    let (address, spot) = address?;
    let line = line?;
    if line != Line::Edge {
        judge_inner_address(report, address, spot, environment);
    }
    Some(Listener {
        name: name?,
        line,
        address,
        hosts,
        tls,
    })
}

/// Inside, a development plan stays on this machine; a production plan names the interface.
fn judge_inner_address(
    report: &mut Report,
    address: SocketAddr,
    spot: Spot,
    environment: Option<Environment>,
) {
    if address.ip().is_unspecified() {
        let hint = "name the address of the inner network";
        report.mistake_hint(
            spot,
            format!("an inner line may not listen on every interface (`{address}`)"),
            hint,
        );
    } else if environment == Some(Environment::Development) && !address.ip().is_loopback() {
        let hint = "use 127.0.0.1 or ::1, or `environment: production`";
        report.mistake_hint(
            spot,
            format!("in development an inner line stays on this machine, not on `{address}`"),
            hint,
        );
    }
}

/// `edge`, `authority` or `guard:SERVICE`.
pub(super) fn read_line(report: &mut Report, text: &At<String>, names: &Names) -> Option<Line> {
    match text.value.as_str() {
        "edge" => Some(Line::Edge),
        "authority" => Some(Line::Authority),
        other => {
            let Some(service) = other.strip_prefix("guard:") else {
                let hint = "lines are `edge`, `authority` and `guard:SERVICE`";
                report.mistake_hint(text.spot, format!("there is no line `{other}`"), hint);
                return None;
            };
            let service = At {
                value: service.to_owned(),
                spot: text.spot,
            };
            refer(report, &service, &names.services, "service")
                .then_some(Line::Guard(service.value))
        }
    }
}

/// How the configuration writes a line.
pub(super) fn line_name(line: &Line) -> String {
    match line {
        Line::Edge => "edge".to_owned(),
        Line::Authority => "authority".to_owned(),
        Line::Guard(service) => format!("guard:{service}"),
    }
}

pub(super) fn read_address(report: &mut Report, text: &At<String>) -> Option<SocketAddr> {
    let address = text.value.parse().ok();
    if address.is_none() {
        let hint = "write an IP address and a port, e.g. `127.0.0.1:8443`";
        report.mistake_hint(text.spot, format!("`{}` is no address", text.value), hint);
    }
    address
}

fn read_hosts(report: &mut Report, node: &Node) -> Vec<String> {
    let hosts = report.texts(node, "`hosts`").unwrap_or_default();
    if node.items().is_empty() {
        report.mistake(node.spot, "`hosts` must name at least one host");
    }
    for host in &hosts {
        if !words::is_host(&host.value) {
            let hint = "a lower-case DNS name or an IP address, without port";
            report.mistake_hint(host.spot, format!("`{}` is no host", host.value), hint);
        }
    }
    hosts.into_iter().map(|host| host.value).collect()
}

fn read_tls(report: &mut Report, node: &Node) -> Option<TlsFiles> {
    let fields = report.fields(node, "`tls`", &["certificate", "key"])?;
    let certificate = read_public(report, &fields, "certificate");
    let key = read_secret(report, &fields, "key");
    Some(TlsFiles {
        certificate: certificate?,
        key: key?,
    })
}

pub(super) fn read_zones(report: &mut Report, node: &Node) -> Vec<Zone> {
    let mut seen = Vec::new();
    let mut zones = Vec::new();
    for item in report.list(node, "`zones`").unwrap_or_default() {
        let Some(fields) = report.fields(item, "a zone", &["name", "isolated"]) else {
            continue;
        };
        let name = fields
            .need_text(report, "name")
            .map(|name| introduce(report, name, &mut seen, "zone"));
        let isolated = fields
            .need(report, "isolated")
            .and_then(|node| report.boolean(node, "`isolated`"));
        if let (Some(name), Some(isolated)) = (name, isolated) {
            zones.push(Zone { name, isolated });
        }
    }
    zones
}
