//! The text of a parameter becomes a value of its declared type, in exactly one way.

use serde_json::{Number, Value};

use super::{Reading, Scalar};

/// Most values of one list-valued parameter.
const LIST_VALUES_MAX: usize = 256;

/// Why a text is no value of its type.
pub(super) type Reason = &'static str;

/// Reads all values of one parameter. `texts` is never empty.
pub(super) fn read(reading: Reading, texts: &[&str]) -> Result<Value, Reason> {
    match (reading, texts) {
        (Reading::One(scalar), [text]) => read_scalar(scalar, text),
        (Reading::Commas(scalar), [text]) => read_list(scalar, text.split(',')),
        (Reading::One(_) | Reading::Commas(_), _) => Err("is given more than once"),
        (Reading::Repeated(scalar), texts) => read_list(scalar, texts.iter().copied()),
    }
}

fn read_list<'t>(scalar: Scalar, texts: impl Iterator<Item = &'t str>) -> Result<Value, Reason> {
    let mut values = Vec::new();
    for text in texts {
        if values.len() == LIST_VALUES_MAX {
            return Err("has too many values");
        }
        values.push(read_scalar(scalar, text)?);
    }
    Ok(Value::Array(values))
}

fn read_scalar(scalar: Scalar, text: &str) -> Result<Value, Reason> {
    match scalar {
        Scalar::String => Ok(Value::String(text.to_owned())),
        Scalar::Boolean => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err("is neither `true` nor `false`"),
        },
        Scalar::Integer => read_integer(text)
            .map(Value::Number)
            .ok_or("is not an integer"),
        Scalar::Number => read_number(text)
            .map(Value::Number)
            .ok_or("is not a number"),
    }
}

/// `-?(0|[1-9][0-9]*)` within 64 bits; `+1`, `01`, `-0` and `1e3` are other spellings and refused.
fn read_integer(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let padded = digits.len() > 1 && digits.starts_with('0');
    if digits.is_empty() || !plain || padded || text == "-0" {
        return None;
    }
    text.parse::<i64>()
        .map(Number::from)
        .or_else(|_| text.parse::<u64>().map(Number::from))
        .ok()
}

fn read_number(text: &str) -> Option<Number> {
    super::json::scan(text.as_bytes()).ok()?;
    let bare = text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit());
    if !bare {
        return None;
    }
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests;
