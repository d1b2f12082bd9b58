//! Memory for request bodies: bounded in all, and for each client address, so that nobody holds all of it alone.
//!
//! The rejected alternative was to count connections per address: customers behind one NAT open many and hold little.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::address::Block;

#[cfg(test)]
mod tests;

/// Request bodies held in memory at one moment, in units of [`UNIT_BYTES`]: 256 MiB.
const UNITS: u32 = 65_536;
/// The unit in which memory is given out, bytes.
const UNIT_BYTES: usize = 4096;
/// One address holds at most one part in so many: 32 MiB. Eight of them have to conspire to deny the others.
const SHARES: u32 = 8;

/// The memory, and who holds how much of it.
#[derive(Debug)]
pub(crate) struct Memory {
    share: u32,
    book: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    free: u32,
    /// Only those who hold something, so there are never more entries than units.
    held: BTreeMap<Block, u32>,
}

/// Memory for one body; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    memory: Arc<Memory>,
    block: Block,
    units: u32,
}

/// Why there is no memory for a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    /// The client's address holds as much as one may.
    #[error("the client's address holds its share of the memory for bodies")]
    Share,
    /// All of it is held.
    #[error("the memory for bodies is full")]
    All,
}

impl Memory {
    /// As the product runs it.
    pub(crate) fn shipped() -> Arc<Self> {
        Self::of(UNITS)
    }

    /// So many units in all.
    pub(crate) fn of(units: u32) -> Arc<Self> {
        Arc::new(Self {
            share: units / SHARES,
            book: Mutex::new(Book {
                free: units,
                held: BTreeMap::new(),
            }),
        })
    }

    /// Takes memory for a body of at most so many bytes. Who holds nothing may always have one body, however long the plan
    /// lets it be.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr, bytes: usize) -> Result<Hold, Full> {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).map_err(|_error| Full::All)?;
        let block = Block::of(address);
        let mut book = self.book();
        let held = book.held.get(&block).copied().unwrap_or(0);
        if held > 0 && held.saturating_add(units) > self.share {
            return Err(Full::Share);
        }
        book.free = book.free.checked_sub(units).ok_or(Full::All)?;
        book.held.insert(block, held + units);
        drop(book);
        Ok(Hold {
            memory: Arc::clone(self),
            block,
            units,
        })
    }

    /// Units that nobody holds.
    #[cfg(test)]
    pub(crate) fn free(&self) -> u32 {
        self.book().free
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Hold {
    /// Units that it holds.
    pub(crate) fn units(&self) -> u32 {
        self.units
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut book = self.memory.book();
        book.free += self.units;
        let held = book.held.remove(&self.block).unwrap_or(0);
        let left = held.saturating_sub(self.units);
        if left > 0 {
            book.held.insert(self.block, left);
        }
    }
}
