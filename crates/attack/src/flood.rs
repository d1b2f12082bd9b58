//! Floods: counted at the service, never by the answers.

use crate::object::names;
use crate::outcome::{Attempt, Outcome};
use crate::target::Person;
use crate::template::{Scene, attempt, stopped};
use crate::wire::Request;

/// Requests beyond the budget; few enough for a drill, enough to be no rounding.
const BEYOND: u32 = 8;
/// A flood against an operation without any budget.
const UNLIMITED: u32 = 24;
/// Headers that gateways have taken for the client's address.
const ADDRESS_HEADERS: &[&str] = &[
    "X-Forwarded-For",
    "X-Real-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "X-Client-IP",
];

/// A23: one address that claims to be another one with each request, many accounts so that none of theirs is used up.
pub(crate) fn spoofed_key(scene: &Scene<'_>) -> Vec<Attempt> {
    let address = |number: u32| {
        let spoofed = format!("203.0.113.{}", number % 250 + 1);
        let names = names(ADDRESS_HEADERS, &scene.target.limit_headers);
        let mut headers: Vec<(String, String)> = names
            .into_iter()
            .map(|name| (name.to_owned(), spoofed.clone()))
            .collect();
        headers.push(("Forwarded".to_owned(), format!("for={spoofed}")));
        headers
    };
    let outcome = flood(
        scene,
        &scene.target.crowd,
        scene.target.flood.address_burst,
        &address,
    );
    vec![attempt(
        format!("{} under rotating addresses", scene.target.flood.operation),
        outcome,
    )]
}

/// FLOOD-IP: one address, many accounts.
pub(crate) fn from_one_address(scene: &Scene<'_>) -> Vec<Attempt> {
    let outcome = flood(
        scene,
        &scene.target.crowd,
        scene.target.flood.address_burst,
        &|_number| Vec::new(),
    );
    vec![attempt(scene.target.flood.operation.clone(), outcome)]
}

/// FLOOD-USER: one account.
pub(crate) fn by_one_user(scene: &Scene<'_>) -> Vec<Attempt> {
    let attacker = std::slice::from_ref(&scene.target.attacker);
    let outcome = flood(scene, attacker, scene.target.flood.user_burst, &|_number| {
        Vec::new()
    });
    vec![attempt(scene.target.flood.operation.clone(), outcome)]
}

/// Through when the service received more than the burst.
fn flood(
    scene: &Scene<'_>,
    people: &[Person],
    burst: Option<u32>,
    headers: &dyn Fn(u32) -> Vec<(String, String)>,
) -> Outcome {
    let (limit, requests) = burst.map_or((UNLIMITED - BEYOND, UNLIMITED), |burst| {
        (burst, burst + BEYOND)
    });
    let carried_out = || -> Result<Outcome, String> {
        let before = received(scene, people)?;
        let refused = send(scene, people, requests, headers)?;
        let count = received(scene, people)?.saturating_sub(before);
        if count > u64::from(limit) {
            return Ok(Outcome::Through {
                evidence: format!(
                    "the service received {count} of {requests} requests, {limit} were agreed"
                ),
            });
        }
        refused.ok_or_else(|| {
            format!("the service received {count} of {requests} requests and nobody refused one")
        })
    };
    carried_out().unwrap_or_else(|why| Outcome::Inconclusive { why })
}

/// Sends the requests in turn for each person; the first answer that refuses tells who did.
fn send(
    scene: &Scene<'_>,
    people: &[Person],
    requests: u32,
    headers: &dyn Fn(u32) -> Vec<(String, String)>,
) -> Result<Option<Outcome>, String> {
    let mut wire = scene.edge().map_err(|error| error.to_string())?;
    let mut refused = None;
    for (number, person) in (0..requests).zip(people.iter().cycle()) {
        let mut request = Request::read(&scene.target.flood.path).bearer(&person.access_token);
        request.headers.extend(headers(number));
        let answer = wire.send(&request).map_err(|error| error.to_string())?;
        if answer.status >= 400 && refused.is_none() {
            refused = Some(stopped(&answer));
        }
    }
    Ok(refused)
}

fn received(scene: &Scene<'_>, people: &[Person]) -> Result<u64, String> {
    let operation = &scene.target.flood.operation;
    people
        .iter()
        .map(|person| {
            scene
                .witness
                .served(operation, &person.subject)
                .map_err(|error| error.to_string())
        })
        .sum()
}
