//! The limit key belongs to the attacker.

use super::Rule;
use crate::{BudgetFact, Facts, Finding, Severity};

const LIMIT_01: Rule = Rule {
    id: "SEAM-LIMIT-01",
    title: "The limit key belongs to the attacker",
    why: "The budget is right: it counts, and refuses when it is spent. Passing the header on is right as well: it is allowed. \
          But who writes the key opens a new budget with each request.",
    fix: "use `key: ip` (the peer of the socket) or `key: user` (the verified subject)",
    layers: &["edge.headers", "edge.budget"],
    attacks: &["A23"],
    sources: &[
        "ASVS 15.3.4",
        "ASVS 4.1.3",
        "ASVS 2.4.1",
        "API4:2023",
        "CWE-348",
        "CWE-807",
        "RFC 9700 section 4.13",
    ],
};

/// SEAM-LIMIT-01.
pub(super) fn key_of_the_attacker(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for budget in &facts.budgets {
        let Some(header) = &budget.client_header else {
            continue;
        };
        let stopped = facts.budgets.iter().any(|other| stops(other, budget));
        let stopped_by = if stopped {
            vec!["edge.budget"]
        } else {
            Vec::new()
        };
        let detail = format!(
            "budget `{}` counts by the header `{header}`, which the client writes",
            budget.name
        );
        findings.push(LIMIT_01.found(
            Severity::High,
            &format!("budget {}", budget.name),
            detail,
            stopped_by,
        ));
    }
    findings
}

/// Another budget of the same line stops the flood when its key is sound, when it is spent by the same operations, and when
/// it allows no more.
fn stops(other: &BudgetFact, budget: &BudgetFact) -> bool {
    let covers = match (&other.operations, &budget.operations) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.is_subset(wide),
    };
    other.client_header.is_none()
        && other.line == budget.line
        && covers
        && other.requests_per_day <= budget.requests_per_day
}
