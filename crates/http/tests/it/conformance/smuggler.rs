//! Ways to write `Transfer-Encoding` so that one reader sees it and another does not; each beside a `Content-Length`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Case, Expected};

pub(super) fn read(folder: &Path) -> Vec<Case> {
    let text = fs::read_to_string(folder.join("mutations.jsonl")).unwrap();
    text.lines()
        .map(|line| case(&serde_json::from_str(line).unwrap()))
        .collect()
}

fn case(line: &Value) -> Case {
    let text = |name: &str| line[name].as_str().unwrap();
    let hex = text("gadget_hex").as_bytes();
    let gadget = hex
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
    let mut bytes = b"POST / HTTP/1.1\r\nHost: a\r\n".to_vec();
    bytes.extend(gadget);
    bytes.extend(b"\r\nContent-Length: 5\r\n\r\n0\r\n\r\n");
    Case {
        id: format!("{}/{}", text("set"), text("name")),
        bytes,
        expected: Expected::Refuse,
    }
}
