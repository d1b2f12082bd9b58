//! The part that is shipped: `SecLang` rules.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, Version};
use vauban_policy::WafMode;
use vauban_waf::{Connection, Intervention, Mode, RequestHead, ResponseHead, Scratch, Transaction};

use super::found;
use super::redact::Redaction;
use super::rules::{Loaded, Rules};
use crate::parts::{Arrived, Inspect, Inspection, Leaving, Ruling};

/// Scratch memories that are kept for the next request; more phases than this never run at one moment, unless there are more
/// threads.
const KEPT_MAX: usize = 64;

/// A text that takes milliseconds.
const LONG_BYTES: usize = 16 * 1024;

/// Scratch memory of one rule set. It is held while one phase runs, which never waits for anything.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<Scratch>>);

impl Pool {
    fn with<T>(&self, run: impl FnOnce(&mut Scratch) -> T) -> T {
        let mut scratch = self.free().pop().unwrap_or_default();
        let result = run(&mut scratch);
        let mut free = self.free();
        if free.len() < KEPT_MAX {
            free.push(scratch);
        }
        result
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Scratch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Inspects by the rules of the plan.
#[derive(Debug)]
pub struct SecLang {
    rules: Rules,
}

impl SecLang {
    /// With these rules.
    pub fn new(rules: Rules) -> Self {
        Self { rules }
    }
}

impl Inspect for SecLang {
    fn begin(&self, arrived: &Arrived<'_>) -> (Ruling, Box<dyn Inspection>) {
        let Some(loaded) = self.rules.of(arrived.way) else {
            let fact = "the rules of this route are not loaded";
            return (Ruling::Refused(fact.into()), Box::new(Nobody));
        };
        let blocks = matches!(arrived.way.mode, WafMode::Block);
        let connection = Connection {
            client: arrived.client.0,
            client_port: arrived.client.1,
            // Which of its addresses the client chose says nothing about what it sent.
            server: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            server_port: 0,
            now: arrived.now_unix_s,
        };
        let mode = if blocks { Mode::Block } else { Mode::Monitor };
        let headers = lines(arrived.headers);
        let head = RequestHead {
            method: arrived.method.as_bytes(),
            target: arrived.target.as_bytes(),
            protocol: protocol(arrived.version),
            headers: &headers,
            id: arrived.decision,
        };
        let (transaction, asked) = loaded.pool.with(|scratch| {
            let (set, store) = (&loaded.set, &loaded.store);
            let mut transaction = Transaction::begin(set, store, &connection, mode, scratch);
            let asked = transaction.request(&head, scratch);
            (transaction, asked)
        });
        let whole = transaction.saw_whole_head();
        let mut running = Running {
            transaction: Some(transaction),
            loaded,
            redact: Arc::clone(&self.rules.redact),
            place: format!("{} {}", arrived.route, arrived.target),
            blocks,
            version: arrived.version,
            told: 0,
            withheld: false,
        };
        let ruling = running.ruling(asked.as_ref(), whole);
        (ruling, Box::new(running))
    }
}

/// Runs what takes long for a long text where it holds up nobody else's requests.
fn aside<T>(bytes: usize, run: impl FnOnce() -> T) -> T {
    let shared = tokio::runtime::Handle::try_current()
        .is_ok_and(|handle| handle.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread);
    if bytes > LONG_BYTES && shared {
        tokio::task::block_in_place(run)
    } else {
        run()
    }
}

/// Stands where nothing can be inspected, and so nothing passes.
#[derive(Debug)]
struct Nobody;

impl Inspection for Nobody {
    fn body(&mut self, _bytes: &[u8]) -> Ruling {
        Ruling::Refused("nobody inspects".into())
    }

    fn answer(&mut self, _leaving: &Leaving<'_>) -> Ruling {
        Ruling::Refused("nobody inspects".into())
    }
}

/// One request under inspection.
#[derive(Debug)]
struct Running {
    /// There until the end.
    transaction: Option<Transaction>,
    loaded: Loaded,
    redact: Arc<[String]>,
    /// Template of the route, and target: whether names in them are a credential's is asked only when something is found.
    place: String,
    blocks: bool,
    version: Version,
    /// Findings that are on record already.
    told: usize,
    /// Whether it is on record already that the rules would refuse.
    withheld: bool,
}

impl Inspection for Running {
    fn body(&mut self, bytes: &[u8]) -> Ruling {
        let Some(transaction) = &mut self.transaction else {
            return Ruling::Refused("the inspection has ended".into());
        };
        let pool = &self.loaded.pool;
        let asked = aside(bytes.len(), || {
            pool.with(|scratch| transaction.request_body(bytes, scratch))
        });
        let whole = transaction.saw_whole_body();
        self.ruling(asked.as_ref(), whole)
    }

    fn answer(&mut self, leaving: &Leaving<'_>) -> Ruling {
        let Some(transaction) = &mut self.transaction else {
            return Ruling::Refused("the inspection has ended".into());
        };
        let headers = lines(leaving.headers);
        let head = ResponseHead {
            status: leaving.status,
            protocol: protocol(self.version),
            headers: &headers,
        };
        let pool = &self.loaded.pool;
        let asked = aside(leaving.body.len(), || {
            pool.with(|scratch| {
                transaction
                    .response(&head, scratch)
                    .or_else(|| transaction.response_body(leaving.body, scratch))
            })
        });
        self.ruling(asked.as_ref(), true)
    }
}

impl Running {
    /// What is new since the phase before. `whole`: nothing was left out.
    fn ruling(&mut self, asked: Option<&Intervention>, whole: bool) -> Ruling {
        let Some(transaction) = &self.transaction else {
            return Ruling::Refused("the inspection has ended".into());
        };
        let report = transaction.report();
        let new = report.findings.get(self.told..).unwrap_or_default();
        self.told = report.findings.len();
        let lead = if let Some(asked) = asked {
            Some(match asked.rule {
                0 => "the body is longer than the rules inspect".to_owned(),
                rule => format!("rule {rule} refuses"),
            })
        } else if let Some(rule) = report.exhausted.first() {
            Some(format!("rule {rule} gave no answer"))
        } else if !whole {
            Some("it was inspected only in part".to_owned())
        } else {
            None
        };
        let found = |fact: String| {
            let redaction = Redaction::new(&self.redact, &self.place);
            found::of(fact, new, redaction)
        };
        if self.blocks
            && let Some(lead) = lead
        {
            return Ruling::Refused(found(lead));
        }
        let lead = lead.or_else(|| {
            let would = report.withheld.as_ref().filter(|_| !self.withheld)?;
            Some(format!("rule {} would refuse", would.rule))
        });
        let ruling = match lead {
            Some(lead) => Ruling::Noted(found(format!("monitor: {lead}"))),
            None if new.is_empty() => Ruling::Nothing,
            None => Ruling::Noted(found("no rule refuses".to_owned())),
        };
        self.withheld = report.withheld.is_some();
        ruling
    }
}

impl Drop for Running {
    /// The last phase, and the memory back for the next request.
    fn drop(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            self.loaded
                .pool
                .with(|scratch| drop(transaction.finish(0, scratch)));
        }
    }
}

fn lines(headers: &HeaderMap) -> Vec<(&[u8], &[u8])> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()))
        .collect()
}

fn protocol(version: Version) -> &'static [u8] {
    match version {
        Version::HTTP_10 => b"HTTP/1.0",
        Version::HTTP_2 => b"HTTP/2.0",
        Version::HTTP_3 => b"HTTP/3.0",
        _ => b"HTTP/1.1",
    }
}
