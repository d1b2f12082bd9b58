//! The crate graph as `cargo metadata` tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

/// A third-party crate and the only members that may name it (STYLE.md habit 4).
const WALLS: &[(&str, &[&str])] = &[
    ("jsonwebtoken", &["vauban-token"]),
    ("jwt-simple", &["vauban-guard"]),
    ("cedar-policy", &["vauban-guard"]),
    ("clap", &["vauban-cli", "vauban-drill", "xtask"]),
    ("anyhow", &["vauban-cli", "vauban-drill", "xtask"]),
];

/// A deciding library that must not be reachable from the other line at all.
const APART: &[(&str, &str)] = &[
    ("vauban-guard", "jsonwebtoken"),
    ("vauban-guard", "vauban-token"),
    ("vauban-guard", "vauban-edge"),
    ("vauban-guard", "vauban-authority"),
    ("vauban-edge", "jwt-simple"),
    ("vauban-edge", "cedar-policy"),
    ("vauban-edge", "vauban-guard"),
    ("vauban-edge", "vauban-authority"),
    ("vauban-authority", "vauban-edge"),
    ("vauban-authority", "vauban-guard"),
    ("vauban-cli", "vauban-drill"),
    ("vauban-cli", "vauban-attack"),
    ("vauban-cli", "vauban-testkit"),
];

/// The workspace's members and what they reach.
#[derive(Debug)]
pub(crate) struct Graph {
    /// Member → members that it names as normal dependencies.
    pub(crate) own: BTreeMap<String, BTreeSet<String>>,
    /// Member → third parties that it names as normal dependencies.
    named: BTreeMap<String, BTreeSet<String>>,
    /// Member → folder of its manifest.
    manifests: BTreeMap<String, String>,
    /// Package id → (name, normal dependencies' ids).
    resolved: BTreeMap<String, (String, Vec<String>)>,
}

/// What edge and guard share.
#[derive(Debug)]
pub(crate) struct CommonMode {
    /// Own crates.
    pub(crate) own: Vec<String>,
    /// Third parties that the manifests of both lines' own crates name.
    pub(crate) direct: Vec<String>,
    /// All third parties reachable from both.
    pub(crate) all: Vec<String>,
}

impl Graph {
    /// Reads `cargo metadata`'s answer.
    pub(crate) fn read(metadata: &Value) -> anyhow::Result<Self> {
        let members: BTreeSet<&str> = strings(metadata.get("workspace_members"));
        let mut graph = Self {
            own: BTreeMap::new(),
            named: BTreeMap::new(),
            manifests: BTreeMap::new(),
            resolved: BTreeMap::new(),
        };
        let packages = metadata.get("packages").and_then(Value::as_array);
        let packages = packages.context("metadata without packages")?;
        let mut names = BTreeMap::new();
        for package in packages {
            names.insert(text(package, "id"), text(package, "name"));
        }
        let own_names: BTreeSet<&str> = members
            .iter()
            .filter_map(|id| names.get(id).copied())
            .collect();
        for package in packages {
            if !members.contains(text(package, "id")) {
                continue;
            }
            graph.add_member(package, &own_names);
        }
        let nodes = metadata.pointer("/resolve/nodes").and_then(Value::as_array);
        for node in nodes.context("metadata without a resolve graph")? {
            let id = text(node, "id");
            let name = names.get(id).copied().unwrap_or_default();
            graph
                .resolved
                .insert(id.to_owned(), (name.to_owned(), normal_edges(node)));
        }
        Ok(graph)
    }

    fn add_member(&mut self, package: &Value, own_names: &BTreeSet<&str>) {
        let name = text(package, "name").to_owned();
        let (mut own, mut named) = (BTreeSet::new(), BTreeSet::new());
        let dependencies = package.get("dependencies").and_then(Value::as_array);
        for dependency in dependencies.into_iter().flatten() {
            if dependency.get("kind").is_some_and(Value::is_string) {
                continue;
            }
            let target = text(dependency, "name");
            if own_names.contains(target) {
                own.insert(target.to_owned());
            } else {
                named.insert(target.to_owned());
            }
        }
        self.manifests
            .insert(name.clone(), text(package, "manifest_path").to_owned());
        self.own.insert(name.clone(), own);
        self.named.insert(name, named);
    }

