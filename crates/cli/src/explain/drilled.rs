//! What drills saw with a control down, as `vauban-drill` keeps it in the state directory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

mod date;

/// Longest file that is read, bytes; `vauban-drill` keeps to the same.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// The version of the file that is understood.
const VERSION: u64 = 2;

/// What can be said about losses.
#[derive(Debug)]
pub(crate) enum Drilled {
    /// By lost control.
    Known(BTreeMap<String, Vec<Seen>>),
    /// Nothing, and why.
    Unknown(String),
}

/// One attack while one control was down.
#[derive(Debug)]
pub(crate) struct Seen {
    attack: String,
    fate: Fate,
    /// Whether the lost control is the one that stops this attack otherwise.
    needed: bool,
    /// Unix milliseconds.
    started: u64,
    extent: String,
}

/// What became of an attack.
#[derive(Debug)]
enum Fate {
    Through,
    StoppedBy(String),
    Unclear,
}

impl Drilled {
    /// Reads the file. One that is not there, or damaged, says nothing about any loss and hides nothing else.
    pub(crate) fn read(file: &Path) -> Self {
        let unknown = |why: String| Self::Unknown(format!("not drilled ({why})"));
        let again = "run `vauban drill --state …`";
        match content(file) {
            Ok(None) => unknown(again.to_owned()),
            Ok(Some(text)) => match known(&text) {
                Some(known) => Self::Known(known),
                None => unknown(format!(
                    "`{}` is not a drill's result of version {VERSION}; {again}",
                    file.display()
                )),
            },
            Err(error) => unknown(format!("`{}`: {error}", file.display())),
        }
    }

    /// What else stopped the attacks that this control stops, while it was down: one line for each drill that saw it, the last
    /// drill first.
    pub(crate) fn without(&self, control: &str) -> Vec<String> {
        let known = match self {
            Self::Known(known) => known,
            Self::Unknown(why) => return vec![format!("if {control} were down: {why}")],
        };
        let Some(seen) = known.get(control).filter(|seen| !seen.is_empty()) else {
            return vec![format!(
                "if {control} were down: not drilled (no drill has taken it away)"
            )];
        };
        let mut drills: BTreeMap<(u64, &str), Vec<&Seen>> = BTreeMap::new();
        for seen in seen {
            drills
                .entry((seen.started, &seen.extent))
                .or_default()
                .push(seen);
        }
        let needed = seen.iter().any(|seen| seen.needed);
        let lines = drills.iter().rev().filter_map(|((started, extent), seen)| {
            let words: Vec<String> = seen
                .iter()
                .filter(|seen| seen.needed)
                .map(|seen| seen.sentence())
                .collect();
            let words = match (words.is_empty(), needed) {
                (false, _) => words.join("; "),
                (true, true) => return None,
                (true, false) => format!("none of {} drilled attacks needs it", seen.len()),
            };
            let when = date::utc(*started);
            Some(format!(
                "if {control} were down ({extent} drill, {when}): {words}"
            ))
        });
        lines.collect()
    }
}

impl Seen {
    fn sentence(&self) -> String {
        match &self.fate {
            Fate::Through => format!("{} gets THROUGH", self.attack),
            Fate::StoppedBy(control) => format!("{} is still stopped by {control}", self.attack),
            Fate::Unclear => format!("{} is unclear", self.attack),
        }
    }
}

/// The file's bytes, if there is one; as many as may be.
fn content(file: &Path) -> Result<Option<Vec<u8>>, String> {
    let open = match File::open(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        open => open.map_err(|error| error.to_string())?,
    };
    let mut text = Vec::new();
    open.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut text)
        .map_err(|error| error.to_string())?;
    if u64::try_from(text.len()).map_or(true, |length| length > FILE_BYTES_MAX) {
        return Err(format!("it is longer than {FILE_BYTES_MAX} bytes"));
    }
    Ok(Some(text))
}

/// What the text says; nothing unless all of it is understood.
fn known(text: &[u8]) -> Option<BTreeMap<String, Vec<Seen>>> {
    let value: Value = serde_json::from_slice(text).ok()?;
    if value.get("version")?.as_u64()? != VERSION {
        return None;
    }
    let controls = value.get("known")?.as_object()?.iter();
    controls
        .map(|(control, attacks)| {
            let attacks = attacks.as_object()?.iter();
            let seen: Option<Vec<Seen>> = attacks.map(|(name, one)| seen(name, one)).collect();
            Some((control.clone(), seen?))
        })
        .collect()
}

fn seen(attack: &str, value: &Value) -> Option<Seen> {
    let control = value.get("control").and_then(Value::as_str);
    let fate = match (value.get("verdict")?.as_str()?, control) {
        ("through", _) => Fate::Through,
        ("stopped", Some(control)) => Fate::StoppedBy(control.to_owned()),
        ("stopped", None) => Fate::StoppedBy("something unnamed".to_owned()),
        ("inconclusive" | "not_applicable", _) => Fate::Unclear,
        _ => return None,
    };
    Some(Seen {
        attack: attack.to_owned(),
        fate,
        needed: value.get("needed")?.as_bool()?,
        started: value.get("started")?.as_u64()?,
        extent: value.get("extent")?.as_str()?.to_owned(),
    })
}

#[cfg(test)]
mod tests;
