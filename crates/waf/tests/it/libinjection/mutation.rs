//! Values that look like attacks, made from a seed.

/// What matters to SQL, HTML or the C code.
pub(crate) const WORDS: &[&[u8]] = &[
    b"'",
    b"\"",
    b"`",
    b"\\",
    b"--",
    b"-- ",
    b"#",
    b"/*",
    b"*/",
    b"/*!",
    b"/*/",
    b";",
    b",",
    b"(",
    b")",
    b"{",
    b"}",
    b"[",
    b"]",
    b".",
    b":",
    b"::",
    b":=",
    b"=",
    b"==",
    b"!=",
    b"<>",
    b"<=>",
    b"<",
    b">",
    b"<=",
    b"||",
    b"&&",
    b"|",
    b"&",
    b"!",
    b"!!",
    b"~",
    b"+",
    b"-",
    b"*",
    b"/",
    b"%",
    b"^",
    b"@",
    b"@@",
    b"$",
    b"$$",
    b"$a$",
    b"$1",
    b"$.",
    b"\0",
    b"\xa0",
    b"\xff",
    b"\x80",
    b"\x7f",
    b"\n",
    b"\r",
    b"\t",
    b"\x0b",
    b"\x0c",
    b" ",
    b"  ",
    b"1",
    b"0",
    b"0x",
    b"0x1f",
    b"0b",
    b"0b01",
    b"1.",
    b".1",
    b"1e",
    b"1e5",
    b"1.0E+",
    b"1f",
    b"1d ",
    b"\\N",
    b"x'",
    b"x'1f'",
    b"b'01'",
    b"b'",
    b"n'a'",
    b"N'",
    b"e'a'",
    b"q'",
    b"q'(a)'",
    b"nq'[a]'",
    b"u&'a'",
    b"U&'",
    b"a",
    b"foo",
    b"_latin1",
    b"SELECT",
    b"select",
    b"UNION",
    b"UNION ALL",
    b"ALL",
    b"FROM",
    b"WHERE",
    b"INTO",
    b"OUTFILE",
    b"INTO OUTFILE",
    b"INSERT",
    b"UPDATE",
    b"DELETE",
    b"DROP",
    b"TABLE",
    b"CREATE",
    b"EXEC",
    b"AND",
    b"or",
    b"XOR",
    b"NOT",
    b"not in",
    b"IN",
    b"LIKE",
    b"NOT LIKE",
    b"IS",
    b"NULL",
    b"IS NOT",
    b"BETWEEN",
    b"CASE",
    b"WHEN",
    b"END",
    b"IF",
    b"if",
    b"USER",
    b"user",
    b"USER_ID",
    b"PASSWORD",
    b"DATABASE",
    b"CURRENT_USER",
    b"LOCALTIME",
    b"SLEEP",
    b"BENCHMARK",
    b"CHAR",
    b"CONCAT",
    b"VERSION",
    b"COLLATE",
    b"utf8_bin",
    b"BINARY",
    b"INT",
    b"DATE",
    b"GROUP BY",
    b"GROUP",
    b"BY",
    b"ORDER",
    b"HAVING",
    b"LIMIT",
    b"OFFSET",
    b"WAITFOR",
    b"DELAY",
    b"DECLARE",
    b"SET",
    b"BEGIN",
    b"GOTO",
    b"sp_password",
    b"BOOLEAN",
    b"MODE",
    b"NATURAL",
    b"JOIN",
    b"CROSS",
    b"LEFT",
    b"RLIKE",
    b"REGEXP",
    b"DIV",
    b"MOD",
    b"sounds",
    b"procedure",
    b"analyse",
    b"or.",
    b"select`a`",
    b"a.b",
    b"``",
    b"`if`",
    b"<script>",
    b"<a ",
    b"<a href=",
    b"</a >",
    b"</",
    b"<!",
    b"<!--",
    b"-->",
    b"-!>",
    b"--\0>",
    b"<![CDATA[",
    b"]]>",
    b"<!DOCTYPE",
    b"<?",
    b"<%",
    b"%>",
    b"<svg",
    b"<xsl",
    b"<x\0ss",
    b"<\0",
    b"/>",
    b"onload=",
    b" onx=",
    b"style=",
    b"src=",
    b"href='",
    b"javascript:",
    b"JaVa",
    b"data:",
    b"vbscript",
    b"view-source",
    b"&#",
    b"&#x",
    b"&#106;",
    b"&#x6a",
    b"&#x16a;",
    b"&#0;",
    b"&#10",
    b"&#x1000ff;",
    b"&#99999999",
    b"attributename=",
    b"xmlns",
    b"xlink:href=",
    b"to=",
    b"by=",
    b"values=",
    b"import",
    b"ENTITY",
    b"[if",
    b"xml",
    b"a=b ",
    b"><",
    b"=\"",
    b"='",
    b"=`",
];

/// Splitmix64: small, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, 0 when that is 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 32).unwrap() % end.max(1)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[7]
    }
}

pub(crate) struct Mutator {
    corpus: Vec<Vec<u8>>,
    known: Vec<&'static [u8]>,
    random: Random,
}

impl Mutator {
    pub(crate) fn new(corpus: Vec<Vec<u8>>, random: Random) -> Self {
        let table = include_bytes!("../../../data/libinjection-words.txt");
        let known = table
            .split(|byte| *byte == b'\n')
            .filter(|line| line.len() > 2 && !line.starts_with(b"#"))
            .map(|line| &line[2..])
            .collect();
        Self {
            corpus,
            known,
            random,
        }
    }

    /// The next value: a soup of words or a corpus value that was changed up to five times.
    pub(crate) fn value(&mut self) -> Vec<u8> {
        if self.random.below(3) == 0 {
            return self.soup();
        }
        let at = self.random.below(self.corpus.len());
        let mut value = self.corpus[at].clone();
        value.truncate(300);
        for _ in 0..=self.random.below(5) {
            self.change(&mut value);
        }
        value
    }

    fn word(&mut self) -> Vec<u8> {
        let word = match self.random.below(3) {
            0 => {
                let at = self.random.below(self.known.len());
                self.known[at]
            }
            _ => WORDS[self.random.below(WORDS.len())],
        };
        match self.random.below(4) {
            0 => word.to_ascii_lowercase(),
            _ => word.to_vec(),
        }
    }

    fn soup(&mut self) -> Vec<u8> {
        let mut value = Vec::new();
        for _ in 0..=self.random.below(12) {
            value.extend(self.word());
            if self.random.below(2) == 0 {
                value.push(b' ');
            }
        }
        value
    }

    fn change(&mut self, value: &mut Vec<u8>) {
        let at = self.random.below(value.len() + 1);
        let end = (at + self.random.below(12)).min(value.len());
        match self.random.below(8) {
            0 => {
                let byte = self.random.byte();
                if let Some(place) = value.get_mut(at) {
                    *place = byte;
                }
            }
            1 => {
                if let Some(place) = value.get_mut(at) {
                    *place ^= 0x20;
                }
            }
            2 => drop(value.drain(at..end)),
            3 => {
                let copy = value[at..end].to_vec();
                drop(value.splice(at..at, copy));
            }
            4 => {
                let other = self.random.below(self.corpus.len());
                let from = self.random.below(self.corpus[other].len());
                value.truncate(at);
                value.extend(self.corpus[other][from..].iter().take(200));
            }
            _ => {
                let word = self.word();
                drop(value.splice(at..end.min(at + self.random.below(2)), word));
            }
        }
    }
}
