//! Reads the segments of one line in order and stops at the first thing that is wrong.

#[cfg(test)]
mod tests;

use crate::head::{Head, NAME as HEAD};
use crate::medium::Medium;
use crate::record::{Broken, Content, FORMAT, Hash, RECORD_BYTES_MAX, Record, SegmentHead, unseal};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

/// Where a chain is broken first, and how. Its `Display` is a sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Which line.
    pub line: String,
    /// Which file of the line's folder.
    pub file: String,
    /// Which record of that file, from 1; 0 if the whole file is meant.
    pub record: u64,
    /// At which byte of the file that record begins.
    pub offset: u64,
    /// What is wrong.
    pub flaw: Flaw,
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}/{}`", self.line, self.file)?;
        if self.record > 0 {
            write!(out, ", record {} at byte {}", self.record, self.offset)?;
        }
        write!(out, ": {}", self.flaw)
    }
}

/// What can be wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A segment is gone.
    #[error("the file is missing")]
    Missing,
    /// Not our format.
    #[error("this is not a record")]
    Shape,
    /// No record is that long.
    #[error("the record is longer than {RECORD_BYTES_MAX} bytes")]
    TooLong,
    /// The content was changed.
    #[error("the content does not match its own hash")]
    Hash,
    /// Something was removed, inserted or moved.
    #[error("it does not follow the record before it: the previous hash differs")]
    Chain,
    /// Something was removed, inserted or moved.
    #[error("it has sequence number {found} where {due} is due")]
    Sequence {
        /// What the chain asks for.
        due: u64,
        /// What stands there.
        found: u64,
    },
    /// A segment without its first record.
    #[error("a segment must begin with the record that names it")]
    NoSegmentHead,
    /// The first record of a segment, elsewhere.
    #[error("the record that names a segment stands inside one")]
    SegmentHeadInside,
    /// Another version wrote this.
    #[error("format {0} is not known here")]
    Format(u32),
    /// A segment of another line.
    #[error("the segment belongs to another line")]
    OtherLine,
    /// A segment under another name.
    #[error("the segment calls itself number {0}")]
    Number(u64),
    /// Only the last record of all can be incomplete.
    #[error("the record is incomplete, though a later segment exists")]
    TornInside,
    /// `head` does not parse, or names another line.
    #[error("the file cannot be read as the head of this line")]
    HeadUnreadable,
    /// Records exist without a head.
    #[error("the file is missing, though events exist")]
    HeadMissing,
    /// A record is not the one that `head` remembers.
    #[error("it is not the record that `head` remembers")]
    HeadDiffers,
    /// `head` names a record that is not where it says.
    #[error("the record it remembers is not in the segment it names")]
    HeadElsewhere,
    /// Records were cut off.
    #[error(
        "the log ends before sequence number {0}, which `head` remembers: records were cut off"
    )]
    EndsBeforeHead(u64),
}

/// Where the readable part of a log ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The last segment, 0 if there is none.
    pub(crate) segment: u64,
    /// How many bytes of it are whole records.
    pub(crate) length: u64,
    /// How many bytes of an incomplete record follow.
    pub(crate) torn: u64,
    pub(crate) next_seq: u64,
    pub(crate) last: Hash,
    pub(crate) segments: u64,
    pub(crate) events: u64,
}

/// What a scan found.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) tail: Tail,
    pub(crate) damage: Option<Damage>,
}

/// The file name of a segment.
pub(crate) fn segment_name(number: u64) -> String {
    format!("{number:06}.seg")
}

/// The numbers of the segments in the folder, in order.
pub(crate) fn segment_numbers(medium: &dyn Medium) -> io::Result<Vec<u64>> {
    let mut numbers: Vec<u64> = medium
        .names()?
        .iter()
        .filter_map(|name| {
            let number = name.strip_suffix(".seg")?.parse().ok()?;
            (segment_name(number) == *name).then_some(number)
        })
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Reads segments `from` and later against `head`. An error is an inability to read, not a damage.
pub(crate) fn scan(
    medium: &dyn Medium,
    line: &str,
    from: u64,
    head: Option<&Head>,
) -> io::Result<Scan> {
    let numbers = segment_numbers(medium)?;
    let last = numbers.last().copied().unwrap_or(0);
    let known = head.map_or(0, |head| head.segment);
    let mut scanner = Scanner {
        line,
        head,
        due: (from <= 1).then_some((1, Hash::ZERO)),
        head_seen: false,
        tail: Tail {
            segment: 0,
            length: 0,
            torn: 0,
            next_seq: 1,
            last: Hash::ZERO,
            segments: 0,
            events: 0,
        },
    };
    for number in 1..=last.max(known) {
        let damage = if numbers.binary_search(&number).is_err() {
            Some(scanner.damage(&segment_name(number), 0, 0, Flaw::Missing))
        } else if number < from {
            None
        } else {
            scanner.segment(medium, number, number == last)?
        };
        if damage.is_some() {
            return Ok(Scan {
                tail: scanner.tail,
                damage,
            });
        }
    }
    let damage = match head {
        Some(head) if head.seq >= scanner.tail.next_seq => {
            let file = segment_name(scanner.tail.segment);
            Some(scanner.damage(&file, 0, 0, Flaw::EndsBeforeHead(head.seq)))
        }
        Some(_) if !scanner.head_seen => Some(scanner.damage(HEAD, 0, 0, Flaw::HeadElsewhere)),
        None if scanner.tail.events > 0 => Some(scanner.damage(HEAD, 0, 0, Flaw::HeadMissing)),
        Some(_) | None => None,
    };
    Ok(Scan {
        tail: scanner.tail,
        damage,
    })
}

struct Scanner<'a> {
    line: &'a str,
    head: Option<&'a Head>,
    /// The sequence number and previous hash that the next record must have; unknown at the start of a partial scan.
    due: Option<(u64, Hash)>,
    head_seen: bool,
    tail: Tail,
}

impl Scanner<'_> {
    fn damage(&self, file: &str, record: u64, offset: u64, flaw: Flaw) -> Damage {
        Damage {
            line: self.line.to_owned(),
            file: file.to_owned(),
            record,
            offset,
            flaw,
        }
    }

    fn segment(
        &mut self,
        medium: &dyn Medium,
        number: u64,
        is_last: bool,
    ) -> io::Result<Option<Damage>> {
        let file = segment_name(number);
        let mut reader = BufReader::with_capacity(1 << 16, medium.read(&file)?);
        self.tail.segment = number;
        self.tail.length = 0;
        self.tail.segments += 1;
        let mut text = Vec::new();
        for nth in 1_u64.. {
            let flaw = match next_line(&mut reader, &mut text)? {
                Line::End if nth == 1 && !is_last => Some(Flaw::NoSegmentHead),
                Line::End => return Ok(None),
                Line::Torn if is_last => {
                    self.tail.torn = text.len() as u64;
                    return Ok(None);
                }
                Line::Torn => Some(Flaw::TornInside),
                Line::TooLong => Some(Flaw::TooLong),
                Line::Whole => self.record(&text, number, nth).err(),
            };
            if let Some(flaw) = flaw {
                return Ok(Some(self.damage(&file, nth, self.tail.length, flaw)));
            }
            self.tail.length += text.len() as u64 + 1;
        }
        Ok(None)
    }

    fn record(&mut self, text: &[u8], number: u64, nth: u64) -> Result<(), Flaw> {
        let record = unseal(text).map_err(|broken| match broken {
            Broken::Shape => Flaw::Shape,
            Broken::Hash => Flaw::Hash,
        })?;
        match (&record.content, nth) {
            (Content::Segment(head), 1) => check_segment_head(head, self.line, number)?,
            (Content::Segment(_), _) => return Err(Flaw::SegmentHeadInside),
            (Content::Event(_), 1) => return Err(Flaw::NoSegmentHead),
            (Content::Event(event), _) if event.line != self.line => return Err(Flaw::OtherLine),
            (Content::Event(_), _) => self.tail.events += 1,
        }
        self.follow(&record)
    }

    fn follow(&mut self, record: &Record) -> Result<(), Flaw> {
        if let Some((due, last)) = self.due {
            if record.seq != due {
                return Err(Flaw::Sequence {
                    due,
                    found: record.seq,
                });
            }
            if record.prev != last.to_string() {
                return Err(Flaw::Chain);
            }
        }
        if let Some(head) = self.head.filter(|head| head.seq == record.seq) {
            if head.hash != record.hash.to_string() {
                return Err(Flaw::HeadDiffers);
            }
            self.head_seen = true;
        }
        let next = record.seq.checked_add(1).ok_or(Flaw::Shape)?;
        self.due = Some((next, record.hash));
        self.tail.next_seq = next;
        self.tail.last = record.hash;
        Ok(())
    }
}

fn check_segment_head(head: &SegmentHead, line: &str, number: u64) -> Result<(), Flaw> {
    if head.format != FORMAT {
        return Err(Flaw::Format(head.format));
    }
    if head.line != line {
        return Err(Flaw::OtherLine);
    }
    if head.number != number {
        return Err(Flaw::Number(head.number));
    }
    Ok(())
}

/// How a line of text ended.
pub(crate) enum Line {
    Whole,
    Torn,
    TooLong,
    End,
}

/// Reads one line into `text`, without its line feed, and never more than a record may have.
pub(crate) fn next_line(reader: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<Line> {
    text.clear();
    let limit = RECORD_BYTES_MAX as u64 + 1;
    let read = reader.take(limit).read_until(b'\n', text)?;
    Ok(if read == 0 {
        Line::End
    } else if text.pop_if(|last| *last == b'\n').is_some() {
        Line::Whole
    } else if read as u64 == limit {
        Line::TooLong
    } else {
        Line::Torn
    })
}
