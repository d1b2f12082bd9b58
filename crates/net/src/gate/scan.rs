//! Where in the conversation a connection stands: at a head, in a counted body, in a chunked body.

use vauban_http::{BodyFraming, ChunkReader, FramingRefusal, HeadLimits, read_head};

#[derive(Debug)]
enum At {
    Head,
    Length(u64),
    Chunks(ChunkReader),
}

/// Why nothing more may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// A head was refused.
    Head(FramingRefusal),
    /// The framing of a body was refused.
    Body(FramingRefusal),
}

/// Follows the framing of all requests of one connection.
#[derive(Debug)]
pub(super) struct Scan {
    limits: HeadLimits,
    at: At,
    heads: u64,
}

impl Scan {
    pub(super) const fn new(limits: HeadLimits) -> Self {
        Self {
            limits,
            at: At::Head,
            heads: 0,
        }
    }

    /// How many heads have passed.
    pub(super) const fn heads(&self) -> u64 {
        self.heads
    }

    pub(super) const fn is_at_head(&self) -> bool {
        matches!(self.at, At::Head)
    }

    /// Says how many of `bytes` may pass. Without a [`Halt`], the rest is the beginning of a head, and comes again in front
    /// of what is read next; `seen` then says how long it was.
    pub(super) fn advance(&mut self, bytes: &[u8], mut seen: usize) -> (usize, Option<Halt>) {
        let mut rest = bytes;
        let passed = |rest: &[u8]| bytes.len() - rest.len();
        while !rest.is_empty() {
            let count = match &mut self.at {
                At::Head => match read_head(rest, seen, &self.limits) {
                    Ok(Some((end, framing))) => {
                        self.heads += 1;
                        seen = 0;
                        self.at = match framing {
                            BodyFraming::None | BodyFraming::Length(0) => At::Head,
                            BodyFraming::Length(length) => At::Length(length),
                            BodyFraming::Chunked => At::Chunks(ChunkReader::new()),
                        };
                        end
                    }
                    Ok(None) => break,
                    Err(refusal) => return (passed(rest), Some(Halt::Head(refusal))),
                },
                At::Length(left) => {
                    let available = u64::try_from(rest.len()).unwrap_or(u64::MAX);
                    let count = available.min(*left);
                    *left -= count;
                    if *left == 0 {
                        self.at = At::Head;
                    }
                    // It is at most the length of `rest`.
                    usize::try_from(count).unwrap_or(rest.len())
                }
                At::Chunks(reader) => match reader.advance(rest) {
                    Ok(progress) => {
                        if progress.done {
                            self.at = At::Head;
                        }
                        progress.consumed
                    }
                    Err(refusal) => return (passed(rest), Some(Halt::Body(refusal))),
                },
            };
            rest = rest.get(count..).unwrap_or_default();
        }
        (passed(rest), None)
    }
}

#[cfg(test)]
mod tests;
