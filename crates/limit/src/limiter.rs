//! The limiter: sharded, bounded, exact.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

#[cfg(test)]
mod tests;

/// Shards of one limiter; a power of two.
const SHARDS: usize = 16;
/// A full shard is searched for replenished keys at most this often, milliseconds.
const SWEEP_INTERVAL_MS: u64 = 100;

/// How often something may happen: `requests` per `seconds`, of which `burst` may come at once.
///
/// A quota with a zero in it allows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests per period.
    pub requests: u32,
    /// Length of the period, seconds.
    pub seconds: u32,
    /// Requests that may come at once.
    pub burst: u32,
}

/// What became of an attempt to spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// The budget had room and has been charged.
    Allowed {
        /// Requests of cost 1 that could follow at once.
        remaining: u32,
    },
    /// The budget had no room and has not been charged.
    Refused {
        /// Milliseconds until the same attempt could succeed if nothing else is spent; at least 1. `u64::MAX` if it never can.
        retry_after_ms: u64,
    },
}

/// Budgets of one quota, by key.
///
/// Time inside is counted in *ticks* of 1/`requests` ms: a request costs exactly `seconds` · 1000 ticks, and a millisecond
/// is exactly `requests` ticks, whatever the quota. Both products fit easily into 128 bits.
///
/// Memory is bounded: the limiter remembers at most `keys_max` keys (rounded up to a multiple of 16). A key whose bucket is
/// full again is forgotten when room is needed; forgetting it changes no answer. When every remembered key still owes
/// something, **a new key is refused**: who floods the table with keys does not thereby buy anybody a fresh budget.
pub struct Limiter {
    quota: Quota,
    keys_per_shard_max: usize,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

impl fmt::Debug for Limiter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Limiter")
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}

/// The keys of one shard.
#[derive(Default)]
struct Shard {
    /// Key → the tick at which its bucket is full again.
    full_at: HashMap<Box<str>, u128>,
    /// Before this time a search for replenished keys finds nothing, or was made too recently.
    sweep_not_before_ms: u64,
}

impl Limiter {
    /// A limiter that remembers `keys_max` keys.
    pub fn new(quota: Quota, keys_max: usize) -> Self {
        Self {
            quota,
            keys_per_shard_max: keys_max.div_ceil(SHARDS).max(1),
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// The quota.
    pub fn quota(&self) -> Quota {
        self.quota
    }

    /// Spends `cost` of the budget of `key` as of `now_ms`, or nothing.
    ///
    /// A clock that runs backwards gives nothing away: a bucket never becomes full earlier than it was known to.
    pub fn spend(&self, key: &str, cost: u32, now_ms: u64) -> Spent {
        let Quota {
            requests,
            seconds,
            burst,
        } = self.quota;
        if requests == 0 || seconds == 0 || cost > burst {
            return Spent::Refused {
                retry_after_ms: u64::MAX,
            };
        }
        let ticks_per_ms = u128::from(requests);
        let ticks_per_request = u128::from(seconds) * 1000;
        let now = u128::from(now_ms) * ticks_per_ms;
        let horizon = now + u128::from(burst) * ticks_per_request;
        let mut shard = self
            .shard(key)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = shard.full_at.get_mut(key);
        let base = known.as_deref().map_or(now, |full_at| now.max(*full_at));
        let next = base + u128::from(cost) * ticks_per_request;
        if next > horizon {
            return Spent::Refused {
                retry_after_ms: to_ms((next - horizon).div_ceil(ticks_per_ms)),
            };
        }
        let remaining = u32::try_from((horizon - next) / ticks_per_request).unwrap_or(u32::MAX);
        match known {
            Some(full_at) => *full_at = next,
            None if cost == 0 => {}
            None => match shard.make_room(self.keys_per_shard_max, now_ms, ticks_per_ms) {
                Ok(()) => drop(shard.full_at.insert(key.into(), next)),
                Err(retry_after_ms) => return Spent::Refused { retry_after_ms },
            },
        }
        Spent::Allowed { remaining }
    }

    /// Keys remembered at this moment; at most `keys_max` rounded up to a multiple of 16.
    pub fn keys(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| {
                shard
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .full_at
                    .len()
            })
            .sum()
    }

    fn shard(&self, key: &str) -> &Mutex<Shard> {
        let [first, ..] = &self.shards;
        let at = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        self.shards.get(at).unwrap_or(first)
    }
}

impl Shard {
    /// Room for one more key, or the milliseconds after which to ask again.
    fn make_room(&mut self, keys_max: usize, now_ms: u64, ticks_per_ms: u128) -> Result<(), u64> {
        if self.full_at.len() < keys_max {
            return Ok(());
        }
        if now_ms < self.sweep_not_before_ms {
            return Err(self.sweep_not_before_ms - now_ms);
        }
        let now = u128::from(now_ms) * ticks_per_ms;
        let mut earliest = u128::MAX;
        self.full_at.retain(|_, full_at| {
            let owes = *full_at > now;
            if owes {
                earliest = earliest.min(*full_at);
            }
            owes
        });
        if self.full_at.len() < keys_max {
            return Ok(());
        }
        let earliest_ms = to_ms(earliest.div_ceil(ticks_per_ms));
        self.sweep_not_before_ms = earliest_ms.max(now_ms.saturating_add(SWEEP_INTERVAL_MS));
        Err(self.sweep_not_before_ms - now_ms)
    }
}

fn to_ms(ms: u128) -> u64 {
    u64::try_from(ms).unwrap_or(u64::MAX)
}
