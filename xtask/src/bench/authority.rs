//! `cargo xtask bench authority`: the authority behind its edge, beside npm `oidc-provider`, same load, same run.
//!
//! Every process of the subject is pinned to one core, and so is the peer; the load has the other. What is counted is what a
//! client gets: each request of the subject passes the edge, the mutual TLS behind it, the authority, its database and two
//! audit logs. The peer keeps everything in its memory.

use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::edge::load::{self, Measured, Target};
use super::edge::subject::{self, Subject};
use super::figures::median;
use crate::run::exists;
use crate::say;

mod peer;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    /// `grant_type=client_credentials`.
    ClientCredentials,
    /// `grant_type=refresh_token`, each token once.
    Refresh,
    /// RFC 7662, a token that is live.
    Introspection,
    /// The key set.
    Keys,
}

const ROWS: [Row; 4] = [
    Row::ClientCredentials,
    Row::Refresh,
    Row::Introspection,
    Row::Keys,
];
/// Refresh tokens that a measurement begins with: more than connections, so that none waits for another. What is under way
/// when it ends is lost, and so are these.
const FAMILIES: usize = 64;
/// The client of the bench, in the plan and at the peer.
const CLIENT: &str = "bench";

impl Row {
    fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client credentials",
            Self::Refresh => "refresh",
            Self::Introspection => "introspection",
            Self::Keys => "key set",
        }
    }
}

/// What the load has to know of one side.
#[derive(Debug)]
struct Side {
    origin: String,
    /// Paths of token, introspection, key set.
    paths: [&'static str; 3],
    /// `Authorization` of the client.
    authorization: String,
    /// Body and media type of a refresh, around the token.
    refresh: Refresh,
    families: Families,
    access: String,
    pids: Vec<u32>,
}

/// Refresh tokens, each of a family of its own.
#[derive(Debug)]
struct Families {
    left: Vec<String>,
}

impl Families {
    fn of(left: Vec<String>) -> Self {
        Self { left }
    }

