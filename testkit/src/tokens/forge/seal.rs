//! The signature: by whom, and what happens to it afterwards.

use super::{Hand, MakeError, Order, TokenProfile, bytes_of};

pub(super) struct Seal {
    hand: Hand,
    /// The signature of the good token stays, whatever is signed now.
    keep: bool,
    then: Vec<Change>,
}

enum Change {
    Empty,
    All(u8),
    Der,
    Cut(usize),
    Add(Vec<u8>),
    Flip(usize),
    Half(usize, Half),
}

enum Half {
    Zeros,
    Order,
    PlusOrder,
}

impl Default for Seal {
    fn default() -> Self {
        Self {
            hand: Hand::Own,
            keep: false,
            then: Vec::new(),
        }
    }
}

impl Seal {
    pub(super) fn by(&mut self, who: &str) -> Option<()> {
        match who {
            "stranger" => self.hand = Hand::Stranger,
            "hs256" => self.hand = Hand::Hs256,
            "hs512" => self.hand = Hand::Hs512,
            "good" => self.keep = true,
            _ => return None,
        }
        Some(())
    }

    pub(super) fn then(&mut self, what: &str) -> Option<()> {
        let (first, rest) = what.split_once(' ').unwrap_or((what, ""));
        let half = |at| {
            let what = match rest {
                "zeros" => Half::Zeros,
                "order" => Half::Order,
                "plus order" => Half::PlusOrder,
                _ => return None,
            };
            Some(Change::Half(at, what))
        };
        self.then.push(match first {
            "empty" => Change::Empty,
            "zeros" => Change::All(0),
            "ones" => Change::All(0xff),
            "der" => Change::Der,
            "cut" => Change::Cut(rest.parse().ok()?),
            "add" => Change::Add(bytes_of(rest)?),
            "flip" => Change::Flip(rest.parse().ok()?),
            "first" => half(0)?,
            "second" => half(32)?,
            _ => return None,
        });
        Some(())
    }

    /// The signature over `input`, or what became of it.
    pub(super) fn over(
        &self,
        input: &str,
        good: &str,
        profile: &TokenProfile<'_>,
    ) -> Result<Vec<u8>, MakeError> {
        let signed = if self.keep { good } else { input };
        let mut signature = (profile.sign)(self.hand, signed.as_bytes());
        for change in &self.then {
            change.apply(&mut signature, profile)?;
        }
        Ok(signature)
    }
}

impl Change {
    fn apply(&self, signature: &mut Vec<u8>, profile: &TokenProfile<'_>) -> Result<(), MakeError> {
        match self {
            Self::Empty => signature.clear(),
            Self::All(byte) => signature.fill(*byte),
            Self::Der => *signature = der(signature),
            Self::Cut(bytes) => signature.truncate(signature.len().saturating_sub(*bytes)),
            Self::Add(bytes) => signature.extend_from_slice(bytes),
            Self::Flip(bit) => {
                if let Some(byte) = signature.get_mut(bit / 8) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Self::Half(from, what) => {
                let half = signature
                    .get_mut(*from..from + 32)
                    .ok_or_else(|| MakeError::Row("the signature has no halves".to_owned()))?;
                match what {
                    Half::Zeros => half.fill(0),
                    Half::Order => half.copy_from_slice(profile.order.bytes()),
                    Half::PlusOrder => add(half, profile.order)?,
                }
            }
        }
        Ok(())
    }
}

/// The same number modulo the order, written differently. Where the order fills all 256 bits there is no room for it.
fn add(number: &mut [u8], order: Order) -> Result<(), MakeError> {
    let no_room = || MakeError::Lacks("room above the order".to_owned());
    let Order::Little(order) = order else {
        return Err(no_room());
    };
    let mut carry = 0;
    for (byte, more) in number.iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    if carry == 0 { Ok(()) } else { Err(no_room()) }
}

/// The two halves as `SEQUENCE { INTEGER, INTEGER }`, the form that TLS and X.509 use.
fn der(signature: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for half in signature.chunks(32) {
        let mut number: Vec<u8> = half.iter().copied().skip_while(|byte| *byte == 0).collect();
        if number.first().is_none_or(|byte| *byte >= 0x80) {
            number.insert(0, 0);
        }
        body.extend([0x02, u8::try_from(number.len()).unwrap_or(u8::MAX)]);
        body.extend(number);
    }
    let mut out = vec![0x30, u8::try_from(body.len()).unwrap_or(u8::MAX)];
    out.extend(body);
    out
}
