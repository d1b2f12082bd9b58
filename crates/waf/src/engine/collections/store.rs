//! The collections that outlive a transaction.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use super::Text;
use crate::seclang::syntax::Variable;

/// Records that a [`Store`] holds; when full, expired ones go first, then those of whoever has most.
pub(super) const RECORDS_MAX: usize = 100_000;
/// Variables in one record.
const RECORD_NAMES_MAX: usize = 64;
/// Bytes of a record's key and of a variable's name. Longer ones are cut: who then shares a record is counted too often, never
/// too rarely.
pub(super) const KEY_BYTES_MAX: usize = 256;
/// Bytes of a value; the rest is cut off.
pub(super) const VALUE_BYTES_MAX: usize = 4096;

/// One record of a persistent collection.
#[derive(Clone, Debug, Default)]
struct Record {
    values: HashMap<Box<[u8]>, (Text, Option<u64>)>,
    /// Seconds since the epoch.
    expires: u64,
    /// Whose request made it.
    owner: u64,
}

type Id = (u8, Box<[u8]>);
/// Records by collection and key.
type Records = HashMap<Id, Record>;

/// The collections that outlive a transaction: `IP`, `GLOBAL`, `SESSION`, `USER`, `RESOURCE`.
///
/// In memory, bounded to 100,000 records of 64 variables of 4 KiB, each forgotten after `SecCollectionTimeout` without a change.
/// When it is full, those clients lose records that made most of them, the oldest first.
#[derive(Debug, Default)]
pub struct Store {
    records: Mutex<Records>,
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
    /// See [`owner`].
    pub(crate) owner: u64,
}

impl Place<'_> {
    fn id(&self) -> Id {
        id(self.collection, self.key)
    }

    fn name(&self) -> &[u8] {
        cut(self.name, KEY_BYTES_MAX)
    }
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
        let record = records.get(&id(collection, key))?;
        record.live(cut(name, KEY_BYTES_MAX), now).cloned()
    }

    /// Sets or removes one variable; `timeout` in seconds counts for the record.
    pub(crate) fn set(&self, place: Place<'_>, value: Option<Text>, timeout: u64) {
        let mut records = self.lock();
        let record = record(&mut records, &place, timeout);
        match value {
            Some(text) => record.put(place.name(), bounded(text)),
            None => {
                record.values.remove(place.name());
            }
        }
    }

    /// Adds to one variable, which counts as 0 when it is not there. No other request comes between reading and writing.
    pub(crate) fn add(&self, place: Place<'_>, amount: i64, timeout: u64) {
        let mut records = self.lock();
        let record = record(&mut records, &place, timeout);
        let before = record.live(place.name(), place.now).map_or(0, Text::number);
        record.put(place.name(), Text::Number(before.saturating_add(amount)));
    }

    /// `expirevar`: the variable is gone `seconds` from now.
    pub(crate) fn expire(&self, place: Place<'_>, seconds: u64) {
        let mut records = self.lock();
        let value = records
            .get_mut(&place.id())
            .and_then(|record| record.values.get_mut(place.name()));
        if let Some((_, expires)) = value {
            *expires = Some(place.now.saturating_add(seconds));
        }
    }

    /// Every live variable of the record, names in lower case, in their order as bytes.
    pub(crate) fn all(&self, collection: Variable, key: &[u8], now: u64) -> Vec<(Box<[u8]>, Text)> {
        let records = self.lock();
        let Some(record) = records
            .get(&id(collection, key))
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

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
}

impl Record {
    fn live(&self, name: &[u8], now: u64) -> Option<&Text> {
        let (text, expires) = self.values.get(name)?;
        let live = self.expires > now && expires.is_none_or(|at| at > now);
        live.then_some(text)
    }

    fn put(&mut self, name: &[u8], text: Text) {
        if let Some((old, _)) = self.values.get_mut(name) {
            *old = text;
        } else if self.values.len() < RECORD_NAMES_MAX {
            self.values.insert(name.into(), (text, None));
        }
    }
}

/// The record of a place, new when there is none or when it has expired.
fn record<'r>(records: &'r mut Records, place: &Place<'_>, timeout: u64) -> &'r mut Record {
    let id = place.id();
    if !records.contains_key(&id) && records.len() >= RECORDS_MAX {
        make_room(records, place.now);
    }
    let record = records.entry(id).or_insert_with(|| Record {
        owner: place.owner,
        ..Record::default()
    });
    if record.expires <= place.now {
        record.values.clear();
    }
    record.expires = place.now.saturating_add(timeout);
    record
}

/// What is counted as one client: an address, or for IPv6 what one household has, a /64.
pub(crate) fn owner(client: IpAddr) -> u64 {
    match client.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => u64::try_from(address.to_bits() >> 64).unwrap_or_default(),
    }
}

fn id(collection: Variable, key: &[u8]) -> Id {
    (collection as u8, cut(key, KEY_BYTES_MAX).into())
}

fn cut(bytes: &[u8], most: usize) -> &[u8] {
    bytes.get(..most).unwrap_or(bytes)
}

fn bounded(text: Text) -> Text {
    match text {
        Text::Bytes(bytes) if bytes.len() > VALUE_BYTES_MAX => {
            Text::Bytes(cut(&bytes, VALUE_BYTES_MAX).into())
        }
        // A constant is the rule's own, and kept once.
        other @ (Text::Number(_) | Text::Bytes(_) | Text::Constant(_)) => other,
    }
}

/// Removes what has expired, and a tenth of the rest when that was nothing: of each client's records the newest is its first, and
/// the last ones go. Who floods the store so loses counters of its own, and never memory of ours.
fn make_room(records: &mut Records, now: u64) {
    let before = records.len();
    records.retain(|_, record| record.expires > now);
    if records.len() < before {
        return;
    }
    let mut all: Vec<(u64, Reverse<u64>, &Id)> = records
        .iter()
        .map(|(id, record)| (record.owner, Reverse(record.expires), id))
        .collect();
    all.sort_unstable();
    let mut last = None;
    let mut rank = 0_usize;
    let mut ranked: Vec<(Reverse<usize>, u64, &Id)> = all
        .into_iter()
        .map(|(owner, Reverse(expires), id)| {
            rank = if last == Some(owner) { rank + 1 } else { 0 };
            last = Some(owner);
            (Reverse(rank), expires, id)
        })
        .collect();
    ranked.sort_unstable();
    let gone: Vec<Id> = ranked
        .into_iter()
        .take(before / 10)
        .map(|(_, _, id)| id.clone())
        .collect();
    for id in gone {
        records.remove(&id);
    }
}
