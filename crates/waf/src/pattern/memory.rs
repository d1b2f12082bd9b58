//! What searches need beside the pattern: caches of one thread.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use regex_automata::meta::{Cache, Regex};
use regex_automata::util::primitives::NonMaxUsize;

use super::backtrack::Stack;

/// Bytes of all caches of a thread. When they are used up all caches are dropped and grow again as needed.
const CACHES_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Two places for the match and for each of nine groups.
pub(super) const SLOTS: usize = 20;

/// Caches of one thread. They grow as patterns are searched for, 64 MiB at most, and can serve any patterns.
#[derive(Debug, Default)]
pub struct Memory {
    caches: HashMap<u64, Entry, BuildHasherDefault<Spread>>,
    bytes: usize,
    pub(super) stack: Stack,
    /// A search was given up since the last question.
    pub(super) exhausted: bool,
}

#[derive(Debug)]
struct Entry {
    cache: Cache,
    bytes: usize,
}

impl Memory {
    /// Lets all searches from here on take so many steps together, where a pattern is no regular language; `None`: each has its
    /// own limit only.
    pub(crate) fn allow(&mut self, steps: Option<usize>) {
        self.stack.allowance = steps;
    }

    /// What is left of [`Self::allow`].
    pub(crate) fn allowance(&self) -> Option<usize> {
        self.stack.allowance
    }

    /// Was a search given up, because its steps were used up, since the last question?
    pub fn take_exhausted(&mut self) -> bool {
        std::mem::take(&mut self.exhausted)
    }

    /// Runs `search` with the cache of the pattern of that number.
    pub(super) fn with<T>(
        &mut self,
        number: u64,
        engine: &Regex,
        search: impl FnOnce(&mut Cache) -> T,
    ) -> T {
        if self.bytes > CACHES_BYTES_MAX {
            self.caches.clear();
            self.bytes = 0;
        }
        let entry = self.caches.entry(number).or_insert_with(|| Entry {
            cache: engine.create_cache(),
            bytes: 0,
        });
        let answer = search(&mut entry.cache);
        let bytes = entry.cache.memory_usage();
        self.bytes = (self.bytes + bytes).saturating_sub(entry.bytes);
        entry.bytes = bytes;
        answer
    }

    /// Bytes of all caches.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// A number that no other pattern of the process has.
pub(super) fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Spreads numbers that were handed out in order; nobody outside chooses them.
#[derive(Clone, Copy, Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// Where a pattern and its groups matched.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    pub(super) slots: [Option<NonMaxUsize>; SLOTS],
}

impl Groups {
    /// Takes over the places that the machine found.
    pub(super) fn read(&mut self, places: impl Iterator<Item = Option<usize>>) {
        for (slot, place) in self.slots.iter_mut().zip(places) {
            *slot = place.and_then(NonMaxUsize::new);
        }
    }

    /// Bytes of the match (0) or of a group (1 to 9) in the value; `None` when the group took no part.
    pub fn range(&self, group: usize) -> Option<Range<usize>> {
        let first = group.checked_mul(2)?;
        match self.slots.get(first..first.checked_add(2)?)? {
            [Some(start), Some(end)] => Some(start.get()..end.get()),
            _ => None,
        }
    }
}
