//! `SecLang` text to checked rules: every directive read, all mistakes reported together, nothing skipped in silence.
//!
//! Read from the top: [`loader`] walks the files, [`lines`] cuts a file into directives and words, [`rule`] and [`setting`] read
//! one directive each, [`target`], [`operator`], [`action`], [`control`] and [`template`] its parts, and [`order`] checks what
//! holds between rules. What none of them knows is a mistake by name: a rule that silently does nothing is worse than a refusal.

mod action;
mod control;
pub(crate) mod fault;
mod lines;
mod loader;
mod names;
pub(crate) mod operand;
mod operator;
mod order;
mod rule;
mod setting;
pub(crate) mod syntax;
mod target;
mod template;
#[cfg(test)]
mod tests;

use std::fmt;

use self::syntax::{Directive, Document};

/// Bytes of one rule file or data file: the largest of CRS has 0.2 MB.
pub const FILE_BYTES_MAX: usize = 16 << 20;
/// Bytes of all rule and data files together.
pub const TEXT_BYTES_MAX: usize = 256 << 20;
/// Bytes of the database that `SecGeoLookupDB` names: that of all cities of the world has about 60 MB.
pub const GEO_BYTES_MAX: usize = 256 << 20;
/// `Include` inside `Include`: an end to files that include themselves.
pub const INCLUDE_DEPTH_MAX: usize = 16;
/// Files that are read, rule files and data files together.
pub const FILES_MAX: usize = 4096;
/// `SecRule` and `SecAction` together, chained ones too: CRS has 800.
pub const RULES_MAX: usize = 65_536;
/// Mistakes that are reported; reading stops there.
pub const MISTAKES_MAX: usize = 1000;

/// How files are reached that the rules name. The engine itself opens nothing.
pub trait Files {
    /// The file's bytes.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;

    /// Paths that `pattern` (`*`, `?`, `[…]`) matches, sorted; the path itself when it is a plain one that exists; empty when
    /// there is none.
    ///
    /// # Errors
    /// Why it cannot be looked up, in words.
    fn matching(&self, pattern: &str) -> Result<Vec<String>, String>;
}

/// One rule file that the caller has read already.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its path; relative paths in it are relative to its folder.
    pub name: &'a str,
    /// Its bytes.
    pub text: &'a [u8],
}

/// Why rules were not loaded, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMistake {
    /// Path as it was given or included.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// What is wrong, with the words that are.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl fmt::Display for RuleMistake {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:{}: {}", self.file, self.line, self.message)?;
        self.hint
            .as_ref()
            .map_or(Ok(()), |hint| write!(to, "\n  hint: {hint}"))
    }
}

/// What a rule set consists of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rules with an id: `SecRule` that is not chained to another, and `SecAction`.
    pub heads: usize,
    /// `SecRule`, chained ones too.
    pub rules: usize,
    /// `SecRule` that a `chain` above it governs.
    pub chained: usize,
    /// `SecAction`.
    pub actions: usize,
    /// `SecMarker`.
    pub markers: usize,
    /// `SecRuleRemove…` and `SecRuleUpdate…`.
    pub exceptions: usize,
    /// `SecDefaultAction`.
    pub defaults: usize,
    /// Everything else.
    pub settings: usize,
}

/// Reads rules without running them.
///
/// # Errors
/// All mistakes, in the order of the files.
pub fn check(sources: &[Source<'_>], files: &dyn Files) -> Result<Summary, Vec<RuleMistake>> {
    let document = read(sources, files)?;
    let mut sum = Summary::default();
    for item in &document.items {
        match &item.directive {
            Directive::Rule(rule) => {
                sum.heads += 1;
                let tested = rule
                    .links
                    .iter()
                    .filter(|link| link.condition.is_some())
                    .count();
                sum.rules += tested;
                sum.actions += rule.links.len() - tested;
                sum.chained += rule.links.len() - 1;
            }
            Directive::Marker(_) => sum.markers += 1,
            Directive::DefaultActions(_) => sum.defaults += 1,
            Directive::RemoveRules(_)
            | Directive::UpdateTargets { .. }
            | Directive::UpdateActions { .. } => sum.exceptions += 1,
            Directive::Setting(_) => sum.settings += 1,
        }
    }
    Ok(sum)
}

/// Rules and everything they include, in their order.
///
/// # Errors
/// All mistakes, in the order of the files.
pub(crate) fn read(
    sources: &[Source<'_>],
    files: &dyn Files,
) -> Result<Document, Vec<RuleMistake>> {
    loader::load(sources, files)
}

/// Whether the engine can run that pattern. It is compiled again with its rule; here, so that all mistakes are told at once.
fn check_pattern(pattern: &[u8]) -> Result<(), String> {
    crate::pattern::Pattern::compile(pattern)
        .map(drop)
        .map_err(|error| error.to_string())
}
