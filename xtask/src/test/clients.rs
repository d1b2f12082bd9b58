//! OAuth clients by others (`conformance/clients`): installed below `target/`, at the versions that stand there.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::run::{exists, run, target};
use crate::say;

/// The variable by which the tests find them.
const VARIABLE: &str = "VAUBAN_FOREIGN_CLIENTS";
/// What decides which versions are installed.
const LISTS: [&str; 3] = ["package.json", "package-lock.json", "requirements.txt"];

/// Where the clients are; a variable that is already set is left alone. Without a network the suite that needs them reports
/// `not run`, unless `required`.
pub(super) fn variable(
    root: &Path,
    required: bool,
) -> anyhow::Result<Option<(&'static str, PathBuf)>> {
    if std::env::var_os(VARIABLE).is_some() {
        return Ok(None);
    }
    let folder = target(root)?.join("foreign-clients");
    match install(root, &folder) {
        Ok(()) => Ok(Some((VARIABLE, folder))),
        Err(error) if required => Err(error),
        Err(error) => {
            say(&format!(
                "clients by others are not here ({error:#}); the suite that needs them reports `not run`"
            ));
            Ok(None)
        }
    }
}

fn install(root: &Path, folder: &Path) -> anyhow::Result<()> {
    let home = root.join("conformance/clients");
    let mut wanted = Vec::new();
    for list in LISTS {
        wanted.extend(std::fs::read(home.join(list)).context(list)?);
    }
    let installed = folder.join("installed");
    if std::fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    if !exists("node") || !exists("npm") {
        bail!("node or npm is missing");
    }
    std::fs::create_dir_all(folder).context("folder of the clients")?;
    for list in LISTS {
        std::fs::copy(home.join(list), folder.join(list)).context(list)?;
    }
    say("installing OAuth clients by others from npm and PyPI");
    let place = folder.display().to_string();
    // Nothing of the packages runs while they are installed.
    let quiet = ["--ignore-scripts", "--no-audit", "--no-fund"];
    let mut npm = vec!["ci", "--prefix", &place];
    npm.extend(quiet);
    run(root, "npm", &npm)?;
    let venv = folder.join("venv");
    let (venv_text, pip) = (venv.display().to_string(), venv.join("bin/pip"));
    run(root, "python3", &["-m", "venv", &venv_text])?;
    let list = folder.join("requirements.txt").display().to_string();
    let arguments = ["install", "--quiet", "--only-binary", ":all:", "-r", &list];
    run(root, &pip.display().to_string(), &arguments)?;
    std::fs::write(&installed, wanted).context("mark of the clients")
}
