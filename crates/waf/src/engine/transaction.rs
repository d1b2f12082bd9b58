//! One request and its answer, phase by phase.

use std::io::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use super::evaluate::{LOGGING, Run};
use super::report::{Intervention, Report};
use super::ruleset::{Mode, RuleSet};
use super::scratch::Scratch;
use super::state::State;
use super::table::Kind;
use super::{Context, Store, Strategy};
use crate::body;
use crate::seclang::syntax::{EngineMode, Processor, Variable};

/// Who talks to whom, and when.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// The client, as the caller trusts it to be.
    pub client: IpAddr,
    /// Its port.
    pub client_port: u16,
    /// The address that was connected to.
    pub server: IpAddr,
    /// Its port.
    pub server_port: u16,
    /// Seconds since the epoch.
    pub now: u64,
}

/// The head of a request, as bytes from the wire.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// `GET`
    pub method: &'a [u8],
    /// What stands between method and version.
    pub target: &'a [u8],
    /// `HTTP/1.1`
    pub protocol: &'a [u8],
    /// Names and values in the order of the wire.
    pub headers: &'a [(&'a [u8], &'a [u8])],
    /// `UNIQUE_ID`
    pub id: &'a str,
}

/// The head of an answer.
#[derive(Clone, Copy, Debug)]
pub struct ResponseHead<'a> {
    /// `200`
    pub status: u16,
    /// `HTTP/1.1`
    pub protocol: &'a [u8],
    /// Names and values in their order.
    pub headers: &'a [(&'a [u8], &'a [u8])],
}

/// One transaction. Call the phases in order; after an [`Intervention`] the later ones do nothing, except [`Transaction::finish`].
#[derive(Debug)]
pub struct Transaction {
    rules: Arc<RuleSet>,
    store: Arc<Store>,
    strategy: Strategy,
    pub(super) state: State,
    /// The most that `ctl:ruleEngine` may reach.
    limit: EngineMode,
}

impl Transaction {
    /// Begins a transaction with the rules of `rules`.
    pub fn begin(
        rules: &Arc<RuleSet>,
        store: &Arc<Store>,
        connection: &Connection,
        mode: Mode,
        scratch: &mut Scratch,
    ) -> Self {
        Self::with_strategy(rules, store, connection, (mode, Strategy::Indexed), scratch)
    }

    /// As [`Self::begin`], with a choice of how rules are matched.
    pub fn with_strategy(
        rules: &Arc<RuleSet>,
        store: &Arc<Store>,
        connection: &Connection,
        (mode, strategy): (Mode, Strategy),
        scratch: &mut Scratch,
    ) -> Self {
        let mut state = scratch.state();
        state.reset(
            &rules.program,
            &rules.filters,
            connection.now,
            rules.mode(mode),
        );
        let table = &mut state.table;
        let mut text = Vec::new();
        written(&mut text, &connection.client);
        table.set(Variable::RemoteAddr, &text);
        table.set(Variable::RemoteHost, &text);
        written(&mut text, &connection.client_port);
        table.set(Variable::RemotePort, &text);
        written(&mut text, &connection.server);
        table.set(Variable::ServerAddr, &text);
        written(&mut text, &connection.server_port);
        table.set(Variable::ServerPort, &text);
        table.set(
            Variable::WebappId,
            rules.program.settings.webapp_id.as_bytes(),
        );
        Self {
            rules: Arc::clone(rules),
            store: Arc::clone(store),
            strategy,
            state,
            limit: match mode {
                // Without a word of the caller a rule may switch the engine on.
                Mode::AsConfigured | Mode::Block => EngineMode::On,
                Mode::Monitor => EngineMode::DetectionOnly,
                Mode::Off => EngineMode::Off,
            },
        }
    }

    /// Keeps every match from here on, for [`Report::trace`]. It costs time and memory; a line of defence has no use for it.
    pub fn keep_trace(&mut self) {
        self.state.trace = Some(Vec::new());
    }

    /// Phase 1.
    pub fn request(
        &mut self,
        head: &RequestHead<'_>,
        scratch: &mut Scratch,
    ) -> Option<Intervention> {
        if self.state.flow.mode == EngineMode::Off {
            return None;
        }
        self.request_line(head);
        self.state.table.set(Variable::UniqueId, head.id.as_bytes());
        let most = self.rules.program.settings.arguments_max as usize;
        for (name, value) in head.headers {
            let table = &mut self.state.table;
            let name_span = table.store(name);
            let value_span = table.store(value);
            table.push(Kind::of(Variable::RequestHeaders), name_span, value_span);
            table.push(
                Kind::of(Variable::RequestHeadersNames),
                name_span,
                name_span,
            );
            known_header(&mut self.state, most, name, value);
        }
        self.run(0, scratch)
    }

