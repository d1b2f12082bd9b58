//! Behind the gateway everybody is trusted.

use super::Rule;
use crate::{Facts, Finding, Severity};

const FLAT_01: Rule = Rule {
    id: "SEAM-FLAT-01",
    title: "Behind the gateway everybody is trusted",
    why: "The edge is right: nothing undeclared comes in from outside. The service is right to believe its network. But one \
          taken-over neighbour is inside, and then nobody asks any more.",
    fix: "put a guard beside the service, list its callers in `calls`, and let the guard check token, session and owner itself",
    layers: &["edge", "guard.peer", "zones"],
    attacks: &["A80"],
    sources: &[
        "ASVS 13.2.1",
        "ASVS 12.3.5",
        "ASVS 8.3.3",
        "SP 800-207",
        "SP 800-228",
    ],
};

/// SEAM-FLAT-01.
pub(super) fn everybody_inside_is_trusted(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in facts.services.iter().filter(|service| service.reachable) {
        let subject = format!("service {} in zone {}", service.name, service.zone);
        if let Some(because) = &service.unguarded_because {
            let detail = format!("no guard stands in front of it, because: {because}");
            findings.push(FLAT_01.found(Severity::Critical, &subject, detail, Vec::new()));
        } else if service.open_to_anyone {
            // Token and session are one control here: both fall with the internal token.
            let detail = "its guard accepts every certificate (`danger_anyone`)".to_owned();
            findings.push(FLAT_01.found(Severity::Critical, &subject, detail, vec!["guard.token"]));
        }
    }
    findings
}
