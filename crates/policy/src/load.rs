//! Configuration text becomes a checked plan, or the list of every mistake in it.
//!
//! The order is the order of references: names first, then what introduces them, then what uses them. A part that cannot be
//! read is left out and reported once; what refers to it is not reported again.

mod calls;
mod clients;
mod document;
mod issuers;
mod keys;
mod limits;
mod listeners;
mod names;
mod report;
mod routes;
mod secrets;
mod services;
mod waf;
mod words;
mod yaml;

use self::names::{AUTHORITY, Names};
use self::report::{Fields, Report};
use self::services::{Around, Offer};
use self::words::{hint, is_host};
use crate::lookup::RouteIndex;
use crate::{
    Behind, Call, Client, Environment, Issuer, KeysPlan, Limits, Listener, Mistakes, PathTemplate,
    Plan, Route, Service, TextFile, VaultPlan, Waf, Zone,
};

/// Keys of the whole configuration.
const KEYS: &[&str] = &[
    "version",
    "environment",
    "trust_domain",
    "listeners",
    "zones",
    "services",
    "calls",
    "issuers",
    "clients",
    "keys",
    "vault",
    "limits",
    "waf",
    "routes",
];

/// Reads a configuration whole.
///
/// `read` fetches the files that it names (OpenAPI documents, Cedar policies and schemas) and says in its own words why one
/// cannot be read. `builtin` holds the documents of services that need no entry, by name: the authority's.
pub fn load(
    main: &TextFile,
    read: &mut dyn FnMut(&str) -> Result<String, String>,
    builtin: &[(&str, &str)],
) -> Result<Plan, Mistakes> {
    let mut report = Report::new(&main.name);
    let parts = read_parts(&mut report, &main.text, read, builtin);
    match parts {
        Some(parts) if report.is_clean() => assemble(&main.name, parts).ok_or_else(|| {
            report.mistake(yaml::START, "the configuration cannot be assembled");
            report.finish()
        }),
        _ => Err(report.finish()),
    }
}

/// What was read; without mistakes, everything is there.
struct Parts {
    environment: Option<Environment>,
    trust_domain: Option<String>,
    listeners: Vec<Listener>,
    zones: Vec<Zone>,
    offers: Vec<Offer>,
    calls: Vec<Call>,
    issuer: Option<Issuer>,
    clients: Vec<Client>,
    keys: Option<KeysPlan>,
    vault: Option<VaultPlan>,
    limits: Option<Limits>,
    waf: Option<Waf>,
    routes: Vec<Route>,
    index: Option<RouteIndex>,
}

fn read_parts(
    report: &mut Report,
    text: &str,
    read: &mut dyn FnMut(&str) -> Result<String, String>,
    builtin: &[(&str, &str)],
) -> Option<Parts> {
    let root = report.parse(text)?;
    let fields = report.fields(&root, "the configuration", KEYS)?;
    let names = Names::gather(&root);
    read_version(report, &fields);
    let environment = read_environment(report, &fields);
    let trust_domain = read_trust_domain(report, &fields);
    let listeners = fields.need(report, "listeners");
    let listeners = listeners
        .map(|node| listeners::read_listeners(report, node, &names, environment))
        .unwrap_or_default();
    let zones = fields
        .need(report, "zones")
        .map(|node| listeners::read_zones(report, node))
        .unwrap_or_default();
    let mut around = Around {
        names: &names,
        listeners: &listeners,
        read,
    };
    let services = fields.need(report, "services");
    let mut offers = services
        .map(|node| services::read_services(report, node, &mut around))
        .unwrap_or_default();
    offers.extend(read_builtin(report, builtin));
    let before = report.count();
    let calls = fields.need(report, "calls");
    let calls = calls
        .map(|node| calls::read_calls(report, node, &names, &offers, &zones))
        .unwrap_or_default();
    let calls_complete = report.count() == before;
    let issuer = fields
        .need(report, "issuers")
        .and_then(|node| issuers::read_issuer(report, node));
    let clients = fields
        .need(report, "clients")
        .map(|node| clients::read(report, node, &names, issuer.as_ref()))
        .unwrap_or_default();
    let (keys, vault) = read_kept(report, &fields, environment);
    let limits = fields.need(report, "limits");
    let limits = limits.and_then(|node| limits::read_limits(report, node, &names, &offers));
    let waf = fields.need(report, "waf");
    let waf = waf.and_then(|node| waf::read_waf(report, node));
    let offered = routes::Offered {
        waf: waf.as_ref(),
        names: &names,
        offers: &offers,
        calls: calls_complete.then_some(&calls),
        body_bytes_max: limits.as_ref().map(|limits| limits.body_bytes_max),
    };
    let routes = fields.need(report, "routes");
    let routes = routes
        .map(|node| routes::read_routes(report, node, &offered))
        .unwrap_or_default();
    let index = build_index(report, &fields, &routes);
    Some(Parts {
        environment,
        trust_domain,
        listeners: listeners.into_iter().map(|one| one.value).collect(),
        zones,
        offers,
        calls,
        issuer,
        clients,
        keys,
        vault,
        limits,
        waf,
        routes,
        index,
    })
}

