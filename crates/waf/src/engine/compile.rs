//! From what the text says to what is run.
//!
//! Updates and removals are applied here, once, in the order of the files; `ctl` actions get the list of rules they concern.

use std::collections::HashMap;

use super::geo::Geo;
use super::guard::Guard;
use super::names::Names;
use super::program::{Chain, ChainId, Defaults, Program, Rule, RuleId, Settings, Sizes, Step};
use crate::RuleMistake;
use crate::pattern::Pattern;
use crate::seclang::syntax::{
    Action, Directive, Document, IdRange, Item, Phase, Setting, Variable,
};
use crate::transform::{ByteSet, Transformation, UnicodeMap};

mod edits;
mod left;
mod operators;
mod rules;
mod targets;

/// Compiles a whole document.
///
/// # Errors
/// Patterns that cannot be honoured, each with its place.
pub(crate) fn compile(document: &Document) -> Result<Program, Vec<RuleMistake>> {
    let mut mistakes = Vec::new();
    let edited = edits::apply(document, &mut mistakes);
    let settings = settings(document);
    let mut names = Names::with_captures();
    let defaults = defaults(document, &mut names, &mut mistakes);
    let mut builder = Builder {
        names,
        markers: HashMap::new(),
        chains: Chains::new(),
        singles: Vec::new(),
        uses_files: false,
        sizes: Sizes::default(),
        mistakes,
        defaults,
        known: edited.iter().filter_map(Known::of).collect(),
    };
    for (id, entry) in (0..).zip(builder.known.iter_mut()) {
        entry.index = id;
    }
    let geo = open_geo(document, &mut builder.mistakes);
    let mut rules: Vec<Rule> = Vec::new();
    let mut phases: [Vec<Step>; 5] = Default::default();
    for item in &edited {
        match &item.directive {
            Directive::Rule(rule) => {
                let index = RuleId::try_from(rules.len()).unwrap_or(RuleId::MAX);
                let rule = builder.rule(item, rule);
                if let Some(steps) = phases.get_mut(rule.phase) {
                    steps.push(Step::Rule(index, Guard::default()));
                }
                rules.push(rule);
            }
            Directive::Marker(name) => {
                let marker = builder.marker(name);
                for steps in &mut phases {
                    steps.push(Step::Marker(marker));
                }
            }
            Directive::DefaultActions(_)
            | Directive::RemoveRules(_)
            | Directive::UpdateTargets { .. }
            | Directive::UpdateActions { .. }
            | Directive::Setting(_) => {}
        }
    }
    if !builder.mistakes.is_empty() {
        return Err(builder.mistakes);
    }
    targets::settle_patterns(&mut rules, &builder.names);
    builder.sizes.rules = rules.len();
    builder.singles.sort_unstable();
    builder.singles.dedup();
    let uses_full_request = builder.singles.contains(&Variable::FullRequest)
        || builder.singles.contains(&Variable::FullRequestLength);
    Ok(Program {
        rules,
        phases,
        names: builder.names,
        chains: builder.chains.finish(&settings.unicode),
        settings,
        defaults: builder.defaults,
        singles: builder.singles,
        geo,
        left: left::left(document, &edited),
        uses_full_request,
        uses_files: builder.uses_files,
        sizes: builder.sizes,
    })
}

/// Opens the database that the files name last.
fn open_geo(document: &Document, mistakes: &mut Vec<RuleMistake>) -> Option<Geo> {
    let mut opened = None;
    for item in &document.items {
        let Directive::Setting(Setting::GeoDatabase(bytes)) = &item.directive else {
            continue;
        };
        match Geo::open(bytes) {
            Ok(geo) => opened = Some(geo),
            Err(error) => mistakes.push(RuleMistake {
                file: item.place.file.to_string(),
                line: item.place.line,
                message: format!("the file of `SecGeoLookupDB` is not a MaxMind database: {error}"),
                hint: Some(
                    "GeoLite2 databases end in `.mmdb`; the older `.dat` are not read".into(),
                ),
            }),
        }
    }
    opened
}

/// What is known of the rules before they are compiled, for `ctl` actions that name them.
pub(super) struct Known {
    index: RuleId,
    id: u64,
    tags: Vec<Box<[u8]>>,
    msg: Option<Box<[u8]>>,
}

impl Known {
    fn of(item: &Item) -> Option<Self> {
        let Directive::Rule(rule) = &item.directive else {
            return None;
        };
        let head = rule.links.first()?;
        let mut known = Self {
            index: 0,
            id: 0,
            tags: Vec::new(),
            msg: None,
        };
        for action in &head.actions {
            if let Action::Id(id) = action {
                known.id = *id;
            } else if let Action::Tag(tag) = action {
                known.tags.extend(tag.constant().map(Box::from));
            } else if let Action::Msg(msg) = action {
                known.msg = msg.constant().map(Box::from);
            }
        }
        Some(known)
    }

    fn tagged(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own.as_ref() == tag.as_bytes())
    }
}

pub(super) struct Builder {
    names: Names,
    markers: HashMap<Box<str>, u32>,
    chains: Chains,
    singles: Vec<Variable>,
    uses_files: bool,
    sizes: Sizes,
    mistakes: Vec<RuleMistake>,
    defaults: [Defaults; 5],
    known: Vec<Known>,
}

impl Builder {
    fn marker(&mut self, name: &str) -> u32 {
        let next = u32::try_from(self.markers.len()).unwrap_or(u32::MAX);
        *self.markers.entry(name.into()).or_insert(next)
    }

