//! CRS several times over, under identifiers of their own. The copies stand in a temporary folder and go away with it.
//!
//! A copy of a rule looks for what the rule itself looks for, which an engine may notice and search for once. So there is a
//! second kind of copy, in which the letters of patterns and word lists are exchanged: rules of the same shape and number that
//! have nothing in common with the first ones.

use std::path::Path;

use anyhow::{Context as _, bail};
use vauban_testkit::modsec::Rules;

mod letters;

/// What the copies look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// The same as the first.
    Same,
    /// Words that the others do not have.
    Other,
}

impl Words {
    pub(super) const ALL: [Self; 2] = [Self::Same, Self::Other];

    /// The name in the results.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Same => "copies",
            Self::Other => "copies with other words",
        }
    }
}

/// `rules` and, behind them, copies of their rule files until everything is there `times` times; how many rules that makes.
pub(super) fn copies(
    rules: &[Rules],
    times: usize,
    words: Words,
    folder: &Path,
) -> anyhow::Result<(Vec<Rules>, usize)> {
    let mut all = rules.to_vec();
    let mut count = 0;
    for copy in 0..times {
        for part in rules {
            let Rules::File(path) = part else { continue };
            // The setup is no rule file: it may only be there once.
            if path.ends_with("crs-setup.conf") {
                continue;
            }
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            count += rules_in(&text);
            if copy == 0 {
                continue;
            }
            let own = folder.join(format!("{}-{copy}", words.name().replace(' ', "-")));
            data(path, &own, words, copy)?;
            let name = path.file_name().context("name of a rule file")?;
            let mut made = renumbered(&text, copy)?;
            if words == Words::Other {
                made = letters::of_rules(&made, copy);
            }
            let to = own.join(name);
            std::fs::write(&to, made).with_context(|| to.display().to_string())?;
            all.push(Rules::File(to));
        }
    }
    Ok((all, count))
}

/// The word lists that stand beside the rule file, once.
fn data(rules: &Path, to: &Path, words: Words, copy: usize) -> anyhow::Result<()> {
    if to.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(to).context("folder of copies")?;
    let from = rules.parent().context("folder of rules")?;
    for entry in std::fs::read_dir(from).context("folder of rules")? {
        let path = entry.context("folder of rules")?.path();
        if path.extension().is_none_or(|ending| ending != "data") {
            continue;
        }
        let name = path.file_name().context("name of a word list")?;
        let mut text = std::fs::read(&path).with_context(|| path.display().to_string())?;
        if words == Words::Other {
            letters::of_list(&mut text, copy);
        }
        std::fs::write(to.join(name), text).context("word list")?;
    }
    Ok(())
}

/// How many rules have an identifier; those that are commented out do not count.
fn rules_in(text: &str) -> usize {
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .map(|line| identifiers(line).count())
        .sum()
}

/// Where the identifiers of rules begin.
fn identifiers(text: &str) -> impl Iterator<Item = usize> {
    places(text, "id:").filter(|place| {
        let before = place
            .checked_sub("id:".len() + 1)
            .and_then(|at| text.as_bytes().get(at));
        before.is_some_and(|byte| !byte.is_ascii_alphanumeric())
    })
}

/// Where a number of CRS, six or seven digits, follows `word`.
fn places(text: &str, word: &str) -> impl Iterator<Item = usize> {
    text.match_indices(word)
        .map(|(at, found)| at + found.len())
        .filter(|at| matches!(digits(text, *at), 6 | 7))
}

fn digits(text: &str, at: usize) -> usize {
    let digits = text.as_bytes().iter().skip(at);
    digits.take_while(|byte| byte.is_ascii_digit()).count()
}

/// Where the numbers begin by which `ctl` names rules, both ends of a range included.
fn named_rules(text: &str) -> impl Iterator<Item = usize> {
    places(text, "ById=").flat_map(|first| {
        let end = first + digits(text, first);
        let range = text.as_bytes().get(end) == Some(&b'-') && digits(text, end + 1) > 0;
        std::iter::once(first).chain(range.then_some(end + 1))
    })
}

/// The rules of copy 2 have identifiers like 2942100.
fn renumbered(text: &str, copy: usize) -> anyhow::Result<String> {
    if copy > 9 {
        bail!("nine copies are the most");
    }
    let mut at: Vec<usize> = identifiers(text).collect();
    at.extend(named_rules(text));
    at.sort_unstable();
    let mut made = String::with_capacity(text.len() + at.len());
    let mut done = 0;
    for place in at {
        made.push_str(text.get(done..place).unwrap_or_default());
        made.push_str(&copy.to_string());
        done = place;
    }
    made.push_str(text.get(done..).unwrap_or_default());
    Ok(made)
}

#[cfg(test)]
mod tests;
