//! What our processors make of a request, in the words of libmodsecurity's variables.

use vauban_waf::body::{
    BodyError, JsonLimits, MultipartFlags, MultipartLimits, Parts, XmlLimits, XmlValues, cookies,
    json, multipart, target, urlencoded, xml,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Processor {
    /// None: the head alone counts.
    Head,
    Urlencoded,
    Json,
    Xml,
    Multipart,
}

#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) processor: Processor,
    pub(super) target: Vec<u8>,
    pub(super) content_type: Vec<u8>,
    pub(super) cookie: Vec<u8>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn new(processor: Processor, body: &[u8]) -> Self {
        let content_type: &[u8] = match processor {
            Processor::Urlencoded => b"application/x-www-form-urlencoded",
            Processor::Multipart => b"multipart/form-data; boundary=0000",
            Processor::Head | Processor::Json | Processor::Xml => b"",
        };
        Self {
            processor,
            target: b"/".to_vec(),
            content_type: content_type.to_vec(),
            cookie: Vec::new(),
            body: body.to_vec(),
        }
    }
}

/// Name of the variable, name, value.
pub(super) type Value = (String, Vec<u8>, Vec<u8>);

#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) values: Vec<Value>,
    pub(super) error: Option<BodyError>,
}

impl Seen {
    fn add(&mut self, variable: &str, name: &[u8], value: &[u8]) {
        self.values
            .push((variable.to_owned(), name.to_vec(), value.to_vec()));
    }

    fn flag(&mut self, variable: &str, value: impl Into<u8>) {
        self.add(variable, b"", &[b'0' + value.into()]);
    }

    /// All values of these variables, sorted.
    pub(super) fn of(&self, variables: &[&str]) -> Vec<Value> {
        let mut values: Vec<Value> = self
            .values
            .iter()
            .filter(|(variable, ..)| variables.contains(&variable.as_str()))
            .cloned()
            .collect();
        values.sort();
        values
    }

    /// The value of a variable that has one.
    pub(super) fn one(&self, variable: &str) -> &[u8] {
        self.values
            .iter()
            .find(|(name, ..)| name == variable)
            .map_or(b"", |(.., value)| value)
    }
}

impl Parts for Seen {
    fn field(&mut self, name: &[u8], value: &[u8]) -> bool {
        self.add("ARGS_POST", name, value);
        true
    }

    fn file(&mut self, name: &[u8], filename: &[u8], content: &[u8]) -> bool {
        self.add("FILES", name, filename);
        self.add("FILES_NAMES", name, name);
        self.add("FILES_SIZES", name, content.len().to_string().as_bytes());
        true
    }

    fn part_header(&mut self, part_name: &[u8], header_line: &[u8]) -> bool {
        self.add("MULTIPART_PART_HEADERS", part_name, header_line);
        true
    }
}

/// Reads `request` as the engine would.
pub(super) fn see(request: &Request) -> Seen {
    let mut seen = Seen::default();
    match request.processor {
        Processor::Head => head(request, &mut seen),
        Processor::Urlencoded => {
            let result = urlencoded(&request.body, b'&', &mut |name: &[u8], value: &[u8]| {
                seen.add("ARGS_POST", name, value);
                true
            });
            seen.flag("URLENCODED_ERROR", result.invalid_encoding);
        }
        Processor::Json => {
            let result = json(
                &request.body,
                &JsonLimits::default(),
                &mut |name: &[u8], value: &[u8]| {
                    seen.add("ARGS", name, value);
                    true
                },
            );
            seen.error = result.err();
        }
        Processor::Xml => {
            let mut values = XmlValues::default();
            seen.error = xml(&request.body, &XmlLimits::default(), &mut values).err();
            if let Some(text) = values.text() {
                seen.add("XML:/*", b"", text);
            }
            for value in values.attributes() {
                seen.add("XML://@*", b"", value);
            }
        }
        Processor::Multipart => {
            let result = multipart(
                &request.body,
                &request.content_type,
                &MultipartLimits::default(),
                &mut seen,
            );
            let flags = match result {
                Ok(flags) => flags,
                Err(failure) => {
                    seen.error = Some(failure.error);
                    failure.flags
                }
            };
            multipart_flags(&flags, &mut seen);
        }
    }
    seen
}

fn head(request: &Request, seen: &mut Seen) {
    let parts = target(&request.target);
    seen.add("REQUEST_URI", b"", &parts.uri);
    seen.add("REQUEST_URI_RAW", b"", parts.uri_raw);
    seen.add("REQUEST_FILENAME", b"", &parts.filename);
    seen.add(
        "REQUEST_BASENAME",
        b"",
        parts.basename().unwrap_or_default(),
    );
    seen.add("QUERY_STRING", b"", parts.query.unwrap_or_default());
    let result = urlencoded(
        parts.query.unwrap_or_default(),
        b'&',
        &mut |name: &[u8], value: &[u8]| {
            seen.add("ARGS_GET", name, value);
            true
        },
    );
    seen.flag("URLENCODED_ERROR", result.invalid_encoding);
    cookies(&request.cookie, &mut |name: &[u8], value: &[u8]| {
        seen.add("REQUEST_COOKIES", name, value);
        true
    });
}

fn multipart_flags(flags: &MultipartFlags, seen: &mut Seen) {
    seen.flag("MULTIPART_BOUNDARY_QUOTED", flags.boundary_quoted);
    seen.flag("MULTIPART_BOUNDARY_WHITESPACE", flags.boundary_whitespace);
    seen.flag("MULTIPART_CRLF_LF_LINES", flags.crlf_lf_lines());
    seen.flag("MULTIPART_DATA_AFTER", flags.data_after);
    seen.flag("MULTIPART_DATA_BEFORE", flags.data_before);
    seen.flag("MULTIPART_HEADER_FOLDING", flags.header_folding);
    seen.flag(
        "MULTIPART_INVALID_HEADER_FOLDING",
        flags.invalid_header_folding,
    );
    seen.flag("MULTIPART_INVALID_PART", flags.invalid_part);
    seen.flag("MULTIPART_INVALID_QUOTING", flags.invalid_quoting);
    seen.flag("MULTIPART_LF_LINE", flags.lf_line);
    seen.flag("MULTIPART_MISSING_SEMICOLON", flags.missing_semicolon);
    seen.flag("MULTIPART_STRICT_ERROR", flags.strict_error());
    seen.flag("MULTIPART_UNMATCHED_BOUNDARY", flags.unmatched_boundary);
}

pub(super) const MULTIPART_FLAGS: [&str; 13] = [
    "MULTIPART_BOUNDARY_QUOTED",
    "MULTIPART_BOUNDARY_WHITESPACE",
    "MULTIPART_CRLF_LF_LINES",
    "MULTIPART_DATA_AFTER",
    "MULTIPART_DATA_BEFORE",
    "MULTIPART_HEADER_FOLDING",
    "MULTIPART_INVALID_HEADER_FOLDING",
    "MULTIPART_INVALID_PART",
    "MULTIPART_INVALID_QUOTING",
    "MULTIPART_LF_LINE",
    "MULTIPART_MISSING_SEMICOLON",
    "MULTIPART_STRICT_ERROR",
    "MULTIPART_UNMATCHED_BOUNDARY",
];
