//! From a body to rows, and the limits on the way.

use super::program::{Program, Settings};
use super::report::{Intervention, InterventionKind};
use super::state::State;
use super::table::Kind;
use crate::body::{self, JsonLimits, MultipartFlags, MultipartLimits, Parts, XmlLimits, XmlValues};
use crate::seclang::syntax::{EngineMode, LimitAction, Processor, Variable};

/// Bytes of names that a JSON body may make beside twice its own length. Names repeat the keys above them, and each is judged:
/// without this, one long key over a thousand numbers would cost as much as megabytes.
const JSON_NAMES_BYTES: usize = 256 * 1024;

/// Reads the request body as the transaction's processor says. An intervention comes from a limit.
pub(super) fn read(state: &mut State, program: &Program, bytes: &[u8]) -> Option<Intervention> {
    let settings = &program.settings;
    let table = &mut state.table;
    table.set(Variable::InboundDataError, b"0");
    table.set(Variable::ReqbodyError, b"0");
    table.set(Variable::ReqbodyProcessorError, b"0");
    if let Some(why) = state.flow.left_out {
        // Found in phase 1, where no rule asks for it yet.
        failed(state, why, false);
    }
    if !state.flow.request_body_access {
        return None;
    }
    let limit = state.flow.request_body_bytes_max;
    let mut bytes = bytes;
    if bytes.len() as u64 > limit {
        state.table.set(Variable::InboundDataError, b"1");
        if settings.request_body_limit_action == LimitAction::Reject
            && state.flow.mode == EngineMode::On
        {
            return Some(too_large());
        }
        let length = usize::try_from(limit).unwrap_or(usize::MAX);
        bytes = bytes.get(..length).unwrap_or(bytes);
    }
    let processor = state.flow.processor;
    let plain = !matches!(processor, None | Some(Processor::Multipart));
    let no_files = settings.request_body_no_files_bytes_max;
    if plain && no_files.is_some_and(|limit| bytes.len() as u64 > limit) {
        state.table.set(Variable::InboundDataError, b"1");
        failed(
            state,
            "the body without files is larger than the limit",
            false,
        );
    } else {
        process(state, program, bytes);
    }
    if !bytes.is_empty() {
        // The tests of CRS expect the body itself only where arguments were made of all of it, or where a rule asks.
        if processor == Some(Processor::UrlEncoded) || state.flow.force_request_body {
            let span = state.table.store(bytes);
            state.table.set_span(Kind::of(Variable::RequestBody), span);
        }
        let length = bytes.len().to_string();
        state
            .table
            .set(Variable::RequestBodyLength, length.as_bytes());
    }
    if program.uses_full_request {
        full_request(state, bytes);
    }
    None
}

fn too_large() -> Intervention {
    Intervention {
        kind: InterventionKind::Deny,
        status: 413,
        rule: 0,
    }
}

fn process(state: &mut State, program: &Program, bytes: &[u8]) {
    match state.flow.processor {
        None => {}
        Some(Processor::UrlEncoded) => {
            arguments(
                state,
                program,
                bytes,
                (Variable::ArgsPost, Variable::ArgsPostNames),
            );
        }
        // A request without a body is no malformed one; as XML it is, as in `libmodsecurity`.
        Some(Processor::Json) if bytes.is_empty() => {}
        Some(Processor::Json) => json(state, &program.settings, bytes),
        Some(Processor::Xml) => xml(state, &program.settings, bytes),
        Some(Processor::Multipart) => multipart(state, program, bytes),
    }
}

/// Stores name and value as an argument; false when there are too many.
fn argument(
    state: &mut State,
    most: u32,
    (values, names): (Variable, Variable),
    (name, value): (&[u8], &[u8]),
) -> bool {
    if state.flow.arguments >= most {
        return false;
    }
    state.flow.arguments += 1;
    let name = state.table.store(name);
    let value = state.table.store(value);
    state.table.push(Kind::of(values), name, value);
    state.table.push(Kind::of(names), name, name);
    true
}

