//! Text with macros.

use memchr::{memchr, memmem};

use super::fault::{Fault, quote};
use super::names::{split_part, variable};
use super::syntax::{Part, Template, Variable};

/// Reads `text`. `\%{` and a `%` without `{` are text as they stand.
pub(super) fn template(text: &[u8]) -> Result<Template, Fault> {
    let mut parts = Vec::new();
    // Text not yet put away, and where to look for the next macro in it.
    let mut rest = text;
    let mut from = 0;
    while let Some(found) = memmem::find(rest.get(from..).unwrap_or_default(), b"%{") {
        let at = from + found;
        let (before, inside) = (
            rest.get(..at).unwrap_or_default(),
            rest.get(at + 2..).unwrap_or_default(),
        );
        let backslashes = before
            .iter()
            .skip(from)
            .rev()
            .take_while(|one| **one == b'\\')
            .count();
        if backslashes % 2 == 1 {
            from = at + 2;
            continue;
        }
        let end = memchr(b'}', inside).ok_or_else(|| {
            Fault::new(format!(
                "the macro {} has no closing `}}`",
                quote(rest.get(at..).unwrap_or_default())
            ))
        })?;
        if !before.is_empty() {
            parts.push(Part::Text(before.into()));
        }
        parts.push(part(inside.get(..end).unwrap_or_default())?);
        rest = inside.get(end + 1..).unwrap_or_default();
        from = 0;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.into()));
    }
    Ok(Template { parts })
}

fn part(inside: &[u8]) -> Result<Part, Fault> {
    let (name, part) = split_part(inside);
    let (variable, parts) = variable(name).map_err(|fault| {
        Fault::new(format!("{} in the macro `%{{…}}`", fault.message))
            .hint(fault.hint.unwrap_or_else(literal))
    })?;
    match part {
        None if variable == Variable::Rule => {
            Err(Fault::new("the macro `%{RULE}` names no part").hint("for example `%{rule.msg}`"))
        }
        None => Ok(Part::Macro(variable, None)),
        Some(_) if !parts => Err(Fault::new(format!("{} has no parts", quote(name)))),
        Some(b"") => Err(Fault::new(format!(
            "the macro {} names no part",
            whole(inside)
        ))),
        Some(part) if part.starts_with(b"/") => Err(Fault::new(format!(
            "the macro {} cannot select by pattern",
            whole(inside)
        ))),
        Some(part) => Ok(Part::Macro(variable, Some(part.into()))),
    }
}

fn whole(inside: &[u8]) -> String {
    quote(&[b"%{", inside, b"}"].concat())
}

fn literal() -> String {
    "a `%{` that is no macro is written `\\%{`".to_owned()
}
