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

/// What happened to one file.
#[derive(Debug, Default)]
pub(super) struct Writes<'j> {
    /// Those that no flush followed, in the order in which they were made.
    pub(super) unflushed: Vec<Undo<'j>>,
    /// How many a flush made durable.
    pub(super) flushed: u64,
}

/// What happened to each file that was written.
pub(super) fn read<'j>(
    journal: &'j [u8],
    shared: &[u8],
) -> io::Result<BTreeMap<FileId, Writes<'j>>> {
    let mut files: BTreeMap<FileId, Writes<'j>> = BTreeMap::new();
    // `struct shared`: ready, sequence, end. What stands beyond the end was being written when its process died.
    let end = shared.chunks_exact(8).nth(2).ok_or_else(torn)?;
    let end = usize::try_from(number(end)?).map_err(|_wrong_size| torn())?;
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
        let length = usize::try_from(length).map_err(|_wrong_size| torn())?;
        let (old_bytes, after) = after.split_at_checked(length).ok_or_else(torn)?;
        rest = after;
        let id = FileId {
            device,
            inode,
            born,
        };
        match kind {
            UNDO => files.entry(id).or_default().unflushed.push(Undo {
                sequence,
                old_size,
                offset,
                old_bytes,
            }),
            SYNCED => {
                if let Some(writes) = files.get_mut(&id) {
                    let before = writes.unflushed.len();
                    writes.unflushed.retain(|undo| undo.sequence > sequence);
                    writes.flushed += (before - writes.unflushed.len()) as u64;
                }
            }
            _ => return Err(torn()),
        }
    }
    Ok(files)
}

fn number(bytes: &[u8]) -> io::Result<u64> {
    Ok(u64::from_ne_bytes(
        bytes.try_into().map_err(|_wrong_size| torn())?,
    ))
}

fn torn() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the journal of writes is damaged",
    )
}
