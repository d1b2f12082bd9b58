//! References to secrets, wherever one stands, and `vault`, where some of them lead.
//!
//! What stands in the place of a reference is never repeated: it may be the secret.

use super::report::{Fields, Report};
use super::words::is_host;
use super::yaml::Node;
use crate::{SecretRef, Spot, VaultPlan};

/// Longest reference, bytes.
const REFERENCE_BYTES_MAX: usize = 1024;
const HINT: &str = "write `file:PATH`, `env:NAME`, `systemd-creds:NAME` or `vault:MOUNT/PATH#FIELD`; the secret itself does not belong in the configuration";

/// A reference as it was met: what is judged once all of them are known.
#[derive(Debug)]
pub(super) struct Met {
    text: String,
    /// The key under which it stands. Two secrets of one kind may be the same: guards of one database share its context key.
    purpose: String,
    spot: Spot,
}

/// A reference to a secret.
pub(super) fn read_secret(
    report: &mut Report,
    fields: &Fields<'_>,
    key: &str,
) -> Option<SecretRef> {
    read_secret_for(report, fields, key, key)
}

/// A reference to a secret whose purpose is not what its key says.
pub(super) fn read_secret_for(
    report: &mut Report,
    fields: &Fields<'_>,
    key: &str,
    purpose: &str,
) -> Option<SecretRef> {
    let node = fields.need(report, key)?;
    let found = read_reference(report, node, key)?;
    report.meet(Met {
        text: found.0.clone(),
        purpose: purpose.to_owned(),
        spot: node.spot,
    });
    Some(found)
}

/// A reference to something that is not secret. One PEM file often holds a certificate and its key.
pub(super) fn read_public(
    report: &mut Report,
    fields: &Fields<'_>,
    key: &str,
) -> Option<SecretRef> {
    let node = fields.need(report, key)?;
    let found = read_reference(report, node, key)?;
    if found.0.starts_with("vault:") {
        report.meet(Met {
            text: found.0.clone(),
            purpose: String::new(),
            spot: node.spot,
        });
    }
    Some(found)
}

/// The PKCS#11 token in which keys are kept: a URI of a token with its module and its PIN by reference, and of no key in it.
pub(super) fn read_token(report: &mut Report, fields: &Fields<'_>, key: &str) -> Option<SecretRef> {
    let node = fields.need(report, key)?;
    if let Some((uri, pin)) = node.scalar().and_then(token_pin) {
        report.meet(Met {
            text: pin,
            purpose: "pin-source".to_owned(),
            spot: node.spot,
        });
        Some(SecretRef(uri.to_owned()))
    } else {
        let hint = "write `pkcs11:token=NAME?module-path=/PATH&pin-source=REFERENCE` (RFC 7512); the PIN itself does not belong in the configuration";
        report.mistake_hint(
            node.spot,
            format!("`{key}` must be the URI of a PKCS#11 token"),
            hint,
        );
        None
    }
}

/// `vault`: the server of `vault:` references.
pub(super) fn read_vault(report: &mut Report, node: &Node) -> Option<VaultPlan> {
    let fields = report.fields(node, "`vault`", &["address", "ca", "token"])?;
    let address = fields.need_text(report, "address");
    let place = address.and_then(|address| {
        let place = split(&address.value);
        if place.is_none() {
            let hint = "write `https://HOST` or `https://HOST:PORT`, without a path";
            report.mistake_hint(
                address.spot,
                format!("`{}` is no address of a vault", address.value),
                hint,
            );
        }
        place
    });
    let ca = read_public(report, &fields, "ca");
    let token = read_secret(report, &fields, "token");
    let (ca, token) = (ca?, token?);
    for (key, reference) in [("ca", &ca), ("token", &token)] {
        if reference.0.starts_with("vault:") {
            let spot = fields.get(key).map_or(node.spot, |node| node.spot);
            report.mistake(spot, format!("the vault's own `{key}` cannot lie in it"));
        }
    }
    let (host, port) = place?;
    Some(VaultPlan {
        host,
        port,
        ca,
        token,
    })
}

