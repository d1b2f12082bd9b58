//! The children of a plan: which processes, with which sockets, under which identities.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use vauban_authority::Storage;
use vauban_net::Clock;
use vauban_policy::Plan;
use vauban_policy::plan::{Behind, Line};
use vauban_secret::StateDir;

use super::{Addresses, Admit, Member, bind};
use crate::files::Loaded;

/// Issues join tokens from the authority's database in the state directory.
#[derive(Debug, Clone)]
pub(crate) struct Joiner {
    storage: Storage,
    plan: Arc<Plan>,
    clock: Arc<dyn Clock>,
}

impl Joiner {
    /// For this instance.
    pub(crate) fn new(storage: Storage, plan: &Arc<Plan>, clock: Arc<dyn Clock>) -> Self {
        Self {
            storage,
            plan: Arc::clone(plan),
            clock,
        }
    }
}

impl Admit for Joiner {
    async fn admit(&self, name: &str, spiffe: &str) -> anyhow::Result<()> {
        let clock = self.clock.as_ref();
        let token =
            vauban_authority::issue_join_token(&self.storage, &self.plan, spiffe, clock).await?;
        vauban_secret::write_private(&self.storage.state().join_token(name), token.expose())?;
        Ok(())
    }
}

/// Makes the folders that children expect, for their owner alone.
pub(crate) fn folders(state: &StateDir) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    for folder in [state.run(), state.data(), state.audit(), state.secrets()] {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .with_context(|| folder.display().to_string())?;
    }
    Ok(())
}

/// Every line of the plan, in the order in which they start.
pub(crate) fn of_plan(
    loaded: &Loaded,
    state: &StateDir,
) -> anyhow::Result<(Vec<Member>, Addresses)> {
    let plan = &loaded.plan;
    let mut addresses = Addresses::new();
    let mut sockets = BTreeMap::new();
    for listener in &plan.listeners {
        let (socket, address) = bind(listener.address)?;
        addresses.insert(listener.name.clone(), address);
        sockets.insert(listener.name.clone(), socket);
    }
    let mut lines = vec![(Line::Authority, None)];
    for service in &plan.services {
        if let Behind::Guard(_) = service.behind {
            let line = Line::Guard(service.name.clone());
            lines.push((line, Some(plan.spiffe_guard(&service.name))));
        }
    }
    lines.push((Line::Edge, Some(plan.spiffe_edge())));
    let mut members = Vec::new();
    for (line, spiffe) in lines {
        let Some(listener) = plan.listener_of(&line) else {
            continue;
        };
        let socket = sockets
            .remove(&listener.name)
            .with_context(|| format!("two lines share listener `{}`", listener.name))?;
        members.push(Member {
            name: folder_of(&line),
            arguments: arguments(loaded, state, &line, &addresses),
            sockets: vec![(listener.name.clone(), socket)],
            spiffe,
        });
    }
    Ok((members, addresses))
}

fn arguments(
    loaded: &Loaded,
    state: &StateDir,
    line: &Line,
    addresses: &Addresses,
) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec![
        "run".into(),
        "--line".into(),
        name_of(line).into(),
        "--supervised".into(),
        "--config".into(),
        loaded.file.clone().into(),
        "--state".into(),
        state.root().into(),
    ];
    for (name, address) in addresses {
        words.push("--address".into());
        words.push(format!("{name}={address}").into());
    }
    words
}

/// `edge`, `authority`, `guard:SERVICE`.
fn name_of(line: &Line) -> String {
    match line {
        Line::Edge => "edge".to_owned(),
        Line::Authority => "authority".to_owned(),
        Line::Guard(service) => format!("guard:{service}"),
    }
}

/// A line's name in the state directory.
pub(crate) fn folder_of(line: &Line) -> String {
    name_of(line).replace(':', "-")
}

/// The reverse of the name on the command line.
pub(crate) fn parse_line(name: &str) -> Option<Line> {
    match name {
        "edge" => Some(Line::Edge),
        "authority" => Some(Line::Authority),
        _ => name
            .strip_prefix("guard:")
            .map(|service| Line::Guard(service.to_owned())),
    }
}

/// The plan's addresses, overridden by `NAME=ADDRESS` words.
pub(crate) fn parse_addresses(
    plan: &Plan,
    words: &[String],
) -> anyhow::Result<BTreeMap<String, SocketAddr>> {
    let mut addresses: BTreeMap<String, SocketAddr> = plan
        .listeners
        .iter()
        .map(|listener| (listener.name.clone(), listener.address))
        .collect();
    for word in words {
        let (name, address) = word
            .split_once('=')
            .with_context(|| format!("`{word}` is not NAME=ADDRESS"))?;
        let address = address
            .parse()
            .with_context(|| format!("`{address}` is not an address"))?;
        if addresses.insert(name.to_owned(), address).is_none() {
            bail!("the plan has no listener `{name}`");
        }
    }
    Ok(addresses)
}
