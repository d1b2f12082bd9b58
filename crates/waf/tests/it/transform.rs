//! Transformations against `libmodsecurity`: the test cases of its source as data, and the installed library as an oracle.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use serde_json::Value;
use vauban_waf::transform::{ByteSet, Transformation, UnicodeMap};

#[expect(
    clippy::disallowed_methods,
    reason = "the place of the sources is a matter of the machine that tests"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn source(part: &str) -> Option<PathBuf> {
    let path = variable("VAUBAN_MODSECURITY_SRC").map(|folder| Path::new(&folder).join(part));
    let path = path.filter(|path| path.exists());
    if path.is_none() {
        println!("not run: `VAUBAN_MODSECURITY_SRC` holds no `{part}`");
    }
    path
}

fn applied(transformation: Transformation, input: &[u8], map: &UnicodeMap) -> Vec<u8> {
    let mut out = b"left over".to_vec();
    if transformation.apply(input, map, &mut out) {
        out
    } else {
        input.to_vec()
    }
}

/// The test cases write bytes as `\xHH` and `\uHHHH` inside of their strings, beyond JSON's own escapes.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (mark, digits) in [(b"\\x", 2), (b"\\u", 4)] {
        let mut from = 0;
        while let Some(at) = bytes.get(from..).and_then(|rest| {
            rest.windows(2 + digits)
                .position(|part| part.starts_with(mark))
        }) {
            let at = from + at;
            let number = std::str::from_utf8(&bytes[at + 2..at + 2 + digits]).unwrap();
            match u32::from_str_radix(number, 16) {
                Ok(number) => {
                    bytes.splice(at..at + 2 + digits, [number.to_le_bytes()[0]]);
                    from = 0;
                }
                Err(_) => from = at + 1,
            }
        }
    }
    bytes
}

/// Cases that `libmodsecurity` itself does not pass when they are read as written: transformation, start of the input, reason.
const EXCUSED: &[(&str, &[u8], &str)] = &[
    (
        "cssDecode",
        b"test\\a\\b",
        "`\\0` became a NUL as the case was carried over from version 2; its own check stops at that NUL",
    ),
    (
        "escapeSeqDecode",
        b"\\8\\9\\666",
        "expects backslashes kept as in version 2; its own check reads `\\xag` as a byte",
    ),
];

#[test]
fn its_own_cases() {
    let Some(folder) = source("test/test-cases/secrules-language-tests/transformations") else {
        return;
    };
    // Its cases run without a map.
    let map = UnicodeMap::default();
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let (mut count, mut wrong) = (0, Vec::new());
    for file in files {
        let text = std::fs::read(&file).unwrap();
        let cases: Vec<Value> = serde_json::from_slice(&text).unwrap();
        for case in cases {
            let [name, input, output] =
                ["name", "input", "output"].map(|key| case[key].as_str().unwrap());
            // The one name that its classes and its rules spell differently.
            let name = if name == "cmd_line" { "cmdLine" } else { name };
            let Some(transformation) = Transformation::parse(name) else {
                assert_eq!(
                    name, "phpArgsNames",
                    "libmodsecurity has no other that is not ours"
                );
                continue;
            };
            let (input, output) = (unescape(input), unescape(output));
            let ours = applied(transformation, &input, &map);
            count += 1;
            let excused = EXCUSED
                .iter()
                .any(|excused| excused.0 == name && input.starts_with(excused.1));
            assert!(
                !excused || ours != output,
                "{name} of `{}` needs no excuse",
                input.escape_ascii()
            );
            if ours != output && !excused {
                wrong.push(format!(
                    "{name} of `{}`: `{}`, not `{}`",
                    input.escape_ascii(),
                    ours.escape_ascii(),
                    output.escape_ascii()
                ));
            }
        }
    }
    println!("{count} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A small generator; its seed is fixed, so that every run is the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % sides
    }

    /// Pieces that transformations care about, between bytes that they do not, or any bytes at all.
    fn value(&mut self) -> Vec<u8> {
        let mut value = Vec::new();
        let focus = self.roll(PIECES.len() + 2);
        for _ in 0..self.roll(12) {
            let group = if self.roll(4) == 0 {
                self.roll(PIECES.len())
            } else {
                focus
            };
            match PIECES.get(group) {
                Some(group) => value.extend_from_slice(group[self.roll(group.len())]),
                None => value.push(u8::try_from(self.roll(256)).unwrap()),
            }
            if self.roll(3) == 0 {
                value.extend_from_slice([&b"a"[..], b"4", b"B", b" ", b"f"][self.roll(5)]);
            }
        }
        for _ in 0..self.roll(3) {
            let at = self.roll(value.len() + 1);
            match value.get_mut(at) {
                Some(byte) if self.roll(2) == 0 => *byte = u8::try_from(self.roll(256)).unwrap(),
                Some(_) => drop(value.remove(at)),
                None => {}
            }
        }
        value
    }
}

