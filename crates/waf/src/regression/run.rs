//! Cases, run through our own engine.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::{Case, Observed, Outcome, Request, Response};
use crate::{
    Connection, Finding, Mode, Report, RequestHead, ResponseHead, RuleSet, Scratch, Store,
    Strategy, Transaction,
};

/// Runs transactions one after the other, as one client.
#[derive(Debug)]
pub struct Runner {
    rules: Arc<RuleSet>,
    store: Arc<Store>,
    strategy: Strategy,
    mode: Mode,
    scratch: Scratch,
    count: u64,
    traced: bool,
    whole: bool,
}

impl Runner {
    /// Begins with an empty store.
    pub fn new(rules: &Arc<RuleSet>, mode: Mode, strategy: Strategy) -> Self {
        Self {
            rules: Arc::clone(rules),
            store: Arc::new(Store::default()),
            strategy,
            mode,
            scratch: Scratch::default(),
            count: 0,
            traced: false,
            whole: true,
        }
    }

    /// Keeps every match of each transaction, for [`Report::trace`].
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.traced = true;
        self
    }

    /// Whether the rules of the last transaction saw all of its request; see [`Transaction::saw_whole_body`].
    pub fn saw_whole(&self) -> bool {
        self.whole
    }

    /// One transaction through all five phases; `response` is what the backend answers.
    pub fn transact(&mut self, request: &Request, response: Option<&Response>) -> Report {
        self.count += 1;
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let connection = Connection {
            client: local,
            client_port: 40_000,
            server: local,
            server_port: 80,
            now: 1_700_000_000 + self.count,
        };
        let choice = (self.mode, self.strategy);
        let scratch = &mut self.scratch;
        let mut transaction =
            Transaction::with_strategy(&self.rules, &self.store, &connection, choice, scratch);
        if self.traced {
            transaction.keep_trace();
        }
        let headers = borrowed(&request.headers);
        let id = self.count.to_string();
        let head = RequestHead {
            method: &request.method,
            target: &request.target,
            protocol: &request.version,
            headers: &headers,
            id: &id,
        };
        transaction.request(&head, scratch);
        transaction.request_body(&request.body, scratch);
        self.whole = transaction.saw_whole_body();
        if let Some(response) = response {
            let headers = borrowed(&response.headers);
            let head = ResponseHead {
                status: response.status,
                protocol: b"HTTP/1.1",
                headers: &headers,
            };
            transaction.response(&head, scratch);
            transaction.response_body(&response.body, scratch);
        }
        transaction.finish(1, scratch)
    }

    /// Runs every stage of a case; the first that does not pass decides.
    pub fn judge(&mut self, case: &Case) -> Outcome {
        if let Err(reason) = case.checkable() {
            return Outcome::NotCheckable(reason);
        }
        for stage in &case.stages {
            let report = self.transact(&stage.request, Some(&stage.response()));
            let ids: Vec<u64> = report.findings.iter().map(|finding| finding.rule).collect();
            let lines: Vec<Vec<u8>> = report.findings.iter().map(line).collect();
            let observed = Observed {
                ids: &ids,
                status: None,
                lines: Some(&lines),
            };
            match stage.expectation.judge(&observed) {
                Outcome::Passed => {}
                other @ (Outcome::Failed(_) | Outcome::NotCheckable(_)) => return other,
            }
        }
        Outcome::Passed
    }
}

/// What ModSecurity would write of it, as far as tests look: `[id "…"] [msg "…"] [data "…"]`.
fn line(finding: &Finding) -> Vec<u8> {
    let id = finding.rule.to_string();
    let parts: [(&str, &[u8]); 3] = [
        ("id", id.as_bytes()),
        ("msg", &finding.message),
        ("data", &finding.data),
    ];
    let written = parts.into_iter().filter(|(_, text)| !text.is_empty());
    let written: Vec<Vec<u8>> = written
        .map(|(name, text)| [b"[", name.as_bytes(), b" \"", text, b"\"]"].concat())
        .collect();
    written.join(&b' ')
}

fn borrowed(headers: &[(Vec<u8>, Vec<u8>)]) -> Vec<(&[u8], &[u8])> {
    headers
        .iter()
        .map(|(name, value)| (name.as_slice(), value.as_slice()))
        .collect()
}
