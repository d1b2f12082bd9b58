//! The file that `vauban explain` reads: the last drill's result, and what all drills of the same plan know together.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json::VERSION;
use crate::known::Known;
use crate::origin::Origin;

/// Longest file that is read back, bytes. A full drill's has about 240 KB.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What is read back; the rest of the file is the earlier drill's own result.
#[derive(Deserialize)]
struct Earlier {
    plan_sha256: String,
    program_sha256: String,
    known: Known,
}

/// Adds this drill to what the file knows, and writes both. `learn` says what this drill saw. Returns what is to be told.
pub(crate) fn keep(
    path: &Path,
    mut result: Value,
    origin: &Origin,
    learn: impl FnOnce(&mut Known),
) -> anyhow::Result<Option<String>> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder)?;
    // Two drills at the same time add to the file one after the other.
    let held = File::open(folder)?;
    held.lock()?;
    let (mut known, told) = match earlier(path, origin) {
        Ok(known) => (known, None),
        Err(error) => {
            let told = format!(
                "what earlier drills left in `{}` is forgotten: {error:#}",
                path.display()
            );
            (Known::default(), Some(told))
        }
    };
    learn(&mut known);
    if let Some(fields) = result.as_object_mut() {
        fields.insert("known".to_owned(), json!(known));
    }
    write_whole(path, &format!("{result:#}\n"))?;
    Ok(told)
}

/// What earlier drills of the same plan by the same program know; nothing is known where there is no file.
fn earlier(path: &Path, origin: &Origin) -> anyhow::Result<Known> {
    let file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Known::default()),
        file => file?,
    };
    let mut text = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text)?;
    ensure!(
        u64::try_from(text.len())? <= FILE_BYTES_MAX,
        "it is longer than {FILE_BYTES_MAX} bytes"
    );
    let value: Value = serde_json::from_slice(&text).context("it is not a drill's result")?;
    let version = value.get("version").and_then(Value::as_u64);
    if version != Some(VERSION) {
        bail!("it is not a drill's result of version {VERSION}");
    }
    let earlier: Earlier = serde_json::from_value(value).context("it is not a drill's result")?;
    ensure!(
        earlier.plan_sha256 == origin.plan_sha256,
        "the plan has changed since"
    );
    ensure!(
        earlier.program_sha256 == origin.program_sha256,
        "another vauban-drill wrote it"
    );
    Ok(earlier.known)
}

/// Writes the file at once or not at all, readable by its owner only.
fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = folder_of(path);
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The name is durable only with its folder.
    File::open(folder)?.sync_all()?;
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

#[cfg(test)]
mod tests;
