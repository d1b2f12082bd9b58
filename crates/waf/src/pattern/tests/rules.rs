//! Patterns of the rules that Debian ships.

use std::collections::BTreeSet;
use std::path::Path;

/// Each `@rx` without macros, once, with the number of the rule or of the head of its chain.
pub(super) fn patterns() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new("/usr/share/modsecurity-crs/rules");
    let Ok(entries) = std::fs::read_dir(folder) else {
        println!("not run: modsecurity-crs missing");
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "conf")
    });
    paths.sort();
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let text = std::fs::read_to_string(path).unwrap().replace("\\\n", " ");
        let mut id = String::new();
        for line in text.lines().map(str::trim_start) {
            if !line.starts_with("SecRule ") {
                continue;
            }
            if let Some((_, rest)) = line.split_once("id:") {
                id = rest.chars().take_while(char::is_ascii_digit).collect();
            }
            let pattern = pattern(line);
            if let Some(pattern) =
                pattern.filter(|pattern| !pattern.contains("%{") && seen.insert(pattern.clone()))
            {
                found.push((id.clone(), pattern.into_bytes()));
            }
        }
    }
    found
}

/// The argument of `@rx`: up to a quotation mark that has no backslash before it.
fn pattern(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("@rx ")?;
    let mut out = String::new();
    let mut chars = rest.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' => break,
            '\\' if chars.next_if_eq(&'"').is_some() => out.push('"'),
            char => out.push(char),
        }
    }
    Some(out)
}