    /// Phase 2, with the whole body; empty when there is none.
    pub fn request_body(&mut self, bytes: &[u8], scratch: &mut Scratch) -> Option<Intervention> {
        if self.state.flow.mode == EngineMode::Off || self.state.flow.stopped {
            return None;
        }
        let rules = Arc::clone(&self.rules);
        if let Some(refusal) = super::body::read(&mut self.state, &rules.program, bytes) {
            self.state.flow.stopped = true;
            self.state.report.intervention = Some(refusal.clone());
            return Some(refusal);
        }
        self.run(1, scratch)
    }

    /// Phase 3.
    pub fn response(
        &mut self,
        head: &ResponseHead<'_>,
        scratch: &mut Scratch,
    ) -> Option<Intervention> {
        if self.state.flow.mode == EngineMode::Off || self.state.flow.stopped {
            return None;
        }
        let table = &mut self.state.table;
        table.set(Variable::ResponseStatus, head.status.to_string().as_bytes());
        table.set(Variable::ResponseProtocol, head.protocol);
        for (name, value) in head.headers {
            let name_span = table.store(name);
            let value_span = table.store(value);
            table.push(Kind::of(Variable::ResponseHeaders), name_span, value_span);
            table.push(
                Kind::of(Variable::ResponseHeadersNames),
                name_span,
                name_span,
            );
            if name.eq_ignore_ascii_case(b"content-type") {
                let plain = value.split(|byte| *byte == b';').next().unwrap_or_default();
                table.set(Variable::ResponseContentType, plain.trim_ascii());
            } else if name.eq_ignore_ascii_case(b"content-length") {
                table.set(Variable::ResponseContentLength, value);
            }
        }
        self.run(2, scratch)
    }

    /// Whether [`Self::response_body`] looks at a body at all: rules want it, and its type is one of `SecResponseBodyMimeType`.
    pub fn wants_response_body(&self) -> bool {
        let kind = self.state.table.single(Variable::ResponseContentType);
        self.state.flow.response_body_access
            && self.state.flow.mode != EngineMode::Off
            && self
                .rules
                .program
                .settings
                .response_body_mime_types
                .iter()
                .any(|own| own.as_bytes().eq_ignore_ascii_case(kind))
    }

    /// Phase 4, with the whole body.
    pub fn response_body(&mut self, bytes: &[u8], scratch: &mut Scratch) -> Option<Intervention> {
        if self.state.flow.mode == EngineMode::Off || self.state.flow.stopped {
            return None;
        }
        if self.wants_response_body() {
            let rules = Arc::clone(&self.rules);
            if let Some(refusal) = super::body::answer(&mut self.state, &rules.program, bytes) {
                self.state.flow.stopped = true;
                self.state.report.intervention = Some(refusal.clone());
                return Some(refusal);
            }
        }
        self.run(3, scratch)
    }

    /// Phase 5, and the end. `elapsed_ms` is `DURATION`.
    pub fn finish(mut self, elapsed_ms: u64, scratch: &mut Scratch) -> Report {
        if self.state.flow.mode != EngineMode::Off {
            self.run_at(LOGGING, elapsed_ms, scratch);
        }
        let mut report = std::mem::take(&mut self.state.report);
        report.trace = self.state.trace.take().unwrap_or_default();
        scratch.keep(self.state);
        report
    }

    /// What was found so far; [`Self::finish`] gives all of it.
    pub fn report(&self) -> &Report {
        &self.state.report
    }

    /// Whether phase 1 saw all arguments and cookies: none was beyond `SecArgumentsLimit`.
    pub fn saw_whole_head(&self) -> bool {
        self.state.flow.left_out.is_none()
    }

    /// Whether phase 2 saw all of a body of so many bytes: it was not beyond a limit, and it could be read as what it says it
    /// is. A body that the rules themselves chose not to read (`ctl:requestBodyAccess=Off`) counts as seen.
    pub fn saw_whole_body(&self) -> bool {
        let clean = |variable| self.state.table.single(variable) != b"1";
        self.saw_whole_head()
            && (!self.state.flow.request_body_access
                || clean(Variable::InboundDataError) && clean(Variable::ReqbodyError))
    }

