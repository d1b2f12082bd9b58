//! `services`: what stands in front of each, and what it offers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::document::read_document;
use super::listeners::read_address;
use super::names::{AUTHORITY, Names, introduce, refer};
use super::report::{At, Fields, Report};
use super::secrets::read_secret;
use super::words;
use super::yaml::Node;
use crate::openapi::Ownership;
use crate::{
    Behind, Document, FactStatement, Facts, FactsDatabase, GuardPlan, Line, Listener, Spot,
    TextFile,
};

/// A service of which some parts may have been refused.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) name: String,
    pub(super) zone: Option<String>,
    pub(super) document: Option<Document>,
    /// True when nothing in the document was refused, so that what is not there was never written.
    pub(super) complete: bool,
    pub(super) behind: Option<Behind>,
}

/// What reading services needs to look at.
pub(super) struct Around<'a> {
    pub(super) names: &'a Names,
    pub(super) listeners: &'a [At<Listener>],
    pub(super) read: &'a mut dyn FnMut(&str) -> Result<String, String>,
}

pub(super) fn read_services(
    report: &mut Report,
    node: &Node,
    around: &mut Around<'_>,
) -> Vec<Offer> {
    let mut seen = Vec::new();
    let mut offers: Vec<Offer> = Vec::new();
    for item in report.list(node, "`services`").unwrap_or_default() {
        if let Some(offer) = read_service(report, item, around, &mut seen) {
            offers.push(offer);
        }
    }
    for listener in around.listeners {
        if let Line::Guard(service) = &listener.value.line
            && let Some(offer) = offers.iter().find(|offer| offer.name == *service)
            && matches!(offer.behind, Some(Behind::Unguarded { .. }))
        {
            let message = format!(
                "listener `{}` is for the guard of `{service}`, which has none",
                listener.value.name
            );
            report.mistake(listener.spot, message);
        }
    }
    offers
}

fn read_service(
    report: &mut Report,
    node: &Node,
    around: &mut Around<'_>,
    seen: &mut Vec<At<String>>,
) -> Option<Offer> {
    let fields = report.fields(
        node,
        "a service",
        &["name", "zone", "openapi", "guard", "danger_unguarded"],
    )?;
    let name = fields.need_text(report, "name")?;
    let spot = name.spot;
    let name = introduce(report, name, seen, "service");
    if name == AUTHORITY || name == "edge" {
        report.mistake(
            spot,
            format!("`{name}` is the name of a line and cannot name a service"),
        );
    }
    let zone = fields
        .need_text(report, "zone")
        .filter(|zone| refer(report, zone, &around.names.zones, "zone"));
    let file = fields
        .need_text(report, "openapi")
        .and_then(|file| fetch(report, &file, around));
    let (document, complete) = file.map_or((None, false), |file| {
        let mut own = Report::new(&file.name);
        let document = read_document(&mut own, &file.text);
        let complete = own.is_clean();
        report.absorb(own);
        (document, complete)
    });
    let behind = match (fields.get("guard"), fields.get("danger_unguarded")) {
        (Some(guard), None) => read_guard(report, guard, &name, document.as_ref(), around),
        (None, Some(unguarded)) => read_unguarded(report, unguarded),
        (Some(_), Some(unguarded)) => {
            report.mistake(
                unguarded.spot,
                format!("service `{name}` has both `guard` and `danger_unguarded`"),
            );
            None
        }
        (None, None) => {
            let hint = "write `guard:`, or `danger_unguarded:` with a reason";
            report.mistake_hint(
                node.spot,
                format!("nothing says what stands in front of service `{name}`"),
                hint,
            );
            None
        }
    };
    Some(Offer {
        name,
        zone: zone.map(|zone| zone.value),
        document,
        complete,
        behind,
    })
}

/// Reads a file that the configuration names.
fn fetch(report: &mut Report, name: &At<String>, around: &mut Around<'_>) -> Option<TextFile> {
    match (around.read)(&name.value) {
        Ok(text) => Some(TextFile {
            name: name.value.clone(),
            text,
        }),
        Err(why) => {
            report.mistake(
                name.spot,
                format!("file `{}` cannot be read: {why}", name.value),
            );
            None
        }
    }
}

