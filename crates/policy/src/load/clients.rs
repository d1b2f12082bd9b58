//! `clients`: for which applications tokens are made, how these prove who they are, and where answers may go.

mod exchange;
mod keys;

use super::names::{Names, refer, refuse_twice};
use super::report::{At, Fields, Report};
use super::words;
use super::yaml::Node;
use crate::{Client, ClientAuthentication, Grant, Issuer, OwnPrincipal, RedirectUri};

/// Keys of a client.
const KNOWN: [&str; 11] = [
    "id",
    "permissions",
    "authentication",
    "grants",
    "redirect_uris",
    "tenant",
    "roles",
    "pushed_only",
    "refresh_grace_seconds",
    "keys",
    "exchange",
];
/// Most redirect URIs of one client.
const REDIRECT_URIS_MAX: usize = 32;
/// Longest redirect URI, bytes.
const REDIRECT_URI_BYTES_MAX: usize = 512;
/// The grace of a used refresh token when the plan does not say, seconds: two tabs of a browser ask at the same moment; a
/// confidential client tries again after a lost answer (FAPI 2.0 §5.3.2.1), and its secret has to be stolen, too.
const GRACE_SECONDS: u32 = 5;
const GRACE_SECONDS_CONFIDENTIAL: u32 = 60;
/// The longest, for public and confidential clients.
const GRACE_SECONDS_MAX: u32 = 30;
const GRACE_SECONDS_CONFIDENTIAL_MAX: u32 = 300;
/// What a subject of a client begins with, and no user's.
const AUTHENTICATIONS: [(&str, ClientAuthentication); 4] = [
    ("none", ClientAuthentication::None),
    ("client_secret_basic", ClientAuthentication::SecretBasic),
    ("client_secret_post", ClientAuthentication::SecretPost),
    ("private_key_jwt", ClientAuthentication::PrivateKeyJwt),
];
const GRANTS: [(&str, Grant); 4] = [
    ("authorization_code", Grant::AuthorizationCode),
    ("refresh_token", Grant::RefreshToken),
    ("client_credentials", Grant::ClientCredentials),
    ("token_exchange", Grant::TokenExchange),
];

pub(super) fn read(
    report: &mut Report,
    node: &Node,
    names: &Names,
    issuer: Option<&Issuer>,
) -> Vec<Client> {
    let mut seen: Vec<At<String>> = Vec::new();
    let mut clients = Vec::new();
    for item in report.list(node, "`clients`").unwrap_or_default() {
        let Some(fields) = report.fields(item, "a client", &KNOWN) else {
            continue;
        };
        let id = fields.need_text(report, "id");
        if let Some(id) = &id {
            if !words::is_role(&id.value) {
                report.mistake(id.spot, format!("`{}` is no client id", id.value));
            }
            refuse_twice(report, id, &seen, "client");
            seen.push(id.clone());
        }
        let mut client = read_one(report, &fields, names, id);
        if let Some(client) = &mut client {
            client.exchange = exchange::read(report, &fields, names, issuer);
            judge(report, item, client);
        }
        clients.extend(client);
    }
    clients
}

fn read_one(
    report: &mut Report,
    fields: &Fields<'_>,
    names: &Names,
    id: Option<At<String>>,
) -> Option<Client> {
    let permissions = fields.need_texts(report, "permissions").unwrap_or_default();
    for permission in &permissions {
        refer(report, permission, &names.permissions, "permission");
    }
    let authentication = fields
        .get("authentication")
        .and_then(|node| report.text(node, "`authentication`"))
        .map_or(Some(ClientAuthentication::None), |word| {
            one_of(report, &word, &AUTHENTICATIONS, "client authentication")
        });
    let grants = read_grants(report, fields);
    let redirect_uris = read_redirect_uris(report, fields);
    let own = read_own(report, fields, names);
    let pushed_only = fields
        .get("pushed_only")
        .is_some_and(|node| report.boolean(node, "`pushed_only`").unwrap_or_default());
    let refresh_grace_seconds = read_grace(report, fields, authentication);
    let keys = keys::read(report, fields);
    Some(Client {
        id: id?.value,
        permissions: permissions
            .into_iter()
            .map(|permission| permission.value)
            .collect(),
        authentication: authentication?,
        grants: grants?,
        redirect_uris,
        own,
        pushed_only,
        refresh_grace_seconds: refresh_grace_seconds?,
        keys: keys?,
        exchange: Vec::new(),
    })
}

