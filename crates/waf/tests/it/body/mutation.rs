//! Bodies that are nearly right: seeds, and a seeded way to spoil them.

use super::seen::{Processor, Request};

/// xorshift64*: the same bodies on every machine.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap() % limit.max(1)
    }

    fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }
}

pub(super) fn seeds(processor: Processor) -> Vec<Request> {
    let bodies: &[&[u8]] = match processor {
        Processor::Head => return heads(),
        Processor::Urlencoded => URLENCODED,
        Processor::Json => JSON,
        Processor::Xml => XML,
        Processor::Multipart => MULTIPART,
    };
    bodies
        .iter()
        .map(|body| Request::new(processor, body))
        .collect()
}

fn heads() -> Vec<Request> {
    let targets: [&[u8]; 6] = [
        b"/a/b.php?x=1&y=%41+b&z#frag",
        b"http://host:80/a%2fb/c%3fd?e",
        b"/%2e%2e\\win%5cini?&&=&a==b",
        b"*",
        b"host:443",
        b"a:b://c/d?%",
    ];
    let cookies: [&[u8]; 3] = [b"a=b; c=d=e;; =x; f ; g=h ", b" a", b";;\t=;x= y;"];
    let mut requests = Vec::new();
    for target in targets {
        for cookie in cookies {
            let mut request = Request::new(Processor::Head, b"");
            request.target = target.to_vec();
            request.cookie = cookie.to_vec();
            requests.push(request);
        }
    }
    requests
}

/// `request` after one to four changes.
pub(super) fn spoil(request: &mut Request, others: &[Request], chance: &mut Chance) {
    for _ in 0..=chance.below(3) {
        match (request.processor, chance.below(4)) {
            (Processor::Head, 0..=1) => change(&mut request.cookie, b"", HEAD_WORDS, chance),
            (Processor::Head, _) => change(&mut request.target, b"", HEAD_WORDS, chance),
            (Processor::Multipart, 0) if chance.below(3) == 0 => {
                change(&mut request.content_type, b"", TYPE_WORDS, chance);
            }
            (processor, _) => {
                let other = &others[chance.below(others.len())].body;
                change(&mut request.body, other, words(processor), chance);
            }
        }
    }
    if request.processor == Processor::Head {
        // Both are C strings or lines for libmodsecurity.
        request.target.retain(|byte| *byte != 0);
        request.cookie.retain(|byte| *byte != 0);
    }
    request.content_type.retain(|byte| *byte != 0);
}

fn change(text: &mut Vec<u8>, other: &[u8], words: &[&str], chance: &mut Chance) {
    let from = chance.below(text.len() + 1);
    let to = from + chance.below((text.len() - from).min(24) + 1);
    match chance.below(8) {
        0 => drop(text.drain(from..to)),
        1 => {
            let copy = text[from..to].to_vec();
            text.splice(from..from, copy);
        }
        2 if from < text.len() => text[from] = u8::try_from(chance.below(256)).unwrap(),
        3 if from < text.len() => text[from] ^= 1 << chance.below(8),
        4 => {
            let start = chance.below(other.len() + 1);
            let end = start + chance.below((other.len() - start).min(60) + 1);
            text.splice(from..to, other[start..end].iter().copied());
        }
        5 if chance.below(4) == 0 => text.truncate(from),
        _ => {
            let word = chance.pick(words);
            text.splice(from..from, word.bytes());
        }
    }
}

fn words(processor: Processor) -> &'static [&'static str] {
    match processor {
        Processor::Head => HEAD_WORDS,
        Processor::Urlencoded => &[
            "&", "=", "%", "+", "%4", "%41", "%zz", "%00", "\0", ";", "&&", "%%",
        ],
        Processor::Json => JSON_WORDS,
        Processor::Xml => XML_WORDS,
        Processor::Multipart => MULTIPART_WORDS,
    }
}

const HEAD_WORDS: &[&str] = &[
    "/", "?", "#", "%", "%3f", "%23", "%2", "&", "=", "+", ":", "//", "://", "\\", ";", " ", "\t",
    "%00", "a",
];

const URLENCODED: &[&[u8]] = &[
    b"a=1&b=2",
    b"",
    b"a&b=&=c&=&d=e=f",
    b"a%20b=%41%zz+%2&x=%",
    b"a=1&&b=2&",
    b"&a=b",
];

