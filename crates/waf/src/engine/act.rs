//! Actions: what a match changes.

use super::collections::{Place, Text};
use super::evaluate::Run;
use super::expand::write_key;
use super::operate::Answer;
use super::program::{
    After, Change, CompiledCtl, Disruptive, Link, Name, Operator, Part, Rule, RuleId, SetVar,
    Template,
};
use super::report::{Finding, Intervention, InterventionKind};
use super::state::Hidden;
use crate::operator::parse_number;
use crate::seclang::syntax::{Ctl, EngineMode, Variable};

/// Bytes of a matched value that a finding keeps.
pub(super) const VALUE_BYTES_MAX: usize = 256;
/// Bytes of an expanded message.
const TEXT_BYTES_MAX: usize = 4096;
/// Findings that a report keeps.
const FINDINGS_MAX: usize = 1000;

impl<'a> Run<'a> {
    /// One value matched: captures, then the actions that run for each match. The value is the last of `matched`.
    pub(super) fn on_match(
        &mut self,
        rule: &'a Rule,
        link: &'a Link,
        operator: &Operator,
        answer: Answer,
    ) {
        if link.capture {
            self.capture(operator, answer);
        }
        if let (Operator::GeoLookup, Some(geo)) = (operator, &self.program.geo) {
            let address = self.state.matched.last().map(|(_, _, value)| value);
            self.state.geo = address
                .and_then(|value| geo.locate(value))
                .unwrap_or_default();
        }
        self.set_variables(rule, link);
    }

    fn capture(&mut self, operator: &Operator, answer: Answer) {
        let state = &mut *self.state;
        match answer {
            Answer::Captured => {
                let value = state
                    .matched
                    .last()
                    .map_or(b"".as_slice(), |(_, _, value)| value);
                for group in 0..10_u32 {
                    let range = self.scratch.groups.range(group as usize);
                    let text = range.and_then(|range| value.get(range));
                    if let Some(text) = text {
                        state.tx.set_slot(group, Some(Text::of(text)));
                    }
                }
            }
            Answer::Whole => {
                let value = state.matched.last();
                let text = value.map(|(_, _, value)| Text::of(value));
                state.tx.set_slot(0, text);
            }
            Answer::Word(index) => {
                if let Operator::Words(words) = operator
                    && let Some(word) = words.words.get(index)
                {
                    state.tx.set_slot(0, Some(Text::of(word)));
                }
            }
            Answer::Fingerprint(fingerprint) => {
                let text = Text::of(fingerprint.as_str().as_bytes());
                state.tx.set_slot(0, Some(text));
            }
            Answer::No | Answer::Yes | Answer::Exhausted => {}
        }
    }

    pub(super) fn set_variables(&mut self, rule: &'a Rule, link: &'a Link) {
        for set in &link.set {
            self.set_variable(rule, set);
        }
    }

    fn text(&self, rule: &'a Rule, template: &Template) -> Vec<u8> {
        let mut out = Vec::new();
        self.here(rule).expand(template, self.state, &mut out);
        out
    }

    fn set_variable(&mut self, rule: &'a Rule, set: &SetVar) {
        let value = match &set.change {
            Change::Unset => None,
            Change::Constant(text) => Some(text.clone()),
            Change::Set(template) => Some(Text::of(&self.text(rule, template))),
            Change::Add(sign, template) => {
                let amount = match template.constant() {
                    Some(constant) => parse_number(constant),
                    None => parse_number(&self.text(rule, template)),
                };
                let before = self.variable(rule, set).map_or(0, |text| text.number());
                Some(Text::Number(
                    before.saturating_add(sign.saturating_mul(amount)),
                ))
            }
        };
        match (&set.name, set.collection) {
            (Name::Known(id), Variable::Tx) => self.state.tx.set_slot(*id, value),
            (name, Variable::Tx) => {
                let name = self.name(rule, name);
                // Another rule would judge by what is not there.
                if !self.state.tx.set(&self.program.names, &name, value) {
                    self.unanswered(rule);
                }
            }
            (name, collection) => {
                let name = self.name(rule, name).to_ascii_lowercase();
                let timeout = self.program.settings.collection_timeout_seconds;
                if let Some((_, key)) = self
                    .state
                    .records
                    .iter()
                    .find(|(own, _)| *own == collection)
                {
                    let place = Place {
                        collection,
                        key,
                        name: &name,
                        now: self.state.flow.now,
                    };
                    self.context.store.set(place, value, timeout);
                }
            }
        }
    }

    fn name(&self, rule: &'a Rule, name: &Name) -> Vec<u8> {
        match name {
            Name::Known(id) => self.program.names.text(*id).to_vec(),
            Name::Made(template) => self.text(rule, template),
        }
    }

