//! The rules: each joins facts of at least two layers.

mod flat;
mod idor;
mod jwt;
mod limit;

use crate::{Facts, Finding, Severity};

/// The fixed text of a rule.
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) why: &'static str,
    pub(crate) fix: &'static str,
    pub(crate) layers: &'static [&'static str],
    pub(crate) attacks: &'static [&'static str],
    pub(crate) sources: &'static [&'static str],
}

impl Rule {
    fn found(
        &self,
        severity: Severity,
        subject: &str,
        detail: String,
        stopped_by: Vec<&'static str>,
    ) -> Finding {
        Finding {
            rule: self.id,
            severity: severity.with_stops(stopped_by.len()),
            title: self.title,
            subject: subject.to_owned(),
            detail,
            why: self.why,
            fix: self.fix,
            layers: self.layers,
            stopped_by,
            attacks: self.attacks,
            sources: self.sources,
        }
    }
}

/// Applies every rule; the worst findings come first.
pub fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(idor::valid_token_taken_for_ownership(facts));
    findings.extend(idor::proof_from_the_caller(facts));
    findings.extend(jwt::one_library_decides(facts));
    findings.extend(limit::key_of_the_attacker(facts));
    findings.extend(flat::everybody_inside_is_trusted(facts));
    findings.sort_by(|left, right| {
        right
            .severity
            .cmp(&left.severity)
            .then_with(|| (left.rule, &left.subject).cmp(&(right.rule, &right.subject)))
    });
    findings
}
