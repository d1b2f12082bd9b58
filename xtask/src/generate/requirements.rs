//! `docs/reference/oauth-requirements.md`: what the documents behind OAuth ask for, and the tests that hold each of it.
//!
//! A test says itself what it holds: `/// Requirement 4 (RFC 9700 §2.1.1).` above it. So a test that is removed takes its
//! place in the table along.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

/// Number, own words, sources.
type Requirement = (u32, &'static str, &'static str);

const PARTS: [(&str, &[Requirement]); 3] = [
    (
        "Authorization endpoint",
        &[
            (
                1,
                "An answer goes to an address that was registered, octet for octet; a loopback address may differ in its port",
                "RFC 9700 §2.1, §4.1.3; ASVS 10.4.1",
            ),
            (
                2,
                "Nobody is sent on for an unknown client or address: such an error is a page of ours",
                "RFC 9700 §4.11.2",
            ),
            (
                3,
                "Codes only: no token and no id token from this endpoint, no password grant, and none of it in the metadata",
                "RFC 9700 §2.1.2, §2.4; ASVS 10.4.4",
            ),
            (
                4,
                "PKCE with S256 from every client; `plain`, no challenge and a wrong verifier are refused",
                "RFC 9700 §2.1.1; ASVS 10.4.6; FAPI 2.0 §5.3.2.2",
            ),
            (
                5,
                "No way round the challenge: there is no code without one, and none is redeemed without its verifier",
                "RFC 9700 §4.8.2",
            ),
            (
                6,
                "A code works once, also when many use it at the same time; a second use ends what came of the first",
                "OAuth 2.1 §4.1.3, §7.5.2; ASVS 10.4.2",
            ),
            (
                7,
                "A code lives a minute and belongs to its client, address, challenge and, if one was named, DPoP key",
                "FAPI 2.0 §5.3.2.1; ASVS 10.4.3; RFC 9449 §10",
            ),
            (
                8,
                "Every answer of the endpoint names the issuer, errors too, and the metadata says so",
                "RFC 9207 §2; RFC 9700 §4.4.2.1",
            ),
            (
                9,
                "After a password was posted the browser is sent on with 303, which does not repeat it",
                "RFC 9700 §4.12",
            ),
            (
                10,
                "Pages of login, consent and errors stand in no frame and tell no referrer; other origins get no CORS",
                "RFC 9700 §2.6, §4.2.4, §4.16",
            ),
            (
                11,
                "Pushed requests: the client proves itself, the handle works once, for it alone, for a short time; who must push \
                 is not served otherwise",
                "RFC 9126 §2.1, §4; FAPI 2.0 §5.3.2.2",
            ),
            (
                12,
                "A parameter stands once; unknown ones are passed over; an empty one is absent",
                "OAuth 2.1 §3.1, §3.2",
            ),
        ],
    ),
    (
        "Tokens, clients, refresh",
        &[
            (
                13,
                "The token endpoint takes POST only, nothing from the URI, and its answers are not stored",
                "OAuth 2.1 §2.4.1, §3.2, §3.2.3",
            ),
            (
                14,
                "One way of proving oneself per request, and the registered one",
                "OAuth 2.1 §2.4",
            ),
            (
                15,
                "A client's assertion names our issuer alone, ends soon, and works once",
                "FAPI 2.0 §5.3.2.1; ASVS 10.4.16",
            ),
            (
                16,
                "Client credentials are for confidential clients, and their subject can be no user's",
                "OAuth 2.1 §4.2; RFC 9700 §4.15",
            ),
            (
                17,
                "A public client's refresh token is replaced at each use or bound to its key; using an old one ends the family",
                "RFC 9700 §4.14.2; ASVS 10.4.5",
            ),
            (
                18,
                "Rotation never moves the end, and a family that nobody uses ends earlier",
                "OAuth for Browser-Based Apps §6.3.2.3; ASVS 10.4.8",
            ),
            (
                19,
                "A refresh token widens nothing and works for its own client only",
                "OAuth 2.1 §4.3; RFC 9700 §4.14.2",
            ),
            (
                20,
                "Who lost the answer to a refresh can ask again: the former token still works for a moment",
                "FAPI 2.0 §5.3.2.1",
            ),
            (
                21,
                "Codes, tokens, handles and sessions have at least 128 random bits and are stored as hashes",
                "OAuth 2.1 §7.7; ASVS 7.2.3",
            ),
            (
                22,
                "An exchange checks its tokens like any token, widens nothing, follows the client's list, keeps and bounds the \
                 chain of actors, and drops no binding",
                "RFC 8693 §2, §4.1; RFC 9700 §2.3",
            ),
            (
                23,
                "Introspection is for callers who prove themselves; unknown, expired, revoked and somebody else's look alike",
                "RFC 7662 §2.1–2.2, §4",
            ),
            (
                24,
                "Revoking is for the owner, answers 200 for unknown tokens, and ends the access tokens of a refresh token",
                "RFC 7009 §2.1–2.2; ASVS 10.4.9",
            ),
            (
                25,
                "The issuer of the metadata is the address that was asked",
                "RFC 8414 §3.3; ASVS 10.5.3",
            ),
        ],
    ),
    (
        "Accepting tokens",
        &[
            (
                33,
                "A proof of possession is checked whole, works once, and a bound token without it is refused",
                "RFC 9449 §4.3, §7, §11.1",
            ),
            (
                34,
                "A token bound to a certificate is accepted from that certificate's connection only",
                "RFC 8705 §3",
            ),
            (
                35,
                "A token in a query is none, and a token comes in one way only",
                "OAuth 2.1 §5.1; RFC 9700 §4.3.2",
            ),
            (
                36,
                "The edge removes what claims an identity before it sets its own, and guards know the edge by its certificate",
                "RFC 9700 §4.13; RFC 9440",
            ),
        ],
    ),
];

