//! Debian's sources of what the rule engine is compared with: the regression tests of OWASP CRS, and `ModSecurity` with
//! libinjection in it. They are unpacked below `target/`, once; nothing of the system's configuration changes.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::run::{exists, run, target};
use crate::say;

/// Variable of the tests → source package → path inside the unpacked sources.
const WANTED: &[(&str, &str, &str)] = &[
    (
        "VAUBAN_CRS_TESTS",
        "modsecurity-crs",
        "tests/regression/tests",
    ),
    ("VAUBAN_MODSECURITY_SRC", "modsecurity", ""),
    (
        "VAUBAN_LIBINJECTION_SRC",
        "modsecurity",
        "others/libinjection/src",
    ),
    ("VAUBAN_UNICODE_MAPPING", "modsecurity", "unicode.mapping"),
];

/// What the tests find the sources by; a variable that is already set is left alone. Without a network the suites that need
/// sources report `not run`, unless `required`.
pub(super) fn variables(
    root: &Path,
    required: bool,
) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    let folder = target(root)?.join("debian-sources");
    match fetch(root, &folder) {
        Ok(()) => {}
        Err(error) if required => return Err(error),
        Err(error) => say(&format!(
            "Debian's sources are not here ({error:#}); suites that need them report `not run`"
        )),
    }
    let mut found = Vec::new();
    for (variable, package, inside) in WANTED {
        if std::env::var_os(variable).is_some() {
            continue;
        }
        if let Some(path) = unpacked(&folder, package) {
            found.push((*variable, path.join(inside)));
        }
    }
    Ok(found)
}

/// The folder of a package, `NAME-VERSION`.
fn unpacked(folder: &Path, package: &str) -> Option<PathBuf> {
    let prefix = format!("{package}-");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let version = name.strip_prefix(&prefix).unwrap_or_default();
            path.is_dir() && version.starts_with(|one: char| one.is_ascii_digit())
        })
        .collect();
    paths.sort();
    paths.pop()
}

fn fetch(root: &Path, folder: &Path) -> anyhow::Result<()> {
    let mut missing: Vec<&str> = WANTED
        .iter()
        .map(|(_, package, _)| *package)
        .filter(|package| unpacked(folder, package).is_none())
        .collect();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    if !exists("apt-get") || !exists("dpkg-source") {
        bail!("apt-get or dpkg-source is missing");
    }
    let lists = folder.join("apt/lists/partial");
    let parts = folder.join("apt/sources.list.d");
    for made in [&lists, &parts] {
        std::fs::create_dir_all(made).with_context(|| made.display().to_string())?;
    }
    copy_sources(&parts)?;
    let options: Vec<String> = [
        ("Dir::Etc::sourcelist", PathBuf::from("/dev/null")),
        ("Dir::Etc::sourceparts", parts),
        ("Dir::State::lists", folder.join("apt/lists")),
        ("Dir::Cache::pkgcache", PathBuf::new()),
        ("Dir::Cache::srcpkgcache", PathBuf::new()),
        ("APT::Sandbox::User", PathBuf::from("root")),
    ]
    .into_iter()
    .flat_map(|(name, value)| ["-o".to_owned(), format!("{name}={}", value.display())])
    .collect();
    let mut update = options.clone();
    update.extend(["update", "-q"].map(str::to_owned));
    run(root, "apt-get", &update)?;
    for package in missing {
        let mut source = options.clone();
        source.extend(["source", "-q", package].map(str::to_owned));
        run(folder, "apt-get", &source)?;
    }
    Ok(())
}

/// The system's package sources, asking for sources instead of programs.
fn copy_sources(to: &Path) -> anyhow::Result<()> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = std::fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.filter_map(|entry| entry.ok().map(|entry| entry.path())));
    }
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let name = file.file_name().unwrap_or_default();
        let lines: Vec<String> = text.lines().map(source_line).collect();
        std::fs::write(to.join(name), lines.join("\n") + "\n")
            .with_context(|| to.join(name).display().to_string())?;
    }
    Ok(())
}

/// One line of a `.list` or `.sources` file.
fn source_line(line: &str) -> String {
    if let Some(rest) = line.strip_prefix("deb ") {
        return format!("deb-src {rest}");
    }
    if line.starts_with("Types:") {
        return "Types: deb-src".to_owned();
    }
    line.to_owned()
}
