//! Can a pattern match anywhere in a number, a decimal or a UUID?
//!
//! The pattern is read against the automaton of the form: from which states to which can each part of it lead? What looks around,
//! or back at a group, is taken to hold. So the answer errs to one side only: *no* is certain.

use super::syntax::{Node, Place};
use crate::form::{Form, States};

/// Steps for one pattern and form; one that needs more may match.
const STEPS_MAX: u32 = 100_000;
/// More times than a form has states: what is read more often goes round in one place.
const TIMES_MAX: u32 = 64;

/// The forms in whose values a pattern may match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Forms([bool; Form::ALL.len()]);

impl Forms {
    pub(super) fn of(node: &Node) -> Self {
        Self(Form::ALL.map(|form| {
            let mut reader = Reader {
                form,
                steps: STEPS_MAX,
            };
            let end = reader.read(node, form.all());
            reader.steps == 0 || !end.is_empty()
        }))
    }

    pub(super) fn contain(self, form: Form) -> bool {
        self.0.get(form.index()).copied().unwrap_or(true)
    }
}

struct Reader {
    form: Form,
    steps: u32,
}

impl Reader {
    /// The states to which the node leads from any of `from`.
    fn read(&mut self, node: &Node, from: States) -> States {
        self.steps = self.steps.saturating_sub(1);
        if from.is_empty() || self.steps == 0 {
            return States::NONE;
        }
        match node {
            Node::Empty | Node::Around(..) => from,
            Node::Set(bytes) => self.form.read(from, *bytes),
            Node::Place(place) => match place {
                Place::TextStart | Place::LineStart => from.common(States::START),
                Place::TextEnd | Place::LastLineEnd | Place::LineEnd => {
                    from.common(self.form.ends())
                }
                Place::WordEdge | Place::NotWordEdge | Place::SearchStart => from,
            },
            Node::Concat(parts) => parts.iter().fold(from, |from, part| self.read(part, from)),
            Node::Alternate(parts) => parts
                .iter()
                .fold(States::NONE, |all, part| all.union(self.read(part, from))),
            Node::Repeat {
                node, least, most, ..
            } => self.repeat(node, from, *least, *most),
            Node::Group(_, node) | Node::Atomic(node) => self.read(node, from),
            Node::Back(..) => self.form.all(),
        }
    }

    fn repeat(&mut self, node: &Node, from: States, least: u32, most: Option<u32>) -> States {
        let mut now = from;
        for _ in 0..least.min(TIMES_MAX) {
            let next = self.read(node, now);
            if next == now {
                break;
            }
            now = next;
        }
        let more = match most {
            Some(most) if least <= TIMES_MAX => (most - least.min(most)).min(TIMES_MAX),
            // The times that were left out above are in here too.
            _ => TIMES_MAX,
        };
        let mut all = now;
        for _ in 0..more {
            let next = all.union(self.read(node, all));
            if next == all {
                break;
            }
            all = next;
        }
        all
    }
}
