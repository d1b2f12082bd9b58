//! The names that a configuration introduces, gathered before anything is judged, so that one broken entry does not make
//! every reference to it look wrong as well.

use super::report::{At, Report};
use super::words;
use super::yaml::Node;
use crate::Spot;

/// Name of the service that the embedded authority offers.
pub(super) const AUTHORITY: &str = "authority";

/// Names by noun.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) listeners: Vec<String>,
    pub(super) zones: Vec<String>,
    pub(super) services: Vec<String>,
    pub(super) clients: Vec<String>,
    pub(super) roles: Vec<String>,
    pub(super) permissions: Vec<String>,
}

impl Names {
    pub(super) fn gather(root: &Node) -> Self {
        let mut names = Self {
            listeners: named(root, "listeners"),
            zones: named(root, "zones"),
            services: named(root, "services"),
            clients: items(root, "clients")
                .iter()
                .filter_map(|item| item.get("id")?.scalar())
                .map(str::to_owned)
                .collect(),
            ..Self::default()
        };
        for issuer in items(root, "issuers") {
            for role in issuer.get("roles").map(Node::entries).unwrap_or_default() {
                names.roles.push(role.key.clone());
                names.permissions.extend(
                    role.value
                        .items()
                        .iter()
                        .filter_map(Node::scalar)
                        .map(str::to_owned),
                );
            }
        }
        names.permissions.sort_unstable();
        names.permissions.dedup();
        names
    }
}

fn items<'n>(root: &'n Node, section: &str) -> &'n [Node] {
    root.get(section).map(Node::items).unwrap_or_default()
}

fn named(root: &Node, section: &str) -> Vec<String> {
    items(root, section)
        .iter()
        .filter_map(|item| item.get("name")?.scalar())
        .map(str::to_owned)
        .collect()
}

/// Refuses a word that no one introduced. `what` is how a sentence says it, e.g. "service"; plural by `s`.
pub(super) fn refer(report: &mut Report, word: &At<String>, known: &[String], what: &str) -> bool {
    let found = known.contains(&word.value);
    if !found {
        let hint = words::hint(&word.value, known, &format!("{what}s"));
        report.mistake_hint(
            word.spot,
            format!("there is no {what} `{}`", word.value),
            hint,
        );
    }
    found
}

/// A name that must be new and well written.
pub(super) fn introduce(
    report: &mut Report,
    word: At<String>,
    seen: &mut Vec<At<String>>,
    what: &str,
) -> String {
    if !words::is_name(&word.value) {
        let message = format!("`{}` is no name for a {what}", word.value);
        report.mistake_hint(
            word.spot,
            message,
            "lower-case letters, digits and `-`, beginning with a letter, at most 63",
        );
    }
    refuse_twice(report, &word, seen, what);
    let name = word.value.clone();
    seen.push(word);
    name
}

/// Refuses a word that stands among those seen.
pub(super) fn refuse_twice(
    report: &mut Report,
    word: &At<String>,
    seen: &[At<String>],
    what: &str,
) {
    if let Some(Spot { line, .. }) = seen
        .iter()
        .find(|other| other.value == word.value)
        .map(|other| other.spot)
    {
        let hint = format!("the first one stands on line {line}");
        report.mistake_hint(
            word.spot,
            format!("there are two {what}s `{}`", word.value),
            hint,
        );
    }
}
