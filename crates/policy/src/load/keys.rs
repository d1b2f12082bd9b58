//! `keys`: where the authority's private keys are kept, and how long readers may keep the public ones.

use super::report::{Fields, Report};
use super::secrets::{read_secret, read_token};
use super::yaml::Node;
use crate::{Environment, KeysKept, KeysPlan};

/// How long readers may keep a key set when a development plan does not say, seconds.
const CACHE_SECONDS: u32 = 60;
/// Shortest time for which readers may keep a key set, seconds: the edge and the guards fetch it once a minute.
const CACHE_SECONDS_MIN: u32 = 60;
/// Longest time for which readers may keep a key set, seconds: rotation takes this long, and so does a stolen key's end.
const CACHE_SECONDS_MAX: u32 = 3600;

/// Without the block, keys are plain files; production has to say so.
pub(super) fn read_keys(
    report: &mut Report,
    root: &Fields<'_>,
    environment: Option<Environment>,
) -> Option<KeysPlan> {
    if let Some(node) = root.get("keys") {
        return read_block(report, node);
    }
    if environment == Some(Environment::Production) {
        let hint = "add `keys: { cache_seconds: 60, passphrase: REFERENCE }`, or `pkcs11`, or `danger_plain` and the reason";
        let message = "in production the plan says how the authority's keys are kept";
        report.mistake_hint(root.spot, message, hint);
    }
    Some(KeysPlan {
        cache_seconds: CACHE_SECONDS,
        kept: KeysKept::Plain { because: None },
    })
}

fn read_block(report: &mut Report, node: &Node) -> Option<KeysPlan> {
    let ways = ["passphrase", "pkcs11", "danger_plain"];
    let known = ["cache_seconds", "passphrase", "pkcs11", "danger_plain"];
    let fields = report.fields(node, "`keys`", &known)?;
    let cache_seconds = fields.need_u32(
        report,
        "cache_seconds",
        CACHE_SECONDS_MIN..=CACHE_SECONDS_MAX,
    );
    let mut chosen = ways.iter().filter(|way| fields.get(way).is_some());
    let kept = match (chosen.next(), chosen.next()) {
        (Some(&"passphrase"), None) => read_secret(report, &fields, "passphrase")
            .map(|passphrase| KeysKept::Encrypted { passphrase }),
        (Some(&"pkcs11"), None) => {
            read_token(report, &fields, "pkcs11").map(|token| KeysKept::Token { token })
        }
        (Some(_), None) => {
            fields
                .need_text(report, "danger_plain")
                .map(|because| KeysKept::Plain {
                    because: Some(because.value),
                })
        }
        _ => {
            report.mistake(
                node.spot,
                "`keys` must have exactly one of `passphrase`, `pkcs11` and `danger_plain`",
            );
            None
        }
    };
    Some(KeysPlan {
        cache_seconds: cache_seconds?,
        kept: kept?,
    })
}
