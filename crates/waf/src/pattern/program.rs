//! Steps of the backtracking machine, made from what a pattern means.

use super::error::{PatternError, Problem};
use super::syntax::{Around, Greed, Node, Place};
use crate::transform::ByteSet;

/// Most steps of one program: counted repetitions are written out.
const STEPS_MAX: usize = 20_000;

/// One step. Steps are numbered; without a word the next one follows.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// One byte of the set.
    Set(ByteSet),
    /// A repetition of one byte of the set.
    Run {
        set: ByteSet,
        least: u32,
        most: u32,
        greed: Greed,
    },
    Place(Place),
    /// Go to the first, and to the second when that fails.
    Split(u32, u32),
    Jump(u32),
    /// Keep the place in a slot.
    Keep(u32),
    /// The group ends here; its start is in the slot.
    Close {
        group: u32,
        start: u32,
    },
    /// Go there when nothing was matched since the place in the slot.
    IfStill {
        slot: u32,
        to: u32,
    },
    /// What the group matched, in any case when true.
    Back(u32, bool),
    /// So many bytes back.
    GoBack(u32),
    /// Choices made from here on belong to that frame.
    Begin(u32),
    /// Forget the choices of the frame; with true, return to its place.
    Commit(u32, bool),
    /// Like `Begin`, and when the frame fails go there.
    BeginDenied {
        frame: u32,
        to: u32,
    },
    /// Forget the frame and fail.
    Deny(u32),
    Match,
}

/// A pattern as steps.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    /// Slots: two for the match, two for each group, and places of loops.
    pub(super) slots: usize,
    pub(super) frames: usize,
    /// For each step, whether its failures are remembered; empty when nothing is.
    pub(super) remembered: Vec<Option<Remembered>>,
    pub(super) remembered_steps: usize,
    pub(super) groups: usize,
}

/// A step of which a long search remembers where it failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remembered {
    /// Among the remembered ones.
    pub(super) number: u32,
    /// To have been tried is to have failed: otherwise the search would be over.
    pub(super) is_final: bool,
}

impl Program {
    pub(super) fn of(node: &Node) -> Result<Self, PatternError> {
        let groups = groups(node);
        let mut writer = Writer {
            steps: Vec::new(),
            slots: (groups + 1) * 2,
            frames: 0,
            around: 0,
            is_outside: Vec::new(),
        };
        writer.node(node)?;
        writer.push(Step::Match)?;
        let as_usize = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let remembered = writer.remembered();
        Ok(Self {
            remembered_steps: remembered.iter().flatten().count(),
            remembered,
            steps: writer.steps,
            slots: as_usize(writer.slots),
            frames: as_usize(writer.frames),
            groups: as_usize(groups),
        })
    }
}

fn groups(node: &Node) -> u32 {
    let highest = std::cell::Cell::new(0);
    node.any(&|node| {
        if let Node::Group(group, _) = node {
            highest.set(highest.get().max(*group));
        }
        false
    });
    highest.get()
}

struct Writer {
    steps: Vec<Step>,
    slots: u32,
    frames: u32,
    /// Assertions and atomic parts around the next step.
    around: usize,
    /// For each step, whether it stands outside of them.
    is_outside: Vec<bool>,
}

impl Writer {
    fn push(&mut self, step: Step) -> Result<u32, PatternError> {
        let number = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        if self.steps.len() >= STEPS_MAX {
            return Err(PatternError::new(Problem::Size, 0));
        }
        self.steps.push(step);
        self.is_outside.push(self.around == 0);
        Ok(number)
    }