const JSON: &[&[u8]] = &[
    br#"{"a":1,"b":[true,false,null,"x",-1.5e+3],"c":{"d":{"e":"f"}}}"#,
    br#"[[],[[1]],{"a":[{"b":2},[3]]},"\u00e9\ud83d\ude00\n\/\\"]"#,
    br#"{"":{"":[{"":1}]},"a":1,"a":2}"#,
    br#"  "text"  "#,
    b"12.50e-07",
    "{\"clé\":\"\u{20ac}\u{1f600}\"}".as_bytes(),
    b"{\"a\":[1,2,3,4,5,6,7,8,9,10,11,{\"k\":0}]}",
];

const JSON_WORDS: &[&str] = &[
    "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\\u0000", "\\ud800", "\\udc00", "\\u00e9",
    "\\x", "0", "-", "1e", ".", "e+", "true", "nul", "null", " ", "\u{b}", "\u{c}", "\n", "\u{1}",
    "\u{7f}", "é", "\"a\":", "/*", "[[[[", "{}", "[]", "{\"a\":",
];

const XML: &[&[u8]] = &[
    b"<a b=\"1\" c='2'>text<d e=\"&lt;&#65;\"/>more &amp; more<!-- no --><f><![CDATA[<raw>]]></f></a>",
    b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<s:E xmlns:s=\"urn:x\" xmlns=\"y\">\r\n<s:B s:k=\"v\">12\r3</s:B></s:E>\n",
    b"<!DOCTYPE a SYSTEM \"a.dtd\">\n<a>\n  <b/>\n  <c x='y\tz\n'/>&nbsp;</a>",
    b"<?xml version='1.0' encoding='ISO-8859-1' standalone='yes'?><a>\xe9</a>",
    b"<?pi x?><!-- c --><a><?p?></a><!-- d --><?q r?>",
    "<\u{e9}l\u{e8}ve \u{fc}=\"\u{20ac}\">\u{1f600}</\u{e9}l\u{e8}ve>".as_bytes(),
    b"<a><b>1</b><b>2</b>\n\n<c><d><e>&#x20ac;&quot;&apos;&gt;</e></d></c></a>",
];

const XML_WORDS: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "&",
    ";",
    "&amp;",
    "&x;",
    "&#",
    "&#0;",
    "&#x41;",
    "&#55296;",
    "<!--",
    "-->",
    "--",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<?xml",
    "=",
    "\"",
    "'",
    " ",
    "\t",
    "\r",
    "\n",
    "\u{1}",
    "xmlns",
    "xml:",
    ":",
    "a=\"b\" ",
    "<a>",
    "</a>",
    "<b/>",
    "é",
    "\u{fffe}",
    "<!DOCTYPE a>",
    "<!DOCTYPE",
    "version",
    "encoding",
    "-",
    "1",
];

const MULTIPART: &[&[u8]] = &[
    b"--0000\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--0000\r\nContent-Disposition: form-data; name=\"f\"; \
      filename=\"n.txt\"\r\nContent-Type: text/plain\r\n\r\nline 1\r\nline 2\r\n--0000--\r\n",
    b"--0000\nContent-Disposition: form-data; name=a\n\nx\n--0000--",
    b"pre\r\n--0000\r\nX: y\r\n z\r\n\tw\r\nContent-Disposition: form-data; name='a'; filename=\"\\\"q\\\\\"\r\n\r\n--x\r\n\r\n--0000--\r\npost",
    b"--0000\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"; filename*=utf-8'en'%41b\r\n\r\n\r\n--0000--\r\n",
    b"--0000\r\nContent-Disposition: form-data; name=\"m\"\r\n\r\na--0000b\r\n-----\r\n--0001\r\n--0000\r\ncontent-disposition:\
      form-data;name=\"n\"\r\n\r\n\r\n\r\n--0000--",
];

const MULTIPART_WORDS: &[&str] = &[
    "--0000",
    "--0000--",
    "\r\n",
    "\n",
    "\r",
    "--",
    "-",
    "\r\n\r\n",
    ":",
    ";",
    "=",
    "\"",
    "'",
    "\\",
    "\\\"",
    " ",
    "\t",
    "\u{b}",
    "\0",
    "Content-Disposition: ",
    "form-data",
    "; name=\"x\"",
    "; filename=\"y\"",
    "filename*=",
    "utf-8''%41",
    "%",
    "%4",
    "\r\n ",
    "\r\n\t",
    "\r\n\u{c}",
    "\"0000",
    "0000",
    "-- 0000",
    "X: y\r\n",
    "--\"0000\"",
    ",",
    "é",
    "(",
];

const TYPE_WORDS: &[&str] = &[
    "boundary",
    "Boundary",
    "=",
    "\"",
    ";",
    " ",
    "\t",
    ",",
    "0000",
    "charset=utf-8",
    "; charset=utf-8",
    "!",
    "'",
    "x",
    "é",
    "boundary=0000",
];