fn read_unguarded(report: &mut Report, node: &Node) -> Option<Behind> {
    let fields = report.fields(node, "`danger_unguarded`", &["address", "because"])?;
    let address = fields.need_text(report, "address").and_then(|text| {
        let address = read_address(report, &text)?;
        if address.port() == 0 || address.ip().is_unspecified() {
            report.mistake(
                text.spot,
                format!("`{address}` is no address that one can connect to"),
            );
        }
        Some(address)
    });
    let because = fields.need_text(report, "because");
    Some(Behind::Unguarded {
        address: address?,
        because: because?.value,
    })
}

const GUARD_KEYS: &[&str] = &[
    "listener",
    "socket",
    "peer_uid",
    "cedar",
    "facts",
    "context_key",
];

fn read_guard(
    report: &mut Report,
    node: &Node,
    service: &str,
    document: Option<&Document>,
    around: &mut Around<'_>,
) -> Option<Behind> {
    let fields = report.fields(node, "`guard`", GUARD_KEYS)?;
    let listener = fields
        .need_text(report, "listener")
        .filter(|name| judge_listener(report, name, service, around));
    let socket = fields
        .need_text(report, "socket")
        .filter(|path| judge_relative(report, path, "socket"));
    let peer_uid = fields
        .get("peer_uid")
        .map(|node| report.number(node, "`peer_uid`", 0..=u64::from(u32::MAX)));
    let cedar = fields
        .need(report, "cedar")
        .and_then(|node| read_cedar(report, node, around));
    let facts = fields
        .need(report, "facts")
        .and_then(|node| read_facts(report, node));
    let context_key = fields
        .get("context_key")
        .map(|_| read_secret(report, &fields, "context_key"));
    if let (Some(spot), Some(FactsDatabase::Sqlite(_))) = (
        fields.key_spot("context_key"),
        facts.as_ref().map(|facts| &facts.database),
    ) {
        let hint =
            "SQLite has no row-level security that could read it; remove the key or use `postgres`";
        report.mistake_hint(spot, "`context_key` does nothing with SQLite", hint);
    }
    if let (Some(facts), Some(document)) = (&facts, document) {
        judge_entities(report, &fields, facts, document);
    }
    let (cedar_policy, cedar_schema) = cedar?;
    Some(Behind::Guard(Box::new(GuardPlan {
        listener: listener?.value,
        socket: PathBuf::from(socket?.value),
        peer_uid: peer_uid.flatten().and_then(|uid| u32::try_from(uid).ok()),
        cedar_policy,
        cedar_schema,
        facts: facts?,
        context_key: context_key.flatten(),
    })))
}

fn judge_listener(
    report: &mut Report,
    name: &At<String>,
    service: &str,
    around: &Around<'_>,
) -> bool {
    if !refer(report, name, &around.names.listeners, "listener") {
        return false;
    }
    let wanted = Line::Guard(service.to_owned());
    let found = around
        .listeners
        .iter()
        .find(|listener| listener.value.name == name.value);
    if found.is_some_and(|listener| listener.value.line != wanted) {
        let hint = format!("it needs `line: \"guard:{service}\"`");
        report.mistake_hint(
            name.spot,
            format!("listener `{}` is not the one of this guard", name.value),
            hint,
        );
        return false;
    }
    true
}

/// A path inside the state directory.
fn judge_relative(report: &mut Report, path: &At<String>, what: &str) -> bool {
    let inside = !path.value.starts_with('/')
        && path
            .value
            .split('/')
            .all(|part| !matches!(part, "" | "." | ".."));
    if !inside {
        let message = format!(
            "`{what}` must be a path inside the state directory, not `{}`",
            path.value
        );
        report.mistake_hint(path.spot, message, "e.g. `run/accounts.sock`");
    }
    inside
}