fn one_of<T: Copy>(
    report: &mut Report,
    word: &At<String>,
    known: &[(&str, T)],
    noun: &str,
) -> Option<T> {
    let found = known.iter().find(|(name, _)| *name == word.value);
    if found.is_none() {
        let words: Vec<String> = known.iter().map(|(name, _)| (*name).to_owned()).collect();
        let hint = words::hint(&word.value, &words, noun);
        report.mistake_hint(
            word.spot,
            format!("there is no {noun} `{}`", word.value),
            &hint,
        );
    }
    found.map(|(_, value)| *value)
}

fn read_grants(report: &mut Report, fields: &Fields<'_>) -> Option<Vec<Grant>> {
    let Some(node) = fields.get("grants") else {
        return Some(Vec::new());
    };
    let words = report.texts(node, "`grants`")?;
    let mut grants = Vec::new();
    for word in &words {
        let grant = one_of(report, word, &GRANTS, "grant")?;
        if grants.contains(&grant) {
            report.mistake(word.spot, format!("grant `{}` stands twice", word.value));
        }
        grants.push(grant);
    }
    Some(grants)
}

fn read_grace(
    report: &mut Report,
    fields: &Fields<'_>,
    authentication: Option<ClientAuthentication>,
) -> Option<u32> {
    let (usual, most) = if authentication? == ClientAuthentication::None {
        (GRACE_SECONDS, GRACE_SECONDS_MAX)
    } else {
        (GRACE_SECONDS_CONFIDENTIAL, GRACE_SECONDS_CONFIDENTIAL_MAX)
    };
    let Some(node) = fields.get("refresh_grace_seconds") else {
        return Some(usual);
    };
    let number = report.number(node, "`refresh_grace_seconds`", 0..=most.into())?;
    u32::try_from(number).ok()
}

fn read_redirect_uris(report: &mut Report, fields: &Fields<'_>) -> Vec<RedirectUri> {
    let Some(node) = fields.get("redirect_uris") else {
        return Vec::new();
    };
    let texts = report.texts(node, "`redirect_uris`").unwrap_or_default();
    if texts.len() > REDIRECT_URIS_MAX {
        report.mistake(
            node.spot,
            format!("a client has at most {REDIRECT_URIS_MAX} redirect URIs"),
        );
    }
    let mut uris = Vec::new();
    for text in texts {
        match redirect_uri(&text.value) {
            Ok(uri) => uris.push(uri),
            Err(why) => {
                let hint = "an absolute URI without fragment: `https://…`, `http://127.0.0.1/…`, or `com.example.app:/…`";
                report.mistake_hint(
                    text.spot,
                    format!("`{}` is no redirect URI: {why}", text.value),
                    hint,
                );
            }
        }
    }
    uris
}

/// Reads one redirect URI. It is compared octet for octet later, so nothing here is normalised.
fn redirect_uri(text: &str) -> Result<RedirectUri, &'static str> {
    if text.len() > REDIRECT_URI_BYTES_MAX {
        return Err("it is too long");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains(['\\', '"', '<', '>']) {
        return Err("it has a character that no URI has");
    }
    if text.contains('#') {
        return Err("it has a fragment (RFC 6749 §3.1.2)");
    }
    if text.contains('*') {
        return Err("patterns are not allowed (RFC 9700 §2.1)");
    }
    let (scheme, rest) = text.split_once(':').ok_or("it is not absolute")?;
    let plain = RedirectUri {
        text: text.to_owned(),
        loopback: None,
    };
    match scheme {
        "https" => {
            let authority = rest.strip_prefix("//").ok_or("it names no host")?;
            let authority = authority.split(['/', '?']).next().unwrap_or_default();
            let host = authority
                .rsplit_once(':')
                .map_or(authority, |(host, _)| host);
            if authority.contains('@') || host.is_empty() {
                return Err("its host cannot be compared");
            }
            Ok(plain)
        }
        "http" => {
            let before = ["http://127.0.0.1", "http://[::1]"]
                .into_iter()
                .find(|start| {
                    text.strip_prefix(start)
                        .is_some_and(|rest| rest.starts_with(['/', ':']))
                })
                .ok_or("without TLS it must be `127.0.0.1` or `[::1]` (RFC 8252 §8.3)")?;
            let rest = text.strip_prefix(before).unwrap_or_default();
            // With a port of its own it is that port and no other.
            let loopback = rest
                .starts_with('/')
                .then(|| (before.to_owned(), rest.to_owned()));
            Ok(RedirectUri {
                text: text.to_owned(),
                loopback,
            })
        }
        // RFC 8252 §7.1: a private scheme is a domain name in reverse, so that `javascript:` and the like are none.
        scheme if scheme.contains('.') && rest.starts_with('/') => Ok(plain),
        _ => Err("its scheme is neither `https` nor a domain name in reverse"),
    }
}

