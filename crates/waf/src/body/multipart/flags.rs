//! What a multipart body did that a well-behaved client does not do.

/// The flags of a multipart body; each is the variable `MULTIPART_…` of its name.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a variable of its own in the rule language"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MultipartFlags {
    /// The boundary in `Content-Type` stands in quotes.
    pub boundary_quoted: bool,
    /// White space around the `=` of the boundary.
    pub boundary_whitespace: bool,
    /// Something stands before the first boundary.
    pub data_before: bool,
    /// Something stands behind the final boundary.
    pub data_after: bool,
    /// A part header is folded.
    pub header_folding: bool,
    /// A line of the structure ends with LF alone.
    pub lf_line: bool,
    /// A line of the structure ends with CR LF; not a variable.
    pub crlf_line: bool,
    /// No semicolon before the boundary parameter.
    pub missing_semicolon: bool,
    /// Single quotes, or a quote out of place, in `Content-Disposition`.
    pub invalid_quoting: bool,
    /// A boundary stands where a part's headers or its first line of data should.
    pub invalid_part: bool,
    /// A part header is folded with something other than space and tab.
    pub invalid_header_folding: bool,
    /// More files than allowed.
    pub file_limit_exceeded: bool,
    /// `MULTIPART_UNMATCHED_BOUNDARY`: 0, 1 when a line looks like a boundary or contains one, and 2 when a right boundary but the
    /// first came after that (or without it). So every complete body has 2, and rule 200004 asks for 1.
    pub unmatched_boundary: u8,
    /// The body could not be read to its end.
    pub error: bool,
}

impl MultipartFlags {
    /// `MULTIPART_CRLF_LF_LINES`: lines of both kinds.
    pub const fn crlf_lf_lines(&self) -> bool {
        self.crlf_line && self.lf_line
    }

    /// `MULTIPART_STRICT_ERROR`: an error, or any flag but [`Self::unmatched_boundary`] and [`Self::crlf_lf_lines`].
    pub const fn strict_error(&self) -> bool {
        self.error
            || self.boundary_quoted
            || self.boundary_whitespace
            || self.data_before
            || self.data_after
            || self.header_folding
            || self.lf_line
            || self.missing_semicolon
            || self.invalid_quoting
            || self.invalid_part
            || self.invalid_header_folding
            || self.file_limit_exceeded
    }

    pub(super) const fn note_unmatched(&mut self, seen: bool) {
        if seen {
            self.unmatched_boundary = 1;
        }
    }

    pub(super) const fn note_matched(&mut self, before: usize) {
        if before > 0 {
            self.unmatched_boundary = 2;
        }
    }
}
