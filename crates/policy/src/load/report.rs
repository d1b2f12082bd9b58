//! Reading a tree while collecting every mistake in it.

use super::secrets::Met;
use super::words::{closest, list_of};
use super::yaml::{self, Entry, Kind, Node};
use crate::{Mistake, Mistakes, Spot};

/// The mistakes of one file.
#[derive(Debug)]
pub(super) struct Report {
    file: String,
    mistakes: Vec<Mistake>,
    met: Vec<Met>,
}

/// A value that remembers its place.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) spot: Spot,
}

impl Report {
    pub(super) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            mistakes: Vec::new(),
            met: Vec::new(),
        }
    }

    /// Remembers a reference to a secret.
    pub(super) fn meet(&mut self, one: Met) {
        self.met.push(one);
    }

    /// Gives the remembered references up.
    pub(super) fn met(&mut self) -> Vec<Met> {
        std::mem::take(&mut self.met)
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// How many mistakes were found so far.
    pub(super) fn count(&self) -> usize {
        self.mistakes.len()
    }

    pub(super) fn mistake(&mut self, spot: Spot, message: impl Into<String>) {
        self.push(spot, message.into(), None);
    }

    pub(super) fn mistake_hint(
        &mut self,
        spot: Spot,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(spot, message.into(), Some(hint.into()));
    }

    fn push(&mut self, spot: Spot, message: String, hint: Option<String>) {
        self.mistakes
            .push(Mistake::new(&self.file, spot, message, hint));
    }

    /// Takes over another file's mistakes.
    pub(super) fn absorb(&mut self, other: Self) {
        self.mistakes.extend(other.mistakes);
    }

    /// All mistakes: those of the first file first, each file's by place.
    pub(super) fn finish(self) -> Mistakes {
        Mistakes::in_order(&self.file, self.mistakes)
    }

    /// Reads a text into a tree and refuses keys that stand twice.
    pub(super) fn parse(&mut self, text: &str) -> Option<Node> {
        match yaml::parse(text) {
            Ok(root) => {
                self.refuse_duplicates(&root);
                Some(root)
            }
            Err(flaw) => {
                self.push(flaw.spot, flaw.message, flaw.hint);
                None
            }
        }
    }

    fn refuse_duplicates(&mut self, node: &Node) {
        let mut seen: std::collections::BTreeMap<&str, Spot> = std::collections::BTreeMap::new();
        for entry in node.entries() {
            if let Some(first) = seen.get(entry.key.as_str()) {
                let hint = format!("it stands on line {} already", first.line);
                self.mistake_hint(
                    entry.spot,
                    format!("key `{}` stands twice", entry.key),
                    hint,
                );
            } else {
                seen.insert(&entry.key, entry.spot);
            }
            self.refuse_duplicates(&entry.value);
        }
        for item in node.items() {
            self.refuse_duplicates(item);
        }
    }

    /// A mapping whose keys are all known.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node,
        what: &'n str,
        known: &[&str],
    ) -> Option<Fields<'n>> {
        let Kind::Map(entries) = &node.kind else {
            self.mistake(
                node.spot,
                format!("{what} must be a mapping, found {}", node.describe()),
            );
            return None;
        };
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                self.unknown_key(entry, what, known);
            }
        }
        Some(Fields {
            spot: node.spot,
            what,
            entries,
        })
    }

    /// A mapping whose keys the author chooses.
    pub(super) fn fields_of_any<'n>(
        &mut self,
        node: &'n Node,
        what: &'n str,
    ) -> Option<Fields<'n>> {
        let known: Vec<&str> = node
            .entries()
            .iter()
            .map(|entry| entry.key.as_str())
            .collect();
        self.fields(node, what, &known)
    }

    fn unknown_key(&mut self, entry: &Entry, what: &str, known: &[&str]) {
        let hint = match closest(&entry.key, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known keys here: {}", list_of(known.iter().copied())),
        };
        self.mistake_hint(
            entry.spot,
            format!("unknown key `{}` in {what}", entry.key),
            hint,
        );
    }

    /// The items of a list.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        if let Kind::List(items) = &node.kind {
            return Some(items);
        }
        self.mistake(
            node.spot,
            format!("{what} must be a list, found {}", node.describe()),
        );
        None
    }

    /// Text.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<At<String>> {
        let found = node.describe();
        match &node.kind {
            Kind::Scalar { text, .. } if found == "text" && !text.is_empty() => Some(At {
                value: text.clone(),
                spot: node.spot,
            }),
            Kind::Scalar { .. } if found == "text" => {
                self.mistake(node.spot, format!("{what} is empty"));
                None
            }
            Kind::Scalar { .. } if found != "nothing" => {
                self.mistake_hint(
                    node.spot,
                    format!("{what} must be text, found {found}"),
                    "put it in quotes",
                );
                None
            }
            Kind::Scalar { .. } | Kind::List(_) | Kind::Map(_) => {
                self.mistake(node.spot, format!("{what} must be text, found {found}"));
                None
            }
        }
    }

    /// A list of texts without repetitions.
    pub(super) fn texts(&mut self, node: &Node, what: &str) -> Option<Vec<At<String>>> {
        let items = self.list(node, what)?;
        let mut texts: Vec<At<String>> = Vec::new();
        for item in items {
            let Some(text) = self.text(item, &format!("an item of {what}")) else {
                continue;
            };
            if texts.iter().any(|other| other.value == text.value) {
                self.mistake(
                    text.spot,
                    format!("`{}` stands twice in {what}", text.value),
                );
            } else {
                texts.push(text);
            }
        }
        Some(texts)
    }

    /// True or false.
    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        if let Kind::Scalar { text, plain: true } = &node.kind
            && let "true" | "false" = text.as_str()
        {
            return Some(text == "true");
        }
        self.mistake(
            node.spot,
            format!(
                "{what} must be `true` or `false`, found {}",
                node.describe()
            ),
        );
        None
    }

    /// A whole number within limits.
    pub(super) fn number(
        &mut self,
        node: &Node,
        what: &str,
        limits: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        let (low, high) = (*limits.start(), *limits.end());
        if let Kind::Scalar { text, plain: true } = &node.kind
            && node.describe() == "a number"
        {
            match text.parse::<u64>() {
                Ok(number) if limits.contains(&number) => return Some(number),
                _ => self.mistake(
                    node.spot,
                    format!("{what} must be a whole number from {low} to {high}, found `{text}`"),
                ),
            }
        } else {
            self.mistake(
                node.spot,
                format!(
                    "{what} must be a whole number from {low} to {high}, found {}",
                    node.describe()
                ),
            );
        }
        None
    }
}

