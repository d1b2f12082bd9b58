//! Which libraries decide in which control? Read from a file, or computed from what this build is made of.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// Longest components file, bytes.
const TEXT_BYTES_MAX: usize = 1_048_576;

/// What was built: computed by `cargo xtask gen` from the lock file of this build.
const EMBEDDED: &str = include_str!("components.json");

/// The tag table: for each control the package that holds it, the libraries through which it may decide, and those that
/// decide beneath them.
const DECIDES: &str = include_str!("decides.json");

/// Controls that credit a token by verifying it. A components file must name their libraries.
pub(crate) const TOKEN_CONTROLS: [&str; 2] = ["edge.token", "guard.token"];

/// Control → libraries that decide in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Components {
    controls: BTreeMap<String, Vec<Library>>,
}

/// A library.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Library {
    /// Package URL without version, e.g. `pkg:cargo/jsonwebtoken`.
    pub purl: String,
    /// Version.
    pub version: String,
}

/// Why a components file is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComponentsError {
    /// Too long.
    #[error("the file is longer than {TEXT_BYTES_MAX} bytes")]
    TooLong,
    /// Not JSON.
    #[error("the file is not JSON: {0}")]
    Json(String),
    /// Another shape.
    #[error("`{0}` must be {1}")]
    Shape(String, &'static str),
    /// A control that must be there is not.
    #[error("`controls` lacks `{0}`; what decides there cannot be guessed")]
    Missing(&'static str),
}

impl Components {
    /// What this build is made of.
    pub fn embedded() -> Self {
        // A test holds that the embedded text is read; an empty table would make every rule about components fail to find
        // anything, so the missing controls are reported as findings by the rule itself.
        Self::parse(EMBEDDED).unwrap_or_else(|_error| Self {
            controls: BTreeMap::new(),
        })
    }

    /// Reads `{"version": 1, "controls": {"edge.token": [{"purl": "pkg:cargo/…", "version": "…"}]}}`.
    pub fn parse(text: &str) -> Result<Self, ComponentsError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(ComponentsError::TooLong);
        }
        let root: Value =
            serde_json::from_str(text).map_err(|error| ComponentsError::Json(error.to_string()))?;
        let root = object(&root, "components", &["version", "controls"])?;
        if root.get("version") != Some(&json!(1)) {
            return Err(ComponentsError::Shape("version".to_owned(), "`1`"));
        }
        let mut controls = BTreeMap::new();
        let written = root.get("controls").and_then(Value::as_object);
        let written =
            written.ok_or_else(|| ComponentsError::Shape("controls".to_owned(), "an object"))?;
        for (control, libraries) in written {
            let shape = || ComponentsError::Shape(control.clone(), "a list of libraries");
            let libraries: Result<Vec<Library>, _> = libraries
                .as_array()
                .ok_or_else(shape)?
                .iter()
                .map(|library| read_library(control, library))
                .collect();
            controls.insert(control.clone(), libraries?);
        }
        if let Some(missing) = TOKEN_CONTROLS
            .into_iter()
            .find(|control| !controls.contains_key(*control))
        {
            return Err(ComponentsError::Missing(missing));
        }
        Ok(Self { controls })
    }

    /// Libraries that decide in a control.
    pub fn libraries(&self, control: &str) -> &[Library] {
        self.controls
            .get(control)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Controls in order of name.
    pub fn controls(&self) -> impl Iterator<Item = (&str, &[Library])> {
        self.controls
            .iter()
            .map(|(control, libraries)| (control.as_str(), libraries.as_slice()))
    }

    /// The form that [`parse`](Self::parse) reads, indented.
    pub fn to_json(&self) -> String {
        let library =
            |library: &Library| json!({ "purl": library.purl, "version": library.version });
        let controls: Map<String, Value> = self
            .controls
            .iter()
            .map(|(control, libraries)| (control.clone(), libraries.iter().map(library).collect()))
            .collect();
        format!("{:#}", json!({ "version": 1, "controls": controls }))
    }
}

fn object<'v>(
    value: &'v Value,
    name: &str,
    known: &[&str],
) -> Result<&'v Map<String, Value>, ComponentsError> {
    let object = value
        .as_object()
        .ok_or_else(|| ComponentsError::Shape(name.to_owned(), "an object"))?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(ComponentsError::Shape(
            key.clone(),
            "left out: it is an unknown key",
        )),
        None => Ok(object),
    }
}

