//! Whole rule sets through the loader.

use std::path::Path;

use proptest::prelude::*;

use vauban_waf::{Files, RuleMistake, Source, Summary, check};

/// Files of this machine.
pub(crate) struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| error.to_string())
    }

    /// Only `FOLDER/*.SUFFIX` and plain paths: what Debian's files use.
    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        let Some((folder, suffix)) = pattern.split_once("/*") else {
            return Ok(Path::new(pattern)
                .exists()
                .then(|| pattern.to_owned())
                .into_iter()
                .collect());
        };
        let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
        let paths = entries.map(|entry| entry.unwrap().path().display().to_string());
        let mut paths: Vec<String> = paths.filter(|path| path.ends_with(suffix)).collect();
        paths.sort();
        Ok(paths)
    }
}

const CRS: &str = "/usr/share/modsecurity-crs/rules";
const SETUP: &str = "/etc/modsecurity/crs";
const STOCK: &str = "/etc/nginx/modsecurity.conf";

fn listed(mistakes: &[RuleMistake]) -> String {
    mistakes
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

fn load(text: &str) -> Result<Summary, String> {
    check(
        &[Source {
            name: "/etc/main.conf",
            text: text.as_bytes(),
        }],
        &Disk,
    )
    .map_err(|mistakes| listed(&mistakes))
}

#[test]
fn crs_of_debian_has_the_counts_of_its_inventory() {
    if !Path::new(CRS).exists() {
        return println!("not run: {CRS} is not installed (modsecurity-crs)");
    }
    let sum = load(&format!(
        "Include {SETUP}/crs-setup.conf\nInclude {CRS}/*.conf\n"
    ))
    .unwrap();
    assert_eq!(sum.rules, 790);
    assert_eq!(sum.chained, 166);

    let bare = load(&format!("Include {CRS}/*.conf\n")).unwrap();
    assert_eq!(
        bare,
        Summary {
            heads: 633,
            rules: 790,
            chained: 166,
            actions: 9,
            markers: 40,
            exceptions: 0,
            defaults: 0,
            settings: 1
        }
    );
}

#[test]
fn the_stock_configuration_and_the_exclusion_files_load() {
    if !Path::new(STOCK).exists() || !Path::new(SETUP).exists() {
        return println!(
            "not run: {STOCK} or {SETUP} is not installed (libnginx-mod-http-modsecurity, modsecurity-crs)"
        );
    }
    let text = format!(
        "Include {STOCK}\nInclude {SETUP}/crs-setup.conf\nIncludeOptional {SETUP}/REQUEST-900*.conf\nInclude {CRS}/*.conf\n\
         IncludeOptional {SETUP}/RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf\nIncludeOptional {SETUP}/no-such-file.conf\n"
    );
    let sum = load(&text).unwrap();
    assert_eq!(sum.rules, 797);
}

/// Rules in the style of CRS 4, written for these tests.
const SAMPLE: &str = r#"# A header.
SecComponentSignature "SAMPLE/1.0.0"
SecRuleEngine On
SecRequestBodyLimit 13107200
SecDefaultAction "phase:2,log,auditlog,pass"

SecRule REQUEST_HEADERS:Content-Type "@rx ^application/json" \
    "id:100,\
    phase:1,\
    pass,\
    t:none,t:lowercase,\
    nolog,\
    ctl:requestBodyProcessor=JSON"

SecRule REQUEST_COOKIES|!REQUEST_COOKIES:/^_ga(?:_\w+)?$/|ARGS_NAMES|ARGS|XML:/*|XML://@* "@rx (?i)union[\s\x0b]+select" \
    "id:110,\
    phase:2,\
    block,\
    capture,\
    t:none,t:urlDecodeUni,t:htmlEntityDecode,\
    msg:'A word \'found\', and more: %{MATCHED_VAR_NAME}',\
    logdata:'Matched Data: %{TX.0} found within %{MATCHED_VAR_NAME}: %{MATCHED_VAR}',\
    tag:'attack-sqli',\
    ver:'SAMPLE/1.0.0',\
    severity:'CRITICAL',\
    multiMatch,\
    setvar:'tx.score=+%{tx.critical_anomaly_score}',\
    chain"
    SecRule TX:detection_paranoia_level "@lt 2" \
        "setvar:'tx.%{rule.id}-seen=1'"

SecRule &TX:blocking "@eq 0" "id:120,phase:1,pass,nolog,skipAfter:END-SAMPLE"
SecAction "id:130,phase:1,pass,nolog,setvar:tx.a=1,expirevar:'ip.b=60',initcol:ip=%{REMOTE_ADDR}"
SecMarker "END-SAMPLE"
SecRuleUpdateTargetById 110 "!REQUEST_COOKIES:/^_pk_ref/"
SecRuleRemoveByTag "attack-x"
"#;

fn check_text(text: &[u8]) -> Result<Summary, Vec<RuleMistake>> {
    check(
        &[Source {
            name: "/etc/sample.conf",
            text,
        }],
        &Disk,
    )
}

#[test]
fn the_sample_loads() {
    let expected = Summary {
        heads: 4,
        rules: 4,
        chained: 1,
        actions: 1,
        markers: 1,
        exceptions: 2,
        defaults: 1,
        settings: 3,
    };
    assert_eq!(check_text(SAMPLE.as_bytes()), Ok(expected));
}

/// Where the directives of `text` begin and how long their names are.
fn directives(text: &str) -> Vec<(usize, usize)> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let begin = at + line.len() - line.trim_start().len();
        if line.trim_start().starts_with("Sec") {
            found.push((begin, line.trim().find(' ').unwrap_or(line.trim().len())));
        }
        at += line.len();
    }
    found
}

proptest! {
    /// A directive whose name is wrong in one letter is refused, wherever it stands.
    #[test]
    fn no_directive_is_skipped_in_silence(which: prop::sample::Index, letter: prop::sample::Index) {
        let all = directives(SAMPLE);
        let (begin, length) = all[which.index(all.len())];
        let mut text = SAMPLE.as_bytes().to_vec();
        text[begin + letter.index(length)] = b'z';
        let mistakes = check_text(&text).unwrap_err();
        prop_assert!(mistakes.iter().any(|one| one.message.starts_with("unknown directive")), "{}", listed(&mistakes));
    }

    /// Whatever becomes of the text, the answer is a summary or mistakes with a place.
    #[test]
    fn mutated_rules_never_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4u8, any::<u8>()), 1..12)) {
        let mut text = SAMPLE.as_bytes().to_vec();
        for (place, kind, byte) in edits {
            let at = place.index(text.len());
            // At least two bytes always stay, so that there is a place for the next edit.
            match kind {
                0 => text[at] = byte,
                1 => text.insert(at, b"\"'\\,:|%{}/=!&\n"[usize::from(byte) % 14]),
                2 if text.len() > 2 => drop(text.remove(at)),
                _ => text.truncate(at.max(2)),
            }
        }
        if let Err(mistakes) = check_text(&text) {
            prop_assert!(!mistakes.is_empty());
            prop_assert!(mistakes.iter().all(|one| one.line > 0 && !one.message.is_empty()), "{}", listed(&mistakes));
        }
    }
}

#[test]
fn mutated_crs_never_panics_and_misses_no_name() {
    if !Path::new(CRS).exists() {
        return println!("not run: {CRS} is not installed (modsecurity-crs)");
    }
    let name = format!("{CRS}/REQUEST-913-SCANNER-DETECTION.conf");
    let text = std::fs::read_to_string(&name).unwrap();
    for (begin, length) in directives(&text) {
        let mut broken = text.clone().into_bytes();
        broken[begin + length / 2] = b'z';
        let mistakes = check(
            &[Source {
                name: &name,
                text: &broken,
            }],
            &Disk,
        )
        .unwrap_err();
        assert!(
            mistakes
                .iter()
                .any(|one| one.message.starts_with("unknown directive")),
            "{}",
            listed(&mistakes)
        );
    }
    for at in (0..text.len()).step_by(97) {
        let mut broken = text.clone().into_bytes();
        broken[at] = b"\"'\\,:|%{}/=!&\n"[at % 14];
        drop(check(
            &[Source {
                name: &name,
                text: &broken,
            }],
            &Disk,
        ));
        drop(check(
            &[Source {
                name: &name,
                text: &broken[..at],
            }],
            &Disk,
        ));
    }
}
