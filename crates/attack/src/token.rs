//! Attacks with tokens that the authority did not issue, or not for now.

use crate::forge::{Draft, ForgeError};
use crate::outcome::{Attempt, Outcome};
use crate::template::{Scene, attempt};
use crate::wire::Request;

/// A30: claims of the victim under `alg` none, without a signature, in the attacker's own session.
pub(crate) fn alg_none(scene: &Scene<'_>) -> Vec<Attempt> {
    let token = victim_draft(scene).map(|draft| draft.header("alg", "none").unsigned());
    read_with(scene, "alg none", &token)
}

/// A32: a token of the victim's that was valid once; and one whose `exp` is a string, which a lenient reader takes for absent.
pub(crate) fn expired(scene: &Scene<'_>) -> Vec<Attempt> {
    let old = scene
        .target
        .stolen
        .expired_token
        .clone()
        .ok_or(ForgeError::Unreadable);
    let mut attempts = read_with(scene, "expired", &old);
    let text = victim_draft(scene).and_then(|draft| sign(scene, &draft.claim("exp", "4102444800")));
    attempts.extend(read_with(scene, "exp as a string", &text));
    attempts
}

/// A36: a token of the victim's from nothing but the key.
pub(crate) fn mint(scene: &Scene<'_>) -> Vec<Attempt> {
    let key = scene
        .target
        .stolen
        .access_key_pem
        .as_deref()
        .ok_or(ForgeError::Key);
    let token = victim_draft(scene).and_then(|draft| {
        draft
            .claim("sid", scene.reference())
            .claim("jti", scene.reference())
            .signed(key?)
    });
    read_with(scene, "minted", &token)
}

/// FORGED-SUB: the victim's subject beside the attacker's own, live session.
pub(crate) fn forged_subject(scene: &Scene<'_>) -> Vec<Attempt> {
    let forge =
        |finish: &dyn Fn(Draft) -> Result<String, ForgeError>| victim_draft(scene).and_then(finish);
    let mut attempts = read_with(scene, "bad signature", &forge(&|draft| Ok(draft.garbage())));
    attempts.extend(read_with(
        scene,
        "no signature",
        &forge(&|draft| Ok(draft.unsigned())),
    ));
    let stolen = &scene.target.stolen;
    if let (true, Some(key)) = (
        stolen.forge_with_access_key,
        stolen.access_key_pem.as_deref(),
    ) {
        attempts.extend(read_with(
            scene,
            "stolen key",
            &forge(&|draft| draft.signed(key)),
        ));
    }
    attempts
}

/// The attacker's own token with the victim's subject in it.
fn victim_draft(scene: &Scene<'_>) -> Result<Draft, ForgeError> {
    let target = scene.target;
    Draft::of(&target.attacker.access_token)
        .map(|draft| draft.claim("sub", target.victim.subject.as_str()))
}

/// Signs truly where the stolen key serves for that, and badly otherwise.
fn sign(scene: &Scene<'_>, draft: &Draft) -> Result<String, ForgeError> {
    let stolen = &scene.target.stolen;
    match &stolen.access_key_pem {
        Some(key) if stolen.forge_with_access_key => draft.signed(key),
        Some(_) | None => Ok(draft.garbage()),
    }
}

fn read_with(scene: &Scene<'_>, how: &str, token: &Result<String, ForgeError>) -> Vec<Attempt> {
    let one = |read: &crate::target::Read| {
        let outcome = match token {
            Ok(token) => {
                let request = Request::read(&read.path).bearer(token);
                scene.judge_read(scene.edge(), &request, &read.canary)
            }
            Err(error) => Outcome::Inconclusive {
                why: error.to_string(),
            },
        };
        attempt(format!("{} with {how}", read.operation), outcome)
    };
    scene.target.reads.iter().map(one).collect()
}
