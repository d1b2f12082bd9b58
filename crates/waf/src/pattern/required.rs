//! What a value must have for a pattern to match.

use super::syntax::Node;
use crate::transform::ByteSet;

/// What every match contains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Required {
    /// Every match contains one of these, in any case: ASCII in lowercase, two bytes or more each.
    pub literals: Option<Vec<Vec<u8>>>,
    /// Every match contains a byte of each of these sets.
    pub classes: Vec<ByteSet>,
}

impl Required {
    pub(super) fn of(_node: &Node) -> Self {
        Self::default()
    }
}