fn read_cedar(
    report: &mut Report,
    node: &Node,
    around: &mut Around<'_>,
) -> Option<(TextFile, TextFile)> {
    let fields = report.fields(node, "`cedar`", &["policy", "schema"])?;
    let policy = fields
        .need_text(report, "policy")
        .and_then(|name| fetch(report, &name, around));
    let schema = fields
        .need_text(report, "schema")
        .and_then(|name| fetch(report, &name, around));
    Some((policy?, schema?))
}

fn read_facts(report: &mut Report, node: &Node) -> Option<Facts> {
    let fields = report.fields(node, "`facts`", &["database", "objects"])?;
    let database = fields
        .need(report, "database")
        .and_then(|node| read_database(report, node));
    let mut objects = BTreeMap::new();
    if let Some(node) = fields.need(report, "objects")
        && report.fields_of_any(node, "`objects`").is_some()
    {
        for entry in node.entries() {
            if !words::is_entity(&entry.key) {
                report.mistake(entry.spot, format!("`{}` is no entity type", entry.key));
            }
            if let Some(statement) =
                report.text(&entry.value, &format!("the statement of `{}`", entry.key))
            {
                judge_statement(report, &statement, &entry.key);
                let statement = FactStatement {
                    text: statement.value,
                    spot: entry.spot,
                };
                objects.insert(entry.key.clone(), statement);
            }
        }
    }
    Some(Facts {
        database: database?,
        objects,
    })
}

/// One `SELECT` with the one parameter `$1`. The database's own read-only role is what holds; this finds mistakes early.
fn judge_statement(report: &mut Report, statement: &At<String>, entity: &str) {
    let text = statement.value.trim();
    let select = text
        .get(..6)
        .is_some_and(|word| word.eq_ignore_ascii_case("select"));
    if !select || text.contains(';') {
        report.mistake(
            statement.spot,
            format!("the statement of `{entity}` must be one SELECT without `;`"),
        );
    }
    let places: Vec<&str> = text
        .split('$')
        .skip(1)
        .map(|rest| {
            rest.split(|c: char| !c.is_ascii_digit())
                .next()
                .unwrap_or("")
        })
        .collect();
    if places.is_empty() || places.iter().any(|place| *place != "1") {
        let hint = "`$1` is the object's id as text";
        report.mistake_hint(
            statement.spot,
            format!("the statement of `{entity}` must have the one parameter `$1`"),
            hint,
        );
    }
}

fn read_database(report: &mut Report, node: &Node) -> Option<FactsDatabase> {
    let fields = report.fields(node, "`database`", &["sqlite", "postgres"])?;
    match (fields.get("sqlite"), fields.get("postgres")) {
        (Some(node), None) => {
            let path = report.text(node, "`sqlite`")?;
            judge_relative(report, &path, "sqlite")
                .then(|| FactsDatabase::Sqlite(PathBuf::from(path.value)))
        }
        (None, Some(_)) => read_secret(report, &fields, "postgres").map(FactsDatabase::Postgres),
        _ => {
            report.mistake(
                node.spot,
                "`database` must have either `sqlite` or `postgres`",
            );
            None
        }
    }
}

/// Every object that the document names must be readable: the guard needs its row (the tenant, the attributes of the schema) even
/// where it takes the owner from a header.
fn judge_entities(report: &mut Report, fields: &Fields<'_>, facts: &Facts, document: &Document) {
    let spot: Spot = fields.key_spot("facts").unwrap_or(fields.spot);
    let mut told: Vec<&str> = Vec::new();
    for operation in &document.operations {
        let Ownership::Object(rule) = &operation.ownership else {
            continue;
        };
        let entity = rule.entity.as_str();
        if !facts.objects.contains_key(entity) && !told.contains(&entity) {
            told.push(entity);
            let hint = format!(
                "add `{entity}:` with a SELECT that yields `owner` and `tenant` for the id `$1`"
            );
            let message = format!(
                "operation `{}` needs the row of `{entity}`, and `objects` does not say where it is stored",
                operation.id
            );
            report.mistake_hint(spot, message, hint);
        }
    }
}