const PIECES: &[&[&[u8]]] = &[
    &[
        b"%41", b"%u0041", b"%U00e9", b"%uff1c", b"%uFF5f", b"%u3002", b"%", b"%u", b"%u12",
        b"%zz", b"+", b"%4", b"%00",
    ],
    &[
        b"\\", b"\\u0041", b"\\uff1C", b"\\uFF5f", b"\\x41", b"\\X41", b"\\x4", b"\\101", b"\\777",
        b"\\400", b"\\38", b"\\n", b"\\v", b"\\?", b"\\\n",
    ],
    &[
        b"\\41",
        b"\\041",
        b"\\ff1c",
        b"\\0ff1c",
        b"\\00ff1c",
        b"\\1ff1c",
        b"\\10ff1c",
        b"\\4",
        b" ",
        b"\t",
        b"\n",
        b"\\0",
    ],
    &[
        b"&lt;",
        b"&LT",
        b"&quot;",
        b"&nbsp;",
        b"&amp",
        b"&#65;",
        b"&#x41",
        b"&#",
        b"&#x",
        b"&#xfffffffffffffffff;",
        b"&#9223372036854775807",
        b"&#18446744073709551617;",
        b"&copy;",
        b"&",
        b";",
    ],
    &[
        b"/", b"//", b"./", b"../", b"..", b".", b"/..", b"\\", b"\\..", b"a", b"abc", b"..\\",
        b"/.b", b"a../",
    ],
    &[
        b"/*", b"*/", b"<!--", b"-->", b"--", b"#", b"*", b"/", b"-", b"<!-", b"a",
    ],
    &[
        b" ",
        b"  ",
        b"\t",
        b"\n",
        b"\x0b",
        b"\x0c",
        b"\r",
        b"\xa0",
        b"\xc2\xa0",
        b"\0",
        b"a",
        b"b c",
    ],
    &[
        b"\"", b"'", b"^", b",", b";", b" ", b"/", b"(", b"C", b"md", b"\\", b"\r\n", b"\t",
    ],
    &[
        b"0x41", b"0X4142", b"0x", b"0x4", b"0x414", b"0", b"x", b"00x41", b"0x4g", b"0x00", b"z",
    ],
    &[
        b"QUJD",
        b"QQ==",
        b"QUI=",
        b"QU",
        b"Q",
        b"=",
        b"==",
        b" ",
        b"\r\n",
        b"\n",
        b"\r",
        b"9",
        b"+/",
        b".",
        b"\0",
        b"QUJDREVGR0g=",
    ],
    &[
        b"\xc3\xa9",
        b"\xe2\x82\xac",
        b"\xf0\x9f\x98\x80",
        b"\xc0\x80",
        b"\xc1\x81",
        b"\xe0\x80\xaf",
        b"\xed\xa0\x80",
        b"\xf0\x8d\xa0\x80",
        b"\xf5\x80\x80\x80",
        b"\xf7\xbf\xbf\xbf",
        b"\xc3",
        b"\xe2\x82",
        b"\xf0\x9f",
        b"\xff",
        b"\x80",
        b"\0",
        b"\xf4\x90\x80\x80",
    ],
];

/// Lets the installed library transform the values. `None`: it is not here.
fn oracle(
    program: &Path,
    transformation: Transformation,
    map: Option<&Path>,
    values: &[Vec<u8>],
) -> Vec<Vec<u8>> {
    let mut command = Command::new(program);
    command.arg(if transformation == Transformation::CmdLine {
        "cmd_line"
    } else {
        transformation.name()
    });
    if let Some(map) = map {
        command.arg(map).arg("20127");
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut given = Vec::new();
    for value in values {
        given.extend_from_slice(&u32::try_from(value.len()).unwrap().to_le_bytes());
        given.extend_from_slice(value);
    }
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(&given).unwrap());
    let mut bytes = Vec::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    writer.join().unwrap();
    assert!(child.wait().unwrap().success());
    let mut results = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (value, behind) =
            behind.split_at(usize::try_from(u32::from_le_bytes(*length)).unwrap());
        results.push(value.to_vec());
        rest = behind;
    }
    assert_eq!(results.len(), values.len());
    results
}

/// Builds the oracle; `None` where there is no C++ compiler or no library.
fn oracle_program() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("modsec-transform");
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testkit/c/modsec-transform.cc");
    let built = Command::new("c++")
        .args(["-O1", "-o"])
        .arg(&program)
        .arg(text)
        .arg("-lmodsecurity")
        .stderr(Stdio::null())
        .status();
    if built.is_ok_and(|status| status.success()) {
        return Some(program);
    }
    println!("not run: no C++ compiler, or no libmodsecurity to link");
    None
}

fn until_nul(value: &[u8]) -> &[u8] {
    value.split(|byte| *byte == 0).next().unwrap()
}