    fn variable(&self, rule: &'a Rule, set: &SetVar) -> Option<Text> {
        match (&set.name, set.collection) {
            (Name::Known(id), Variable::Tx) => self.state.tx.slot(*id).cloned(),
            (name, Variable::Tx) => {
                let name = self.name(rule, name);
                self.state.tx.find(&self.program.names, &name).cloned()
            }
            (name, collection) => {
                let name = self.name(rule, name).to_ascii_lowercase();
                let (_, key) = self
                    .state
                    .records
                    .iter()
                    .find(|(own, _)| *own == collection)?;
                self.context
                    .store
                    .find(collection, key, &name, self.state.flow.now)
            }
        }
    }

    /// Actions that wait for the whole chain.
    pub(super) fn after(&mut self, id: RuleId, rule: &'a Rule, position: usize, link: &'a Link) {
        for (index, after) in link.after.iter().enumerate() {
            match after {
                After::Ctl(ctl) => {
                    let here = Hidden {
                        rule: id,
                        link: u16::try_from(position).unwrap_or(u16::MAX),
                        action: u16::try_from(index).unwrap_or(u16::MAX),
                    };
                    self.control(ctl, here);
                }
                After::SetEnv { name, value } => {
                    let value = self.text(rule, value);
                    if self.state.environment.len() < FINDINGS_MAX {
                        self.state.environment.push((name.clone(), value));
                    }
                }
                After::SetSid(key) => {
                    self.name_record(rule, Variable::SessionId, key);
                    self.choose_record(rule, Variable::Session, key);
                }
                After::SetUid(key) => {
                    self.name_record(rule, Variable::UserId, key);
                    self.choose_record(rule, Variable::User, key);
                }
                After::InitCol { collection, key } => self.choose_record(rule, *collection, key),
                After::ExpireVar {
                    collection,
                    name,
                    seconds,
                } => self.expire(rule, *collection, name, seconds),
                After::Skip(count) => self.state.flow.skip_next = *count,
                After::SkipAfter(marker) => self.state.flow.skip_to = Some(*marker),
            }
        }
    }

    /// What `setsid` and `setuid` leave in `SESSIONID` and `USERID`.
    fn name_record(&mut self, rule: &'a Rule, variable: Variable, key: &Template) {
        let key = self.text(rule, key);
        self.state.table.set(variable, &key);
        // Rules behind this one see it.
        self.looked = false;
    }

    fn choose_record(&mut self, rule: &'a Rule, collection: Variable, key: &Template) {
        let key = self.text(rule, key);
        self.state.records.retain(|(own, _)| *own != collection);
        self.state.records.push((collection, key));
    }

    fn expire(
        &mut self,
        rule: &'a Rule,
        collection: Variable,
        name: &Template,
        seconds: &Template,
    ) {
        // `TX` ends with the transaction anyway.
        let name = self.text(rule, name).to_ascii_lowercase();
        let seconds = u64::try_from(parse_number(&self.text(rule, seconds))).unwrap_or(0);
        if let Some((_, key)) = self
            .state
            .records
            .iter()
            .find(|(own, _)| *own == collection)
        {
            let place = Place {
                collection,
                key,
                name: &name,
                now: self.state.flow.now,
            };
            self.context.store.expire(place, seconds);
        }
    }

    fn control(&mut self, ctl: &CompiledCtl, here: Hidden) {
        match ctl {
            CompiledCtl::RemoveRules(rules) => {
                self.state.removed.resize(self.program.rules.len(), false);
                for rule in rules {
                    if let Some(removed) = self.state.removed.get_mut(*rule as usize) {
                        *removed = true;
                    }
                }
            }
            CompiledCtl::RemoveTargets { .. } => {
                if !self.state.hidden.contains(&here) {
                    self.state.hidden.push(here);
                }
            }
            CompiledCtl::Other(ctl) => self.other_control(ctl),
        }
    }

    fn other_control(&mut self, ctl: &Ctl) {
        let flow = &mut self.state.flow;
        match ctl {
            // A rule may make the engine stricter or weaker; the caller's own `Off` and monitoring stay.
            Ctl::RuleEngine(mode) => flow.mode = weaker(*mode, self.context.mode),
            Ctl::RequestBodyAccess(on) => flow.request_body_access = *on,
            Ctl::ResponseBodyAccess(on) => flow.response_body_access = *on,
            Ctl::ForceRequestBodyVariable(on) => flow.force_request_body = *on,
            Ctl::RequestBodyProcessor(processor) => {
                flow.processor = Some(*processor);
                self.state
                    .table
                    .set(Variable::ReqbodyProcessor, processor.name().as_bytes());
                // Rules behind this one see the new name.
                self.looked = false;
            }
            Ctl::RequestBodyLimit(bytes) => flow.request_body_bytes_max = *bytes,
            Ctl::ResponseBodyLimit(bytes) => flow.response_body_bytes_max = *bytes,
            // Concern logs and parts that this engine does not write; the removals are compiled into lists.
            Ctl::ForceResponseBodyVariable(_)
            | Ctl::ResponseBodyProcessor(_)
            | Ctl::AuditEngine(_)
            | Ctl::AuditLogParts(_)
            | Ctl::DebugLogLevel(_)
            | Ctl::HashEngine(_)
            | Ctl::HashEnforcement(_)
            | Ctl::ParseXmlIntoArgs(_)
            | Ctl::RuleRemoveById(_)
            | Ctl::RuleRemoveByTag(_)
            | Ctl::RuleRemoveByMsg(_)
            | Ctl::RuleRemoveTargetById { .. }
            | Ctl::RuleRemoveTargetByTag { .. }
            | Ctl::RuleRemoveTargetByMsg { .. } => {}
        }
    }

