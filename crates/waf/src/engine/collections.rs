//! `TX`, which lives as long as a transaction, and the collections that outlive it.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

#[cfg(test)]
mod tests;

use super::names::{NameId, Names};
use crate::seclang::syntax::Variable;

/// Names that a transaction may make beyond those in the rules; the rule that makes more has gone without an answer.
const DYNAMIC_NAMES_MAX: usize = 4096;
/// Records that a [`Store`] holds; when full, expired ones go first, then any.
const RECORDS_MAX: usize = 100_000;
/// Variables in one record.
const RECORD_NAMES_MAX: usize = 64;

/// Text, kept as a number while rules only count with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Number(i64),
    Bytes(Box<[u8]>),
    /// From a rule: shared with it.
    Constant(Arc<[u8]>),
}

impl Text {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        // Only the canonical spelling of a small number may be kept as one: the text must come back as it was.
        match bytes {
            [digit @ b'0'..=b'9'] => Self::Number(i64::from(digit - b'0')),
            [first @ b'1'..=b'9', second @ b'0'..=b'9'] => {
                Self::Number(i64::from(first - b'0') * 10 + i64::from(second - b'0'))
            }
            _ => Self::Bytes(bytes.into()),
        }
    }

    /// As [`Self::of`], for a text that many transactions will hold.
    pub(crate) fn constant(bytes: &[u8]) -> Self {
        match Self::of(bytes) {
            Self::Bytes(bytes) => Self::Constant(bytes.into()),
            other @ (Self::Number(_) | Self::Constant(_)) => other,
        }
    }

    pub(crate) fn number(&self) -> i64 {
        match self {
            Self::Number(number) => *number,
            Self::Bytes(bytes) => crate::operator::parse_number(bytes),
            Self::Constant(bytes) => crate::operator::parse_number(bytes),
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) => write_number(*number, out),
            Self::Bytes(bytes) => out.extend_from_slice(bytes),
            Self::Constant(bytes) => out.extend_from_slice(bytes),
        }
    }
}

/// `number` in decimal.
pub(crate) fn write_number(number: i64, out: &mut Vec<u8>) {
    if (0..10).contains(&number) {
        out.push(b'0' + u8::try_from(number).unwrap_or_default());
        return;
    }
    // Writing to a vector cannot fail.
    drop(write!(out, "{number}"));
}

/// The `TX` collection of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Tx {
    slots: Vec<Option<Text>>,
    dynamic: HashMap<Box<[u8]>, Text>,
}

impl Tx {
    pub(crate) fn reset(&mut self, names: usize) {
        self.slots.clear();
        self.slots.resize(names, None);
        self.dynamic.clear();
    }

    pub(crate) fn slot(&self, id: NameId) -> Option<&Text> {
        self.slots.get(id as usize).and_then(Option::as_ref)
    }

    pub(crate) fn set_slot(&mut self, id: NameId, value: Option<Text>) {
        if let Some(slot) = self.slots.get_mut(id as usize) {
            *slot = value;
        }
    }

    /// `name` in any case.
    pub(crate) fn find(&self, names: &Names, name: &[u8]) -> Option<&Text> {
        let lower = name.to_ascii_lowercase();
        match names.find(&lower) {
            Some(id) => self.slot(id),
            None => self.dynamic.get(lower.as_slice()),
        }
    }

    /// `name` in any case; `None` removes it. False when there are too many names to keep another one.
    #[must_use]
    pub(crate) fn set(&mut self, names: &Names, name: &[u8], value: Option<Text>) -> bool {
        let lower = name.to_ascii_lowercase();
        if let Some(id) = names.find(&lower) {
            self.set_slot(id, value);
            return true;
        }
        let Some(value) = value else {
            self.dynamic.remove(lower.as_slice());
            return true;
        };
        let fits =
            self.dynamic.len() < DYNAMIC_NAMES_MAX || self.dynamic.contains_key(lower.as_slice());
        if fits {
            self.dynamic.insert(lower.into_boxed_slice(), value);
        }
        fits
    }