    fn pattern(
        &mut self,
        place: &crate::seclang::syntax::Place,
        source: &[u8],
    ) -> Option<Box<Pattern>> {
        match Pattern::compile(source) {
            Ok(pattern) => {
                self.sizes.patterns += 1;
                Some(Box::new(pattern))
            }
            Err(error) => {
                self.mistakes.push(RuleMistake {
                    file: place.file.to_string(),
                    line: place.line,
                    message: error.to_string(),
                    hint: None,
                });
                None
            }
        }
    }

    fn rules_with_ids(&self, ids: &[IdRange]) -> Vec<RuleId> {
        self.rules_where(|known| within(ids, known.id))
    }

    fn rules_where(&self, wanted: impl Fn(&Known) -> bool) -> Vec<RuleId> {
        self.known
            .iter()
            .filter(|known| wanted(known))
            .map(|known| known.index)
            .collect()
    }
}

fn within(ids: &[IdRange], id: u64) -> bool {
    ids.iter()
        .any(|range| (range.first..=range.last).contains(&id))
}

/// Lists of transformations, each once, every one with its beginnings.
pub(super) struct Chains {
    ids: HashMap<Vec<Transformation>, ChainId>,
    steps: Vec<(Vec<Transformation>, ChainId)>,
}

impl Chains {
    fn new() -> Self {
        Self {
            ids: HashMap::from([(Vec::new(), 0)]),
            steps: vec![(Vec::new(), 0)],
        }
    }

    fn intern(&mut self, steps: &[Transformation]) -> ChainId {
        let mut id = 0;
        for length in 1..=steps.len() {
            let prefix = steps.get(..length).unwrap_or_default();
            let parent = id;
            id = if let Some(id) = self.ids.get(prefix) {
                *id
            } else {
                let id = ChainId::try_from(self.steps.len()).unwrap_or(ChainId::MAX);
                self.ids.insert(prefix.to_vec(), id);
                self.steps.push((prefix.to_vec(), parent));
                id
            };
        }
        id
    }

    fn finish(self, map: &UnicodeMap) -> Vec<Chain> {
        self.steps
            .into_iter()
            .map(|(steps, parent)| {
                let triggers = steps.iter().try_fold(ByteSet::empty(), |all, step| {
                    step.triggers(map).map(|own| all.union(own))
                });
                Chain {
                    steps,
                    parent,
                    triggers,
                }
            })
            .collect()
    }
}

/// `SecDefaultAction` of each phase; a later one replaces an earlier one.
fn defaults(
    document: &Document,
    names: &mut Names,
    mistakes: &mut Vec<RuleMistake>,
) -> [Defaults; 5] {
    let mut all: [Defaults; 5] = Default::default();
    for item in &document.items {
        let Directive::DefaultActions(actions) = &item.directive else {
            continue;
        };
        let phase = phase_of(actions).unwrap_or(Phase::RequestBody) as usize;
        let mut defaults = Defaults::default();
        for action in actions {
            if !rules::default_action(&mut defaults, action, names) {
                mistakes.push(RuleMistake {
                    file: item.place.file.to_string(),
                    line: item.place.line,
                    message: "`SecDefaultAction` has an action that would have no effect".into(),
                    hint: Some(
                        "it takes a phase, a disruptive action, `status`, `log`, `auditlog`, `tag` and `t`"
                            .into(),
                    ),
                });
            }
        }
        if let Some(slot) = all.get_mut(phase) {
            *slot = defaults;
        }
    }
    all
}

fn phase_of(actions: &[Action]) -> Option<Phase> {
    actions.iter().rev().find_map(|action| {
        if let Action::Phase(phase) = action {
            Some(*phase)
        } else {
            None
        }
    })
}

fn settings(document: &Document) -> Settings {
    let mut settings = Settings::default();
    for item in &document.items {
        if let Directive::Setting(setting) = &item.directive {
            apply(&mut settings, setting);
        }
    }
    settings
}

fn apply(settings: &mut Settings, setting: &Setting) {
    match setting {
        Setting::RuleEngine(mode) => settings.mode = *mode,
        Setting::RequestBodyAccess(on) => settings.request_body_access = *on,
        Setting::RequestBodyLimit(bytes) => settings.request_body_bytes_max = *bytes,
        Setting::RequestBodyNoFilesLimit(bytes) => {
            settings.request_body_no_files_bytes_max = Some(*bytes);
        }
        Setting::RequestBodyLimitAction(action) => settings.request_body_limit_action = *action,
        Setting::RequestBodyJsonDepthLimit(depth) => settings.json_depth_max = *depth,
        Setting::ArgumentsLimit(count) => settings.arguments_max = *count,
        Setting::UploadFileLimit(count) => settings.files_max = *count,
        Setting::ResponseBodyAccess(on) => settings.response_body_access = *on,
        Setting::ResponseBodyMimeTypes(types) => {
            settings.response_body_mime_types.clone_from(types);
        }
        Setting::ResponseBodyMimeTypesClear => settings.response_body_mime_types.clear(),
        Setting::ResponseBodyLimit(bytes) => settings.response_body_bytes_max = *bytes,
        Setting::ResponseBodyLimitAction(action) => settings.response_body_limit_action = *action,
        Setting::ArgumentSeparator(byte) => settings.argument_separator = *byte,
        Setting::UnicodeMap(map) => settings.unicode = std::sync::Arc::clone(map),
        Setting::CollectionTimeout(seconds) => settings.collection_timeout_seconds = *seconds,
        Setting::WebAppId(id) => settings.webapp_id.clone_from(id),
        // Held by the caller (memory), by the engines (no pattern backtracks without a limit) or only reported.
        Setting::GeoDatabase(_)
        | Setting::RequestBodyInMemoryLimit(_)
        | Setting::CookieFormat(_)
        | Setting::ComponentSignature(_)
        | Setting::PcreMatchLimit(_)
        | Setting::AuditEngine(_)
        | Setting::LeftToCaller { .. } => {}
    }
}