    /// Those of the next measurement, a line each.
    fn next(&mut self) -> anyhow::Result<String> {
        let at = self.left.len().checked_sub(FAMILIES);
        let at = at.context("no refresh tokens are left")?;
        Ok(self.left.split_off(at).join("\n"))
    }
}

/// How a refresh is asked for.
#[derive(Debug, Clone, Copy)]
struct Refresh {
    path: &'static str,
    media_type: &'static str,
    before: &'static str,
    after: &'static str,
}

/// Builds, starts, measures, writes `bench/runs/…`, prints.
pub(crate) fn authority(
    root: &Path,
    quiet: bool,
    (rounds, seconds): (u32, u32),
) -> anyhow::Result<()> {
    for (program, package) in [
        ("wrk", "wrk"),
        ("taskset", "util-linux"),
        ("node", "nodejs"),
        ("npm", "npm"),
    ] {
        if !exists(program) {
            bail!("`{program}` is missing; install it: apt-get install {package}");
        }
    }
    let folder = tempfile::tempdir().context("temporary folder")?;
    let subject = subject::start_with(root, folder.path(), &plan)?;
    let tokens = FAMILIES * (rounds as usize + 1);
    let mut ours = ours(root, &subject, tokens)?;
    let peer = peer::start(root, &subject, tokens)?;
    let mut theirs = peer.side()?;
    let mut rows = Vec::new();
    // Each token that a client gets for itself has a session.
    let mut sessions = 0.0;
    for row in ROWS {
        let mut taken = (Vec::new(), Vec::new());
        // The first pair only fills caches.
        for round in 0..=rounds {
            let pair = (
                measure(&mut ours, row, folder.path(), seconds)?,
                measure(&mut theirs, row, folder.path(), seconds)?,
            );
            if row == Row::ClientCredentials {
                sessions += pair.0.requests;
            }
            if round == 0 {
                continue;
            }
            if !quiet {
                say(&format!("{} {round} vauban:        {}", row.name(), pair.0));
                say(&format!("{} {round} oidc-provider: {}", row.name(), pair.1));
            }
            taken.0.push(pair.0);
            taken.1.push(pair.1);
        }
        let found = summary(row, &taken.0, &taken.1);
        if !quiet {
            say(&found.to_string());
        }
        rows.push(found);
    }
    let resident = subject.resident_kib("authority")?;
    let commit = crate::run::output(root, "git", &["rev-parse", "--short", "HEAD"])?;
    let report = json!({
        "benchmark": "authority",
        "commit": String::from_utf8_lossy(&commit).trim(),
        "rounds": rounds,
        "seconds": seconds,
        "method": "TLS 1.3 keep-alive, 32 connections; edge and authority together on core 0 with SQLite, keys in files and audit logs \
                   on the disk, peer on core 0 with everything in memory, load on core 1; medians of alternating pairs",
        "rows": rows,
        "authority_resident_kib": resident,
        "sessions": sessions,
    });
    if quiet {
        say(&report.to_string());
    }
    let file = super::keep(root, "authority", &report)?;
    if !quiet {
        say(&format!(
            "authority: {resident} KiB resident with {sessions} sessions; raw output: {}",
            file.display()
        ));
    }
    Ok(())
}

/// The bench's plan with a client, its endpoints, and budgets for logins that its families do not reach.
fn plan(text: &str) -> String {
    text.replace(
        "\nclients:\n",
        "\nclients:\n  - id: bench\n    permissions: [read:accounts]\n    authentication: client_secret_basic\n    \
         grants: [client_credentials]\n    tenant: north\n    roles: [user]\n",
    )
    .replace(
        "\nroutes:\n",
        "\nroutes:\n  - path: \"/oauth/token\"\n    methods: [\"POST\"]\n    authenticate: { none: \"the benchmark measures tokens\" }\n\
         \x20 - path: \"/oauth/introspect\"\n    methods: [\"POST\"]\n    authenticate: { none: \"the benchmark measures tokens\" }\n",
    )
    .replace(
        "key: account, requests: 5, seconds: 60, burst: 5",
        "key: account, requests: 100, seconds: 1, burst: 100",
    )
    .replace(
        "key: ip, requests: 30, seconds: 60, burst: 20",
        "key: ip, requests: 1000000, seconds: 1, burst: 1000000",
    )
}

/// Our side: a secret of the client, and a login for each family.
fn ours(root: &Path, subject: &Subject, tokens: usize) -> anyhow::Result<Side> {
    let secret = subject.command(root, &["client", "secret", CLIENT])?;
    let authorization = basic(secret.trim());
    let mut families = Vec::new();
    for _ in 0..tokens {
        let answer = subject.login()?;
        families.push(text(&answer, "refresh_token")?);
    }
    let origin = subject.origin();
    let own = crate::run::output(
        root,
        "curl",
        &[
            "-s",
            "--cacert",
            &subject.authority().to_string_lossy(),
            "-H",
            &authorization,
            "-d",
            "grant_type=client_credentials",
            &format!("{origin}/oauth/token"),
        ],
    )?;
    let own: Value = serde_json::from_slice(&own).context("client credentials")?;
    Ok(Side {
        origin,
        paths: [
            "/oauth/token",
            "/oauth/introspect",
            "/.well-known/jwks.json",
        ],
        authorization,
        refresh: Refresh {
            path: "/auth/refresh",
            media_type: "application/json",
            before: "{\"client_id\":\"bank-web\",\"refresh_token\":\"",
            after: "\"}",
        },
        families: Families::of(families),
        access: text(&own, "access_token")?,
        pids: subject.pids(&["edge", "authority"])?,
    })
}

/// The header of RFC 6749 §2.3.1.
fn basic(secret: &str) -> String {
    let both = STANDARD.encode(format!("{CLIENT}:{secret}"));
    format!("Authorization: Basic {both}")
}

fn text(answer: &Value, member: &str) -> anyhow::Result<String> {
    let found = answer.get(member).and_then(Value::as_str);
    found
        .map(str::to_owned)
        .with_context(|| format!("no `{member}` in the answer"))
}

/// Tokens of refreshes: taken from the front; what comes back is put at the end.
const ROTATE: &str = r#"
local file = "@FILE@"
local tokens, first, last = {}, 1, 0
for one in io.open(file):lines() do last = last + 1; tokens[last] = one end
request = function()
  local token = tokens[first]
  if not token then error("no refresh token is left; last answer without one: " .. (refused or "none")) end
  tokens[first] = nil
  first = first + 1
  return wrk.format("POST", "@PATH@", nil, '@BEFORE@' .. token .. '@AFTER@')
end
response = function(status, headers, body)
  local token = body:match('"refresh_token"%s*:%s*"([^"]+)"')
  if token then last = last + 1; tokens[last] = token else refused = status .. " " .. body end
end
"#;

fn measure(side: &mut Side, row: Row, folder: &Path, seconds: u32) -> anyhow::Result<Measured> {
    let [token, introspect, keys] = side.paths;
    let form = "content-type: application/x-www-form-urlencoded";
    let post = |body: &str| format!("wrk.method = 'POST'\nwrk.body = '{body}'\n");
    let client = vec![form.to_owned(), side.authorization.clone()];
    let (path, headers, script) = match row {
        Row::ClientCredentials => (
            token,
            client,
            post("grant_type=client_credentials&scope=read:accounts"),
        ),
        Row::Introspection => (introspect, client, post(&format!("token={}", side.access))),
        Row::Keys => (keys, Vec::new(), String::new()),
        Row::Refresh => {
            let refresh = side.refresh;
            let file = folder.join("families");
            std::fs::write(&file, side.families.next()?).context("families")?;
            let script = ROTATE
                .replace("@FILE@", &file.to_string_lossy())
                .replace("@PATH@", refresh.path)
                .replace("@BEFORE@", refresh.before)
                .replace("@AFTER@", refresh.after);
            let headers = vec![
                format!("content-type: {}", refresh.media_type),
                side.authorization.clone(),
            ];
            (refresh.path, headers, script)
        }
    };
    load::run(
        &Target {
            url: format!("{}{path}", side.origin),
            headers,
            pids: side.pids.clone(),
            folder: folder.to_owned(),
            script,
        },
        seconds,
    )
}

fn summary(row: Row, ours: &[Measured], theirs: &[Measured]) -> Value {
    let of = |taken: &[Measured]| {
        let middle =
            |figure: fn(&Measured) -> f64| median(&taken.iter().map(figure).collect::<Vec<_>>());
        json!({
            "per_second": middle(|one| one.rate),
            "p50_us": middle(|one| one.p50_us),
            "p99_us": middle(|one| one.p99_us),
            "cpu_us": middle(|one| one.cpu_us),
            "raw": taken.iter().map(Measured::json).collect::<Vec<_>>(),
        })
    };
    let rate = |taken: &[Measured]| median(&taken.iter().map(|one| one.rate).collect::<Vec<_>>());
    json!({
        "row": row.name(),
        "vauban": of(ours),
        "oidc-provider": of(theirs),
        "ratio": rate(ours) / rate(theirs),
    })
}