/// What only all references together show: a vault that is not there, and one secret for two purposes.
pub(super) fn judge(report: &mut Report, has_vault: bool) {
    let met = report.met();
    for (at, one) in met.iter().enumerate() {
        if one.text.starts_with("vault:") && !has_vault {
            let hint = "add `vault: { address: …, ca: …, token: … }`";
            report.mistake_hint(one.spot, "the plan has no `vault` to read from", hint);
        }
        let earlier = met.iter().take(at);
        let mut secrets = earlier.filter(|other| !other.purpose.is_empty());
        let twin = secrets.find(|other| other.text == one.text && other.purpose != one.purpose);
        if let Some(other) = twin.filter(|_| !one.purpose.is_empty()) {
            let hint = "one secret, one purpose: who learns it must not gain two things";
            let message = format!(
                "`{}` is the same secret as `{}` on line {}",
                one.purpose, other.purpose, other.spot.line
            );
            report.mistake_hint(one.spot, message, hint);
        }
    }
}

fn read_reference(report: &mut Report, node: &Node, key: &str) -> Option<SecretRef> {
    match node.scalar() {
        Some(text) if is_reference(text) => Some(SecretRef(text.to_owned())),
        _ => {
            report.mistake_hint(node.spot, format!("`{key}` must refer to a secret"), HINT);
            None
        }
    }
}

/// Whether this names something that can be read. Who reads it parses it anew; both must agree, which a test of the binary
/// holds.
fn is_reference(text: &str) -> bool {
    let good = match text.split_once(':') {
        Some(("file", path)) => !path.is_empty(),
        Some(("env", name)) => !name.is_empty() && name.bytes().all(is_of_variable),
        Some(("systemd-creds", name)) => is_segment(name),
        Some(("vault", place)) => is_vault_path(place),
        _ => false,
    };
    good && text.len() <= REFERENCE_BYTES_MAX
}

fn is_of_variable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_segment(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !text.is_empty() && text != "." && text != ".." && text.bytes().all(good)
}

fn is_vault_path(text: &str) -> bool {
    let Some((place, field)) = text.split_once('#') else {
        return false;
    };
    place.contains('/') && place.split('/').all(is_segment) && is_segment(field)
}

/// The URI, and the reference to its PIN, if everything that opening a token needs is there and nothing else.
fn token_pin(text: &str) -> Option<(&str, String)> {
    let (path, query) = text.strip_prefix("pkcs11:")?.split_once('?')?;
    let mut named = [
        ("token", 0),
        ("serial", 0),
        ("module-path", 0),
        ("pin-source", 0),
    ];
    let mut pin = None;
    let parts = path.split(';').map(|part| (part, true));
    let parts = parts.chain(query.split('&').map(|part| (part, false)));
    for (part, in_path) in parts.filter(|(part, _)| !part.is_empty()) {
        let (name, value) = part.split_once('=')?;
        let value = unescape(value).filter(|value| !value.is_empty())?;
        let (_, count) = named.iter_mut().find(|(known, _)| *known == name)?;
        *count += 1;
        let good = match name {
            "token" | "serial" => in_path && value.len() <= 64,
            "module-path" => !in_path && value.starts_with('/'),
            _ => !in_path && is_reference(&value),
        };
        if !good {
            return None;
        }
        if name == "pin-source" {
            pin = Some(value);
        }
    }
    let counted = |name: &str| {
        named
            .iter()
            .find(|(known, _)| *known == name)
            .map(|one| one.1)
    };
    let whole = counted("token") == Some(1)
        && counted("module-path") == Some(1)
        && counted("pin-source") == Some(1)
        && counted("serial") <= Some(1)
        && text.len() <= REFERENCE_BYTES_MAX;
    pin.filter(|_| whole).map(|pin| (text, pin))
}

/// RFC 7512 §2.3: what is not plain is written with `%`. Texts have no control characters.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
        } else if byte.is_ascii_alphanumeric() || b"-._~:[]@!$'()*+,=/#".contains(&byte) {
            bytes.push(byte);
        } else {
            return None;
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

fn split(address: &str) -> Option<(String, u16)> {
    let place = address.strip_prefix("https://")?;
    // The last `:` of `[::1]` stands inside the brackets.
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !place.ends_with(']') => {
            (host, port.parse().ok().filter(|port| *port != 0)?)
        }
        _ => (place, 443),
    };
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let good = match bare {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_host(host) && !host.contains(':'),
    };
    good.then(|| (bare.unwrap_or(host).to_owned(), port))
}
