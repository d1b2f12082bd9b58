//! Patterns made up from a grammar of PCRE's dialect, and values close to what they match.
//!
//! Rejected: random bytes, most of which are no pattern, and values that know nothing of the pattern, most of which do not match.

use crate::choices::Choices;

mod value;

/// Groups inside each other.
const DEPTH_MAX: usize = 4;

/// A text of the pattern, and texts that it matches.
type Atom = (&'static str, &'static [&'static [u8]]);
/// A text of the pattern, and how often at least and at most a value repeats what stands before it.
type Quantifier = (&'static str, usize, usize);

const ATOMS: &[Atom] = &[
    ("a", &[b"a"]),
    ("b", &[b"b"]),
    ("B", &[b"B"]),
    (".", &[b"a", b"\n", b"b"]),
    ("\\s", &[b" ", b"\n"]),
    ("\\w", &[b"a", b"b", b"_"]),
    ("\\W", &[b" ", b"\n", b"-"]),
    ("[ab]", &[b"a", b"b"]),
    ("[^a]", &[b"b", b"A", b"\n"]),
    ("\\n", &[b"\n"]),
    ("[a-c\\n]", &[b"c", b"\n"]),
    ("c", &[b"c"]),
    ("\\N", &[b"a", b"\r"]),
    ("\\xe9", &[b"\xe9"]),
    ("[[:alpha:]]", &[b"a", b"B"]),
    ("\\H", &[b"a", b"\n"]),
    // Of no fixed length, and last: what look-behind cannot have.
    ("ab", &[b"ab"]),
    ("\\R", &[b"\r\n", b"\n", b"\r"]),
];
const ATOMS_OF_ONE_BYTE: usize = 16;
/// Around the number of a group.
const BACK: &[(&str, &str)] = &[("\\", ""), ("\\g{", "}"), ("(?i:\\", ")")];
const PLACES: &[&str] = &["^", "$", "\\b", "\\B", "\\z", "\\A", "\\Z", "\\G", ""];
const QUANTIFIERS: &[Quantifier] = &[
    ("*", 0, 3),
    ("+", 1, 3),
    ("?", 0, 1),
    ("*?", 0, 3),
    ("+?", 1, 3),
    ("??", 0, 1),
    ("*+", 0, 3),
    ("++", 1, 3),
    ("?+", 0, 1),
    ("{2}", 2, 2),
    ("{1,3}", 1, 3),
    ("{0,2}?", 0, 2),
    ("{2,}", 2, 4),
    ("{1,}+", 1, 3),
    ("{0}", 0, 0),
    ("{2,3}+", 2, 3),
];
const GROUPS: &[&str] = &[
    "(", "(", "(", "(?:", "(?:", "(?>", "(?i:", "(?-m:", "(?-s:", "(?U:", "(?x:",
];
const LOOKS: &[&str] = &["(?=", "(?!", "(?<=", "(?<!"];

/// A pattern, taken apart.
#[derive(Debug)]
pub struct MadeUp {
    branches: Vec<Vec<Piece>>,
}

#[derive(Debug)]
struct Piece {
    part: Part,
    quantifier: Option<&'static Quantifier>,
}

#[derive(Debug)]
enum Part {
    Atom(&'static Atom),
    /// With the number of the group.
    Back(&'static (&'static str, &'static str), usize),
    Place(&'static str),
    Group(&'static str, MadeUp),
}

/// Makes pieces up.
struct Maker<'c, 'b> {
    choices: &'c mut Choices<'b>,
    depth: usize,
    /// The depth inside of the look-behind that is open, whose length is fixed; 0 outside.
    behind: usize,
    /// Capturing groups so far.
    groups: usize,
}

impl MadeUp {
    /// Makes one up. Most of them compile.
    pub fn new(choices: &mut Choices<'_>) -> Self {
        let mut maker = Maker {
            choices,
            depth: 0,
            behind: 0,
            groups: 0,
        };
        maker.branches()
    }

    /// Its text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        for (number, branch) in self.branches.iter().enumerate() {
            if number > 0 {
                out.push('|');
            }
            for piece in branch {
                piece.part.write(out);
                out.push_str(piece.quantifier.map_or("", |(text, _, _)| text));
            }
        }
    }
}

impl Part {
    fn write(&self, out: &mut String) {
        match self {
            Self::Atom((text, _)) | Self::Place(text) => out.push_str(text),
            Self::Back((before, behind), group) => {
                out.push_str(before);
                out.push_str(&group.to_string());
                out.push_str(behind);
            }
            Self::Group(opening, inside) => {
                out.push_str(opening);
                inside.write(out);
                out.push(')');
            }
        }
    }
}

impl Maker<'_, '_> {
    fn branches(&mut self) -> MadeUp {
        let mut branches = vec![self.branch()];
        // Only the outermost alternatives of a look-behind may differ in length.
        while self.choices.one_in(4) && (self.behind == 0 || self.behind == self.depth) {
            branches.push(if self.choices.one_in(6) {
                Vec::new()
            } else {
                self.branch()
            });
        }
        MadeUp { branches }
    }

    fn branch(&mut self) -> Vec<Piece> {
        (0..=self.choices.below(4))
            .filter_map(|_| self.piece())
            .collect()
    }

    fn piece(&mut self) -> Option<Piece> {
        let kinds = if self.depth < DEPTH_MAX { 16 } else { 9 };
        let (part, repeats) = match self.choices.below(kinds) {
            6 if self.groups > 0 && self.behind == 0 => {
                let group = 1 + self.choices.below(self.groups);
                (Part::Back(self.choices.pick(BACK)?, group), true)
            }
            0..=6 => {
                let atoms = if self.behind == 0 {
                    ATOMS.len()
                } else {
                    ATOMS_OF_ONE_BYTE
                };
                (Part::Atom(self.choices.pick(ATOMS.get(..atoms)?)?), true)
            }
            7 | 8 => (Part::Place(self.choices.pick(PLACES)?), false),
            9 => (self.group(LOOKS)?, false),
            _ => (self.group(GROUPS)?, true),
        };
        let quantifier = match repeats && self.choices.one_in(2) {
            true if self.behind > 0 => QUANTIFIERS.iter().find(|(text, _, _)| *text == "{2}"),
            true => self.choices.pick(QUANTIFIERS),
            false => None,
        };
        // PCRE2 10.42 takes `(?:\s|\A){0}ab` for anchored.
        let is_group = matches!(part, Part::Group(..));
        let quantifier = quantifier.filter(|(text, _, _)| !(is_group && *text == "{0}"));
        Some(Piece { part, quantifier })
    }

    fn group(&mut self, openings: &'static [&'static str]) -> Option<Part> {
        let opening = *self.choices.pick(openings)?;
        self.groups += usize::from(opening == "(");
        let outside = (self.depth, self.behind);
        self.depth += 1;
        if matches!(opening, "(?<=" | "(?<!") {
            self.behind = self.depth;
        }
        let inside = self.branches();
        (self.depth, self.behind) = outside;
        Some(Part::Group(opening, inside))
    }
}
