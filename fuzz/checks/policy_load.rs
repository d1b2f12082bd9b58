//! Loading never panics, and whatever is refused is refused with a place in a file. The text before the first `\0` is the
//! configuration, the text behind it every file that it names.

use vauban_policy::{TextFile, load};

pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (main, file) = text.split_once('\0').unwrap_or((
        text,
        "openapi: 3.1.0\ninfo: { title: t, version: '1' }\npaths: {}\n",
    ));
    let main = TextFile {
        name: "vauban.yaml".to_owned(),
        text: main.to_owned(),
    };
    if let Err(mistakes) = load(&main, &mut |_| Ok(file.to_owned()), &[]) {
        assert!(!mistakes.0.is_empty(), "a refusal says why");
        assert!(
            mistakes.0.iter().all(|one| one.line > 0 && one.column > 0),
            "{mistakes}"
        );
    }
}
