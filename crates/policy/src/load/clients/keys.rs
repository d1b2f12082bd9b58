//! `keys` of a client: public JWKs (RFC 7517), each good for one algorithm.

use super::super::names::refuse_twice;
use super::super::report::{At, Fields, Report};
use crate::{ClientKey, ClientPoint};

/// Members of a key; `d` is known in order to be refused in its own words.
const KNOWN: [&str; 8] = ["kid", "kty", "crv", "alg", "use", "x", "y", "d"];
/// Most keys of one client: one in use, one to come, and some to spare.
const KEYS_MAX: usize = 8;
/// Longest `kid`, bytes.
const KID_BYTES_MAX: usize = 128;
/// Characters of 32 bytes in base64url.
const COORDINATE_CHARACTERS: usize = 43;

/// All keys, or none of them when one has a mistake.
pub(super) fn read(report: &mut Report, client: &Fields<'_>) -> Option<Vec<ClientKey>> {
    let Some(node) = client.get("keys") else {
        return Some(Vec::new());
    };
    let before = report.count();
    let items = report.list(node, "`keys`").unwrap_or_default();
    if items.len() > KEYS_MAX {
        report.mistake(node.spot, format!("a client has at most {KEYS_MAX} keys"));
    }
    let mut seen: Vec<At<String>> = Vec::new();
    let mut keys = Vec::new();
    for item in items {
        let Some(fields) = report.fields(item, "a key", &KNOWN) else {
            continue;
        };
        if let Some(spot) = fields.key_spot("d") {
            let hint = "whoever read this file could speak for the client: make a new key and list its public half";
            report.mistake_hint(spot, "a private key has no place in a plan", hint);
        }
        let kid = read_kid(report, &fields, items.len() > 1, &seen);
        let point = read_point(report, &fields);
        seen.extend(kid.clone());
        let kid = kid.map(|kid| kid.value);
        keys.extend(point.map(|point| ClientKey { kid, point }));
    }
    (report.count() == before).then_some(keys)
}

fn read_kid(
    report: &mut Report,
    fields: &Fields<'_>,
    is_needed: bool,
    seen: &[At<String>],
) -> Option<At<String>> {
    let Some(node) = fields.get("kid") else {
        if is_needed {
            let message = "a client with several keys names each by `kid`";
            report.mistake(fields.spot, message);
        }
        return None;
    };
    let kid = report.text(node, "`kid`")?;
    let plain = kid.value.bytes().all(|byte| byte.is_ascii_graphic());
    if kid.value.is_empty() || kid.value.len() > KID_BYTES_MAX || !plain {
        report.mistake(kid.spot, format!("`{}` is no key id", kid.value));
    }
    refuse_twice(report, &kid, seen, "key");
    Some(kid)
}

fn read_point(report: &mut Report, fields: &Fields<'_>) -> Option<ClientPoint> {
    let kty = fields.need_text(report, "kty")?;
    let crv = fields.need_text(report, "crv")?;
    let alg = fields.need_text(report, "alg")?;
    let purpose = fields
        .get("use")
        .and_then(|node| report.text(node, "`use`"));
    if let Some(purpose) = purpose.filter(|purpose| purpose.value != "sig") {
        report.mistake(purpose.spot, "a client's key is for signatures: `use: sig`");
    }
    let kind = (&*kty.value, &*crv.value, &*alg.value);
    match kind {
        ("EC", "P-256", "ES256") => Some(ClientPoint::Es256 {
            x: coordinate(report, fields, "x")?,
            y: coordinate(report, fields, "y")?,
        }),
        ("OKP", "Ed25519", "EdDSA") => Some(ClientPoint::Ed25519 {
            x: coordinate(report, fields, "x")?,
        }),
        _ => {
            report.mistake_hint(
                fields.spot,
                "a client's key is of another kind than we verify",
                "`EC`, `P-256`, `ES256` or `OKP`, `Ed25519`, `EdDSA`",
            );
            None
        }
    }
}

fn coordinate(report: &mut Report, fields: &Fields<'_>, name: &str) -> Option<String> {
    let text = fields.need_text(report, name)?;
    let plain = text
        .value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if text.value.len() == COORDINATE_CHARACTERS && plain {
        return Some(text.value);
    }
    report.mistake(text.spot, format!("`{name}` is not 32 bytes in base64url"));
    None
}