    /// Everything that is set, names in lower case; the names of the rules first, then the others in their order as bytes.
    pub(crate) fn each<'a>(&'a self, names: &'a Names, visit: &mut dyn FnMut(&'a [u8], &'a Text)) {
        for (index, text) in self.slots.iter().enumerate() {
            if let Some(text) = text {
                visit(names.text(u32::try_from(index).unwrap_or(u32::MAX)), text);
            }
        }
        self.each_made(visit);
    }

    /// What is set and has a name that no rule spells out, in the order of the names as bytes.
    pub(crate) fn each_made<'a>(&'a self, visit: &mut dyn FnMut(&'a [u8], &'a Text)) {
        if self.dynamic.is_empty() {
            return;
        }
        let mut rest: Vec<_> = self.dynamic.iter().collect();
        rest.sort_unstable_by_key(|(name, _)| *name);
        for (name, text) in rest {
            visit(name, text);
        }
    }
}

/// One record of a persistent collection.
#[derive(Clone, Debug, Default)]
struct Record {
    values: HashMap<Box<[u8]>, (Text, Option<u64>)>,
    /// Seconds since the epoch.
    expires: u64,
}

/// Records by collection and key.
type Records = HashMap<(u8, Box<[u8]>), Record>;

/// The collections that outlive a transaction: `IP`, `GLOBAL`, `SESSION`, `USER`, `RESOURCE`.
///
/// In memory, bounded to 100,000 records of 64 variables, each forgotten after `SecCollectionTimeout` without a change.
#[derive(Debug, Default)]
pub struct Store {
    records: Mutex<Records>,
}

impl Store {
    /// The value of `name` (lower case) in the record, unless it expired before `now` (seconds since the epoch).
    pub(crate) fn find(
        &self,
        collection: Variable,
        key: &[u8],
        name: &[u8],
        now: u64,
    ) -> Option<Text> {
        let records = self.lock();
        let record = records.get(&(collection as u8, key.into()))?;
        let (text, expires) = record.values.get(name)?;
        let live = record.expires > now && expires.is_none_or(|at| at > now);
        live.then(|| text.clone())
    }

    /// Sets or removes one variable; `timeout` in seconds counts for the record.
    pub(crate) fn set(&self, place: Place<'_>, value: Option<Text>, timeout: u64) {
        let mut records = self.lock();
        let id = (place.collection as u8, Box::from(place.key));
        if !records.contains_key(&id) && records.len() >= RECORDS_MAX {
            make_room(&mut records, place.now);
        }
        let record = records.entry(id).or_default();
        if record.expires <= place.now {
            record.values.clear();
        }
        record.expires = place.now.saturating_add(timeout);
        match value {
            Some(text) => {
                if record.values.len() < RECORD_NAMES_MAX || record.values.contains_key(place.name)
                {
                    let expires = record.values.get(place.name).and_then(|(_, at)| *at);
                    record.values.insert(place.name.into(), (text, expires));
                }
            }
            None => {
                record.values.remove(place.name);
            }
        }
    }

    /// `expirevar`: the variable is gone `seconds` from now.
    pub(crate) fn expire(&self, place: Place<'_>, seconds: u64) {
        let mut records = self.lock();
        let value = records
            .get_mut(&(place.collection as u8, Box::from(place.key)))
            .and_then(|record| record.values.get_mut(place.name));
        if let Some((_, expires)) = value {
            *expires = Some(place.now.saturating_add(seconds));
        }
    }

    /// Every live variable of the record, names in lower case, in their order as bytes.
    pub(crate) fn all(&self, collection: Variable, key: &[u8], now: u64) -> Vec<(Box<[u8]>, Text)> {
        let records = self.lock();
        let Some(record) = records
            .get(&(collection as u8, Box::from(key)))
            .filter(|record| record.expires > now)
        else {
            return Vec::new();
        };
        let mut values: Vec<_> = record
            .values
            .iter()
            .filter(|(_, (_, expires))| expires.is_none_or(|at| at > now))
            .map(|(name, (text, _))| (name.clone(), text.clone()))
            .collect();
        values.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        values
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Records> {
        // A panic elsewhere leaves counters that are at worst one step behind.
        self.records
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Where a variable of a persistent collection is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) collection: Variable,
    pub(crate) key: &'a [u8],
    /// lower case
    pub(crate) name: &'a [u8],
    /// seconds since the epoch
    pub(crate) now: u64,
}

/// Removes what has expired, and a tenth of the rest when that was nothing: whoever floods the store loses counters, never memory.
fn make_room(records: &mut Records, now: u64) {
    let before = records.len();
    records.retain(|_, record| record.expires > now);
    if records.len() == before {
        let mut ends: Vec<u64> = records.values().map(|record| record.expires).collect();
        let tenth = ends.len() / 10;
        let (_, end, _) = ends.select_nth_unstable(tenth);
        let end = *end;
        records.retain(|_, record| record.expires > end);
    }
}
