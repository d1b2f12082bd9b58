//! Attacks on objects and operations by a user whose identity is real.

use crate::outcome::Attempt;
use crate::template::{Scene, attempt};
use crate::wire::Request;

/// Headers that applications have taken for evidence of who owns something.
const EVIDENCE_HEADERS: &[&str] = &[
    "X-User-Id",
    "X-User",
    "X-Owner",
    "X-Owner-Id",
    "X-Account-Owner",
    "X-Forwarded-User",
    "X-Authenticated-User",
    "Vauban-Subject",
    "Vauban-Db-Context",
];

/// A01: own token, the victim's id.
pub(crate) fn read_foreign(scene: &Scene<'_>) -> Vec<Attempt> {
    let token = &scene.target.attacker.access_token;
    let one = |read: &crate::target::Read| {
        let request = Request::read(&read.path).bearer(token);
        attempt(
            &read.operation,
            scene.judge_read(scene.edge(), &request, &read.canary),
        )
    };
    scene.target.reads.iter().map(one).collect()
}

/// A02: own token, the victim's object in the body.
pub(crate) fn write_foreign(scene: &Scene<'_>) -> Vec<Attempt> {
    let write = &scene.target.write;
    let outcome = scene.judge_write(
        scene.edge(),
        write,
        &[bearer(&scene.target.attacker.access_token)],
    );
    vec![attempt(&write.operation, outcome)]
}

/// A04: own token, the victim's id, and a claim in headers or query: either that the victim is asking, or that the object is
/// the attacker's own.
pub(crate) fn forge_evidence(scene: &Scene<'_>) -> Vec<Attempt> {
    let target = scene.target;
    let (attacker, victim) = (&target.attacker, &target.victim.subject);
    let mut attempts = Vec::new();
    for read in &target.reads {
        let mut play = |how: &str, path: &str, claimed: Option<&str>| {
            let mut request = Request::read(path).bearer(&attacker.access_token);
            if let Some(claimed) = claimed {
                for header in names(EVIDENCE_HEADERS, &target.evidence_headers) {
                    request = request.with(header, claimed);
                }
            }
            let outcome = scene.judge_read(scene.edge(), &request, &read.canary);
            attempts.push(attempt(format!("{} with {how}", read.operation), outcome));
        };
        play("headers that name the victim", &read.path, Some(victim));
        play(
            "headers that name the attacker",
            &read.path,
            Some(&attacker.subject),
        );
        let joint = if read.path.contains('?') { '&' } else { '?' };
        let path = format!(
            "{}{joint}user_id={victim}&owner_id={}",
            read.path, attacker.subject
        );
        play("a query", &path, None);
    }
    attempts
}

/// A10: own token without the role.
pub(crate) fn call_admin(scene: &Scene<'_>) -> Vec<Attempt> {
    let read = &scene.target.admin_read;
    let request = Request::read(&read.path).bearer(&scene.target.attacker.access_token);
    vec![attempt(
        &read.operation,
        scene.judge_read(scene.edge(), &request, &read.canary),
    )]
}

/// Usual names and the configuration's own, none twice: a repeated field is refused for being repeated.
pub(crate) fn names<'a>(usual: &[&'a str], own: &'a [String]) -> Vec<&'a str> {
    let is_own = |name: &&str| own.iter().any(|known| known.eq_ignore_ascii_case(name));
    let mut names: Vec<&str> = usual.iter().copied().filter(|name| !is_own(name)).collect();
    for name in own {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name);
        }
    }
    names
}

/// A bearer token as a header field.
pub(crate) fn bearer(token: &str) -> (String, String) {
    ("Authorization".to_owned(), format!("Bearer {token}"))
}
