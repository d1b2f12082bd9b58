//! Does to files what its arguments say, through Rust's standard library, and then dies without a word.
//!
//! `FILE:make:TEXT`, `FILE:append:TEXT`, `FILE:at:OFFSET:TEXT`, `FILE:length:N`, `FILE:sync`, `FILE:sync-data`, `FILE:rename:OTHER`,
//! `FILE:remove`.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Write as _};
use std::os::unix::fs::FileExt as _;

fn main() -> io::Result<()> {
    for step in std::env::args().skip(1) {
        let words: Vec<&str> = step.splitn(4, ':').collect();
        act(&words)?;
    }
    std::process::abort();
}

fn act(words: &[&str]) -> io::Result<()> {
    match words {
        [file, "make", text] => std::fs::write(file, text),
        [file, "append", text] => {
            let mut file = OpenOptions::new().append(true).create(true).open(file)?;
            let (one, other) = text.as_bytes().split_at(text.len() / 2);
            file.write_vectored(&[IoSlice::new(one), IoSlice::new(other)])
                .map(drop)
        }
        [file, "at", offset, text] => {
            let offset = offset.parse().map_err(io::Error::other)?;
            writable(file)?.write_all_at(text.as_bytes(), offset)
        }
        [file, "length", length] => {
            writable(file)?.set_len(length.parse().map_err(io::Error::other)?)
        }
        [file, "sync"] => File::open(file)?.sync_all(),
        [file, "sync-data"] => File::open(file)?.sync_data(),
        [file, "rename", other] => std::fs::rename(file, other),
        [file, "remove"] => std::fs::remove_file(file),
        _ => Err(io::Error::other(format!(
            "unknown step `{}`",
            words.join(":")
        ))),
    }
}

fn writable(file: &str) -> io::Result<File> {
    OpenOptions::new().write(true).open(file)
}
