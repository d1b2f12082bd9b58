//! The values of one transaction: one arena of bytes, one row per value, rows found by what they are.
//!
//! A value is stored once, however many rules look at it. Names of arguments are rows of their own (`ARGS_NAMES`) that share the
//! bytes of the argument's name.

use crate::seclang::syntax::Variable;

/// What a row is: a variable, or one of the two things that `XML` can select.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Kind(u8);

impl Kind {
    pub(crate) const XML_ATTRIBUTE: Self = Self(127);
    /// One more than the largest.
    pub(crate) const COUNT: usize = 128;

    pub(crate) const fn of(variable: Variable) -> Self {
        Self(variable as u8)
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Bytes `start..start + length` of an arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) length: u32,
}

impl Span {
    pub(crate) fn of(self, arena: &[u8]) -> &[u8] {
        let start = self.start as usize;
        arena
            .get(start..start + self.length as usize)
            .unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) kind: Kind,
    pub(crate) name: Span,
    pub(crate) value: Span,
    /// Rises with each change, so that what was found in an older value is known to be stale.
    pub(crate) version: u8,
}

/// Index of a row.
pub(crate) type RowId = u32;

#[derive(Debug)]
pub(crate) struct Table {
    arena: Vec<u8>,
    rows: Vec<Row>,
    by_kind: Vec<Vec<RowId>>,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            arena: Vec::new(),
            rows: Vec::new(),
            by_kind: vec![Vec::new(); Kind::COUNT],
        }
    }
}

impl Table {
    pub(crate) fn clear(&mut self) {
        self.arena.clear();
        for row in self.rows.drain(..) {
            if let Some(rows) = self.by_kind.get_mut(row.kind.index()) {
                rows.clear();
            }
        }
    }

    /// Bytes that it keeps for the next transaction.
    pub(crate) fn capacity(&self) -> usize {
        self.arena.capacity() + self.rows.capacity() * size_of::<Row>()
    }

    pub(crate) fn store(&mut self, bytes: &[u8]) -> Span {
        let start = u32::try_from(self.arena.len()).unwrap_or(u32::MAX);
        self.arena.extend_from_slice(bytes);
        Span {
            start,
            length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        }
    }

    pub(crate) fn push(&mut self, kind: Kind, name: Span, value: Span) -> RowId {
        let id = RowId::try_from(self.rows.len()).unwrap_or(RowId::MAX);
        self.rows.push(Row {
            kind,
            name,
            value,
            version: 0,
        });
        if let Some(rows) = self.by_kind.get_mut(kind.index()) {
            rows.push(id);
        }
        id
    }

    /// Sets a variable that has one value.
    pub(crate) fn set(&mut self, variable: Variable, value: &[u8]) {
        let kind = Kind::of(variable);
        let span = self.store(value);
        self.set_span(kind, span);
    }

    pub(crate) fn set_span(&mut self, kind: Kind, span: Span) {
        match self.of_kind(kind).first().copied() {
            Some(id) => {
                if let Some(row) = self.rows.get_mut(id as usize) {
                    row.value = span;
                    row.version = row.version.saturating_add(1);
                }
            }
            None => {
                self.push(kind, Span::default(), span);
            }
        }
    }

    /// The one value of a variable; empty when it was never set.
    pub(crate) fn single(&self, variable: Variable) -> &[u8] {
        self.of_kind(Kind::of(variable))
            .first()
            .and_then(|id| self.row(*id))
            .map_or(b"".as_slice(), |row| self.bytes(row.value))
    }

    pub(crate) fn of_kind(&self, kind: Kind) -> &[RowId] {
        self.by_kind
            .get(kind.index())
            .map_or([].as_slice(), Vec::as_slice)
    }

    pub(crate) fn row(&self, id: RowId) -> Option<Row> {
        self.rows.get(id as usize).copied()
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        span.of(&self.arena)
    }

    /// Sum of the lengths of the values and their names.
    pub(crate) fn size(&self, kinds: &[Kind]) -> u64 {
        kinds
            .iter()
            .flat_map(|kind| self.of_kind(*kind))
            .filter_map(|id| self.row(*id))
            .map(|row| u64::from(row.value.length) + u64::from(row.name.length))
            .sum()
    }

    /// First value of that kind whose name is `name`, without case.
    pub(crate) fn named(&self, kind: Kind, name: &[u8]) -> Option<&[u8]> {
        self.of_kind(kind)
            .iter()
            .filter_map(|id| self.row(*id))
            .find(|row| self.bytes(row.name).eq_ignore_ascii_case(name))
            .map(|row| self.bytes(row.value))
    }
}