/// `a=1&b=2`, from the query string or the body.
pub(super) fn arguments(
    state: &mut State,
    program: &Program,
    bytes: &[u8],
    kinds: (Variable, Variable),
) {
    let settings = &program.settings;
    let result = body::urlencoded(
        bytes,
        settings.argument_separator,
        &mut |name: &[u8], value: &[u8]| {
            argument(state, settings.arguments_max, kinds, (name, value))
        },
    );
    if result.invalid_encoding {
        state.table.set(Variable::UrlencodedError, b"1");
    }
    if !result.complete {
        leave_out(state, "more arguments than `SecArgumentsLimit` allows");
    }
}

fn json(state: &mut State, settings: &Settings, bytes: &[u8]) {
    let limits = JsonLimits {
        depth_max: settings.json_depth_max as usize,
        names_bytes_max: JSON_NAMES_BYTES + 2 * bytes.len(),
    };
    let kinds = (Variable::ArgsPost, Variable::ArgsPostNames);
    let result = body::json(bytes, &limits, &mut |name: &[u8], value: &[u8]| {
        argument(state, settings.arguments_max, kinds, (name, value))
    });
    if let Err(error) = result {
        failed(state, &error.message, true);
    }
}

fn xml(state: &mut State, settings: &Settings, bytes: &[u8]) {
    let mut values = XmlValues::default();
    let result = body::xml(bytes, &XmlLimits::default(), &mut values);
    if let Some(text) = values.text() {
        let text = state.table.store(text);
        state
            .table
            .push(Kind::of(Variable::Xml), super::table::Span::default(), text);
    }
    let most = settings.arguments_max as usize;
    if values.attributes().nth(most).is_some() {
        leave_out(state, "more attributes than `SecArgumentsLimit` allows");
    }
    for attribute in values.attributes().take(most) {
        let value = state.table.store(attribute);
        state
            .table
            .push(Kind::XML_ATTRIBUTE, super::table::Span::default(), value);
    }
    if let Err(error) = result {
        failed(state, &error.message, true);
    }
}

struct Form<'a> {
    state: &'a mut State,
    arguments_max: u32,
    wants_content: bool,
    files: u64,
}

impl Parts for Form<'_> {
    fn field(&mut self, name: &[u8], value: &[u8]) -> bool {
        let kinds = (Variable::ArgsPost, Variable::ArgsPostNames);
        let name_span = self.state.table.store(name);
        let kind = Kind::of(Variable::MultipartName);
        self.state.table.push(kind, name_span, name_span);
        argument(self.state, self.arguments_max, kinds, (name, value))
    }

    fn file(&mut self, name: &[u8], filename: &[u8], content: &[u8]) -> bool {
        let table = &mut self.state.table;
        let name = table.store(name);
        let filename = table.store(filename);
        let size = table.store(content.len().to_string().as_bytes());
        table.push(Kind::of(Variable::Files), name, filename);
        table.push(Kind::of(Variable::FilesNames), name, name);
        table.push(Kind::of(Variable::FilesSizes), name, size);
        table.push(Kind::of(Variable::MultipartName), name, name);
        table.push(Kind::of(Variable::MultipartFilename), name, filename);
        // The content is not a value of its own unless a rule asks; its size is.
        self.files += content.len() as u64;
        if self.wants_content {
            let content = table.store(content);
            table.push(Kind::of(Variable::FilesTmpContent), name, content);
        }
        true
    }

    fn part_header(&mut self, part_name: &[u8], header_line: &[u8]) -> bool {
        let name = self.state.table.store(part_name);
        let line = self.state.table.store(header_line);
        let kind = Kind::of(Variable::MultipartPartHeaders);
        self.state.table.push(kind, name, line);
        true
    }
}

fn multipart(state: &mut State, program: &Program, bytes: &[u8]) {
    let settings = &program.settings;
    let content_type = state
        .table
        .named(Kind::of(Variable::RequestHeaders), b"content-type")
        .unwrap_or_default()
        .to_vec();
    let limits = MultipartLimits {
        parts_max: settings.arguments_max as usize,
        files_max: settings.files_max as usize,
        ..MultipartLimits::default()
    };
    let mut form = Form {
        state,
        arguments_max: settings.arguments_max,
        wants_content: program.uses_files,
        files: 0,
    };
    let result = body::multipart(bytes, &content_type, &limits, &mut form);
    let files = form.files;
    state.flow.file_bytes = files;
    let flags = match result {
        Ok(flags) => flags,
        Err(failure) => {
            failed(state, &failure.error.message, true);
            failure.flags
        }
    };
    set_flags(state, &flags);
    let rest = (bytes.len() as u64).saturating_sub(files);
    if settings
        .request_body_no_files_bytes_max
        .is_some_and(|limit| rest > limit)
    {
        state.table.set(Variable::InboundDataError, b"1");
        failed(
            state,
            "the body without files is larger than the limit",
            false,
        );
    }
}