fn read_library(control: &str, value: &Value) -> Result<Library, ComponentsError> {
    let fields = object(value, control, &["purl", "version"])?;
    let text = |key: &str, what: &'static str| {
        let shape = || ComponentsError::Shape(format!("{control}.{key}"), what);
        fields
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .ok_or_else(shape)
    };
    let purl = text("purl", "a package URL without version")?;
    if !purl.starts_with("pkg:") || purl.contains('@') {
        return Err(ComponentsError::Shape(
            format!("{control}.purl"),
            "a package URL without version",
        ));
    }
    Ok(Library {
        purl,
        version: text("version", "a version")?,
    })
}

/// Computes components from the output of `cargo metadata --format-version 1`.
///
/// A control decides through those direct dependencies of its package that the tag table lists for it, and through tagged
/// libraries that are reachable from these by normal dependencies. What else the package links (TLS, database) does not decide.
pub fn components_from_metadata(metadata: &Value) -> Components {
    let graph = Graph::read(metadata);
    let table: Value = serde_json::from_str(DECIDES).unwrap_or_default();
    let mut controls = BTreeMap::new();
    for (control, row) in table.as_object().into_iter().flatten() {
        let package = row
            .get("package")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let (through, beneath) = (words(row, "through"), words(row, "beneath"));
        let mut found: BTreeSet<Library> = BTreeSet::new();
        for entry in graph
            .dependencies_of(package)
            .filter(|id| through.contains(graph.name(id)))
        {
            found.insert(graph.library(entry));
            let tagged = graph
                .reach(entry)
                .into_iter()
                .filter(|id| beneath.contains(graph.name(id)));
            found.extend(tagged.map(|id| graph.library(id)));
        }
        controls.insert(control.clone(), found.into_iter().collect());
    }
    Components { controls }
}

fn words<'v>(row: &'v Value, key: &str) -> BTreeSet<&'v str> {
    row.get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Packages by id, and their normal dependencies.
struct Graph<'m> {
    packages: BTreeMap<&'m str, (&'m str, &'m str)>,
    arrows: BTreeMap<&'m str, Vec<&'m str>>,
}

impl<'m> Graph<'m> {
    fn read(metadata: &'m Value) -> Self {
        let list = |value: Option<&'m Value>| value.and_then(Value::as_array).into_iter().flatten();
        let text = |value: &'m Value, key: &str| {
            value.get(key).and_then(Value::as_str).unwrap_or_default()
        };
        let packages = list(metadata.get("packages"));
        let packages = packages
            .map(|one| (text(one, "id"), (text(one, "name"), text(one, "version"))))
            .collect();
        let mut arrows = BTreeMap::new();
        for node in list(
            metadata
                .get("resolve")
                .and_then(|resolve| resolve.get("nodes")),
        ) {
            let normal = |arrow: &&Value| {
                let mut kinds = arrow
                    .get("dep_kinds")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten();
                kinds.any(|kind| kind.get("kind").is_none_or(Value::is_null))
            };
            let targets = list(node.get("deps"))
                .filter(normal)
                .map(|arrow| text(arrow, "pkg"))
                .collect();
            arrows.insert(text(node, "id"), targets);
        }
        Self { packages, arrows }
    }

    fn name(&self, id: &str) -> &'m str {
        self.packages.get(id).map_or("", |package| package.0)
    }

    fn library(&self, id: &str) -> Library {
        let (name, version) = self.packages.get(id).copied().unwrap_or_default();
        Library {
            purl: format!("pkg:cargo/{name}"),
            version: version.to_owned(),
        }
    }

    fn dependencies_of(&self, package: &str) -> impl Iterator<Item = &'m str> {
        let id = self
            .packages
            .iter()
            .find(|(_, one)| one.0 == package)
            .map(|(id, _)| *id);
        id.and_then(|id| self.arrows.get(id))
            .into_iter()
            .flatten()
            .copied()
    }

    fn reach(&self, start: &'m str) -> BTreeSet<&'m str> {
        let mut seen = BTreeSet::new();
        let mut todo = vec![start];
        while let Some(id) = todo.pop() {
            if seen.insert(id) {
                todo.extend(self.arrows.get(id).into_iter().flatten().copied());
            }
        }
        seen
    }
}