/// Is the library's answer ours? Where we differ on purpose (`docs/waf-divergences.md`), is it what the difference predicts?
fn agrees(transformation: Transformation, input: &[u8], ours: &[u8], theirs: &[u8]) -> bool {
    if transformation == Transformation::CssDecode {
        // Theirs is a C string.
        return until_nul(ours) == theirs;
    }
    if transformation == Transformation::SqlHexDecode {
        // Theirs is a C string that lacks the last byte, unless that was part of or behind an escape.
        let ours = until_nul(ours);
        return ours == theirs || ours.split_last().is_some_and(|(_, ours)| ours == theirs);
    }
    if transformation == Transformation::NormalizePathWin {
        // Theirs leaves some of the backslashes that stand behind another separator.
        let crowded = |pair: &[u8]| matches!(pair, [b'/' | b'\\', b'\\']);
        return ours == theirs || input.windows(2).any(crowded);
    }
    ours == theirs
}

/// `normalizePathWin` is their `normalizePath` of a value whose backslashes are slashes.
fn slashes_first(program: &Path, values: &[Vec<u8>], wrong: &mut Vec<String>) {
    let slashes = |value: &Vec<u8>| {
        let slash = |byte: &u8| if *byte == b'\\' { b'/' } else { *byte };
        value.iter().map(slash).collect()
    };
    let converted: Vec<Vec<u8>> = values.iter().map(slashes).collect();
    let theirs = oracle(program, Transformation::NormalizePath, None, &converted);
    for (value, theirs) in values.iter().zip(theirs) {
        let ours = applied(
            Transformation::NormalizePathWin,
            value,
            &UnicodeMap::default(),
        );
        if ours != theirs {
            wrong.push(format!(
                "normalizePathWin of `{}`: ours `{}`, not `{}`",
                value.escape_ascii(),
                ours.escape_ascii(),
                theirs.escape_ascii()
            ));
        }
    }
}

#[test]
fn the_installed_library_agrees() {
    let Some(program) = oracle_program() else {
        return;
    };
    let count = variable("VAUBAN_ORACLE_CASES").map_or(5_000, |count| count.parse().unwrap());
    let map_file = source("unicode.mapping");
    let map = map_file.as_ref().map_or_else(UnicodeMap::default, |path| {
        UnicodeMap::parse(&std::fs::read(path).unwrap(), 20127).unwrap()
    });
    let mut dice = Dice(0x5eed_5eed_5eed_5eed);
    let values: Vec<Vec<u8>> = (0..count).map(|_| dice.value()).collect();
    let mut wrong = Vec::new();
    for transformation in Transformation::ALL {
        let theirs = oracle(&program, *transformation, map_file.as_deref(), &values);
        let (mut exact, mut bad) = (0, 0);
        for (value, theirs) in values.iter().zip(theirs) {
            let ours = applied(*transformation, value, &map);
            exact += usize::from(ours == theirs);
            if !agrees(*transformation, value, &ours, &theirs) {
                bad += 1;
                if bad <= 5 {
                    wrong.push(format!(
                        "{} of `{}`: ours `{}`, theirs `{}`",
                        transformation.name(),
                        value.escape_ascii(),
                        ours.escape_ascii(),
                        theirs.escape_ascii()
                    ));
                }
            }
        }
        if *transformation == Transformation::NormalizePathWin {
            slashes_first(&program, &values, &mut wrong);
        }
        if exact != values.len() {
            println!(
                "{}: {} of {count} differ, {bad} without a reason",
                transformation.name(),
                count - exact
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What must hold for any value at all.
fn check_any(input: &[u8]) {
    let map = UnicodeMap::parse(b"20127 (US-ASCII)\n00e9:65 ff1c:3c", 20127).unwrap();
    let bytes = ByteSet::of_value(input);
    for byte in 0..=255 {
        assert_eq!(bytes.contains(byte), input.contains(&byte));
    }
    for transformation in Transformation::ALL {
        let name = transformation.name();
        let most = transformation.output_max(input.len());
        let mut out = Vec::with_capacity(most);
        let (place, capacity) = (out.as_ptr(), out.capacity());
        let changed = transformation.apply(input, &map, &mut out);
        assert_eq!(
            (out.as_ptr(), out.capacity()),
            (place, capacity),
            "{name} allocates"
        );
        if changed {
            assert!(
                out.len() <= most,
                "{name} makes {} of {}",
                out.len(),
                input.len()
            );
            assert_ne!(out, input, "{name} changes nothing and says it did");
            let mut again = b"something else".to_vec();
            assert!(transformation.apply(input, &map, &mut again));
            assert_eq!(again, out, "{name} keeps what was there");
            if let Some(triggers) = transformation.triggers(&map) {
                assert!(
                    triggers.intersects(bytes),
                    "{name} changes what holds no trigger"
                );
            }
        }
    }
}

#[test]
fn properties_of_made_values() {
    let mut dice = Dice(0x00c0_ffee);
    for _ in 0..5_000 {
        check_any(&dice.value());
    }
}

proptest! {
    #[test]
    fn properties(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        check_any(&input);
    }
}
