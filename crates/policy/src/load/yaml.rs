//! YAML text becomes a tree in which every key and every value knows its place.
//!
//! Only the part of YAML in which a text has one reading is read: no anchors, aliases, merge keys, tags or second documents.
//! JSON is read as the YAML that it is.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::Spot;

/// Longest text, bytes.
pub(super) const TEXT_BYTES_MAX: usize = 1_048_576;

/// Most lists and mappings inside each other.
pub(super) const DEPTH_MAX: usize = 64;

/// The first place of a text.
pub(super) const START: Spot = Spot { line: 1, column: 1 };

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) spot: Spot,
    pub(super) kind: Kind,
}

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Scalar { text: String, plain: bool },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) spot: Spot,
    pub(super) value: Node,
}

/// Why a text is not read.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) spot: Spot,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Node {
    /// The value under a key; the first one when the key stands twice.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    /// The entries of a mapping; none of anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Scalar { .. } | Kind::List(_) => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Scalar { .. } | Kind::Map(_) => &[],
        }
    }

    /// The text of a scalar, quoted or not.
    pub(super) fn scalar(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// What the author wrote, without its value.
    pub(super) fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
            Kind::Scalar { plain: false, .. } => "text",
            Kind::Scalar { text, plain: true } => match text.as_str() {
                "" | "~" | "null" | "Null" | "NULL" => "nothing",
                "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => "true or false",
                other if is_number(other) => "a number",
                _ => "text",
            },
        }
    }
}

/// True for what the core schema of YAML 1.2 reads as a number.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let based = |prefix, radix| {
        text.strip_prefix(prefix)
            .is_some_and(|rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix)))
    };
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let numeric = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'))
        && digits.parse::<f64>().is_ok();
    numeric || based("0x", 16) || based("0o", 8)
}

enum Open {
    List(Spot, Vec<Node>),
    /// The key that waits for its value stands last.
    Map(Spot, Vec<Entry>, Option<(String, Spot)>),
}

/// Reads one document.
pub(super) fn parse(text: &str) -> Result<Node, Flaw> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(flaw(
            START,
            format!("the file is longer than {TEXT_BYTES_MAX} bytes"),
            None,
        ));
    }
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| {
            let marker = error.marker();
            let spot = Spot {
                line: marker.line(),
                column: marker.col() + 1,
            };
            flaw(
                spot,
                format!("the file is not YAML: {}", error.info()),
                None,
            )
        })?;
        let spot = spot_of(span);
        refuse_unread(&event, spot)?;
        let finished = match event {
            Event::DocumentStart(_) if root.is_some() => {
                let hint = Some("one file holds one document");
                return Err(flaw(spot, "a second document begins here", hint));
            }
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                Some(Node {
                    spot,
                    kind: Kind::Scalar {
                        text: text.into_owned(),
                        plain,
                    },
                })
            }
            Event::SequenceStart(..) => {
                enter(&mut open, Open::List(spot, Vec::new()), spot)?;
                None
            }
            Event::MappingStart(..) => {
                enter(&mut open, Open::Map(spot, Vec::new(), None), spot)?;
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(close),
            Event::StreamStart
            | Event::StreamEnd
            | Event::Nothing
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::Alias(_) => None,
        };
        if let Some(node) = finished {
            place(&mut open, &mut root, node)?;
        }
    }
    root.ok_or_else(|| flaw(START, "the file is empty", None))
}

fn spot_of(span: Span) -> Spot {
    Spot {
        line: span.start.line(),
        column: span.start.col() + 1,
    }
}

fn flaw(spot: Spot, message: impl Into<String>, hint: Option<&str>) -> Flaw {
    Flaw {
        spot,
        message: message.into(),
        hint: hint.map(str::to_owned),
    }
}

/// Refuses what could give a text a second reading.
fn refuse_unread(event: &Event<'_>, spot: Spot) -> Result<(), Flaw> {
    let (anchored, tagged) = match event {
        Event::Alias(_) => (true, false),
        Event::Scalar(_, _, anchor, tag)
        | Event::SequenceStart(anchor, tag)
        | Event::MappingStart(anchor, tag) => (*anchor != 0, tag.is_some()),
        Event::Nothing
        | Event::StreamStart
        | Event::StreamEnd
        | Event::DocumentStart(_)
        | Event::DocumentEnd
        | Event::SequenceEnd
        | Event::MappingEnd => (false, false),
    };
    if anchored {
        let hint = Some("write the value out where it is used");
        return Err(flaw(spot, "anchors and aliases are not read", hint));
    }
    if tagged {
        return Err(flaw(
            spot,
            "tags are not read",
            Some("write the plain value"),
        ));
    }
    Ok(())
}

fn enter(open: &mut Vec<Open>, new: Open, spot: Spot) -> Result<(), Flaw> {
    if open.len() == DEPTH_MAX {
        return Err(flaw(
            spot,
            format!("more than {DEPTH_MAX} lists and mappings stand inside each other"),
            None,
        ));
    }
    open.push(new);
    Ok(())
}

fn close(open: Open) -> Node {
    match open {
        Open::List(spot, items) => Node {
            spot,
            kind: Kind::List(items),
        },
        Open::Map(spot, entries, _) => Node {
            spot,
            kind: Kind::Map(entries),
        },
    }
}

fn place(open: &mut [Open], root: &mut Option<Node>, node: Node) -> Result<(), Flaw> {
    match open.last_mut() {
        None => *root = Some(node),
        Some(Open::List(_, items)) => items.push(node),
        Some(Open::Map(_, entries, waiting)) => match waiting.take() {
            Some((key, spot)) => entries.push(Entry {
                key,
                spot,
                value: node,
            }),
            None => *waiting = Some(key_of(node)?),
        },
    }
    Ok(())
}

fn key_of(node: Node) -> Result<(String, Spot), Flaw> {
    match node.kind {
        Kind::Scalar { text, plain: true } if text == "<<" => Err(flaw(
            node.spot,
            "merge keys are not read",
            Some("write the values out where they are used"),
        )),
        Kind::Scalar { text, .. } => Ok((text, node.spot)),
        Kind::List(_) | Kind::Map(_) => Err(flaw(node.spot, "a key must be text", None)),
    }
}
