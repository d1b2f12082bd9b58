//! How a rule judges: `@rx …`, `!@within …`, or a bare pattern.

use std::sync::Arc;

use super::check_pattern;
use super::fault::{Fault, nearest, quote, text};
use super::operand::{byte_ranges, data_lines, network, phrases};
use super::syntax::{Network, Operator, Template};
use super::template::template;

/// Reads a data file that a rule names.
pub(super) type ReadData<'a> = &'a mut dyn FnMut(&[u8]) -> Result<Vec<u8>, Fault>;

/// What an operator does with its argument.
#[derive(Clone, Copy)]
enum Reading {
    Pattern(fn(Template) -> Operator),
    Text(fn(Template) -> Operator),
    Number(fn(Template) -> Operator),
    Words(fn(&[u8]) -> Result<Operator, Fault>),
    PhraseFiles,
    NetworkFiles,
    Nothing(fn() -> Operator),
    Refused(&'static str),
}

const NEEDS_A_PROGRAM: &str = "the engine starts no programs";
const NOT_IN_MODSECURITY: &str = "ModSecurity 3 does not have it either";

#[rustfmt::skip]
const OPERATORS: &[(&str, Reading)] = &[
    ("beginsWith", Reading::Text(Operator::BeginsWith)),
    ("contains", Reading::Text(Operator::Contains)),
    ("containsWord", Reading::Text(Operator::ContainsWord)),
    ("detectSQLi", Reading::Nothing(|| Operator::DetectSqli)),
    ("detectXSS", Reading::Nothing(|| Operator::DetectXss)),
    ("endsWith", Reading::Text(Operator::EndsWith)),
    ("eq", Reading::Number(Operator::Eq)),
    ("fuzzyHash", Reading::Refused("it needs a library of its own")),
    ("ge", Reading::Number(Operator::Ge)),
    ("geoLookup", Reading::Nothing(|| Operator::GeoLookup)),
    ("gsbLookup", Reading::Refused(NOT_IN_MODSECURITY)),
    ("gt", Reading::Number(Operator::Gt)),
    ("inspectFile", Reading::Refused(NEEDS_A_PROGRAM)),
    ("ipMatch", Reading::Words(|list| networks(list.split(|one| *one == b',')))),
    ("ipMatchF", Reading::NetworkFiles),
    ("ipMatchFromDataset", Reading::Refused("write `@ipMatchFromFile`")),
    ("ipMatchFromFile", Reading::NetworkFiles),
    ("le", Reading::Number(Operator::Le)),
    ("lt", Reading::Number(Operator::Lt)),
    ("noMatch", Reading::Nothing(|| Operator::NoMatch)),
    ("pm", Reading::Words(|words| some_phrases(phrases(words)))),
    ("pmf", Reading::PhraseFiles),
    ("pmFromDataset", Reading::Refused("write `@pmFromFile`")),
    ("pmFromFile", Reading::PhraseFiles),
    ("rbl", Reading::Words(|name| text(name.trim_ascii()).map(Operator::Rbl))),
    ("restpath", Reading::Refused("write `@rx`")),
    ("rsub", Reading::Refused("the engine changes no bodies")),
    ("rx", Reading::Pattern(Operator::Rx)),
    ("rxGlobal", Reading::Pattern(Operator::RxGlobal)),
    ("streq", Reading::Text(Operator::Streq)),
    ("strmatch", Reading::Text(Operator::Strmatch)),
    ("unconditionalMatch", Reading::Nothing(|| Operator::UnconditionalMatch)),
    ("validateByteRange", Reading::Words(|list| byte_ranges(list).map(Box::new).map(Operator::ValidateByteRange))),
    ("validateDTD", Reading::Refused("XML is read without its DTD")),
    ("validateHash", Reading::Refused(NOT_IN_MODSECURITY)),
    ("validateNid", Reading::Refused(NOT_IN_MODSECURITY)),
    ("validateSchema", Reading::Refused("the engine has no XML schemas")),
    ("validateUrlEncoding", Reading::Nothing(|| Operator::ValidateUrlEncoding)),
    ("validateUtf8Encoding", Reading::Nothing(|| Operator::ValidateUtf8Encoding)),
    ("verifyCC", Reading::Words(|re| pattern_text(re).map(Operator::VerifyCc))),
    ("verifyCPF", Reading::Words(|re| pattern_text(re).map(Operator::VerifyCpf))),
    ("verifySSN", Reading::Words(|re| pattern_text(re).map(Operator::VerifySsn))),
    ("verifySVNR", Reading::Refused("only `@verifyCC`, `@verifyCPF` and `@verifySSN` are known")),
    ("within", Reading::Text(Operator::Within)),
];

/// The operator of a rule, and whether it is negated.
pub(super) fn operator(word: &[u8], data: ReadData<'_>) -> Result<(bool, Operator), Fault> {
    let word = word.trim_ascii_start();
    let (negated, body) = word
        .strip_prefix(b"!")
        .map_or((false, word), |body| (true, body.trim_ascii_start()));
    if body.starts_with(b"!") {
        return Err(Fault::new(format!(
            "more than one `!` stands before {}",
            quote(body)
        )));
    }
    let Some(named) = body.strip_prefix(b"@") else {
        return argument(Reading::Pattern(Operator::Rx), "rx", body, data)
            .map(|operator| (negated, operator));
    };
    let end = named
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(named.len());
    let (name, rest) = named.split_at_checked(end).unwrap_or((named, b""));
    let Some((name, reading)) = OPERATORS
        .iter()
        .find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name))
    else {
        let known = OPERATORS.iter().map(|(known, _)| *known);
        let fault = Fault::new(format!(
            "unknown operator {}",
            quote(body.get(..=end).unwrap_or(body))
        ));
        return Err(
            fault.maybe_hint(nearest(name, known).map(|name| format!("did you mean `@{name}`?")))
        );
    };
    // One blank ends the name; what follows belongs to the argument, further blanks too.
    let rest = rest.get(1..).unwrap_or_default();
    argument(*reading, name, rest, data).map(|operator| (negated, operator))
}