fn read_own(report: &mut Report, fields: &Fields<'_>, names: &Names) -> Option<OwnPrincipal> {
    let tenant = fields
        .get("tenant")
        .and_then(|node| report.text(node, "`tenant`"))?;
    if !words::is_role(&tenant.value) {
        report.mistake(tenant.spot, format!("`{}` is no tenant", tenant.value));
    }
    let roles = fields
        .get("roles")
        .and_then(|node| report.texts(node, "`roles`"))
        .unwrap_or_default();
    for role in &roles {
        refer(report, role, &names.roles, "role");
    }
    Some(OwnPrincipal {
        tenant: tenant.value,
        roles: roles.into_iter().map(|role| role.value).collect(),
    })
}

/// What must go together.
fn judge(report: &mut Report, item: &Node, client: &Client) {
    let has = |grant| client.grants.contains(&grant);
    let public = client.authentication == ClientAuthentication::None;
    let mut mistake = |wrong: bool, message: &str, hint: &str| {
        if wrong {
            report.mistake_hint(item.spot, format!("client `{}` {message}", client.id), hint);
        }
    };
    mistake(
        has(Grant::ClientCredentials) && public,
        "may not ask for tokens of its own, because it proves nothing",
        "set `authentication` (RFC 6749 §4.4: confidential clients only)",
    );
    mistake(
        has(Grant::ClientCredentials) && client.own.is_none(),
        "asks for tokens of its own, and nobody said whom it is",
        "set `tenant` and `roles`",
    );
    mistake(
        !has(Grant::ClientCredentials) && client.own.is_some(),
        "has a `tenant`, but asks for no tokens of its own",
        "set the grant `client_credentials`, or leave `tenant` and `roles` away",
    );
    mistake(
        has(Grant::AuthorizationCode) && client.redirect_uris.is_empty(),
        "has no redirect URI",
        "list `redirect_uris`",
    );
    mistake(
        !has(Grant::AuthorizationCode) && !client.redirect_uris.is_empty(),
        "has redirect URIs, but not the grant `authorization_code`",
        "set the grant, or leave the URIs away",
    );
    mistake(
        client.pushed_only && !has(Grant::AuthorizationCode),
        "pushes authorization requests, but may make none",
        "set the grant `authorization_code`",
    );
    let by_key = client.authentication == ClientAuthentication::PrivateKeyJwt;
    mistake(
        by_key && client.keys.is_empty(),
        "proves itself by a key that nobody wrote down",
        "list `keys`: public JWKs",
    );
    mistake(
        !by_key && !client.keys.is_empty(),
        "has keys, but proves itself in another way",
        "set `authentication: private_key_jwt`, or leave `keys` away",
    );
    mistake(
        has(Grant::TokenExchange) && public,
        "may not exchange tokens, because it proves nothing",
        "set `authentication`",
    );
    mistake(
        has(Grant::TokenExchange) && client.exchange.is_empty(),
        "exchanges tokens, and nobody said whose",
        "list `exchange`",
    );
    mistake(
        !has(Grant::TokenExchange) && !client.exchange.is_empty(),
        "has rules of exchange, but not the grant `token_exchange`",
        "set the grant, or leave `exchange` away",
    );
    mistake(
        client.authentication != ClientAuthentication::None && client.grants.is_empty(),
        "proves who it is, but may ask for nothing",
        "list `grants`",
    );
}

#[cfg(test)]
mod tests;
