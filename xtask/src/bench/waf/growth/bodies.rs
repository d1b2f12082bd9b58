//! Bodies of any length, in three shapes: what costs per value and what costs per byte grow apart.

use crate::bench::waf::requests::{Random, Request, item, post};

/// What a body consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// JSON: items of nine leaves, about thirty bytes each.
    JsonLeaves,
    /// JSON: three texts, which get longer.
    JsonTexts,
    /// A form: fields of about thirty bytes.
    Form,
}

impl Shape {
    pub(super) const ALL: [Self; 3] = [Self::JsonLeaves, Self::Form, Self::JsonTexts];

    /// The name in the results.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::JsonLeaves => "JSON, many values",
            Self::JsonTexts => "JSON, three texts",
            Self::Form => "form, many fields",
        }
    }
}

/// A request whose body has exactly that many bytes.
pub(super) fn request(shape: Shape, bytes: usize, seed: u64, iteration: u64) -> Request {
    let random = &mut Random::new(seed, iteration);
    let (kind, body) = match shape {
        Shape::JsonLeaves => ("application/json", json_leaves(random, bytes)),
        Shape::JsonTexts => ("application/json", json_texts(random, bytes)),
        Shape::Form => ("application/x-www-form-urlencoded", form(random, bytes)),
    };
    post(kind, body)
}

/// Items until no further one fits; a note fills the rest.
fn json_leaves(random: &mut Random, bytes: usize) -> String {
    const END: &str = "],\"note\":\"\"}";
    let mut body = format!(
        "{{\"batch\":{},\"street\":\"{}\",\"items\":[",
        random.below(1_000_000),
        random.words(2, " ")
    );
    let mut between = "";
    loop {
        let item = item(random);
        if body.len() + between.len() + item.len() + END.len() > bytes {
            break;
        }
        body.push_str(between);
        body.push_str(&item);
        between = ",";
    }
    let rest = bytes.saturating_sub(body.len() + END.len());
    let note = random.text(rest);
    body + "],\"note\":\"" + &note + "\"}"
}

fn json_texts(random: &mut Random, bytes: usize) -> String {
    const FRAME: usize = r#"{"title":"","summary":"","text":""}"#.len();
    let texts = bytes.saturating_sub(FRAME);
    let title = random.text(texts / 8);
    let summary = random.text(texts / 4);
    let text = random.text(texts - title.len() - summary.len());
    format!("{{\"title\":\"{title}\",\"summary\":\"{summary}\",\"text\":\"{text}\"}}")
}

/// Numbered fields of two or three words; the last one is as long as is missing.
fn form(random: &mut Random, bytes: usize) -> String {
    let mut body = format!("batch={}", random.below(1_000_000));
    let mut number = 0_u32;
    loop {
        let count = if number.is_multiple_of(2) { 2 } else { 3 };
        let field = format!("&{}{number}={}", random.word(), random.words(count, "+"));
        if body.len() + field.len() + "&note=".len() > bytes {
            break;
        }
        body.push_str(&field);
        number += 1;
    }
    let rest = bytes.saturating_sub(body.len() + "&note=".len());
    let note = random.text(rest).replace(", ", "++").replace(' ', "+");
    body + "&note=" + &note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_as_long_as_they_say_and_never_repeat() {
        for shape in Shape::ALL {
            for bytes in [1024, 4096, 65_536] {
                let made = request(shape, bytes, 3, 5);
                let name = shape.name();
                assert_eq!(made.body.len(), bytes, "{name}");
                assert_eq!(made, request(shape, bytes, 3, 5), "{name}");
                assert_ne!(made, request(shape, bytes, 3, 6), "{name}");
                if shape != Shape::Form {
                    let body: serde_json::Value = serde_json::from_str(&made.body).unwrap();
                    assert!(body.is_object(), "{name}");
                }
            }
        }
    }
}
