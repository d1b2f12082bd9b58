//! Mistakes word by word, and what the good ones become.

mod limits;
mod mistakes;
mod tree;

use std::collections::BTreeMap;

use super::syntax::{Directive, Document};
use super::{Files, Source, read};

/// Files by path.
#[derive(Default)]
struct Memory(BTreeMap<String, Vec<u8>>);

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "no such file".to_owned())
    }

    /// `*` at the end of a folder only.
    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        let (head, tail) = pattern.split_once('*').unwrap_or((pattern, ""));
        let fits = |path: &&String| {
            *path == pattern
                || pattern.contains('*') && path.starts_with(head) && path.ends_with(tail)
        };
        Ok(self.0.keys().filter(fits).cloned().collect())
    }
}

fn memory(files: &[(&str, &str)]) -> Memory {
    Memory(
        files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect(),
    )
}

fn load(text: &str, files: &[(&str, &str)]) -> Result<Document, String> {
    read(
        &[Source {
            name: "/r/a.conf",
            text: text.as_bytes(),
        }],
        &memory(files),
    )
    .map_err(|mistakes| {
        mistakes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(
                "
",
            )
            .replace("/r/a.conf:", "")
    })
}

/// The only directive of `text`.
fn directive(text: &str) -> Directive {
    let document = load(text, &[]).unwrap_or_else(|mistakes| panic!("{text}\n{mistakes}"));
    let [item] = document.items.as_slice() else {
        panic!("{text}: {} items", document.items.len())
    };
    item.directive.clone()
}