/// `keys` and `vault`. Every reference to a secret stands before them, so all are judged together here.
fn read_kept(
    report: &mut Report,
    fields: &Fields<'_>,
    environment: Option<Environment>,
) -> (Option<KeysPlan>, Option<VaultPlan>) {
    let keys = keys::read_keys(report, fields, environment);
    let vault = fields.get("vault");
    let has_vault = vault.is_some();
    let vault = vault.and_then(|node| secrets::read_vault(report, node));
    secrets::judge(report, has_vault);
    (keys, vault)
}

fn read_version(report: &mut Report, fields: &Fields<'_>) {
    if let Some(node) = fields.need(report, "version")
        && (node.scalar() != Some("1") || node.describe() != "a number")
    {
        report.mistake(node.spot, "`version` must be `1`");
    }
}

fn read_environment(report: &mut Report, fields: &Fields<'_>) -> Option<Environment> {
    let text = fields.need_text(report, "environment")?;
    match text.value.as_str() {
        "development" => Some(Environment::Development),
        "production" => Some(Environment::Production),
        other => {
            let known = ["development".to_owned(), "production".to_owned()];
            report.mistake_hint(
                text.spot,
                format!("there is no environment `{other}`"),
                hint(other, &known, "environments"),
            );
            None
        }
    }
}

fn read_trust_domain(report: &mut Report, fields: &Fields<'_>) -> Option<String> {
    let text = fields.need_text(report, "trust_domain")?;
    if !is_host(&text.value) {
        let hint = "a lower-case DNS name, e.g. `bank.internal`";
        report.mistake_hint(
            text.spot,
            format!("`{}` is no trust domain", text.value),
            hint,
        );
    }
    Some(text.value)
}

/// The services that need no entry. Their documents are ours; a mistake in one is reported like any other.
fn read_builtin(report: &mut Report, builtin: &[(&str, &str)]) -> Vec<Offer> {
    let mut offers = Vec::new();
    for (name, text) in builtin {
        let mut own = Report::new(&format!("(built in) {name}"));
        let document = document::read_document(&mut own, text);
        let complete = own.is_clean();
        report.absorb(own);
        let (name, zone) = ((*name).to_owned(), Some(AUTHORITY.to_owned()));
        offers.push(Offer {
            name,
            zone,
            document,
            complete,
            behind: Some(Behind::Authority),
        });
    }
    offers
}

fn build_index(report: &mut Report, fields: &Fields<'_>, routes: &[Route]) -> Option<RouteIndex> {
    let templates: Vec<&PathTemplate> = routes.iter().map(|route| &route.path).collect();
    let index = RouteIndex::build(&templates);
    if index.is_none() {
        let spot = fields.key_spot("routes").unwrap_or(fields.spot);
        report.mistake_hint(
            spot,
            "the routes overlap in too many ways",
            "use more literal paths",
        );
    }
    index
}

fn assemble(file: &str, parts: Parts) -> Option<Plan> {
    let mut services = Vec::new();
    for offer in parts.offers {
        let (zone, document, behind) = (offer.zone?, offer.document?, offer.behind?);
        services.push(Service {
            name: offer.name,
            zone,
            document,
            behind,
        });
    }
    let mut zones = parts.zones;
    if services.iter().any(|service| service.name == AUTHORITY)
        && !zones.iter().any(|zone| zone.name == AUTHORITY)
    {
        zones.push(Zone {
            name: AUTHORITY.to_owned(),
            isolated: false,
        });
    }
    Some(Plan {
        file: file.to_owned(),
        environment: parts.environment?,
        trust_domain: parts.trust_domain?,
        listeners: parts.listeners,
        zones,
        services,
        calls: parts.calls,
        issuer: parts.issuer?,
        clients: parts.clients,
        keys: parts.keys?,
        vault: parts.vault,
        limits: parts.limits?,
        waf: parts.waf?,
        routes: parts.routes,
        index: parts.index?,
    })
}
