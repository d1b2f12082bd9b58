//! The table itself: a small part of TOML, read strictly.
//!
//! An entry is `[[good]]` or `[[bad]]` with lines `name = value`; a value is a number, a text in `'…'` or in `"…"` without
//! escapes, or a list of such, which may go over several lines. Anything else is a mistake of the table, and said as such.

use std::collections::BTreeMap;

/// The table as it stands in the repository.
const TEXT: &str = include_str!("../../../conformance/tokens/bad.toml");

/// What one reader says of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Refused, in exactly these words.
    Refuses(String),
    /// Accepted: for this reader nothing is wrong, for the reason given.
    Accepts(String),
    /// The reader's profile has nothing that the row could change, for the reason given.
    Lacks(String),
}

/// One entry.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its name, used once.
    pub id: String,
    /// What is wrong (or, of a good one, unusual), in words.
    pub what: String,
    /// The numbers of the requirements that it belongs to.
    pub requirements: Vec<u32>,
    /// How it is made from a good token; see [`super::make`].
    pub make: Vec<String>,
    /// What the edge says.
    pub edge: Verdict,
    /// What the guard says.
    pub guard: Verdict,
    /// Only the library can know: a reader whose library agrees to everything accepts it.
    pub only_library: bool,
}

/// The whole table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Tokens that both readers accept, however unusual.
    pub good: Vec<Row>,
    /// Tokens that are refused.
    pub bad: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Text(String),
    Number(u32),
    List(Vec<Self>),
}

type Entry = BTreeMap<String, Value>;

/// Reads the repository's table.
///
/// # Errors
///
/// Says in which line, or in which row, the table is not as its form asks.
pub fn table() -> Result<Table, String> {
    read(TEXT)
}

fn read(text: &str) -> Result<Table, String> {
    let mut table = Table {
        good: Vec::new(),
        bad: Vec::new(),
    };
    let mut ids = std::collections::BTreeSet::new();
    for (kind, entry) in entries(text)? {
        let row = row(entry, kind == "good")?;
        if !ids.insert(row.id.clone()) {
            return Err(format!("row `{}` stands twice", row.id));
        }
        match kind.as_str() {
            "good" => table.good.push(row),
            "bad" => table.bad.push(row),
            other => return Err(format!("`[[{other}]]` is neither `good` nor `bad`")),
        }
    }
    Ok(table)
}

/// Splits the text into entries of names and values.
fn entries(text: &str) -> Result<Vec<(String, Entry)>, String> {
    let mut entries: Vec<(String, Entry)> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(kind) = line
            .strip_prefix("[[")
            .and_then(|rest| rest.strip_suffix("]]"))
        {
            entries.push((kind.to_owned(), Entry::new()));
            continue;
        }
        let mistake = |why: &str| format!("line {}: {why}", at + 1);
        let (name, value) = line
            .split_once(" = ")
            .ok_or_else(|| mistake("not `name = value`"))?;
        let mut value = value.to_owned();
        while value.starts_with('[') && !value.ends_with(']') {
            let (_, more) = lines.next().ok_or_else(|| mistake("a list has no end"))?;
            value.push_str(more.trim());
        }
        let (_, entry) = entries
            .last_mut()
            .ok_or_else(|| mistake("stands in no entry"))?;
        let read = value_of(&value).ok_or_else(|| mistake("not a value of the small form"))?;
        if entry.insert(name.to_owned(), read).is_some() {
            return Err(mistake("a name stands twice"));
        }
    }
    Ok(entries)
}

fn value_of(written: &str) -> Option<Value> {
    let mut rest = written;
    let value = take(&mut rest)?;
    rest.is_empty().then_some(value)
}

/// Takes one value from the front.
fn take(rest: &mut &str) -> Option<Value> {
    let quote = rest.chars().next()?;
    match quote {
        '[' => {
            *rest = rest.get(1..)?;
            let mut items = Vec::new();
            loop {
                *rest = rest.trim_start_matches([' ', ',']);
                if let Some(after) = rest.strip_prefix(']') {
                    *rest = after;
                    return Some(Value::List(items));
                }
                items.push(take(rest)?);
            }
        }
        '\'' | '"' => {
            let (text, after) = rest.get(1..)?.split_once(quote)?;
            if quote == '"' && text.contains('\\') {
                return None;
            }
            *rest = after;
            Some(Value::Text(text.to_owned()))
        }
        _ => {
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let (digits, after) = rest.split_at_checked(end)?;
            *rest = after;
            digits.parse().ok().map(Value::Number)
        }
    }
}

fn row(mut entry: Entry, good: bool) -> Result<Row, String> {
    let Some(Value::Text(id)) = entry.remove("id") else {
        return Err("a row has no `id`".to_owned());
    };
    let mistake = |why: &str| format!("row `{id}`: {why}");
    let Some(Value::Text(what)) = entry.remove("what") else {
        return Err(mistake("no `what`"));
    };
    let requirements = list(entry.remove("requirements"), |value| match value {
        Value::Number(number) => Some(number),
        Value::Text(_) | Value::List(_) => None,
    });
    let make = list(entry.remove("make"), |value| match value {
        Value::Text(text) => Some(text),
        Value::Number(_) | Value::List(_) => None,
    });
    let only_library = match entry.remove("only_library") {
        None => false,
        Some(Value::Number(1)) => true,
        Some(_) => return Err(mistake("`only_library` is 1 or absent")),
    };
    let mut of = |line: &str| {
        verdict(&mut entry, line, good).ok_or_else(|| mistake(&format!("no verdict of `{line}`")))
    };
    let (edge, guard) = (of("edge")?, of("guard")?);
    if let Some(name) = entry.keys().next() {
        return Err(mistake(&format!(
            "`{name}` is no name of a row, or one verdict too many"
        )));
    }
    Ok(Row {
        requirements: requirements
            .ok_or_else(|| mistake("`requirements` is no list of numbers"))?,
        make: make.ok_or_else(|| mistake("`make` is no list of texts"))?,
        id,
        what,
        edge,
        guard,
        only_library,
    })
}

fn list<T>(value: Option<Value>, of: impl Fn(Value) -> Option<T>) -> Option<Vec<T>> {
    match value? {
        Value::List(items) if !items.is_empty() => items.into_iter().map(of).collect(),
        Value::List(_) | Value::Text(_) | Value::Number(_) => None,
    }
}

/// `edge = "words"`, `edge_accepts = "reason"` or `edge_lacks = "reason"`; a good row needs none.
fn verdict(entry: &mut Entry, line: &str, good: bool) -> Option<Verdict> {
    let mut said = |suffix: &str| match entry.remove(&format!("{line}{suffix}")) {
        Some(Value::Text(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    if good {
        return Some(Verdict::Accepts(String::new()));
    }
    said("")
        .map(Verdict::Refuses)
        .or_else(|| said("_accepts").map(Verdict::Accepts))
        .or_else(|| said("_lacks").map(Verdict::Lacks))
}

#[cfg(test)]
mod tests;
