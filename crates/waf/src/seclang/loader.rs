//! Walks the files and keeps what concerns more than one directive: chains, ids, markers.

mod reach;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::fault::{Fault, quote};
use super::lines::{Lines, Logical, Word, words};
use super::operand::id_ranges;
use super::rule::{self, Standing};
use super::setting::setting;
use super::syntax::{Action, Directive, Document, Item, Link, Place, Rule, RuleFilter};
use super::{
    FILE_BYTES_MAX, FILES_MAX, Files, MISTAKES_MAX, RULES_MAX, RuleMistake, Source, TEXT_BYTES_MAX,
    control,
};

pub(super) fn load(
    sources: &[Source<'_>],
    files: &dyn Files,
) -> Result<Document, Vec<RuleMistake>> {
    let mut loader = Loader::new(files);
    for source in sources {
        let name: Arc<str> = source.name.into();
        let place = Place {
            file: Arc::clone(&name),
            line: 1,
        };
        if loader.take(source.text.len(), &place, FILE_BYTES_MAX) {
            loader.walk(Frame::new(name, Cow::Borrowed(source.text), 0));
        }
    }
    loader.finish()
}

/// A rule whose last link so far says `chain`.
struct OpenChain {
    links: Vec<Link>,
    /// Of the last link.
    place: Place,
}

/// A file that is being read.
struct Frame<'t> {
    name: Arc<str>,
    text: Cow<'t, [u8]>,
    lines: Lines,
    depth: usize,
    chain: Option<OpenChain>,
}

impl<'t> Frame<'t> {
    fn new(name: Arc<str>, text: Cow<'t, [u8]>, depth: usize) -> Self {
        // A byte order mark says nothing.
        let position = if text.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        Self {
            name,
            text,
            lines: Lines::at(position),
            depth,
            chain: None,
        }
    }
}

/// What is left to do, last first.
enum Step<'t> {
    Read(Frame<'t>),
    Open {
        path: Arc<str>,
        from: Place,
        depth: usize,
    },
}

/// A `skipAfter`, to be compared with the markers once all are known.
struct Jump {
    place: Place,
    marker: Box<str>,
    item: usize,
}

struct Loader<'f> {
    files: &'f dyn Files,
    document: Document,
    mistakes: Vec<(usize, RuleMistake)>,
    /// Files in the order in which they are read, which is the order of the mistakes.
    ranks: HashMap<Arc<str>, usize>,
    ids: HashMap<u64, Place>,
    defaults: HashMap<super::syntax::Phase, Place>,
    /// Place of each marker's last appearance among the items.
    markers: HashMap<Box<str>, usize>,
    jumps: Vec<Jump>,
    rules: usize,
    files_read: usize,
    bytes_read: usize,
}

impl<'f> Loader<'f> {
    fn new(files: &'f dyn Files) -> Self {
        Self {
            files,
            document: Document::default(),
            mistakes: Vec::new(),
            ranks: HashMap::new(),
            ids: HashMap::new(),
            defaults: HashMap::new(),
            markers: HashMap::new(),
            jumps: Vec::new(),
            rules: 0,
            files_read: 0,
            bytes_read: 0,
        }
    }

    fn full(&self) -> bool {
        self.mistakes.len() >= MISTAKES_MAX
            || self.rules > RULES_MAX
            || self.files_read > FILES_MAX
            || self.bytes_read > TEXT_BYTES_MAX
    }

    fn mistake(&mut self, place: &Place, fault: Fault) {
        let next = self.ranks.len();
        let rank = *self.ranks.entry(Arc::clone(&place.file)).or_insert(next);
        let Fault {
            message,
            hint,
            at: _,
        } = fault;
        self.mistakes.push((
            rank,
            RuleMistake {
                file: place.file.to_string(),
                line: place.line,
                message,
                hint,
            },
        ));
    }

    fn walk(&mut self, first: Frame<'_>) {
        let mut steps = vec![Step::Read(first)];
        let mut logical = Logical::default();
        while let Some(step) = steps.pop() {
            if self.full() {
                return;
            }
            match step {
                Step::Open { path, from, depth } => {
                    if let Some(frame) = self.open(path, &from, depth) {
                        steps.push(Step::Read(frame));
                    }
                }
                Step::Read(mut frame) => {
                    let included = self.read_until_include(&mut frame, &mut logical);
                    if let Some(included) = included {
                        steps.push(Step::Read(frame));
                        steps.extend(included.into_iter().rev());
                    }
                }
            }
        }
    }