fn set_flags(state: &mut State, flags: &MultipartFlags) {
    let all = [
        (Variable::MultipartBoundaryQuoted, flags.boundary_quoted),
        (
            Variable::MultipartBoundaryWhitespace,
            flags.boundary_whitespace,
        ),
        (Variable::MultipartDataBefore, flags.data_before),
        (Variable::MultipartDataAfter, flags.data_after),
        (Variable::MultipartHeaderFolding, flags.header_folding),
        (Variable::MultipartLfLine, flags.lf_line),
        (Variable::MultipartCrlfLfLines, flags.crlf_lf_lines()),
        (Variable::MultipartMissingSemicolon, flags.missing_semicolon),
        (Variable::MultipartInvalidQuoting, flags.invalid_quoting),
        (Variable::MultipartInvalidPart, flags.invalid_part),
        (
            Variable::MultipartInvalidHeaderFolding,
            flags.invalid_header_folding,
        ),
        (
            Variable::MultipartFileLimitExceeded,
            flags.file_limit_exceeded,
        ),
        (Variable::MultipartStrictError, flags.strict_error()),
    ];
    for (variable, set) in all {
        state.table.set(variable, if set { b"1" } else { b"0" });
    }
    let unmatched = flags.unmatched_boundary.to_string();
    state
        .table
        .set(Variable::MultipartUnmatchedBoundary, unmatched.as_bytes());
}

/// Values beyond a limit are not seen by any rule: that must not look like a clean request.
pub(super) fn leave_out(state: &mut State, why: &'static str) {
    state.flow.left_out = Some(why);
    failed(state, why, false);
}

fn failed(state: &mut State, message: &str, processor: bool) {
    let table = &mut state.table;
    table.set(Variable::ReqbodyError, b"1");
    table.set(Variable::ReqbodyErrorMsg, message.as_bytes());
    if processor {
        table.set(Variable::ReqbodyProcessorError, b"1");
        table.set(Variable::ReqbodyProcessorErrorMsg, message.as_bytes());
    }
}

fn full_request(state: &mut State, bytes: &[u8]) {
    let mut full = Vec::new();
    let table = &state.table;
    for id in table.of_kind(Kind::of(Variable::RequestHeaders)) {
        if let Some(row) = table.row(*id) {
            full.extend_from_slice(table.bytes(row.name));
            full.extend_from_slice(b": ");
            full.extend_from_slice(table.bytes(row.value));
            full.push(b'\n');
        }
    }
    full.extend_from_slice(b"\n\n");
    full.extend_from_slice(bytes);
    let length = full.len().to_string();
    state.table.set(Variable::FullRequest, &full);
    state
        .table
        .set(Variable::FullRequestLength, length.as_bytes());
}

/// Stores the body of an answer. An intervention comes from a limit.
pub(super) fn answer(state: &mut State, program: &Program, bytes: &[u8]) -> Option<Intervention> {
    let limit = usize::try_from(state.flow.response_body_bytes_max).unwrap_or(usize::MAX);
    let mut bytes = bytes;
    if bytes.len() > limit {
        state.table.set(Variable::OutboundDataError, b"1");
        if program.settings.response_body_limit_action == LimitAction::Reject
            && state.flow.mode == EngineMode::On
        {
            return Some(Intervention {
                kind: InterventionKind::Deny,
                status: 500,
                rule: 0,
            });
        }
        bytes = bytes.get(..limit).unwrap_or(bytes);
    }
    let length = bytes.len().to_string();
    state
        .table
        .set(Variable::ResponseContentLength, length.as_bytes());
    let span = state.table.store(bytes);
    state.table.set_span(Kind::of(Variable::ResponseBody), span);
    None
}