/// A mapping that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'n> {
    pub(super) spot: Spot,
    what: &'n str,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// A key that may be missing.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    /// The place of a key.
    pub(super) fn key_spot(&self, key: &str) -> Option<Spot> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| entry.spot)
    }

    /// A key that must be there.
    pub(super) fn need(&self, report: &mut Report, key: &str) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            report.mistake(self.spot, format!("{} lacks the key `{key}`", self.what));
        }
        found
    }

    /// Text under a key that must be there.
    pub(super) fn need_text(&self, report: &mut Report, key: &str) -> Option<At<String>> {
        let node = self.need(report, key)?;
        report.text(node, &format!("`{key}`"))
    }

    /// Texts under a key that must be there.
    pub(super) fn need_texts(&self, report: &mut Report, key: &str) -> Option<Vec<At<String>>> {
        let node = self.need(report, key)?;
        report.texts(node, &format!("`{key}`"))
    }

    /// A number under a key that must be there.
    pub(super) fn need_number(
        &self,
        report: &mut Report,
        key: &str,
        limits: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        let node = self.need(report, key)?;
        report.number(node, &format!("`{key}`"), limits)
    }

    /// A number under a key that must be there, for a 32-bit field.
    pub(super) fn need_u32(
        &self,
        report: &mut Report,
        key: &str,
        limits: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        let limits = u64::from(*limits.start())..=u64::from(*limits.end());
        self.need_number(report, key, limits)
            .and_then(|number| u32::try_from(number).ok())
    }

    /// A number under a key that must be there, for a size.
    pub(super) fn need_size(
        &self,
        report: &mut Report,
        key: &str,
        limits: std::ops::RangeInclusive<u32>,
    ) -> Option<usize> {
        self.need_u32(report, key, limits)
            .and_then(|number| usize::try_from(number).ok())
    }
}