    /// Reads directives until one includes files (they are returned) or the file ends (none).
    fn read_until_include(
        &mut self,
        frame: &mut Frame<'_>,
        logical: &mut Logical,
    ) -> Option<Vec<Step<'static>>> {
        let next = self.ranks.len();
        self.ranks.entry(Arc::clone(&frame.name)).or_insert(next);
        let mut faults = Vec::new();
        loop {
            let more = frame.lines.next(&frame.text, logical, &mut faults);
            for (line, fault) in faults.drain(..) {
                self.mistake(
                    &Place {
                        file: Arc::clone(&frame.name),
                        line,
                    },
                    fault,
                );
            }
            if self.full() {
                return None;
            }
            if !more {
                if let Some(chain) = frame.chain.take() {
                    self.broken_chain(&chain, "the end of the file");
                }
                return None;
            }
            let included = self.directive(frame, logical);
            if !included.is_empty() {
                return Some(included);
            }
        }
    }

    fn broken_chain(&mut self, chain: &OpenChain, by: &str) {
        self.mistake(
            &chain.place,
            Fault::new(format!("`chain` is followed by {by}, not by a `SecRule`")),
        );
    }

    fn directive(&mut self, frame: &mut Frame<'_>, logical: &Logical) -> Vec<Step<'static>> {
        let place = Place {
            file: Arc::clone(&frame.name),
            line: logical.line_at(0),
        };
        let mut faults = Vec::new();
        let mut included = Vec::new();
        match words(&logical.text) {
            Ok(words) => included = self.read(frame, &words, &place, &mut faults),
            Err(fault) => {
                faults.push(fault);
                // Only to keep the mistakes that follow honest: whether it chains decides what its neighbour is.
                let head = frame.chain.take();
                if memchr::memmem::find(&logical.text, b"chain").is_some() {
                    frame.chain = Some(OpenChain {
                        links: head.map_or_else(Vec::new, |open| open.links),
                        place: place.clone(),
                    });
                }
            }
        }
        for fault in faults {
            let line = logical.line_at(fault.at.unwrap_or(0));
            self.mistake(
                &Place {
                    file: Arc::clone(&frame.name),
                    line,
                },
                fault,
            );
        }
        included
    }

    fn read(
        &mut self,
        frame: &mut Frame<'_>,
        words: &[Word<'_>],
        place: &Place,
        faults: &mut Vec<Fault>,
    ) -> Vec<Step<'static>> {
        let Some(name) = words.first() else {
            return Vec::new();
        };
        if name.quoted {
            let fault = Fault::new(format!(
                "{} stands where a directive begins",
                quote(name.text)
            ));
            faults.push(fault.hint(
                "a directive goes on in the next line only when the line before ends in `\\`",
            ));
            return Vec::new();
        }
        let lower = name.text.to_ascii_lowercase();
        if lower.as_slice() == b"secrule" {
            self.sec_rule(frame, words, place, faults);
            return Vec::new();
        }
        if let Some(chain) = frame.chain.take() {
            self.broken_chain(&chain, &quote(name.text));
        }
        let made = match lower.as_slice() {
            b"secaction" => {
                let link = rule::sec_action(words, place.clone(), faults);
                self.close(vec![link], faults);
                return Vec::new();
            }
            b"include" => return self.include(frame, words, place, true, faults),
            b"includeoptional" => return self.include(frame, words, place, false, faults),
            b"secmarker" => rule::marker(words, faults),
            b"secdefaultaction" => self.defaults(words, place, faults),
            b"secruleremovebyid" => rule::remove_by_id(words, faults),
            b"secruleremovebytag" => rule::remove_by(words, RuleFilter::Tag, faults),
            b"secruleremovebymsg" => rule::remove_by(words, RuleFilter::Msg, faults),
            b"secruleupdatetargetbyid" => {
                rule::update_targets(words, |ids| id_ranges(ids).map(RuleFilter::Ids), faults)
            }
            b"secruleupdatetargetbytag" => rule::update_targets(
                words,
                |tag| control::filter(tag).map(RuleFilter::Tag),
                faults,
            ),
            b"secruleupdatetargetbymsg" => rule::update_targets(
                words,
                |msg| control::filter(msg).map(RuleFilter::Msg),
                faults,
            ),
            b"secruleupdateactionbyid" => {
                let made = rule::update_actions(words, faults);
                self.updated_jump(made.as_ref(), place);
                made
            }
            b"secunicodemapfile" => self.unicode_map(frame, words, place, faults),
            b"secgeolookupdb" => self.geo_database(frame, words, place, faults),
            _ => match setting(words) {
                Ok(setting) => Some(Directive::Setting(setting)),
                Err(fault) => {
                    faults.push(fault.or_at(name.at));
                    None
                }
            },
        };
        if let Some(directive) = made {
            self.keep(place.clone(), directive);
        }
        Vec::new()
    }

    fn keep(&mut self, place: Place, directive: Directive) {
        if let Directive::Marker(name) = &directive {
            self.markers.insert(name.clone(), self.document.items.len());
        }
        self.document.items.push(Item { place, directive });
    }

    fn sec_rule(
        &mut self,
        frame: &mut Frame<'_>,
        words: &[Word<'_>],
        place: &Place,
        faults: &mut Vec<Fault>,
    ) {
        let open = frame.chain.take();
        let standing = if open.is_some() {
            Standing::Chained
        } else {
            Standing::Head
        };
        let folder = Arc::clone(&frame.name);
        let link = rule::sec_rule(
            words,
            place.clone(),
            standing,
            &mut |path| self.data(&folder, path, place, FILE_BYTES_MAX),
            faults,
        );
        let mut links = open.map_or_else(Vec::new, |open| open.links);
        let chains = link.actions.contains(&Action::Chain);
        links.push(link);
        if chains {
            // Faults do not change where the chain goes on.
            frame.chain = Some(OpenChain {
                links,
                place: place.clone(),
            });
            self.count_rule(place);
        } else {
            self.close(links, faults);
        }
    }

    fn count_rule(&mut self, place: &Place) {
        self.rules += 1;
        if self.rules == RULES_MAX + 1 {
            self.mistake(
                place,
                Fault::new(format!("there are more than {RULES_MAX} rules")),
            );
        }
    }

    /// Puts a whole rule away, its last link being read just now.
    fn close(&mut self, links: Vec<Link>, faults: &[Fault]) {
        let Some(head) = links.first() else { return };
        let place = head.place.clone();
        self.count_rule(&place);
        for action in &head.actions {
            #[expect(
                clippy::wildcard_enum_match_arm,
                reason = "two actions concern other rules"
            )]
            match action {
                Action::Id(id) => {
                    if let Some(first) = self.ids.get(id) {
                        let message = format!(
                            "the id `{id}` is taken by the rule in {}, line {}",
                            first.file, first.line
                        );
                        // Of the head, which may stand far above the last link.
                        self.mistake(&place, Fault::new(message));
                    } else {
                        self.ids.insert(*id, place.clone());
                    }
                }
                Action::SkipAfter(marker) => {
                    let jump = Jump {
                        place: place.clone(),
                        marker: marker.clone(),
                        item: self.document.items.len(),
                    };
                    self.jumps.push(jump);
                }
                _ => {}
            }
        }
        if faults.is_empty() {
            self.keep(place, Directive::Rule(Rule { links }));
        }
    }

    /// A `skipAfter` that a rule above gets.
    fn updated_jump(&mut self, made: Option<&Directive>, place: &Place) {
        let Some(Directive::UpdateActions { id, actions, .. }) = made else {
            return;
        };
        let own = Action::Id(*id);
        let is_it = |item: &Item| {
            matches!(&item.directive, Directive::Rule(rule)
            if rule.links.first().is_some_and(|head| head.actions.contains(&own)))
        };
        // Whether there is such a rule is asked when the rules are put together.
        let Some(item) = self.document.items.iter().position(is_it) else {
            return;
        };
        for action in actions {
            if let Action::SkipAfter(marker) = action {
                self.jumps.push(Jump {
                    place: place.clone(),
                    marker: marker.clone(),
                    item,
                });
            }
        }
    }

    fn defaults(
        &mut self,
        words: &[Word<'_>],
        place: &Place,
        faults: &mut Vec<Fault>,
    ) -> Option<Directive> {
        let actions = rule::defaults(words, faults)?;
        let phases = actions.iter().filter_map(|action| {
            if let Action::Phase(phase) = action {
                Some(*phase)
            } else {
                None
            }
        });
        for phase in phases {
            if let Some(first) = self.defaults.get(&phase) {
                let message = format!(
                    "this phase has its `SecDefaultAction` in {}, line {}",
                    first.file, first.line
                );
                faults.push(Fault::new(message));
            } else {
                self.defaults.insert(phase, place.clone());
            }
        }
        Some(Directive::DefaultActions(actions))
    }

    fn finish(mut self) -> Result<Document, Vec<RuleMistake>> {
        if !self.full() {
            for jump in std::mem::take(&mut self.jumps) {
                let message = match self.markers.get(&jump.marker) {
                    Some(item) if *item >= jump.item => continue,
                    Some(_) => format!(
                        "the marker `{}` of `skipAfter` stands above this rule",
                        jump.marker
                    ),
                    None => format!(
                        "no `SecMarker` has the name `{}` of `skipAfter`",
                        jump.marker
                    ),
                };
                self.mistake(&jump.place, Fault::new(message));
            }
        }
        if self.mistakes.is_empty() {
            return Ok(self.document);
        }
        self.mistakes
            .sort_by_key(|(rank, mistake)| (*rank, mistake.line));
        self.mistakes.truncate(MISTAKES_MAX);
        Err(self
            .mistakes
            .into_iter()
            .map(|(_, mistake)| mistake)
            .collect())
    }
}
