//! The rule engine as a process that judges transactions from its standard input: the counterpart of
//! `testkit/c/modsec-engine.c`, which describes the form, so that both engines are asked and timed alike.
//!
//! ```text
//! engine [--time] [--unicode FILE] [--inline FILE | FILE]...
//! ```

use std::error::Error;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};
use vauban_waf::{
    Connection, Files, Mode, Report, RequestHead, ResponseHead, RuleSet, Scratch, Source, Store,
    Transaction,
};

/// The product's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| error.to_string())
    }

    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        Ok(Path::new(pattern)
            .exists()
            .then(|| pattern.to_owned())
            .into_iter()
            .collect())
    }
}

struct Message {
    fields: [Vec<u8>; 5],
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    status: u32,
    response_body: Vec<u8>,
    response_headers: Vec<(Vec<u8>, Vec<u8>)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut timed = false;
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--time" => timed = true,
            "--inline" => {
                let path = arguments.next().ok_or("--inline needs a file")?;
                parts.push(("/inline.conf".to_owned(), std::fs::read(path)?));
            }
            path => parts.push((path.to_owned(), std::fs::read(path)?)),
        }
    }
    let sources: Vec<Source<'_>> = parts
        .iter()
        .map(|(name, text)| Source { name, text })
        .collect();
    let rules = RuleSet::load(&sources, &Disk).map_err(|mistakes| {
        mistakes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<String>>()
            .join(
                "
",
            )
    })?;
    serve(&Arc::new(rules), timed)
}

fn serve(rules: &Arc<RuleSet>, timed: bool) -> Result<(), Box<dyn Error>> {
    let mut input = BufReader::new(io::stdin().lock());
    let mut output = BufWriter::new(io::stdout().lock());
    let store = Arc::new(Store::default());
    let mut scratch = Scratch::default();
    writeln!(output, "{{\"ready\":true}}")?;
    output.flush()?;
    while let Some(message) = read_message(&mut input)? {
        let before = thread_ns();
        let (report, status) = judge(rules, &store, &mut scratch, &message);
        let spent = if timed { thread_ns() - before } else { 0 };
        let ids: Vec<String> = report
            .findings
            .iter()
            .map(|finding| finding.rule.to_string())
            .collect();
        let status = status.map_or_else(|| "null".to_owned(), |status| status.to_string());
        writeln!(
            output,
            "{{\"ids\":[{}],\"status\":{status},\"cpu_ns\":{spent}}}",
            ids.join(",")
        )?;
        output.flush()?;
    }
    Ok(())
}

fn judge(
    rules: &Arc<RuleSet>,
    store: &Arc<Store>,
    scratch: &mut Scratch,
    message: &Message,
) -> (Report, Option<u16>) {
    let [method, target, version, client, body] = &message.fields;
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let client = std::str::from_utf8(client)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(local);
    let connection = Connection {
        client,
        client_port: 40_000,
        server: local,
        server_port: 80,
        now: 1_700_000_000,
    };
    let mut transaction =
        Transaction::begin(rules, store, &connection, Mode::AsConfigured, scratch);
    let headers = borrowed(&message.headers);
    let head = RequestHead {
        method,
        target,
        protocol: version,
        headers: &headers,
        id: "0",
    };
    transaction.request(&head, scratch);
    transaction.request_body(body, scratch);
    if let Ok(status @ 1..) = u16::try_from(message.status) {
        let headers = borrowed(&message.response_headers);
        let head = ResponseHead {
            status,
            protocol: b"HTTP/1.1",
            headers: &headers,
        };
        transaction.response(&head, scratch);
        transaction.response_body(&message.response_body, scratch);
    }
    let report = transaction.finish(1, scratch);
    let status = report.intervention.as_ref().map(|one| one.status);
    (report, status)
}

fn borrowed(headers: &[(Vec<u8>, Vec<u8>)]) -> Vec<(&[u8], &[u8])> {
    headers
        .iter()
        .map(|(name, value)| (name.as_slice(), value.as_slice()))
        .collect()
}

fn thread_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

fn read_message(from: &mut impl Read) -> io::Result<Option<Message>> {
    let method = match read_field(from) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    let fields = [
        method,
        read_field(from)?,
        read_field(from)?,
        read_field(from)?,
        read_field(from)?,
    ];
    Ok(Some(Message {
        fields,
        headers: read_headers(from)?,
        status: read_number(from)?,
        response_body: read_field(from)?,
        response_headers: read_headers(from)?,
    }))
}

fn read_headers(from: &mut impl Read) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let count = read_number(from)?;
    (0..count)
        .map(|_| Ok((read_field(from)?, read_field(from)?)))
        .collect()
}

fn read_field(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let length = read_number(from)?;
    let mut bytes = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read_number(from: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}
