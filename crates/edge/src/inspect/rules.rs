//! The rule sets that a plan asks for, loaded: one for each way in which its routes are inspected.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use vauban_policy::{Inspect, Plan, RuleFile, RuleSource, WafMode};
use vauban_waf::{BASELINE, FILE_BYTES_MAX, PROFILE_AFTER, PROFILE_BEFORE, RuleSet, Source, Store};

use super::engine::Pool;
use crate::disk::{Disk, read_file};

/// What CRS expects of the engine around it.
const CRS_ENGINE: &str = include_str!("../../rules/crs.conf");
/// CRS where Debian installs it.
const CRS_SETUP: &str = "/etc/modsecurity/crs/crs-setup.conf";
/// Debian's order of loading, with the level between the setup and the rules that read it.
const CRS_FILES: &str = "\
SecAction \"id:8002090,phase:1,pass,nolog,t:none,setvar:tx.paranoia_level=LEVEL,setvar:tx.blocking_paranoia_level=LEVEL\"
IncludeOptional /etc/modsecurity/crs/REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf
Include /usr/share/modsecurity-crs/rules/*.conf
IncludeOptional /etc/modsecurity/crs/RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf
";

/// The loaded rules of a plan. Copies are of one mind: what one reads again, all have.
#[derive(Debug, Clone)]
pub struct Rules {
    live: Arc<ArcSwap<Vec<Loaded>>>,
    /// Words in the names of variables whose values are not written down.
    pub(super) redact: Arc<[String]>,
}

/// One rule set, and what its transactions share.
#[derive(Clone)]
pub(super) struct Loaded {
    way: Way,
    pub(super) set: Arc<RuleSet>,
    pub(super) store: Arc<Store>,
    pub(super) pool: Arc<Pool>,
}

/// What makes two rule sets differ.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Way {
    paranoia: Option<u8>,
    before: Vec<RuleFile>,
    after: Vec<RuleFile>,
}

/// Why rules are not loaded: every mistake, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMistakes(pub Vec<String>);

impl fmt::Display for RuleMistakes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for RuleMistakes {}

/// Without the rules: they are thousands.
impl fmt::Debug for Loaded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Loaded")
            .field("way", &self.way)
            .field("figures", &self.set.figures())
            .finish_non_exhaustive()
    }
}

impl Rules {
    /// Reads and compiles what `plan` names; its relative paths are relative to `folder`.
    ///
    /// # Errors
    /// Every mistake in every file.
    pub fn load(plan: &Plan, folder: &Path) -> Result<Self, RuleMistakes> {
        Ok(Self {
            live: Arc::new(ArcSwap::from_pointee(sets(plan, folder, &[])?)),
            redact: plan.waf.redact.clone().into(),
        })
    }

    /// Reads the files of the same plan again and compiles them, which takes a second or more. Nothing is in force before
    /// [`Reread::enforce`].
    ///
    /// # Errors
    /// Every mistake in every file; the rules that were in force stay.
    pub fn read_again(&self, plan: &Plan, folder: &Path) -> Result<Reread, RuleMistakes> {
        let sets = sets(plan, folder, &self.live.load())?;
        Ok(Reread {
            live: Arc::clone(&self.live),
            sets,
        })
    }

    /// The rules by which a route's requests are inspected, for somebody who asks about one; none for a way that was not loaded.
    pub fn set(&self, inspect: &Inspect) -> Option<Arc<RuleSet>> {
        self.of(inspect).map(|loaded| loaded.set)
    }

    /// What the files ask for and nobody here does, each kind once.
    pub fn without_effect(&self) -> Vec<String> {
        let live = self.live.load();
        let told = live.iter().flat_map(|loaded| loaded.set.left_to_caller());
        let mut kinds = BTreeSet::new();
        told.filter(|left| kinds.insert(left.what.clone()))
            .map(ToString::to_string)
            .collect()
    }

    /// The rule set of a route, which a transaction keeps to its end; none for a way that was not loaded.
    pub(super) fn of(&self, inspect: &Inspect) -> Option<Loaded> {
        let live = self.live.load();
        live.iter().find(|loaded| loaded.way.is(inspect)).cloned()
    }
}

/// Rules that were read again, and are in force for nobody yet.
#[derive(Debug)]
pub struct Reread {
    live: Arc<ArcSwap<Vec<Loaded>>>,
    sets: Vec<Loaded>,
}

impl Reread {
    /// Puts them in force for every request that begins from now on; those under way end by the rules they began with.
    pub fn enforce(self) {
        self.live.store(Arc::new(self.sets));
    }

    /// How many rules each set has, in words.
    pub fn summary(&self) -> String {
        let counts: Vec<String> = self
            .sets
            .iter()
            .map(|loaded| loaded.set.figures().rules.to_string())
            .collect();
        format!("rules of each set: {}", counts.join(", "))
    }
}

/// One rule set for each way in which routes are inspected. What rules have counted of clients is kept from `before`, so that
/// nobody is forgiven by a change of rules.
fn sets(plan: &Plan, folder: &Path, before: &[Loaded]) -> Result<Vec<Loaded>, RuleMistakes> {
    let mut sets: Vec<Loaded> = Vec::new();
    let mut mistakes = BTreeSet::new();
    let mut tried: Vec<Way> = Vec::new();
    for route in &plan.routes {
        if matches!(route.waf.mode, WafMode::Off { .. }) {
            continue;
        }
        let way = Way::of(&route.waf);
        if tried.contains(&way) {
            continue;
        }
        tried.push(way.clone());
        match compile(plan, folder, &way) {
            Ok(set) => {
                let kept = before.iter().find(|loaded| loaded.way == way);
                sets.push(Loaded {
                    way,
                    set: Arc::new(set),
                    store: kept.map_or_else(Arc::default, |kept| Arc::clone(&kept.store)),
                    // Not kept: it has the size of its set.
                    pool: Arc::default(),
                });
            }
            Err(found) => mistakes.extend(found),
        }
    }
    if mistakes.is_empty() {
        return Ok(sets);
    }
    let texts = mistakes.into_iter().map(|(_, _, text)| text);
    Err(RuleMistakes(texts.collect()))
}

impl Way {
    fn of(inspect: &Inspect) -> Self {
        Self {
            paranoia: inspect.paranoia,
            before: inspect.before.clone(),
            after: inspect.after.clone(),
        }
    }

    fn is(&self, inspect: &Inspect) -> bool {
        self.paranoia == inspect.paranoia
            && self.before == inspect.before
            && self.after == inspect.after
    }
}

/// A mistake by file and line, so that many are told in order and none twice.
type Found = (String, u32, String);

fn compile(plan: &Plan, folder: &Path, way: &Way) -> Result<RuleSet, Vec<Found>> {
    let mut texts: Vec<(String, Vec<u8>)> = Vec::new();
    let mut mistakes = Vec::new();
    for file in &way.before {
        read(plan, folder, file, &mut texts, &mut mistakes);
    }
    for source in &plan.waf.rules {
        match source {
            RuleSource::Baseline => {
                texts.push(("(built in) baseline.conf".to_owned(), BASELINE.into()));
            }
            RuleSource::Crs => crs(plan, way, &mut texts, &mut mistakes),
            RuleSource::Profile => {
                texts.push(("(built in) baseline.conf".to_owned(), BASELINE.into()));
                texts.push((
                    "(built in) default-profile-before.conf".to_owned(),
                    PROFILE_BEFORE.into(),
                ));
                crs(plan, way, &mut texts, &mut mistakes);
                texts.push((
                    "(built in) default-profile-after.conf".to_owned(),
                    PROFILE_AFTER.into(),
                ));
            }
            RuleSource::File(file) => read(plan, folder, file, &mut texts, &mut mistakes),
        }
    }
    for file in &way.after {
        read(plan, folder, file, &mut texts, &mut mistakes);
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let sources: Vec<Source<'_>> = texts
        .iter()
        .map(|(name, text)| Source { name, text })
        .collect();
    let mut set = RuleSet::load(&sources, &Disk).map_err(|mistakes| {
        mistakes
            .into_iter()
            .map(|one| (one.file.clone(), one.line, one.to_string()))
            .collect::<Vec<_>>()
    })?;
    if !set.reads_request_bodies() {
        let spot = plan.waf.spot;
        let message =
            "the rules never read a request body\n  hint: say `SecRequestBodyAccess On` in them";
        return Err(vec![at_plan(plan, spot, message)]);
    }
    let words: Vec<&[u8]> = words(plan, way).into_iter().map(str::as_bytes).collect();
    set.settle(&words);
    Ok(set)
}

/// What the contracts of the routes with these rules list: values that most rules cannot match.
fn words<'p>(plan: &'p Plan, way: &Way) -> BTreeSet<&'p str> {
    plan.routes
        .iter()
        .filter(|route| !matches!(route.waf.mode, WafMode::Off { .. }) && way.is(&route.waf))
        .flat_map(|route| route.operations.values())
        .filter_map(|place| {
            let service = plan.services.get(place.service)?;
            service.document.operations.get(place.operation)
        })
        .flat_map(vauban_policy::Operation::words)
        .collect()
}

fn crs(plan: &Plan, way: &Way, texts: &mut Vec<(String, Vec<u8>)>, mistakes: &mut Vec<Found>) {
    match read_file(Path::new(CRS_SETUP), FILE_BYTES_MAX) {
        Ok(setup) => {
            let level = way.paranoia.unwrap_or(1).to_string();
            texts.push(("(built in) crs.conf".to_owned(), CRS_ENGINE.into()));
            texts.push((CRS_SETUP.to_owned(), setup));
            let files = CRS_FILES.replace("LEVEL", &level);
            texts.push(("(built in) crs-files.conf".to_owned(), files.into()));
        }
        Err(error) => {
            let message = format!(
                "`crs` is not installed: `{CRS_SETUP}` cannot be read: {error}\n  hint: apt-get install modsecurity-crs"
            );
            mistakes.push(at_plan(plan, plan.waf.spot, &message));
        }
    }
}

fn read(
    plan: &Plan,
    folder: &Path,
    file: &RuleFile,
    texts: &mut Vec<(String, Vec<u8>)>,
    mistakes: &mut Vec<Found>,
) {
    let path = folder.join(&file.path);
    match read_file(&path, FILE_BYTES_MAX) {
        Ok(text) => texts.push((path.display().to_string(), text)),
        Err(error) => {
            let message = format!("rule file `{}` cannot be read: {error}", file.path);
            mistakes.push(at_plan(plan, file.spot, &message));
        }
    }
}

fn at_plan(plan: &Plan, spot: vauban_policy::Spot, message: &str) -> Found {
    let text = format!("{}:{}:{}: {message}", plan.file, spot.line, spot.column);
    let line = u32::try_from(spot.line).unwrap_or(u32::MAX);
    // The plan's own mistakes come before those of any file.
    (String::new(), line, text)
}
