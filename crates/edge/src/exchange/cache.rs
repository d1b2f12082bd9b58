//! What is remembered of the authority's answers.

use std::collections::HashMap;

use http::HeaderValue;

#[cfg(test)]
mod tests;

/// SHA-256 over token and audience.
pub(crate) type Key = [u8; 32];

/// Longest time that an answer is remembered, milliseconds.
const LIFE_MS_MAX: u64 = 10_000;
/// Most answers that are remembered.
const ENTRIES_MAX: usize = 8192;

/// Remembered answers. Without a followed stream of revocations there are none.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    entries: HashMap<Key, Entry>,
    /// Counts what could have ended a session while a question was under way.
    generation: u64,
    /// Whether the authority's revocations reach us.
    followed: bool,
}

struct Entry {
    value: HeaderValue,
    session: String,
    until_ms: u64,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Entry")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl Cache {
    /// The answer for this key, while it lives.
    pub(crate) fn find(&self, key: &Key, now_ms: u64) -> Option<HeaderValue> {
        let entry = self.entries.get(key)?;
        (now_ms < entry.until_ms).then(|| entry.value.clone())
    }

    /// What a question that starts now must show to be remembered; `None` while no stream is followed.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.followed.then_some(self.generation)
    }

    /// Remembers an answer to a question of `generation`, asked at the first of the times and good for the second.
    pub(crate) fn insert(
        &mut self,
        (key, generation): (Key, u64),
        session: &str,
        value: &HeaderValue,
        (asked_ms, life_ms): (u64, u64),
    ) {
        if !self.followed || generation != self.generation || life_ms == 0 {
            return;
        }
        if self.entries.len() >= ENTRIES_MAX {
            self.entries.retain(|_, entry| asked_ms < entry.until_ms);
        }
        if self.entries.len() < ENTRIES_MAX {
            let until_ms = asked_ms.saturating_add(life_ms.min(LIFE_MS_MAX));
            self.entries.insert(
                key,
                Entry {
                    value: value.clone(),
                    session: session.to_owned(),
                    until_ms,
                },
            );
        }
    }

    /// A session ended: forgets what was given in it, and whatever is under way.
    pub(crate) fn revoke(&mut self, session: &str) {
        self.generation += 1;
        self.entries.retain(|_, entry| entry.session != session);
    }

    /// The stream of revocations has begun or broken.
    pub(crate) fn follow(&mut self, followed: bool) {
        self.generation += 1;
        self.followed = followed;
        self.entries.clear();
    }

    /// Answers remembered at this moment.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