fn argument(
    reading: Reading,
    name: &str,
    rest: &[u8],
    data: ReadData<'_>,
) -> Result<Operator, Fault> {
    let named = |fault: Fault| Fault {
        message: format!("`@{name}`: {}", fault.message),
        ..fault
    };
    let macros = || {
        if rest.is_empty() {
            return Err(Fault::new(format!("the argument of `@{name}` is missing")));
        }
        template(rest).map_err(named)
    };
    let constant = || match macros()?.constant() {
        Some(_) => Ok(rest),
        None => Err(Fault::new(format!(
            "`@{name}` takes no macros, but {} has one",
            quote(rest)
        ))),
    };
    match reading {
        Reading::Refused(why) => {
            Err(Fault::new(format!("the operator `@{name}` is not supported")).hint(why))
        }
        Reading::Nothing(make) => match rest.trim_ascii() {
            b"" => Ok(make()),
            text => Err(Fault::new(format!(
                "`@{name}` takes no argument, but {} stands behind it",
                quote(text)
            ))),
        },
        Reading::Pattern(make) => {
            let pattern = macros()?;
            pattern.constant().map_or(Ok(()), checked).map_err(named)?;
            Ok(make(pattern))
        }
        Reading::Text(make) => macros().map(make),
        Reading::Number(make) => {
            let number = macros()?;
            if number
                .constant()
                .is_some_and(|text| !is_integer(text.trim_ascii()))
            {
                return Err(Fault::new(format!(
                    "{} behind `@{name}` is no number",
                    quote(rest)
                )));
            }
            Ok(make(number))
        }
        Reading::Words(make) => make(constant()?).map_err(named),
        Reading::PhraseFiles => lines_of(constant()?, data)
            .and_then(|all| {
                some_phrases(
                    all.iter()
                        .flat_map(|file| data_lines(file))
                        .map(Into::into)
                        .collect(),
                )
            })
            .map_err(named),
        Reading::NetworkFiles => lines_of(constant()?, data)
            .and_then(|all| {
                networks(
                    all.iter()
                        .flat_map(|file| data_lines(file))
                        .map(without_comment),
                )
            })
            .map_err(named),
    }
}

fn checked(pattern: &[u8]) -> Result<(), Fault> {
    check_pattern(pattern)
        .map_err(|error| Fault::new(format!("the pattern {}: {error}", quote(pattern))))
}

fn lines_of(names: &[u8], data: ReadData<'_>) -> Result<Vec<Vec<u8>>, Fault> {
    names
        .split(u8::is_ascii_whitespace)
        .filter(|name| !name.is_empty())
        .map(data)
        .collect()
}

fn without_comment(line: &[u8]) -> &[u8] {
    line.split(|one| *one == b'#').next().unwrap_or(line)
}

fn some_phrases(words: Vec<Box<[u8]>>) -> Result<Operator, Fault> {
    if words.is_empty() {
        return Err(Fault::new("there are no words to look for"));
    }
    Ok(Operator::Pm(words.into()))
}

fn networks<'a>(items: impl Iterator<Item = &'a [u8]>) -> Result<Operator, Fault> {
    let list: Vec<Network> = items.map(network).collect::<Result<_, _>>()?;
    if list.is_empty() {
        return Err(Fault::new("there are no networks to look for"));
    }
    Ok(Operator::IpMatch(Arc::from(list)))
}

fn pattern_text(pattern: &[u8]) -> Result<Box<str>, Fault> {
    checked(pattern)?;
    text(pattern)
}

fn is_integer(text: &[u8]) -> bool {
    let digits = text
        .strip_prefix(b"-")
        .or_else(|| text.strip_prefix(b"+"))
        .unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}
