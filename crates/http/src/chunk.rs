//! Chunked framing (RFC 9112, section 7.1), read strictly and piece by piece.

use crate::FramingRefusal;

/// Fifteen digits count up to 2^60; nothing real needs more, and nothing overflows.
const SIZE_DIGITS_MAX: u8 = 15;

/// What one call of [`ChunkReader::advance`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkProgress {
    /// How many of the bytes belong to this body.
    pub consumed: usize,
    /// Whether the body has ended; what follows `consumed` belongs to the next message.
    pub done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size { value: u64, digits: u8 },
    SizeLineFeed { value: u64 },
    Data { left: u64 },
    DataReturn,
    DataLineFeed,
    LastReturn,
    LastLineFeed,
    Done,
}

/// Follows the framing of a chunked body without copying or keeping its data.
///
/// Strict: no extensions, no trailers, no spaces, no bare line feeds, at most fifteen size digits. After a refusal the
/// reader must not be used again; it refuses everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkReader {
    state: State,
    refused: Option<FramingRefusal>,
}

impl Default for ChunkReader {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkReader {
    /// A reader that stands before the first chunk size.
    pub const fn new() -> Self {
        Self {
            state: State::Size {
                value: 0,
                digits: 0,
            },
            refused: None,
        }
    }

    /// Reads on. On a refusal, nothing of `bytes` may be used.
    pub fn advance(&mut self, bytes: &[u8]) -> Result<ChunkProgress, FramingRefusal> {
        if let Some(refusal) = self.refused {
            return Err(refusal);
        }
        let mut rest = bytes;
        while self.state != State::Done {
            if let State::Data { left } = self.state {
                rest = self.skip_data(left, rest);
            }
            let Some((&byte, after)) = rest.split_first() else {
                break;
            };
            match self.step(byte) {
                Ok(state) => self.state = state,
                Err(refusal) => {
                    self.refused = Some(refusal);
                    return Err(refusal);
                }
            }
            rest = after;
        }
        Ok(ChunkProgress {
            consumed: bytes.len() - rest.len(),
            done: self.state == State::Done,
        })
    }

    /// Passes over chunk data; at its end the state is [`State::DataReturn`].
    fn skip_data<'a>(&mut self, left: u64, bytes: &'a [u8]) -> &'a [u8] {
        let available = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if let Some(left) = left.checked_sub(available).filter(|left| *left > 0) {
            self.state = State::Data { left };
            return &[];
        }
        self.state = State::DataReturn;
        usize::try_from(left)
            .ok()
            .and_then(|left| bytes.get(left..))
            .unwrap_or_default()
    }

    fn step(&self, byte: u8) -> Result<State, FramingRefusal> {
        match (self.state, byte) {
            (State::Size { digits: 1.., value }, b'\r') => Ok(State::SizeLineFeed { value }),
            (State::Size { digits: 1.., .. }, b';') => Err(FramingRefusal::ChunkExtension),
            (State::Size { value, digits }, _) => size_digit(value, digits, byte),
            (State::SizeLineFeed { value: 0 }, b'\n') => Ok(State::LastReturn),
            (State::SizeLineFeed { value }, b'\n') => Ok(State::Data { left: value }),
            (State::SizeLineFeed { .. }, _) => Err(FramingRefusal::ChunkSize),
            (State::DataReturn, b'\r') => Ok(State::DataLineFeed),
            (State::DataLineFeed, b'\n') => Ok(State::Size {
                value: 0,
                digits: 0,
            }),
            (State::DataReturn | State::DataLineFeed | State::Data { .. }, _) => {
                Err(FramingRefusal::ChunkEnd)
            }
            (State::LastReturn, b'\r') => Ok(State::LastLineFeed),
            (State::LastLineFeed, b'\n') => Ok(State::Done),
            (State::LastReturn | State::LastLineFeed | State::Done, _) => {
                Err(FramingRefusal::Trailer)
            }
        }
    }
}

fn size_digit(value: u64, digits: u8, byte: u8) -> Result<State, FramingRefusal> {
    match char::from(byte).to_digit(16) {
        Some(digit) if digits < SIZE_DIGITS_MAX => Ok(State::Size {
            value: (value << 4) | u64::from(digit),
            digits: digits + 1,
        }),
        _ => Err(FramingRefusal::ChunkSize),
    }
}

#[cfg(test)]
mod tests;
