//! Reads the journal that the preloaded library wrote.

use std::collections::BTreeMap;
use std::io;

const UNDO: u64 = 1;
const SYNCED: u64 = 2;

/// Which file, whatever its name is by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileId {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) born: u64,
}

/// One write, and what was there before.
#[derive(Debug)]
pub(super) struct Undo<'j> {
    sequence: u64,
    pub(super) old_size: u64,
    pub(super) offset: u64,
    pub(super) old_bytes: &'j [u8],
}

/// The writes of each file that no flush followed, in the order in which they were made.
pub(super) fn unflushed<'j>(
    journal: &'j [u8],
    shared: &[u8],
) -> io::Result<BTreeMap<FileId, Vec<Undo<'j>>>> {
    let mut files: BTreeMap<FileId, Vec<Undo<'j>>> = BTreeMap::new();
    // `struct shared`: ready, sequence, end. What stands beyond the end was being written when its process died.
    let end = shared.chunks_exact(8).nth(2).ok_or_else(torn)?;
    let end = usize::try_from(number(end)?).map_err(|_| torn())?;
    let mut rest = journal.get(..end).ok_or_else(torn)?;
    while !rest.is_empty() {
        let (head, after) = rest.split_at_checked(64).ok_or_else(torn)?;
        let words: Vec<u64> = head.chunks_exact(8).map(number).collect::<Result<_, _>>()?;
        let &[
            kind,
            sequence,
            device,
            inode,
            born,
            old_size,
            offset,
            length,
        ] = words.as_slice()
        else {
            return Err(torn());
        };
        let length = usize::try_from(length).map_err(|_| torn())?;
        let (old_bytes, after) = after.split_at_checked(length).ok_or_else(torn)?;
        rest = after;
        let id = FileId {
            device,
            inode,
            born,
        };
        match kind {
            UNDO => files.entry(id).or_default().push(Undo {
                sequence,
                old_size,
                offset,
                old_bytes,
            }),
            SYNCED => {
                if let Some(writes) = files.get_mut(&id) {
                    writes.retain(|undo| undo.sequence > sequence);
                }
            }
            _ => return Err(torn()),
        }
    }
    files.retain(|_, writes| !writes.is_empty());
    Ok(files)
}

fn number(bytes: &[u8]) -> io::Result<u64> {
    Ok(u64::from_ne_bytes(bytes.try_into().map_err(|_| torn())?))
}

fn torn() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the journal of writes is damaged",
    )
}
