//! A throw-away PKCS#11 token, of the `SoftHSM2` that Debian's package installs.
//!
//! `SoftHSM2` reads its configuration's name from the environment of the process that loads it, so a test that loads the module
//! runs in a process of its own: the test's binary starts itself again for that one test.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::PartError;

/// The PKCS#11 module.
pub const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// Label of the token.
pub const LABEL: &str = "vauban";
/// The user's PIN.
pub const PIN: &str = "4711471147114711";
/// The security officer's PIN.
const SO_PIN: &str = "0815081508150815";

/// Names the configuration, for `SoftHSM2` and its tools.
pub const VARIABLE: &str = "SOFTHSM2_CONF";
/// Tells a process that it was started for one test.
const INSIDE: &str = "VAUBAN_TESTKIT_SOFTHSM";

/// A folder with a token in it.
#[derive(Debug)]
pub struct SoftHsm {
    folder: TempDir,
}

impl SoftHsm {
    /// Makes one with an empty token.
    pub fn start() -> Result<Self, PartError> {
        if !Path::new(MODULE).exists() {
            return Err(PartError::Missing("softhsm2"));
        }
        let folder = TempDir::new().map_err(PartError::system("a folder"))?;
        let tokens = folder.path().join("tokens");
        std::fs::create_dir(&tokens).map_err(PartError::system("a folder"))?;
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            tokens.display()
        );
        let made = Self { folder };
        std::fs::write(made.configuration(), text).map_err(PartError::system("a file"))?;
        made.tool(&[
            "--init-token",
            "--free",
            "--label",
            LABEL,
            "--pin",
            PIN,
            "--so-pin",
            SO_PIN,
        ])?;
        Ok(made)
    }

    /// The file that [`VARIABLE`] names.
    pub fn configuration(&self) -> PathBuf {
        self.folder.path().join("softhsm2.conf")
    }

    /// Where the tokens lie.
    pub fn tokens(&self) -> PathBuf {
        self.folder.path().join("tokens")
    }

    /// Runs `softhsm2-util`.
    pub fn tool(&self, arguments: &[&str]) -> Result<String, PartError> {
        run(
            "softhsm2-util",
            "softhsm2",
            &self.configuration(),
            arguments,
        )
    }

    /// Runs `pkcs11-tool` as the token's user.
    pub fn pkcs11_tool(&self, arguments: &[&str]) -> Result<String, PartError> {
        as_user(&self.configuration(), arguments)
    }
}

/// Runs `body` in a process of its own whose `SoftHSM2` has an empty token. `test` is the full name of the calling test.
///
/// What the machine lacks is said and no error.
#[expect(clippy::print_stdout, reason = "a suite that does not run says so")]
pub fn alone(test: &str, body: impl FnOnce()) -> Result<(), PartError> {
    if std::env::var_os(INSIDE).is_some() {
        body();
        return Ok(());
    }
    let token = match SoftHsm::start() {
        Err(missing @ PartError::Missing(_)) => {
            println!("{missing}");
            return Ok(());
        }
        other => other?,
    };
    let program = std::env::current_exe().map_err(PartError::system("the test's own path"))?;
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(VARIABLE, token.configuration())
        .env(INSIDE, "1")
        .output()
        .map_err(PartError::system("the test itself"))?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    // A name that matches no test would pass without this.
    if output.status.success() && said.contains("1 passed") {
        println!("{said}");
        return Ok(());
    }
    Err(PartError::Failed {
        part: "the test in its own process",
        reason: said,
    })
}

/// Inside [`alone`]: the folder of the tokens.
pub fn own_tokens() -> Option<PathBuf> {
    let configuration = PathBuf::from(std::env::var_os(VARIABLE)?);
    Some(configuration.parent()?.join("tokens"))
}

/// Inside [`alone`]: runs `pkcs11-tool` on the token.
pub fn own_pkcs11_tool(arguments: &[&str]) -> Result<String, PartError> {
    let configuration = std::env::var_os(VARIABLE).unwrap_or_default();
    as_user(Path::new(&configuration), arguments)
}

fn as_user(configuration: &Path, arguments: &[&str]) -> Result<String, PartError> {
    let own = [
        "--module",
        MODULE,
        "--token-label",
        LABEL,
        "--login",
        "--pin",
        PIN,
    ];
    let whole: Vec<&str> = own.iter().chain(arguments).copied().collect();
    run("pkcs11-tool", "opensc", configuration, &whole)
}

fn run(
    program: &'static str,
    package: &'static str,
    configuration: &Path,
    arguments: &[&str],
) -> Result<String, PartError> {
    let output = Command::new(program)
        .args(arguments)
        .env(VARIABLE, configuration)
        .output()
        .map_err(|source| PartError::start(program, package, source))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    Err(PartError::Failed {
        part: program,
        reason: format!("{said}{}", String::from_utf8_lossy(&output.stderr)),
    })
}
