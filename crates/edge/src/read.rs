//! Step 2, read: the one reading of path and query, for a host that is served here.

use http::header::HOST;
use vauban_audit::control;
use vauban_http::Target;
use vauban_policy::Denial;

use crate::accept::Accepted;
use crate::record::Trail;

#[cfg(test)]
mod tests;

/// A request with a canonical target, for a host that is served here.
#[derive(Debug)]
pub(crate) struct Canonical {
    accepted: Accepted,
    target: Target,
}

impl Canonical {
    /// The evidence before.
    pub(crate) fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// Path and query.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }
}

/// Reads target and host.
pub(crate) fn read(
    accepted: Accepted,
    hosts: &[String],
    trail: &mut Trail,
) -> Result<Canonical, Denial> {
    let text = accepted
        .head()
        .uri
        .path_and_query()
        .map_or("", http::uri::PathAndQuery::as_str);
    let target = match Target::parse(text) {
        Ok(target) => target,
        Err(refusal) => {
            trail.refused(control::EDGE_CANONICAL, refusal.to_string());
            return Err(Denial::Path(refusal));
        }
    };
    trail.passed(control::EDGE_CANONICAL, target.path.as_str().to_owned());
    let host = accepted
        .head()
        .headers
        .get(HOST)
        .and_then(|value| value.to_str().ok())
        .map(without_port);
    let served = host.and_then(|host| hosts.iter().find(|one| one.eq_ignore_ascii_case(host)));
    let Some(served) = served else {
        trail.refused(control::EDGE_HOST, host.unwrap_or("no host").to_owned());
        return Err(Denial::HostUnknown);
    };
    trail.passed(control::EDGE_HOST, served.clone());
    Ok(Canonical { accepted, target })
}

/// The host of `Host`, without its port and without the brackets of an IPv6 address.
fn without_port(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(host, _)| host),
        None => authority
            .split_once(':')
            .map_or(authority, |(host, _)| host),
    }
}
