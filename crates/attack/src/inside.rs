//! Attacks from inside: a service was taken over, with its certificate and whatever tokens it saw.

use crate::forge::{Draft, ForgeError};
use crate::outcome::{Attempt, Outcome};
use crate::template::{Scene, attempt};
use crate::wire::{Request, Wire, WireError};

/// Carries the internal token between the lines.
const INTERNAL_TOKEN: &str = "Vauban-Internal-Token";

/// A35: an internal token that was meant for the sibling, shown to the guards of the victim's objects.
pub(crate) fn replay(scene: &Scene<'_>) -> Vec<Attempt> {
    let token = scene.target.sibling.internal_token.as_deref();
    reads(scene, "the sibling's token", token)
}

/// A80: straight to the guards with the sibling's certificate, past edge and authority.
pub(crate) fn call_directly(scene: &Scene<'_>) -> Vec<Attempt> {
    let seen = scene.target.sibling.internal_token.as_deref();
    let forged = forged_internal(scene);
    let mut attempts = reads(scene, "no token", None);
    attempts.extend(write(scene, "no token", None));
    attempts.extend(write(scene, "the sibling's token", seen));
    match forged {
        Ok(token) => attempts.extend(reads(scene, "an unsigned token", Some(&token))),
        Err(error) => {
            attempts.push(attempt(
                "an unsigned token",
                Outcome::Inconclusive {
                    why: error.to_string(),
                },
            ));
        }
    }
    attempts
}

/// An internal token for the victim that nobody signed, made from the one that the sibling saw.
fn forged_internal(scene: &Scene<'_>) -> Result<String, ForgeError> {
    let seen = scene
        .target
        .sibling
        .internal_token
        .as_deref()
        .ok_or(ForgeError::Unreadable)?;
    let service = scene
        .target
        .reads
        .first()
        .map(|read| read.service.clone())
        .unwrap_or_default();
    Ok(Draft::of(seen)?
        .header("alg", "none")
        .claim("aud", service)
        .unsigned())
}

fn reads(scene: &Scene<'_>, how: &str, token: Option<&str>) -> Vec<Attempt> {
    let one = |read: &crate::target::Read| {
        let headers = smuggled(scene, token);
        let request = Request {
            method: "GET",
            path: &read.path,
            headers,
            body: &[],
        };
        let outcome = scene.judge_read(guard(scene, &read.service), &request, &read.canary);
        attempt(format!("{} with {how}", read.operation), outcome)
    };
    scene.target.reads.iter().map(one).collect()
}

fn write(scene: &Scene<'_>, how: &str, token: Option<&str>) -> Vec<Attempt> {
    let write = &scene.target.write;
    let outcome = scene.judge_write(guard(scene, &write.service), write, &smuggled(scene, token));
    vec![attempt(format!("{} with {how}", write.operation), outcome)]
}

/// What the guard itself would tell the service, claimed by the attacker.
fn smuggled(scene: &Scene<'_>, token: Option<&str>) -> Vec<(String, String)> {
    let mut headers = vec![
        (
            "Vauban-Subject".to_owned(),
            scene.target.victim.subject.clone(),
        ),
        ("Vauban-Roles".to_owned(), "admin".to_owned()),
    ];
    headers.extend(token.map(|token| (INTERNAL_TOKEN.to_owned(), token.to_owned())));
    headers
}

fn guard(scene: &Scene<'_>, service: &str) -> Result<Wire, WireError> {
    let sibling = &scene.target.sibling;
    let address = scene
        .target
        .guards
        .get(service)
        .copied()
        .ok_or(WireError::NoGuard(service.to_owned()))?;
    Wire::inside(address, &sibling.certificate_pem, &sibling.key_pem)
}
