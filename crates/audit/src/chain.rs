//! The writing end of one line's chain: opens it after whatever happened, appends groups, begins new segments.

#[cfg(test)]
mod tests;

use crate::head::{self, Head, Stored};
use crate::log::{OpenError, Recovered};
use crate::medium::{Limits, Medium};
use crate::record::{FORMAT, Hash, SegmentHead, seal};
use crate::scan::{Damage, Flaw, Tail, scan, segment_name};
use std::io::{self, Read};

const RENEWED: &str = "segment.new";

/// The end of a chain, and where to append to it.
#[derive(Debug)]
pub(crate) struct Chain {
    medium: Box<dyn Medium>,
    line: String,
    limits: Limits,
    segment: u64,
    length: u64,
    next_seq: u64,
    last: Hash,
    head_seq: u64,
    buffer: Vec<u8>,
}

impl Chain {
    /// Claims the folder, checks the end of the chain, and makes it ready for the next record.
    pub(crate) fn open(
        mut medium: Box<dyn Medium>,
        line: &str,
        limits: Limits,
    ) -> Result<(Self, Option<Recovered>), OpenError> {
        let unable = |source| OpenError::Unable {
            line: line.to_owned(),
            source,
        };
        if !medium.claim().map_err(unable)? {
            return Err(OpenError::Busy {
                line: line.to_owned(),
            });
        }
        // A name that is read here may only be in the kernel's memory, if the last process ended between two steps.
        medium.sync_folder().map_err(unable)?;
        let head = match head::read(medium.as_ref(), line).map_err(unable)? {
            Stored::Missing => None,
            Stored::Head(head) => Some(head),
            Stored::Unreadable => {
                let (line, file) = (line.to_owned(), head::NAME.to_owned());
                let damage = Damage {
                    line,
                    file,
                    record: 0,
                    offset: 0,
                    flaw: Flaw::HeadUnreadable,
                };
                return Err(OpenError::Damaged { damage });
            }
        };
        let from = head.as_ref().map_or(1, |head| head.segment);
        // Segments before the one that `head` names were checked when they were current; `verify` reads them all.
        let found = scan(medium.as_ref(), line, from, head.as_ref()).map_err(unable)?;
        let tail = found.tail;
        if let Some(damage) = found.damage {
            return Err(OpenError::Damaged { damage });
        }
        let mut chain = Self {
            medium,
            line: line.to_owned(),
            limits,
            segment: tail.segment,
            length: tail.length,
            next_seq: tail.next_seq,
            last: tail.last,
            head_seq: head.map_or(0, |head| head.seq),
            buffer: Vec::new(),
        };
        let recovered = chain.make_ready(&tail).map_err(unable)?;
        Ok((chain, recovered))
    }

    fn make_ready(&mut self, tail: &Tail) -> io::Result<Option<Recovered>> {
        let recovered = (tail.torn > 0).then(|| Recovered {
            file: segment_name(tail.segment),
            offset: tail.length,
            bytes: tail.torn,
        });
        if tail.segment == 0 {
            self.begin_segment()?;
        } else if tail.torn > 0
            || tail.length == 0
            || self.head_seq.checked_add(1) != Some(self.next_seq)
        {
            self.renew_segment()?;
        }
        self.write_head()?;
        Ok(recovered)
    }

    /// Appends a group of events and returns when they are durable. After an error the chain must not be used again.
    pub(crate) fn commit<'e>(&mut self, events: impl Iterator<Item = &'e [u8]>) -> io::Result<()> {
        self.buffer.clear();
        for json in events {
            self.last = seal(&mut self.buffer, self.next_seq, self.last, "event", json);
            self.next_seq += 1;
        }
        let name = segment_name(self.segment);
        self.medium.append(&name, &self.buffer)?;
        self.medium.sync(&name)?;
        self.length += self.buffer.len() as u64;
        Ok(())
    }

    /// What can wait until the events are acknowledged: a new segment, a newer `head`.
    pub(crate) fn maintain(&mut self) -> io::Result<()> {
        if self.length >= self.limits.segment_bytes_max {
            self.begin_segment()?;
            self.write_head()
        } else if self.next_seq.saturating_sub(self.head_seq) > self.limits.head_every {
            self.write_head()
        } else {
            Ok(())
        }
    }

    /// Leaves `head` at the last record.
    pub(crate) fn close(mut self) -> io::Result<()> {
        self.write_head()
    }

    /// The caller writes `head` next, which flushes the folder and with it the new name.
    fn begin_segment(&mut self) -> io::Result<()> {
        self.medium.release(&segment_name(self.segment));
        self.segment += 1;
        let name = segment_name(self.segment);
        self.medium.create(&name)?;
        let text = self.segment_head()?;
        self.medium.append(&name, &text)?;
        self.medium.sync(&name)?;
        self.length = text.len() as u64;
        Ok(())
    }

    /// Writes the whole records of the last segment to a new file and puts it in place of the old one. This drops an
    /// incomplete record and, after a failed flush, makes sure that what is read back is on the disk and not only in
    /// the kernel's memory.
    fn renew_segment(&mut self) -> io::Result<()> {
        match self.medium.remove(RENEWED) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let name = segment_name(self.segment);
        self.medium.create(RENEWED)?;
        let mut whole = self.medium.read(&name)?.take(self.length);
        let mut piece = Vec::new();
        let mut copied = 0;
        loop {
            piece.clear();
            let read = whole.by_ref().take(1 << 20).read_to_end(&mut piece)?;
            if read == 0 {
                break;
            }
            self.medium.append(RENEWED, &piece)?;
            copied += read as u64;
        }
        if copied != self.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if self.length == 0 {
            let text = self.segment_head()?;
            self.medium.append(RENEWED, &text)?;
            self.length = text.len() as u64;
        }
        self.medium.sync(RENEWED)?;
        self.medium.rename(RENEWED, &name)?;
        self.medium.sync_folder()
    }

    /// Seals the first record of the current segment.
    fn segment_head(&mut self) -> io::Result<Vec<u8>> {
        let head = SegmentHead {
            format: FORMAT,
            line: self.line.clone(),
            number: self.segment,
        };
        let mut text = Vec::new();
        self.last = seal(
            &mut text,
            self.next_seq,
            self.last,
            "segment",
            &serde_json::to_vec(&head)?,
        );
        self.next_seq += 1;
        Ok(text)
    }

    fn write_head(&mut self) -> io::Result<()> {
        let seq = self.next_seq.saturating_sub(1);
        if seq == self.head_seq {
            return Ok(());
        }
        head::write(
            self.medium.as_mut(),
            &Head::new(&self.line, self.segment, seq, self.last),
        )?;
        self.head_seq = seq;
        Ok(())
    }
}
