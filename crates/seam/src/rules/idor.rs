//! Identity is proved, ownership is not.

use vauban_policy::Ownership;

use super::Rule;
use crate::fact::list;
use crate::{Facts, Finding, OperationFact, Severity};

const IDOR_01: Rule = Rule {
    id: "SEAM-IDOR-01",
    title: "A valid token is taken to mean ownership",
    why: "The edge is right: the token is genuine and carries the role. The service is right: the object exists. Nobody asks \
          whether the object belongs to the one whom the token names.",
    fix: "declare `x-vauban-object` at the operation (entity, where the request names it, what a stranger learns); or say why \
          there is none with `x-vauban-no-object` or `x-vauban-public-object`",
    layers: &["edge.token", "guard.ownership", "data.rls"],
    attacks: &["A01", "A02"],
    sources: &[
        "API1:2023",
        "ASVS 8.2.2",
        "ASVS 8.3.1",
        "CWE-639",
        "SP 800-228",
    ],
};

const IDOR_03: Rule = Rule {
    id: "SEAM-IDOR-03",
    title: "The proof of ownership comes from the caller",
    why: "The edge is right: the header is one that the operation declares. The guard is right: it compares owner and subject. \
          But the caller wrote the owner.",
    fix: "use `evidence: stored`: the verified subject on one side, the owner in the stored row on the other",
    layers: &["edge.headers", "guard.ownership"],
    attacks: &["A04"],
    sources: &[
        "ASVS 8.3.1",
        "ASVS 4.1.3",
        "CWE-807",
        "CWE-639",
        "RFC 9700 section 4.13",
    ],
};

/// SEAM-IDOR-01.
pub(super) fn valid_token_taken_for_ownership(facts: &Facts) -> Vec<Finding> {
    let identified = facts
        .operations
        .iter()
        .filter(|operation| operation.identified);
    identified
        .filter_map(|operation| judge(facts, operation))
        .collect()
}

fn judge(facts: &Facts, operation: &OperationFact) -> Option<Finding> {
    let service = facts.service(&operation.service)?;
    let listed = if operation.writes {
        Severity::Critical
    } else {
        Severity::High
    };
    let (severity, detail) = match &operation.ownership {
        // Names are a guess: a warning until the author has said what they are.
        Ownership::Undeclared { .. } => {
            let detail = format!(
                "{} names an object and no rule says whose it is",
                operation.named_by()
            );
            (Severity::Medium, detail)
        }
        Ownership::Unowned { because } => (
            listed,
            format!("nobody checks the owner, because: {because}"),
        ),
        Ownership::Object(_) if !service.guarded() => {
            let detail = format!(
                "{} has a rule, and no guard stands there to hold it",
                operation.named_by()
            );
            (listed, detail)
        }
        Ownership::Object(_) | Ownership::NoObject | Ownership::Public { .. } => {
            if operation.unbound.is_empty() {
                return None;
            }
            (
                Severity::Medium,
                format!(
                    "a rule binds one object; {} looks like another one",
                    list(&operation.unbound)
                ),
            )
        }
    };
    let stopped_by = if service.row_level_security {
        vec!["data.rls"]
    } else {
        Vec::new()
    };
    Some(IDOR_01.found(severity, &operation.subject, detail, stopped_by))
}

/// SEAM-IDOR-03.
pub(super) fn proof_from_the_caller(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for operation in &facts.operations {
        let Some(header) = operation.caller_evidence() else {
            continue;
        };
        let rows = facts
            .service(&operation.service)
            .is_some_and(|service| service.row_level_security);
        let stopped_by = if rows { vec!["data.rls"] } else { Vec::new() };
        let detail = format!("the owner is read from the header `{header}`");
        findings.push(IDOR_03.found(Severity::Critical, &operation.subject, detail, stopped_by));
    }
    findings
}
