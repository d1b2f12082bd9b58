//! YAML text becomes a tree in which every value knows its line.
//!
//! Test suites by others are read: tags are passed over (`!!str` occurs), anchors and aliases are refused, because an alias can
//! make a small text large. JSON is read as the YAML that it is.

use saphyr_parser::{Event, Parser};

use super::RegressionMistake;

/// Longest text, bytes. The largest suite file known has 146 KB.
const TEXT_BYTES_MAX: usize = 16 << 20;

/// Most lists and mappings inside each other.
const DEPTH_MAX: usize = 32;

/// A value and its line.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// `true` for text that is neither quoted nor a block.
    Scalar(String, bool),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value under a key; the first one when the key stands twice.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(found, _)| found == key)
            .map(|(_, value)| value)
    }

    /// The entries of a mapping; none of anything else.
    pub(crate) fn entries(&self) -> &[(String, Self)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Scalar(..) | Kind::List(_) => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Scalar(..) | Kind::Map(_) => &[],
        }
    }

    /// The text of a scalar, quoted or not; an unquoted nothing (`~`, `null`, absent) is empty.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text, true) if matches!(text.as_str(), "~" | "null" | "Null" | "NULL") => {
                Some("")
            }
            Kind::Scalar(text, _) => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// The scalar under a key.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Self::scalar)
    }

    /// The truth value under a key; `None` when absent or something else.
    pub(crate) fn truth(&self, key: &str) -> Option<bool> {
        match self.text(key)? {
            "true" | "True" | "TRUE" | "yes" | "on" => Some(true),
            "false" | "False" | "FALSE" | "no" | "off" => Some(false),
            _ => None,
        }
    }

    /// A list's items, or the value itself as the only one.
    pub(crate) fn one_or_more(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Scalar(..) | Kind::Map(_) => std::slice::from_ref(self),
        }
    }
}

enum Open {
    List(usize, Vec<Node>),
    /// The key that waits for its value stands last.
    Map(usize, Vec<(String, Node)>, Option<String>),
}

/// Reads one document; `None` when there is none.
pub(crate) fn parse(name: &str, text: &str) -> Result<Option<Node>, RegressionMistake> {
    let mistake = |line, what: String| RegressionMistake {
        file: name.to_owned(),
        line,
        what,
    };
    if text.len() > TEXT_BYTES_MAX {
        return Err(mistake(1, format!("longer than {TEXT_BYTES_MAX} bytes")));
    }
    let mut parser = Parser::new_from_str(text);
    let mut open = Vec::new();
    let mut root = None;
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| {
            mistake(error.marker().line(), format!("not YAML: {}", error.info()))
        })?;
        let line = span.start.line();
        if matches!(event, Event::DocumentStart(_)) && root.is_some() {
            return Err(mistake(line, "a second document begins here".to_owned()));
        }
        step(&mut open, &mut root, event, line).map_err(|what| mistake(line, what.to_owned()))?;
    }
    Ok(root)
}

fn step(
    open: &mut Vec<Open>,
    root: &mut Option<Node>,
    event: Event<'_>,
    line: usize,
) -> Result<(), &'static str> {
    let finished = match event {
        Event::Alias(_) => return Err("anchors and aliases are not read"),
        Event::Scalar(text, style, ..) => {
            let plain = style == saphyr_parser::ScalarStyle::Plain;
            let kind = Kind::Scalar(text.into_owned(), plain);
            Some(Node { line, kind })
        }
        Event::SequenceStart(..) => {
            open.push(Open::List(line, Vec::new()));
            None
        }
        Event::MappingStart(..) => {
            open.push(Open::Map(line, Vec::new(), None));
            None
        }
        Event::SequenceEnd | Event::MappingEnd => open.pop().map(close),
        Event::StreamStart
        | Event::StreamEnd
        | Event::Nothing
        | Event::DocumentStart(_)
        | Event::DocumentEnd => None,
    };
    if open.len() > DEPTH_MAX {
        return Err("too many lists and mappings stand inside each other");
    }
    finished.map_or(Ok(()), |node| place(open, root, node))
}

fn close(open: Open) -> Node {
    match open {
        Open::List(line, items) => Node {
            line,
            kind: Kind::List(items),
        },
        Open::Map(line, entries, _) => Node {
            line,
            kind: Kind::Map(entries),
        },
    }
}

fn place(open: &mut [Open], root: &mut Option<Node>, node: Node) -> Result<(), &'static str> {
    match open.last_mut() {
        None => *root = Some(node),
        Some(Open::List(_, items)) => items.push(node),
        Some(Open::Map(_, entries, waiting)) => match (waiting.take(), node.kind) {
            (Some(key), kind) => {
                let line = node.line;
                entries.push((key, Node { line, kind }));
            }
            (None, Kind::Scalar(key, _)) => *waiting = Some(key),
            (None, Kind::List(_) | Kind::Map(_)) => return Err("a key must be text"),
        },
    }
    Ok(())
}
