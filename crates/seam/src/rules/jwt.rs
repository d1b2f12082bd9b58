//! One token library decides everywhere.

use std::collections::BTreeSet;

use super::Rule;
use crate::components::TOKEN_CONTROLS;
use crate::fact::list;
use crate::{Facts, Finding, ServiceFact, Severity};

const JWT_01: Rule = Rule {
    id: "SEAM-JWT-01",
    title: "One token library decides everywhere",
    why: "Each layer is right to verify the token itself. But a flaw in the library that all of them ask is a flaw in all of \
          them at once: several checks, one cause.",
    fix: "let the guard verify with another library and another key, and look the session up live",
    layers: &["authority.registry", "edge.token", "guard.token"],
    attacks: &["A30", "A32", "A35"],
    sources: &[
        "ASVS 15.1.4",
        "ASVS 15.2.5",
        "SP 800-53 SC-29",
        "CWE-654",
        "CWE-1395",
        "CVE-2026-25537",
    ],
};

/// SEAM-JWT-01. Only layers that credit token verification count; the authority looks tokens up in its own registry and so
/// still stops a forged one.
pub(super) fn one_library_decides(facts: &Facts) -> Vec<Finding> {
    if !facts.services.iter().any(ServiceFact::guarded) {
        // Then only the edge verifies; SEAM-FLAT-01 says so.
        return Vec::new();
    }
    let mut shared: Option<BTreeSet<&str>> = None;
    let mut described = Vec::new();
    for control in TOKEN_CONTROLS {
        let libraries = facts.components.libraries(control);
        if libraries.is_empty() {
            let detail =
                format!("no library is known to decide in `{control}`, so none can be excluded");
            return vec![JWT_01.found(
                Severity::High,
                "token verification",
                detail,
                vec!["authority.registry"],
            )];
        }
        let own: BTreeSet<&str> = libraries
            .iter()
            .map(|library| library.purl.as_str())
            .collect();
        described.extend(libraries.iter().map(|library| (control, library)));
        shared = Some(match shared {
            None => own,
            Some(others) => others.intersection(&own).copied().collect(),
        });
    }
    let shared = shared.unwrap_or_default();
    if shared.is_empty() {
        return Vec::new();
    }
    let named: Vec<String> = described
        .iter()
        .filter(|(_, library)| shared.contains(library.purl.as_str()))
        .map(|(control, library)| format!("{control}: {} {}", library.purl, library.version))
        .collect();
    let detail = format!("the same library decides in every layer ({})", list(&named));
    vec![JWT_01.found(
        Severity::High,
        "token verification",
        detail,
        vec!["authority.registry"],
    )]
}
