//! The test cases of `gotestwaf`: every payload with every encoder at every placeholder.

use std::borrow::Cow;

use crate::regression::RegressionMistake;
use crate::regression::yaml::{self, Node};

use super::{Replay, Replayed, encoder, mistake, placeholder};

/// Most requests of one file. The largest known has 261.
const REQUESTS_MAX: usize = 100_000;

pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Replay, RegressionMistake> {
    let text = std::str::from_utf8(bytes).map_err(|_error| mistake(name, 1, "not UTF-8"))?;
    let root = yaml::parse(name, &quotes_unescaped(text))?;
    let root = root.ok_or_else(|| mistake(name, 1, "no payloads"))?;
    let list = |key: &str| root.get(key).map_or(&[][..], Node::items);
    let (payloads, encoders, placeholders) =
        (list("payload"), list("encoder"), list("placeholder"));
    let count = payloads.len() * encoders.len() * placeholders.len();
    if count == 0 || count > REQUESTS_MAX {
        let what = format!("{count} requests; there must be some, and at most {REQUESTS_MAX}");
        return Err(mistake(name, 1, what));
    }
    let attack = Some(!name.contains("false-pos"));
    let mut replay = Replay::default();
    for (index, payload) in payloads.iter().enumerate() {
        let payload = text_of(name, payload)?;
        for encoder in encoders {
            let encoder_name = text_of(name, encoder)?;
            let encoded = encoder::encode(encoder_name, payload)
                .ok_or_else(|| mistake(name, encoder.line, "there is no encoder of that name"))?;
            for placeholder in placeholders {
                let (placeholder, settings) = named(name, placeholder)?;
                let id = format!("{name}/{}/{encoder_name}/{placeholder}", index + 1);
                match placeholder::place(placeholder, settings, &encoded, &hexadecimal(&id)) {
                    Ok(request) => replay.requests.push(Replayed {
                        id,
                        request,
                        attack,
                    }),
                    Err(reason) => replay.skipped.push((id, reason)),
                }
            }
        }
    }
    Ok(replay)
}

fn text_of<'a>(name: &str, node: &'a Node) -> Result<&'a str, RegressionMistake> {
    node.scalar()
        .ok_or_else(|| mistake(name, node.line, "not text"))
}

/// A placeholder is its name, or a mapping from its name to its settings.
fn named<'a>(name: &str, node: &'a Node) -> Result<(&'a str, Option<&'a Node>), RegressionMistake> {
    match node.entries() {
        [(placeholder, settings), ..] => Ok((placeholder, Some(settings))),
        [] => Ok((text_of(name, node)?, None)),
    }
}

/// In quoted items `\'` becomes `'`. YAML has no such escape, and the tool's reader takes it nevertheless.
fn quotes_unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains("\\'") {
        return Cow::Borrowed(text);
    }
    let mut changed = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if !line.trim_start().starts_with("- \"") {
            changed.push_str(line);
            continue;
        }
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            match (character, characters.as_str().chars().next()) {
                ('\\', Some('\'')) => {}
                ('\\', Some(escaped)) => {
                    changed.extend(['\\', escaped]);
                    characters.next();
                }
                (other, _) => changed.push(other),
            }
        }
    }
    Cow::Owned(changed)
}

/// Ten hexadecimal digits of the FNV-1a hash of the id.
fn hexadecimal(id: &str) -> String {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{:010x}", hash & 0xff_ffff_ffff)
}
