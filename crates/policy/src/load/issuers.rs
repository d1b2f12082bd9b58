//! `issuers`: who vouches.

use std::collections::BTreeMap;

use super::names::AUTHORITY;
use super::report::{At, Fields, Report};
use super::secrets::read_secret_for;
use super::words;
use super::yaml::Node;
use crate::{Issuer, PasswordPlan, StorePlan};

/// Longest life of an access token, seconds.
const ACCESS_TOKEN_SECONDS_MAX: u32 = 900;
/// Longest life of a refresh family, seconds.
const REFRESH_TOKEN_SECONDS_MAX: u32 = 604_800;
/// How long a refresh token is good unused when the plan does not say: who was away for more than a day logs in again.
const REFRESH_IDLE_SECONDS: u32 = 86_400;
/// Most actors of an exchanged token when the plan does not say, and the most that readers take.
const ACTORS: u32 = 3;
const ACTORS_MAX: u32 = 4;
/// Longest life of an internal token, seconds.
const INTERNAL_TOKEN_SECONDS_MAX: u32 = 60;
/// Least memory of one password hash, KiB.
const PASSWORD_MEMORY_KIB_MIN: u32 = 19_456;
/// Most memory of one password hash, KiB.
const PASSWORD_MEMORY_KIB_MAX: u32 = 4_194_304;

const KNOWN: [&str; 11] = [
    "name",
    "issuer",
    "audience",
    "access_token_seconds",
    "refresh_token_seconds",
    "refresh_idle_seconds",
    "internal_token_seconds",
    "actors_max",
    "password",
    "store",
    "roles",
];

pub(super) fn read_issuer(report: &mut Report, node: &Node) -> Option<Issuer> {
    let items = report.list(node, "`issuers`")?;
    let [item] = items else {
        let message = format!(
            "`issuers` must have exactly one entry, the embedded authority; found {}",
            items.len()
        );
        report.mistake(node.spot, message);
        return None;
    };
    let fields = report.fields(item, "an issuer", &KNOWN)?;
    if let Some(name) = fields.need_text(report, "name")
        && name.value != AUTHORITY
    {
        report.mistake_hint(
            name.spot,
            format!("there is no issuer `{}`", name.value),
            "the embedded one is `authority`",
        );
    }
    let issuer = fields
        .need_text(report, "issuer")
        .filter(|url| judge_url(report, url));
    let audience = fields.need_text(report, "audience");
    let access = fields.need_u32(report, "access_token_seconds", 1..=ACCESS_TOKEN_SECONDS_MAX);
    let refresh = fields.need_u32(
        report,
        "refresh_token_seconds",
        1..=REFRESH_TOKEN_SECONDS_MAX,
    );
    let idle = read_idle(report, &fields);
    let actors = read_actors(report, &fields);
    let internal = fields.need_u32(
        report,
        "internal_token_seconds",
        1..=INTERNAL_TOKEN_SECONDS_MAX,
    );
    if let (Some(access), Some(refresh)) = (access, refresh)
        && refresh < access
    {
        report.mistake(item.spot, "the refresh token ends before the access token");
    }
    let password = fields
        .need(report, "password")
        .and_then(|node| read_password(report, node));
    let store = fields
        .get("store")
        .map_or(Some(StorePlan::default()), |node| read_store(report, node));
    let roles = fields
        .need(report, "roles")
        .and_then(|node| read_roles(report, node));
    Some(Issuer {
        issuer: issuer?.value,
        audience: audience?.value,
        access_token_seconds: access?,
        refresh_token_seconds: refresh?,
        refresh_idle_seconds: idle?,
        internal_token_seconds: internal?,
        actors_max: actors?,
        password: password?,
        store: store?,
        roles: roles?,
    })
}

fn read_idle(report: &mut Report, fields: &Fields<'_>) -> Option<u32> {
    let Some(node) = fields.get("refresh_idle_seconds") else {
        return Some(REFRESH_IDLE_SECONDS);
    };
    let range = 60..=REFRESH_TOKEN_SECONDS_MAX.into();
    let number = report.number(node, "`refresh_idle_seconds`", range)?;
    u32::try_from(number).ok()
}

fn read_actors(report: &mut Report, fields: &Fields<'_>) -> Option<u32> {
    let Some(node) = fields.get("actors_max") else {
        return Some(ACTORS);
    };
    let number = report.number(node, "`actors_max`", 1..=ACTORS_MAX.into())?;
    u32::try_from(number).ok()
}

fn judge_url(report: &mut Report, url: &At<String>) -> bool {
    let host = url
        .value
        .strip_prefix("https://")
        .and_then(|rest| rest.split(['/', ':']).next());
    let odd = url.value.contains(['?', '#', ' ', '@', '\\']) || url.value.ends_with('/');
    let good = host.is_some_and(words::is_host) && !odd;
    if !good {
        let hint = "an https URL without query, fragment and slash at the end (RFC 8414 §2)";
        report.mistake_hint(url.spot, format!("`{}` is no issuer", url.value), hint);
    }
    good
}

fn read_password(report: &mut Report, node: &Node) -> Option<PasswordPlan> {
    let fields = report.fields(
        node,
        "`password`",
        &[
            "target_milliseconds",
            "memory_kib",
            "concurrency",
            "queue_max",
        ],
    )?;
    let target = fields.need_u32(report, "target_milliseconds", 250..=500);
    let memory = fields.need_u32(
        report,
        "memory_kib",
        PASSWORD_MEMORY_KIB_MIN..=PASSWORD_MEMORY_KIB_MAX,
    );
    let concurrency = fields.need_u32(report, "concurrency", 1..=256);
    let queue = fields.need_u32(report, "queue_max", 1..=4096);
    Some(PasswordPlan {
        target_milliseconds: target?,
        memory_kib: memory?,
        concurrency: concurrency?,
        queue_max: queue?,
    })
}

fn read_store(report: &mut Report, node: &Node) -> Option<StorePlan> {
    let fields = report.fields(node, "`store`", &["postgres"])?;
    // Not the purpose of a guard's database of facts: who reads facts must not be able to write sessions.
    let postgres = read_secret_for(report, &fields, "postgres", "store")?;
    Some(StorePlan {
        postgres: Some(postgres),
    })
}

fn read_roles(report: &mut Report, node: &Node) -> Option<BTreeMap<String, Vec<String>>> {
    report.fields_of_any(node, "`roles`")?;
    let mut roles = BTreeMap::new();
    if node.entries().is_empty() {
        report.mistake(node.spot, "`roles` lists nothing");
    }
    for entry in node.entries() {
        if !words::is_role(&entry.key) {
            let hint = "letters, digits, `_`, `-` and `.`, at most 64";
            report.mistake_hint(
                entry.spot,
                format!("`{}` is no name for a role", entry.key),
                hint,
            );
        }
        let permissions = report
            .texts(&entry.value, &format!("role `{}`", entry.key))
            .unwrap_or_default();
        for permission in &permissions {
            judge_permission(report, permission);
        }
        roles.insert(
            entry.key.clone(),
            permissions
                .into_iter()
                .map(|permission| permission.value)
                .collect(),
        );
    }
    Some(roles)
}

fn judge_permission(report: &mut Report, permission: &At<String>) {
    if !words::is_permission(&permission.value) {
        let hint = "letters, digits and `:._-/`, at most 128, e.g. `read:profile`";
        report.mistake_hint(
            permission.spot,
            format!("`{}` is no permission", permission.value),
            hint,
        );
    }
}
