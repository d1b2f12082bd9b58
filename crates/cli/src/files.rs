//! Reads a plan and the files beside it.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vauban_authority::{Storage, StorageError};
use vauban_edge::Rules;
use vauban_policy::{Mistakes, Plan, TextFile};
use vauban_secret::{Sources, StateDir};

use crate::outcome::Failure;
use crate::secrets;

/// A configuration file larger than this is refused before it is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A plan and the folder in which it stands: references are relative to it.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    /// The checked plan.
    pub(crate) plan: Arc<Plan>,
    /// Folder of `vauban.yaml`.
    pub(crate) folder: PathBuf,
    /// The file itself.
    pub(crate) file: PathBuf,
}

/// Loads and checks a plan, with what its guards must hold; the mistakes come together.
pub(crate) fn load(file: &Path) -> Result<Loaded, Failure> {
    let loaded = read_plan(file)?;
    vauban_guard::judge_plan(&loaded.plan).map_err(|mistakes| mistaken(&mistakes))?;
    Ok(loaded)
}

/// The same for a plan that is about to run: what a guard would refuse is refused before anything is made or started.
pub(crate) fn load_to_run(file: &Path) -> Result<Loaded, Failure> {
    let loaded = read_plan(file)?;
    vauban_guard::judge_plan_to_run(&loaded.plan).map_err(|mistakes| mistaken(&mistakes))?;
    Ok(loaded)
}

/// Loads the rules that a plan names; the mistakes come together.
pub(crate) fn rules(loaded: &Loaded) -> Result<Rules, Failure> {
    Rules::load(&loaded.plan, &loaded.folder)
        .map_err(|mistakes| Failure::Configuration(mistakes.to_string()))
}

/// Where the plan's authority keeps users and sessions.
pub(crate) async fn storage(loaded: &Loaded, state: &StateDir) -> anyhow::Result<Storage> {
    let sources = secrets::sources(loaded).await?;
    Ok(storage_of(&loaded.plan, &sources, state).await?)
}

/// The same where the references lead is known.
pub(crate) async fn storage_of(
    plan: &Plan,
    sources: &Sources,
    state: &StateDir,
) -> Result<Storage, StorageError> {
    let resolve = async |reference: &str| sources.resolve(reference).await;
    Storage::of(plan, state.clone(), resolve).await
}

fn mistaken(mistakes: &Mistakes) -> Failure {
    Failure::Configuration(mistakes.to_string())
}

fn read_plan(file: &Path) -> Result<Loaded, Failure> {
    let text = read(file).map_err(Failure::Configuration)?;
    let folder = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let main = TextFile {
        name: file.display().to_string(),
        text,
    };
    let mut beside = |name: &str| read(&folder.join(name));
    let plan = vauban_policy::load(
        &main,
        &mut beside,
        &[("authority", vauban_authority::OPENAPI)],
    )
    .map_err(|mistakes| mistaken(&mistakes))?;
    Ok(Loaded {
        plan: Arc::new(plan),
        folder,
        file: file.to_path_buf(),
    })
}

fn read(file: &Path) -> Result<String, String> {
    let name = file.display();
    let open = std::fs::File::open(file)
        .map_err(|error| format!("`{name}` could not be opened: {error}"))?;
    let mut text = String::new();
    open.take(FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| format!("`{name}` could not be read: {error}"))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("`{name}` is larger than {FILE_BYTES_MAX} bytes"));
    }
    Ok(text)
}
