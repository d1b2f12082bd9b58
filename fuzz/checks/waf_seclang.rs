//! Loading rules never panics, and whatever is refused is refused with a place in a file. The text before the first NUL byte is
//! the rules, the text behind it every file that they name.

use vauban_waf::{Files, Source};

struct Same<'a>(&'a [u8]);

impl Files for Same<'_> {
    fn read(&self, _path: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.to_vec())
    }

    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        Ok(vec![pattern.replace('*', "x")])
    }
}

pub(crate) fn check(bytes: &[u8]) {
    let mut halves = bytes.splitn(2, |one| *one == 0);
    let (text, file) = (
        halves.next().unwrap_or_default(),
        halves.next().unwrap_or(b"SecMarker M\n"),
    );
    match vauban_waf::check(
        &[Source {
            name: "rules/main.conf",
            text,
        }],
        &Same(file),
    ) {
        Ok(sum) => assert_eq!(sum.heads + sum.chained, sum.rules + sum.actions),
        Err(mistakes) => {
            assert!(!mistakes.is_empty(), "a refusal says why");
            assert!(
                mistakes
                    .iter()
                    .all(|one| one.line > 0 && !one.message.is_empty())
            );
        }
    }
}
