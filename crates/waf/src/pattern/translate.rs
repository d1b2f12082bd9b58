//! From what a pattern means to what a regular engine runs.

use regex_automata::meta::{BuildError, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_syntax::hir::{Capture, Class, ClassBytes, ClassBytesRange, Hir, Look, Repetition};

use super::syntax::{Greed, Node, Place, bytes};
use crate::transform::ByteSet;

/// Groups whose place a rule can ask for: `TX:1` to `TX:9`.
const GROUPS_MAX: u32 = 9;
/// Bytes of one lazy automaton before it starts anew.
const LAZY_BYTES_MAX: usize = 192 * 1024;
/// Bytes of the automaton without its caches. A pattern that needs more is refused.
const NFA_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of an automaton that finds groups in one pass; larger ones cost more to build than they save.
const ONE_PASS_BYTES_MAX: usize = 64 * 1024;

/// An engine that finds at least what `node` matches, and the groups of its own match.
pub(super) fn engine(node: &Node) -> Result<Regex, Box<BuildError>> {
    let config = Regex::config()
        .utf8_empty(false)
        .which_captures(WhichCaptures::All)
        .nfa_size_limit(Some(NFA_BYTES_MAX))
        .onepass_size_limit(Some(ONE_PASS_BYTES_MAX))
        .hybrid_cache_capacity(LAZY_BYTES_MAX);
    Regex::builder()
        .configure(config)
        .build_from_hir(&hir(node))
        .map_err(Box::new)
}

/// Assertions of look-around vanish, references match anything, nothing is possessive.
fn hir(node: &Node) -> Hir {
    match node {
        Node::Empty | Node::Around(..) | Node::Place(Place::SearchStart) => Hir::empty(),
        Node::Set(set) => one_of(*set),
        Node::Place(place) => Hir::look(match place {
            Place::TextStart | Place::SearchStart => Look::Start,
            Place::TextEnd => Look::End,
            Place::LineStart => Look::StartLF,
            Place::LineEnd | Place::LastLineEnd => Look::EndLF,
            Place::WordEdge => Look::WordAscii,
            Place::NotWordEdge => Look::WordAsciiNegate,
        }),
        Node::Concat(parts) => Hir::concat(parts.iter().map(hir).collect()),
        Node::Alternate(parts) => Hir::alternation(parts.iter().map(hir).collect()),
        Node::Repeat {
            node,
            least,
            most,
            greed,
        } => Hir::repetition(Repetition {
            min: *least,
            max: *most,
            greedy: *greed != Greed::Lazy,
            sub: Box::new(hir(node)),
        }),
        Node::Group(index, node) if *index <= GROUPS_MAX => Hir::capture(Capture {
            index: *index,
            name: None,
            sub: Box::new(hir(node)),
        }),
        Node::Group(_, node) | Node::Atomic(node) => hir(node),
        Node::Back(..) => Hir::repetition(Repetition {
            min: 0,
            max: None,
            greedy: true,
            sub: Box::new(one_of(ByteSet::all())),
        }),
    }
}

fn one_of(set: ByteSet) -> Hir {
    let ranges = bytes(set).map(|byte| ClassBytesRange::new(byte, byte));
    Hir::class(Class::Bytes(ClassBytes::new(ranges)))
}
