//! Which rules a command runs, and in which order they are read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use vauban_edge::{Disk, read_file};
use vauban_waf::{BASELINE, FILE_BYTES_MAX, Files as _, RuleMistake, RuleSet, Source, regression};

use crate::outcome::Failure;

/// Where Debian's package `modsecurity-crs` has its rules and its setup.
const PACKAGE_RULES: &str = "/usr/share/modsecurity-crs/rules";
const PACKAGE_SETUP: &str = "/etc/modsecurity/crs/crs-setup.conf";

/// The group of arguments of which exactly one must say which rules are meant.
pub(super) const KIND: &str = "kind";

/// Rules of one kind.
#[derive(Debug, Args)]
#[group(id = KIND, required = true, multiple = false)]
struct KindArguments {
    /// Rule files, or patterns of their names (`'rules/*.conf'`), in this order.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    rules: Vec<String>,
    /// OWASP CRS: of Debian's package `modsecurity-crs`, or of a folder that holds `crs-setup.conf` and `rules/`.
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, require_equals = true)]
    #[expect(
        clippy::option_option,
        reason = "absent, without a folder, and with one"
    )]
    crs: Option<Option<PathBuf>>,
    /// The rules that Vauban brings along.
    #[arg(long)]
    baseline: bool,
}

/// Rules, and what stands around them.
#[derive(Debug, Args)]
pub(crate) struct RuleArguments {
    #[command(flatten)]
    kind: KindArguments,
    /// Engine settings to begin with, such as a `modsecurity.conf`, in place of the built-in ones.
    #[arg(long, value_name = "FILE")]
    engine: Option<PathBuf>,
    /// A file between the setup of CRS (`crs-setup.conf`) and its rules.
    #[arg(long, value_name = "FILE")]
    setup: Option<PathBuf>,
    /// Paranoia level of CRS, 1 to 4.
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(1..=4))]
    paranoia: Option<u8>,
    /// Exclusions that are read before the rules (`ctl:ruleRemove…`).
    #[arg(long, value_name = "FILE")]
    before: Vec<String>,
    /// Exclusions that are read after the rules (`SecRuleUpdate…`, `SecRuleRemove…`).
    #[arg(long, value_name = "FILE")]
    after: Vec<String>,
    /// File for `SecUnicodeMapFile`: CRS decodes `%uXXXX` with it (`unicode.mapping` of ModSecurity, code page 20127).
    #[arg(long, value_name = "FILE")]
    unicode_map: Option<PathBuf>,
}

/// Text of rules under a name.
#[derive(Debug, Clone)]
pub(super) struct Text {
    name: String,
    bytes: Vec<u8>,
}

/// Everything that is loaded, in its order.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    all: Vec<Text>,
    /// Where further exclusions go that come before the rules.
    before: usize,
}

impl RuleArguments {
    /// Reads the files; `setup` stands in when no file was named for it.
    pub(super) fn texts(&self, setup: Option<&str>) -> Result<Texts, Failure> {
        let mut all = vec![self.engine()?];
        if let Some(map) = &self.unicode_map {
            all.push(unicode_map(map)?);
        }
        let (setups, rules) = self.rules()?;
        all.extend(setups);
        match (&self.setup, setup) {
            (Some(file), _) => all.push(file_text(file)?),
            (None, Some(setup)) => all.push(built_in("regression-setup.conf", setup)),
            (None, None) => {}
        }
        if let Some(level) = self.paranoia {
            all.push(built_in("paranoia.conf", &paranoia(level)));
        }
        all.extend(each(&self.before)?);
        let before = all.len();
        all.extend(rules);
        all.extend(each(&self.after)?);
        Ok(Texts { all, before })
    }

    fn engine(&self) -> Result<Text, Failure> {
        match &self.engine {
            Some(file) => file_text(file),
            // The baseline brings its own settings of everything but the switch.
            None if self.kind.baseline => Ok(built_in("engine.conf", "SecRuleEngine On\n")),
            None => Ok(built_in("engine.conf", regression::ENGINE)),
        }
    }