/// The page. A number that nothing here explains, or that stands above no test, is an error.
pub(super) fn page(root: &Path) -> anyhow::Result<String> {
    let held = held(root)?;
    let known: BTreeSet<u32> = PARTS
        .iter()
        .flat_map(|(_, rows)| rows.iter().map(|(number, _, _)| *number))
        .collect();
    for (number, tests) in &held {
        ensure!(
            known.contains(number),
            "requirement {number} is not in the list, and `{}` names it",
            tests.first().map_or("", |(_, test)| test)
        );
    }
    let open = known.iter().filter(|number| !held.contains_key(number));
    let open: Vec<String> = open.map(u32::to_string).collect();
    let mut text = format!(
        "# Requirements on OAuth and their tests\n\nGenerated by `cargo xtask gen` from the tests: each says above itself which \
         requirement it holds. {} of {} have a test here.\nRequirements 26 to 32, on reading tokens, are held by the table in \
         [bad-tokens.md](bad-tokens.md).\n",
        known.len() - open.len(),
        known.len(),
    );
    if !open.is_empty() {
        text.extend(["Not built yet: ", &open.join(", "), ".\n"]);
    }
    for (part, rows) in PARTS {
        text.extend([
            "\n## ",
            part,
            "\n\n| number | requirement | sources | tests |\n|---|---|---|---|\n",
        ]);
        for (number, words, sources) in rows {
            let tests = held.get(number).map_or_else(
                || "*not built yet*".to_owned(),
                |tests| {
                    let named = tests.iter().map(|(_, test)| format!("`{test}`"));
                    named.collect::<Vec<_>>().join(", ")
                },
            );
            text.extend([
                "| ",
                &number.to_string(),
                " | ",
                words,
                " | ",
                sources,
                " | ",
                &tests,
                " |\n",
            ]);
        }
    }
    Ok(text)
}

/// Which tests hold a requirement: file and name.
type Held = BTreeMap<u32, BTreeSet<(PathBuf, String)>>;

fn held(root: &Path) -> anyhow::Result<Held> {
    let mut held = Held::new();
    for file in sources(&root.join("crates"))? {
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let relative = file.strip_prefix(root).unwrap_or(&file).to_owned();
        for (numbers, test) in named(&text).with_context(|| relative.display().to_string())? {
            for number in numbers {
                let tests = held.entry(number).or_default();
                tests.insert((relative.clone(), test.clone()));
            }
        }
    }
    Ok(held)
}

/// What the tests of the storage contract take, which run on each database: their macro makes the `#[test]`.
const CONTRACT: &str = "(ground: &Ground)";

/// The tests of one file that name requirements.
fn named(text: &str) -> anyhow::Result<Vec<(Vec<u32>, String)>> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_start();
        let Some(words) = line.strip_prefix("/// Requirement") else {
            continue;
        };
        let numbers = numbers(words);
        ensure!(!numbers.is_empty(), "`{line}` names no number");
        let mut is_test = false;
        let name = lines.by_ref().find_map(|line| {
            let line = line.trim_start();
            is_test |= line.starts_with("#[test]")
                || line.starts_with("#[tokio::test")
                || (line.starts_with("pub(in super::super) async fn") && line.contains(CONTRACT));
            let (_, name) = line.split_once("fn ")?;
            (!line.starts_with("//")).then(|| name.split('(').next().unwrap_or(name).to_owned())
        });
        let name = name.filter(|_| is_test);
        found.push((
            numbers,
            name.with_context(|| format!("`{line}` stands above no test"))?,
        ));
    }
    Ok(found)
}

/// The numbers before the sources: ` 4 (…)`, `s 4, 5 and 7 (…)`.
fn numbers(words: &str) -> Vec<u32> {
    let words = words.split('(').next().unwrap_or(words);
    words
        .split(|character: char| !character.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect()
}

/// Every source of the product's crates, in a fixed order.
fn sources(folder: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.insert(path);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_test_says_what_it_holds() {
        let check = |text: &str, expected: &[(&[u32], &str)]| {
            let found = named(text).unwrap();
            let found: Vec<(&[u32], &str)> = found
                .iter()
                .map(|(all, test)| (all.as_slice(), test.as_str()))
                .collect();
            assert_eq!(found, expected);
        };
        check("fn other() {}", &[]);
        check(
            "/// Requirement 4 (RFC 9700 §2.1.1).\n#[test]\nfn it_holds() {\n",
            &[(&[4], "it_holds")],
        );
        check(
            "    /// Requirements 4, 5 and 17 (RFC 1).\n    /// More.\n    #[tokio::test(flavor = \"x\")]\n    async fn all() {",
            &[(&[4, 5, 17], "all")],
        );
        check(
            "/// Requirement 6 (RFC 1).\npub(in super::super) async fn once(ground: &Ground) {",
            &[(&[6], "once")],
        );
    }

    #[test]
    fn what_is_no_test_holds_nothing() {
        for text in [
            "/// Requirement 4 (RFC 9700).\nfn helper() {",
            "/// Requirement 4 (RFC 9700).",
            "/// Requirement (RFC 9700).\n#[test]\nfn it() {",
        ] {
            named(text).unwrap_err();
        }
    }
}
