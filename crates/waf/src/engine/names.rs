//! Names of `TX` variables as small numbers, so that a rule reaches its variable without hashing.

use std::collections::HashMap;

/// Number of a name in a [`Names`].
pub(crate) type NameId = u32;

/// Names without case, numbered in the order of their first appearance. `0` to `9` are the captures.
#[derive(Debug, Default)]
pub(crate) struct Names {
    ids: HashMap<Box<[u8]>, NameId>,
    texts: Vec<Box<[u8]>>,
}

impl Names {
    /// The captures `0` to `9`, in order.
    pub(crate) fn with_captures() -> Self {
        let mut names = Self::default();
        for digit in b'0'..=b'9' {
            names.intern(&[digit]);
        }
        names
    }

    pub(crate) fn intern(&mut self, name: &[u8]) -> NameId {
        let lower = name.to_ascii_lowercase();
        if let Some(&id) = self.ids.get(lower.as_slice()) {
            return id;
        }
        let id = NameId::try_from(self.texts.len()).unwrap_or(NameId::MAX);
        self.ids.insert(lower.clone().into_boxed_slice(), id);
        self.texts.push(lower.into_boxed_slice());
        id
    }

    /// `name` is in lower case.
    pub(crate) fn find(&self, name: &[u8]) -> Option<NameId> {
        self.ids.get(name).copied()
    }

    pub(crate) fn text(&self, id: NameId) -> &[u8] {
        self.texts
            .get(id as usize)
            .map_or(b"".as_slice(), |text| text)
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }
}
