//! The ledger of an external suite: tables of `name = value` lines.

use std::collections::BTreeMap;

/// The entries of one ledger: table name and its values.
pub(crate) fn read(text: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let mut tables: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(name) = line
            .strip_prefix("[[")
            .and_then(|rest| rest.strip_suffix("]]"))
        {
            tables.push((name.to_owned(), BTreeMap::new()));
            continue;
        }
        let (name, value) = line
            .split_once(" = ")
            .expect("a ledger line is `name = value`");
        let (_, table) = tables.last_mut().expect("a ledger begins with a table");
        table.insert(name.to_owned(), value.trim_matches('"').to_owned());
    }
    for (name, table) in &tables {
        assert!(
            table.get("reason").is_some_and(|reason| !reason.is_empty()),
            "an entry of `{name}` has no reason"
        );
    }
    tables
}