    /// What comes before the setup, and what after.
    fn rules(&self) -> Result<(Vec<Text>, Vec<Text>), Failure> {
        if self.kind.baseline {
            return Ok((Vec::new(), vec![built_in("baseline.conf", BASELINE)]));
        }
        let Some(folder) = &self.kind.crs else {
            let mut rules = each(&self.kind.rules)?;
            let last = rules.iter().rposition(Text::is_setup);
            let behind = rules.split_off(last.map_or(0, |last| last + 1));
            return Ok((rules, behind));
        };
        let (setup, rules) = match folder {
            Some(folder) => {
                let setup = folder.join("crs-setup.conf");
                let example = folder.join("crs-setup.conf.example");
                let setup = if setup.exists() { setup } else { example };
                (setup, folder.join("rules"))
            }
            None if Path::new(PACKAGE_RULES).is_dir() => {
                (PathBuf::from(PACKAGE_SETUP), PathBuf::from(PACKAGE_RULES))
            }
            None => {
                return Err(Failure::Configuration(format!(
                    "`{PACKAGE_RULES}` is not there\n  hint: install Debian's `modsecurity-crs`, or name a folder: `--crs=FOLDER`"
                )));
            }
        };
        let rules = each(&[format!("{}/*.conf", rules.display())])?;
        Ok((vec![file_text(&setup)?], rules))
    }
}

impl Text {
    fn is_setup(&self) -> bool {
        let name = Path::new(&self.name).file_name();
        name.is_some_and(|name| name.to_string_lossy().starts_with("crs-setup"))
    }
}

impl Texts {
    /// Further exclusions, by where they go.
    pub(super) fn with(&self, before: &str, after: &str) -> Self {
        let mut all = self.all.clone();
        all.insert(self.before, built_in("proposed-before.conf", before));
        all.push(built_in("proposed-after.conf", after));
        Self {
            all,
            before: self.before,
        }
    }

    /// Compiles everything; the mistakes come together.
    pub(super) fn load(&self) -> Result<Arc<RuleSet>, Failure> {
        let sources: Vec<Source<'_>> = self
            .all
            .iter()
            .map(|text| Source {
                name: &text.name,
                text: &text.bytes,
            })
            .collect();
        match RuleSet::load(&sources, &Disk) {
            Ok(rules) => Ok(Arc::new(rules)),
            Err(mistakes) => Err(Failure::Configuration(listed(&mistakes))),
        }
    }
}

/// Mistakes, one under the other.
pub(super) fn listed(mistakes: &[RuleMistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn built_in(name: &str, text: &str) -> Text {
    Text {
        name: format!("vauban:{name}"),
        bytes: text.into(),
    }
}

fn file_text(path: &Path) -> Result<Text, Failure> {
    let bytes = read_file(path, FILE_BYTES_MAX).map_err(|error| {
        Failure::Configuration(format!("`{}` could not be read: {error}", path.display()))
    })?;
    Ok(Text {
        name: path.to_string_lossy().into_owned(),
        bytes,
    })
}

/// Files and patterns in their order; a pattern that matches nothing is a mistake.
fn each(patterns: &[String]) -> Result<Vec<Text>, Failure> {
    let mut texts = Vec::new();
    let mut mistakes = Vec::new();
    for pattern in patterns {
        let paths = match Disk.matching(pattern) {
            Ok(paths) if paths.is_empty() => Err("there is no such file".to_owned()),
            other => other,
        };
        match paths {
            Ok(paths) => {
                for path in paths {
                    texts.push(file_text(Path::new(&path))?);
                }
            }
            Err(error) => mistakes.push(format!("`{pattern}`: {error}")),
        }
    }
    if mistakes.is_empty() {
        Ok(texts)
    } else {
        Err(Failure::Configuration(mistakes.join("\n")))
    }
}

fn unicode_map(path: &Path) -> Result<Text, Failure> {
    let path = std::path::absolute(path)?;
    let path = path.to_string_lossy();
    if path.contains(['"', '\n', '\\']) {
        return Err(Failure::Configuration(format!(
            "`{path}` holds a character that the name of a rule file cannot hold"
        )));
    }
    Ok(built_in(
        "unicode-map.conf",
        &format!("SecUnicodeMapFile \"{path}\" 20127\n"),
    ))
}

/// Both generations' names of the level: 3 has one, 4 has two.
fn paranoia(level: u8) -> String {
    format!(
        "SecAction \"id:900000,phase:1,pass,nolog,t:none,setvar:tx.paranoia_level={level},\
         setvar:tx.blocking_paranoia_level={level},setvar:tx.detection_paranoia_level={level}\"\n"
    )
}