    fn next(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    fn set(&mut self, number: u32, step: Step) {
        let place = usize::try_from(number).ok();
        if let Some(there) = place.and_then(|place| self.steps.get_mut(place)) {
            *there = step;
        }
    }

    /// What follows a choice depends on its step and place alone, but for references and for loops that look at what they matched.
    /// Inside of assertions and atomic parts a choice may have been tried and forgotten without having failed. A run is not final
    /// either: while its lengths are tried, the same run may come again at another place.
    fn remembered(&self) -> Vec<Option<Remembered>> {
        let looks_back = |step: &Step| matches!(step, Step::Back(..) | Step::IfStill { .. });
        if self.steps.iter().any(looks_back) {
            return Vec::new();
        }
        let mut numbers = 0..;
        let steps = self.steps.iter().zip(&self.is_outside);
        steps
            .map(|(step, is_outside)| {
                let is_split = matches!(step, Step::Split(..));
                if !is_split && !matches!(step, Step::Run { .. }) {
                    return None;
                }
                Some(Remembered {
                    number: numbers.next()?,
                    is_final: is_split && *is_outside,
                })
            })
            .collect()
    }

    fn slot(&mut self) -> u32 {
        self.slots += 1;
        self.slots - 1
    }

    fn frame(&mut self) -> u32 {
        self.frames += 1;
        self.frames - 1
    }

    fn node(&mut self, node: &Node) -> Result<(), PatternError> {
        match node {
            Node::Empty => {}
            Node::Set(set) => {
                self.push(Step::Set(*set))?;
            }
            Node::Place(place) => {
                self.push(Step::Place(*place))?;
            }
            Node::Back(group, caseless) => {
                self.push(Step::Back(*group, *caseless))?;
            }
            Node::Concat(parts) => {
                for part in parts {
                    self.node(part)?;
                }
            }
            Node::Alternate(parts) => self.alternate(parts, Self::node)?,
            Node::Repeat {
                node,
                least,
                most,
                greed,
            } => self.repeat(node, *least, *most, *greed)?,
            Node::Group(group, node) => {
                let start = self.slot();
                self.push(Step::Keep(start))?;
                self.node(node)?;
                self.push(Step::Close {
                    group: *group,
                    start,
                })?;
            }
            Node::Atomic(node) => {
                let frame = self.frame();
                self.push(Step::Begin(frame))?;
                self.around += 1;
                self.node(node)?;
                self.around -= 1;
                self.push(Step::Commit(frame, false))?;
            }
            Node::Around(around, node) => self.around(*around, node)?,
        }
        Ok(())
    }

    fn alternate(
        &mut self,
        parts: &[Node],
        write: impl Fn(&mut Self, &Node) -> Result<(), PatternError>,
    ) -> Result<(), PatternError> {
        let mut jumps = Vec::new();
        let Some((last, parts)) = parts.split_last() else {
            return Ok(());
        };
        for part in parts {
            let split = self.push(Step::Match)?;
            write(self, part)?;
            jumps.push(self.push(Step::Match)?);
            let next = self.next();
            self.set(split, Step::Split(split + 1, next));
        }
        write(self, last)?;
        let end = self.next();
        for jump in jumps {
            self.set(jump, Step::Jump(end));
        }
        Ok(())
    }

    fn repeat(
        &mut self,
        node: &Node,
        least: u32,
        most: Option<u32>,
        greed: Greed,
    ) -> Result<(), PatternError> {
        if let Node::Set(set) = node {
            self.push(Step::Run {
                set: *set,
                least,
                most: most.unwrap_or(u32::MAX),
                greed,
            })?;
            return Ok(());
        }
        if greed == Greed::Possessive {
            let frame = self.frame();
            self.push(Step::Begin(frame))?;
            self.around += 1;
            self.repeat(node, least, most, Greed::Greedy)?;
            self.around -= 1;
            self.push(Step::Commit(frame, false))?;
            return Ok(());
        }
        // The last time that has to be is the first of an endless loop: when it matched nothing, there is no other.
        let inside = most.is_none() && least > 0 && node.length_min() == 0;
        for _ in u32::from(inside)..least {
            self.node(node)?;
        }
        let mut splits = Vec::new();
        match most {
            None => {
                let enter = if inside {
                    Some(self.push(Step::Match)?)
                } else {
                    None
                };
                let again = self.next();
                splits.push(self.push(Step::Match)?);
                if let Some(enter) = enter {
                    let first = self.next();
                    self.set(enter, Step::Jump(first));
                }
                self.iteration(node, &mut splits)?;
                self.push(Step::Jump(again))?;
            }
            Some(most) => {
                for _ in least..most {
                    splits.push(self.push(Step::Match)?);
                    self.node(node)?;
                }
            }
        }
        let end = self.next();
        for number in splits {
            let step = match self
                .steps
                .get(usize::try_from(number).unwrap_or(usize::MAX))
            {
                Some(Step::IfStill { slot, .. }) => Step::IfStill {
                    slot: *slot,
                    to: end,
                },
                _ if greed == Greed::Lazy => Step::Split(end, number + 1),
                _ => Step::Split(number + 1, end),
            };
            self.set(number, step);
        }
        Ok(())
    }

    /// One more time, unless the time before matched nothing: then what follows has its turn, as in PCRE.
    fn iteration(&mut self, node: &Node, open: &mut Vec<u32>) -> Result<(), PatternError> {
        if node.length_min() > 0 {
            return self.node(node);
        }
        let slot = self.slot();
        self.push(Step::Keep(slot))?;
        self.node(node)?;
        open.push(self.push(Step::IfStill { slot, to: 0 })?);
        Ok(())
    }

    fn around(&mut self, around: Around, node: &Node) -> Result<(), PatternError> {
        let frame = self.frame();
        let begin = self.push(Step::Begin(frame))?;
        self.around += 1;
        if !around.behind {
            self.node(node)?;
        } else if let Node::Alternate(parts) = node {
            self.alternate(parts, Self::behind)?;
        } else {
            self.behind(node)?;
        }
        self.around -= 1;
        if around.negative {
            self.push(Step::Deny(frame))?;
            let to = self.next();
            self.set(begin, Step::BeginDenied { frame, to });
        } else {
            self.push(Step::Commit(frame, true))?;
        }
        Ok(())
    }

    fn behind(&mut self, node: &Node) -> Result<(), PatternError> {
        let length = node
            .length_fixed()
            .and_then(|length| u32::try_from(length).ok());
        let length = length.ok_or_else(|| PatternError::new(Problem::LookBehind, 0))?;
        self.push(Step::GoBack(length))?;
        self.node(node)
    }
}
