//! `SecLang` text to checked rules: every directive read, all mistakes reported together, nothing skipped in silence.

pub(crate) mod syntax;