    /// Walls: who may name whom, and what must not be reachable at all.
    pub(crate) fn walls(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (library, allowed) in WALLS {
            for (member, named) in &self.named {
                if named.contains(*library) && !allowed.contains(&member.as_str()) {
                    broken.push(format!(
                        "`{member}` names `{library}`; only {} may",
                        allowed.join(", ")
                    ));
                }
            }
        }
        for (member, forbidden) in APART {
            if self.reachable(member).contains(*forbidden) {
                broken.push(format!("`{member}` reaches `{forbidden}`"));
            }
        }
        broken
    }

    /// Members whose manifest does not inherit the lint table.
    pub(crate) fn lints(&self, root: &Path) -> anyhow::Result<Vec<String>> {
        let mut broken = Vec::new();
        for (member, manifest) in &self.manifests {
            let text = std::fs::read_to_string(root.join(manifest))
                .with_context(|| format!("`{manifest}` could not be read"))?;
            if !text.contains("[lints]\nworkspace = true") {
                broken.push(format!("`{member}` does not inherit the lint table"));
            }
        }
        Ok(broken)
    }

    /// Names of all packages that `member` reaches through normal dependencies, itself not included.
    pub(crate) fn reachable(&self, member: &str) -> BTreeSet<String> {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = self
            .resolved
            .iter()
            .filter(|(_, (name, _))| name == member)
            .map(|(id, _)| id.as_str())
            .collect();
        while let Some(id) = open.pop() {
            let Some((_, next)) = self.resolved.get(id) else {
                continue;
            };
            for id in next {
                if seen.insert(id) {
                    open.push(id);
                }
            }
        }
        seen.into_iter()
            .filter_map(|id| self.resolved.get(id).map(|(name, _)| name.clone()))
            .collect()
    }

    /// What edge and guard share.
    pub(crate) fn common_mode(&self) -> CommonMode {
        let (edge, guard) = (
            self.reachable("vauban-edge"),
            self.reachable("vauban-guard"),
        );
        let shared: BTreeSet<&String> = edge.intersection(&guard).collect();
        let is_own = |name: &&&String| self.own.contains_key(name.as_str());
        let own: Vec<String> = shared
            .iter()
            .filter(is_own)
            .map(|name| (*name).clone())
            .collect();
        let named_by = |line: &str| -> BTreeSet<String> {
            self.reachable(line)
                .iter()
                .chain([&line.to_owned()])
                .filter_map(|name| self.named.get(name))
                .flatten()
                .cloned()
                .collect()
        };
        let direct = named_by("vauban-edge")
            .intersection(&named_by("vauban-guard"))
            .cloned()
            .collect();
        let foreign = shared.iter().filter(|name| !is_own(name));
        let all = foreign.map(|name| (*name).clone()).collect();
        CommonMode { own, direct, all }
    }

    /// The longest chain of own crates, from the top down.
    pub(crate) fn longest_chain(&self) -> Vec<String> {
        fn longest(graph: &Graph, name: &str, depth: usize) -> Vec<String> {
            // The table's levels are far fewer; a cycle ends here instead of never.
            let next = graph.own.get(name).filter(|_| depth < 32);
            let chains = next.into_iter().flatten();
            let mut best = chains
                .map(|next| longest(graph, next, depth + 1))
                .max_by_key(Vec::len)
                .unwrap_or_default();
            best.insert(0, name.to_owned());
            best
        }
        self.own
            .keys()
            .map(|name| longest(self, name, 0))
            .max_by_key(Vec::len)
            .unwrap_or_default()
    }
}

/// Ids of a node's normal dependencies.
fn normal_edges(node: &Value) -> Vec<String> {
    let edges = node.get("deps").and_then(Value::as_array);
    edges
        .into_iter()
        .flatten()
        .filter(|edge| {
            let kinds = edge.get("dep_kinds").and_then(Value::as_array);
            kinds
                .into_iter()
                .flatten()
                .any(|kind| kind.get("kind").is_some_and(Value::is_null))
        })
        .map(|edge| text(edge, "pkg").to_owned())
        .collect()
}

fn strings(value: Option<&Value>) -> BTreeSet<&str> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