    /// Value of a `TX` variable, for callers that read scores.
    pub fn tx(&self, name: &str) -> Option<Vec<u8>> {
        let text = self
            .state
            .tx
            .find(&self.rules.program.names, name.as_bytes())?;
        let mut out = Vec::new();
        text.write(&mut out);
        Some(out)
    }

    fn run(&mut self, phase: usize, scratch: &mut Scratch) -> Option<Intervention> {
        if self.state.flow.stopped {
            return None;
        }
        self.run_at(phase, 0, scratch);
        let intervention = self.state.report.intervention.clone();
        self.state.flow.stopped = intervention.is_some();
        intervention
    }

    fn run_at(&mut self, phase: usize, elapsed_ms: u64, scratch: &mut Scratch) {
        let rules = Arc::clone(&self.rules);
        let context = Context {
            store: &self.store,
            mode: self.limit,
            elapsed_ms,
        };
        let mut run = Run {
            program: &rules.program,
            filters: &rules.filters,
            context: &context,
            strategy: self.strategy,
            scratch,
            state: &mut self.state,
            looked: false,
        };
        let left = run.state.flow.pattern_steps;
        // What another transaction left behind says nothing of this one.
        run.scratch.memory.take_exhausted();
        run.scratch.memory.allow(Some(left));
        run.phase(phase);
        run.state.flow.pattern_steps = run.scratch.memory.allowance().unwrap_or(left);
        run.scratch.memory.allow(None);
    }

    fn request_line(&mut self, head: &RequestHead<'_>) {
        let target = body::target(head.target);
        let table = &mut self.state.table;
        table.set(Variable::RequestMethod, head.method);
        table.set(Variable::RequestProtocol, head.protocol);
        let line = [head.method, b" ", head.target, b" ", head.protocol].concat();
        table.set(Variable::RequestLine, &line);
        table.set(Variable::RequestUriRaw, target.uri_raw);
        table.set(Variable::RequestUri, &target.uri);
        table.set(Variable::RequestFilename, &target.filename);
        table.set(Variable::PathInfo, &target.filename);
        table.set(
            Variable::RequestBasename,
            target.basename().unwrap_or_default(),
        );
        let Some(query) = target.query else { return };
        table.set(Variable::QueryString, query);
        super::body::arguments(
            &mut self.state,
            &self.rules.program,
            query,
            (Variable::ArgsGet, Variable::ArgsGetNames),
        );
    }
}

/// Replaces `text` with what `value` looks like.
fn written(text: &mut Vec<u8>, value: &dyn std::fmt::Display) {
    text.clear();
    // Writing to a vector cannot fail.
    drop(write!(text, "{value}"));
}

/// Headers that variables of their own come from.
fn known_header(state: &mut State, cookies_max: usize, name: &[u8], value: &[u8]) {
    let table = &mut state.table;
    if name.eq_ignore_ascii_case(b"cookie") {
        let mut complete = true;
        body::cookies(value, &mut |name: &[u8], value: &[u8]| {
            complete = table.of_kind(Kind::of(Variable::RequestCookies)).len() < cookies_max;
            if !complete {
                return false;
            }
            let name = table.store(name);
            let value = table.store(value);
            table.push(Kind::of(Variable::RequestCookies), name, value);
            table.push(Kind::of(Variable::RequestCookiesNames), name, name);
            true
        });
        if !complete {
            super::body::leave_out(state, "more cookies than `SecArgumentsLimit` allows");
        }
    } else if name.eq_ignore_ascii_case(b"content-type") {
        let lower = value.to_ascii_lowercase();
        let processor = if lower.starts_with(b"multipart/form-data") {
            Processor::Multipart
        } else if lower.starts_with(b"application/x-www-form-urlencoded") {
            Processor::UrlEncoded
        } else {
            return;
        };
        state.flow.processor = Some(processor);
        table.set(Variable::ReqbodyProcessor, processor.name().as_bytes());
    } else if name.eq_ignore_ascii_case(b"authorization") {
        let kind = value.split(|byte| *byte == b' ').next().unwrap_or_default();
        table.set(Variable::AuthType, kind);
    } else if name.eq_ignore_ascii_case(b"host") {
        let host = value.split(|byte| *byte == b':').next().unwrap_or_default();
        table.set(Variable::ServerName, host);
    }
}
