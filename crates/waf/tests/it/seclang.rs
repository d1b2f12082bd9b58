//! Whole rule sets through the loader.

use std::path::Path;

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
    mistakes.iter().map(|one| format!("{one}\n")).collect()
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
    // Two rules and two default actions stand in the setup.
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
