//! What a chore needs from Debian.

use std::path::Path;

use crate::run::{exists, run};
use crate::say;

/// Program or file that shows that a package is installed → Debian package → what it is for.
pub(crate) type Part = (&'static str, &'static str, &'static str);

/// Installs missing Debian packages, and says so.
pub(crate) fn install(root: &Path, parts: &[Part]) -> anyhow::Result<()> {
    let missing: Vec<_> = parts.iter().filter(|(part, _, _)| !exists(part)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for (_, package, purpose) in &missing {
        say(&format!("missing: {package} ({purpose})"));
    }
    if !exists("apt-get") {
        say("apt-get is not here; what needs the missing parts does not run");
        return Ok(());
    }
    let sudo: &[&str] = if is_root(root) { &[] } else { &["sudo"] };
    let lock = ["-o", "DPkg::Lock::Timeout=300"];
    let mut update: Vec<&str> = sudo.to_vec();
    update.extend(["apt-get", "update", "-q"]);
    update.extend(lock);
    let mut add: Vec<&str> = sudo.to_vec();
    add.extend(["apt-get", "install", "-q", "-y", "--no-install-recommends"]);
    add.extend(lock);
    add.extend(missing.iter().map(|(_, package, _)| *package));
    for command in [update, add] {
        if let Some((program, arguments)) = command.split_first() {
            run(root, program, arguments)?;
        }
    }
    Ok(())
}

fn is_root(root: &Path) -> bool {
    crate::run::output(root, "id", &["-u"])
        .is_ok_and(|text| String::from_utf8_lossy(&text).trim() == "0")
}
