//! `exchange` of a client: whose tokens it may exchange, and what for (RFC 8693).

use crate::load::names::{AUTHORITY, Names, refer};
use crate::load::report::{Fields, Report};
use crate::load::words;
use crate::load::yaml::Node;
use crate::{ExchangeRule, Issuer};

const KNOWN: [&str; 3] = ["issuer", "clients", "audiences"];
/// Most rules of one client.
const RULES_MAX: usize = 16;

pub(super) fn read(
    report: &mut Report,
    fields: &Fields<'_>,
    names: &Names,
    issuer: Option<&Issuer>,
) -> Vec<ExchangeRule> {
    let Some(node) = fields.get("exchange") else {
        return Vec::new();
    };
    let items = report.list(node, "`exchange`").unwrap_or_default();
    if items.len() > RULES_MAX {
        let message = format!("a client has at most {RULES_MAX} rules of exchange");
        report.mistake(node.spot, message);
    }
    items
        .iter()
        .filter_map(|item| read_rule(report, item, names, issuer))
        .collect()
}

fn read_rule(
    report: &mut Report,
    item: &Node,
    names: &Names,
    issuer: Option<&Issuer>,
) -> Option<ExchangeRule> {
    let fields = report.fields(item, "a rule of exchange", &KNOWN)?;
    if let Some(name) = fields.need_text(report, "issuer")
        && name.value != AUTHORITY
    {
        let hint = "the embedded one is `authority`";
        report.mistake_hint(
            name.spot,
            format!("there is no issuer `{}`", name.value),
            hint,
        );
    }
    let clients = fields.need_texts(report, "clients")?;
    for client in &clients {
        refer(report, client, &names.clients, "client");
    }
    let audiences = fields.need_texts(report, "audiences")?;
    for audience in &audiences {
        // Tokens have one audience; another one would be promised and never given.
        if let Some(issuer) = issuer
            && issuer.audience != audience.value
        {
            let known = [issuer.audience.clone()];
            report.mistake_hint(
                audience.spot,
                format!("no token is for `{}`", audience.value),
                words::hint(&audience.value, &known, "audiences"),
            );
        }
    }
    Some(ExchangeRule {
        clients: clients.into_iter().map(|one| one.value).collect(),
        audiences: audiences.into_iter().map(|one| one.value).collect(),
    })
}