    /// Ends a rule that matched: severity, finding, intervention.
    pub(super) fn disrupt(&mut self, rule: &'a Rule) {
        if let Some(severity) = rule.severity {
            let highest = &mut self.state.flow.highest_severity;
            *highest = Some(highest.map_or(severity, |before| before.min(severity)));
        }
        if rule.logged {
            self.note(rule);
        }
        let defaults = self.program.defaults.get(rule.phase);
        let (action, status) = match (&rule.disruptive, defaults) {
            (Disruptive::Block, Some(defaults)) => {
                (&defaults.disruptive, rule.status.or(defaults.status))
            }
            (own, _) => (own, rule.status),
        };
        let usual = if matches!(action, Disruptive::Redirect(_)) {
            302
        } else {
            403
        };
        let status = status.unwrap_or(usual);
        if self.state.trace.is_some() {
            self.trace(rule, action, status);
        }
        let kind = match action {
            Disruptive::Pass | Disruptive::Block => return,
            Disruptive::Allow(scope) => {
                if self.state.flow.mode == EngineMode::On {
                    self.state.flow.allowed = Some(*scope);
                }
                return;
            }
            Disruptive::Deny => InterventionKind::Deny,
            Disruptive::Drop => InterventionKind::Drop,
            Disruptive::Redirect(to) => InterventionKind::Redirect(self.text(rule, to)),
        };
        let intervention = Intervention {
            kind,
            status,
            rule: rule.id,
        };
        let report = &mut self.state.report;
        let place = match self.state.flow.mode {
            EngineMode::On => &mut report.intervention,
            EngineMode::DetectionOnly | EngineMode::Off => &mut report.withheld,
        };
        if place.is_none() {
            *place = Some(intervention);
        }
    }

    fn note(&mut self, rule: &'a Rule) {
        if self.state.report.findings.len() >= FINDINGS_MAX {
            let dropped = &mut self.state.report.dropped;
            *dropped = dropped.saturating_add(1);
            return;
        }
        let mut finding = Finding {
            rule: rule.id,
            phase: u8::try_from(rule.phase + 1).unwrap_or(0),
            message: self.last_text(rule, |link| link.msg.as_ref()),
            data: self.last_text(rule, |link| link.logdata.as_ref()),
            severity: rule.severity,
            tags: rule.tags.iter().map(|tag| self.text(rule, tag)).collect(),
            variable: Vec::new(),
            value: Vec::new(),
            matched: self.matched_values(),
            quotes: self.quotes(rule),
            sanitise: rule.links.iter().any(|link| link.sanitise),
        };
        if let Some((variable, name, value)) = self.state.matched.last() {
            write_key(variable, name, &mut finding.variable);
            finding.variable.truncate(VALUE_BYTES_MAX);
            finding.value = value.get(..VALUE_BYTES_MAX).unwrap_or(value).to_vec();
        }
        self.state.report.findings.push(finding);
    }

    /// What the head says, or else the last link that says it.
    pub(super) fn last_text(
        &self,
        rule: &'a Rule,
        part: impl Fn(&'a Link) -> Option<&'a Template>,
    ) -> Vec<u8> {
        let template = last(rule, part);
        let mut text = template.map_or_else(Vec::new, |template| self.text(rule, template));
        text.truncate(TEXT_BYTES_MAX);
        text
    }

    /// Whether the message may hold parts of the transaction. Scores are counted, whatever a client sends.
    fn quotes(&self, rule: &'a Rule) -> bool {
        let parts = last(rule, |link| link.msg.as_ref()).map_or(&[][..], |one| &one.parts);
        parts.iter().any(|part| match part {
            Part::Text(_) => false,
            Part::Tx(name) => !self.program.names.text(*name).ends_with(b"score"),
            Part::Value(..) => true,
        })
    }
}

fn last<'a>(
    rule: &'a Rule,
    part: impl Fn(&'a Link) -> Option<&'a Template>,
) -> Option<&'a Template> {
    let head = rule.links.first().and_then(&part);
    head.or_else(|| rule.links.iter().rev().find_map(&part))
}

/// The mode that blocks less.
fn weaker(rules: EngineMode, caller: EngineMode) -> EngineMode {
    match (rules, caller) {
        (EngineMode::Off, _) | (_, EngineMode::Off) => EngineMode::Off,
        (EngineMode::DetectionOnly, _) | (_, EngineMode::DetectionOnly) => {
            EngineMode::DetectionOnly
        }
        (EngineMode::On, EngineMode::On) => EngineMode::On,
    }
}
