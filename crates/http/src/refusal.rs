//! The closed lists of why a message is not read.

/// Why the framing of a request is refused. Each has a stable code and a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum FramingRefusal {
    /// The head is longer than the limit.
    #[error("the request head is too large")]
    HeadTooLarge,
    /// The head did not arrive in time.
    #[error("the request head did not arrive in time")]
    HeadTooSlow,
    /// There are more header fields than the limit.
    #[error("the request has too many header fields")]
    TooManyHeaders,
    /// The request target is longer than the limit.
    #[error("the request target is too long")]
    TargetTooLong,
    /// A line ends with a line feed that no carriage return precedes.
    #[error("a line of the request head does not end with CR LF")]
    BareLineFeed,
    /// The first line is not `METHOD target HTTP/1.x`.
    #[error("the request line is malformed")]
    RequestLine,
    /// A protocol version other than 1.0 and 1.1.
    #[error("this HTTP version is not served")]
    Version,
    /// The method is `CONNECT`.
    #[error("the method `CONNECT` is not served")]
    MethodConnect,
    /// The method is `TRACE`.
    #[error("the method `TRACE` is not served")]
    MethodTrace,
    /// The target is not in origin form: absolute, authority or asterisk form.
    #[error("the request target must begin with `/`")]
    TargetForm,
    /// The target contains `#`.
    #[error("the request target contains a fragment")]
    TargetFragment,
    /// The target contains a character that belongs in no target.
    #[error("the request target contains a character that must be percent-encoded")]
    TargetCharacter,
    /// A header name is empty, has an illegal character, or whitespace stands before the colon.
    #[error("a header name is malformed")]
    HeaderName,
    /// A header name contains `_`, which some readers take for `-`.
    #[error("a header name contains `_`")]
    HeaderUnderscore,
    /// A header value contains a control character.
    #[error("a header value contains a control character")]
    HeaderValue,
    /// A header value goes on in a second line.
    #[error("a header value is folded over lines")]
    HeaderFolded,
    /// HTTP/1.1 without `Host`.
    #[error("the header `Host` is missing")]
    HostMissing,
    /// More than one `Host`.
    #[error("the header `Host` occurs more than once")]
    HostRepeated,
    /// `Host` is empty or not a host with an optional port.
    #[error("the header `Host` is malformed")]
    HostInvalid,
    /// More than one `Content-Length`, or a list in it.
    #[error("the header `Content-Length` occurs more than once")]
    LengthRepeated,
    /// `Content-Length` is not a plain decimal number.
    #[error("the header `Content-Length` is malformed")]
    LengthInvalid,
    /// More than one `Transfer-Encoding`, or a list in it.
    #[error("the header `Transfer-Encoding` occurs more than once")]
    EncodingRepeated,
    /// `Transfer-Encoding` is anything but exactly `chunked`.
    #[error("the transfer encoding must be `chunked`")]
    EncodingUnknown,
    /// `Transfer-Encoding` in HTTP/1.0.
    #[error("HTTP/1.0 has no transfer encodings")]
    EncodingOldVersion,
    /// `Content-Length` and `Transfer-Encoding` together.
    #[error("the headers `Content-Length` and `Transfer-Encoding` occur together")]
    LengthAndEncoding,
    /// A body behind `GET` or `HEAD`, which some readers skip and others take for the next request.
    #[error("a `GET` or `HEAD` request has a body")]
    BodyUnexpected,
    /// The request asks to change the protocol.
    #[error("protocol upgrades are not served")]
    Upgrade,
    /// `Expect` is anything but `100-continue`.
    #[error("the expectation cannot be met")]
    Expectation,
    /// A chunk size is not one to fifteen hexadecimal digits.
    #[error("a chunk size is malformed")]
    ChunkSize,
    /// A chunk size is followed by an extension.
    #[error("a chunk has an extension")]
    ChunkExtension,
    /// The data of a chunk is not followed by CR LF.
    #[error("a chunk does not end where its size says")]
    ChunkEnd,
    /// Trailer fields follow the last chunk.
    #[error("the body has trailer fields")]
    Trailer,
}

impl FramingRefusal {
    /// Every refusal, for documents and tests.
    pub const ALL: &'static [Self] = &[
        Self::HeadTooLarge,
        Self::HeadTooSlow,
        Self::TooManyHeaders,
        Self::TargetTooLong,
        Self::BareLineFeed,
        Self::RequestLine,
        Self::Version,
        Self::MethodConnect,
        Self::MethodTrace,
        Self::TargetForm,
        Self::TargetFragment,
        Self::TargetCharacter,
        Self::HeaderName,
        Self::HeaderUnderscore,
        Self::HeaderValue,
        Self::HeaderFolded,
        Self::HostMissing,
        Self::HostRepeated,
        Self::HostInvalid,
        Self::LengthRepeated,
        Self::LengthInvalid,
        Self::EncodingRepeated,
        Self::EncodingUnknown,
        Self::EncodingOldVersion,
        Self::LengthAndEncoding,
        Self::BodyUnexpected,
        Self::Upgrade,
        Self::Expectation,
        Self::ChunkSize,
        Self::ChunkExtension,
        Self::ChunkEnd,
        Self::Trailer,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::HeadTooLarge => "http.head_too_large",
            Self::HeadTooSlow => "http.head_too_slow",
            Self::TooManyHeaders => "http.too_many_headers",
            Self::TargetTooLong => "http.target_too_long",
            Self::BareLineFeed => "http.bare_line_feed",
            Self::RequestLine => "http.request_line",
            Self::Version => "http.version",
            Self::MethodConnect => "http.method_connect",
            Self::MethodTrace => "http.method_trace",
            Self::TargetForm => "http.target_form",
            Self::TargetFragment => "http.target_fragment",
            Self::TargetCharacter => "http.target_character",
            Self::HeaderName => "http.header_name",
            Self::HeaderUnderscore => "http.header_underscore",
            Self::HeaderValue => "http.header_value",
            Self::HeaderFolded => "http.header_folded",
            Self::HostMissing => "http.host_missing",
            Self::HostRepeated => "http.host_repeated",
            Self::HostInvalid => "http.host_invalid",
            Self::LengthRepeated => "http.length_repeated",
            Self::LengthInvalid => "http.length_invalid",
            Self::EncodingRepeated => "http.encoding_repeated",
            Self::EncodingUnknown => "http.encoding_unknown",
            Self::EncodingOldVersion => "http.encoding_old_version",
            Self::LengthAndEncoding => "http.length_and_encoding",
            Self::BodyUnexpected => "http.body_unexpected",
            Self::Upgrade => "http.upgrade",
            Self::Expectation => "http.expectation",
            Self::ChunkSize => "http.chunk_size",
            Self::ChunkExtension => "http.chunk_extension",
            Self::ChunkEnd => "http.chunk_end",
            Self::Trailer => "http.trailer",
        }
    }

    /// The status to answer with.
    pub const fn status(self) -> u16 {
        match self {
            Self::HeadTooLarge | Self::TooManyHeaders => 431,
            Self::HeadTooSlow => 408,
            Self::TargetTooLong => 414,
            Self::Version => 505,
            Self::MethodConnect | Self::MethodTrace | Self::Upgrade => 501,
            Self::Expectation => 417,
            Self::BareLineFeed
            | Self::RequestLine
            | Self::TargetForm
            | Self::TargetFragment
            | Self::TargetCharacter
            | Self::HeaderName
            | Self::HeaderUnderscore
            | Self::HeaderValue
            | Self::HeaderFolded
            | Self::HostMissing
            | Self::HostRepeated
            | Self::HostInvalid
            | Self::LengthRepeated
            | Self::LengthInvalid
            | Self::EncodingRepeated
            | Self::EncodingUnknown
            | Self::EncodingOldVersion
            | Self::LengthAndEncoding
            | Self::BodyUnexpected
            | Self::ChunkSize
            | Self::ChunkExtension
            | Self::ChunkEnd
            | Self::Trailer => 400,
        }
    }
}

/// Why a request target has no canonical reading. Each has a stable code and a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TargetRefusal {
    /// The target does not begin with `/`.
    #[error("the path must begin with `/`")]
    NotOriginForm,
    /// The canonical form is longer than [`crate::TARGET_CANONICAL_BYTES_MAX`].
    #[error("the request target is too long")]
    TooLong,
    /// A segment is `.` or `..`, plain or encoded.
    #[error("the path contains a dot segment")]
    DotSegment,
    /// A segment is empty, also behind a slash at the end.
    #[error("the path contains an empty segment")]
    EmptySegment,
    /// A segment contains an encoded slash.
    #[error("the path contains an encoded slash")]
    EncodedSlash,
    /// The target contains a backslash, plain or (in the path) encoded.
    #[error("the request target contains a backslash")]
    Backslash,
    /// The target contains a control character, plain or encoded.
    #[error("the request target contains a control character")]
    Control,
    /// A percent sign is not followed by two hexadecimal digits.
    #[error("the request target contains a broken percent-encoding")]
    PercentEncoding,
    /// The decoded bytes are not UTF-8.
    #[error("the request target is not UTF-8")]
    Utf8,
    /// A segment contains `;`, plain or encoded, which some readers cut there.
    #[error("the path contains `;`")]
    PathParameter,
    /// The target contains `#`.
    #[error("the request target contains a fragment")]
    Fragment,
    /// The target contains a space or a character outside ASCII that is not percent-encoded.
    #[error("the request target contains a character that must be percent-encoded")]
    Character,
    /// A query parameter has no name.
    #[error("a query parameter has no name")]
    QueryNameEmpty,
}

impl TargetRefusal {
    /// Every refusal, for documents and tests.
    pub const ALL: &'static [Self] = &[
        Self::NotOriginForm,
        Self::TooLong,
        Self::DotSegment,
        Self::EmptySegment,
        Self::EncodedSlash,
        Self::Backslash,
        Self::Control,
        Self::PercentEncoding,
        Self::Utf8,
        Self::PathParameter,
        Self::Fragment,
        Self::Character,
        Self::QueryNameEmpty,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotOriginForm => "http.path_form",
            Self::TooLong => "http.path_too_long",
            Self::DotSegment => "http.path_dot_segment",
            Self::EmptySegment => "http.path_empty_segment",
            Self::EncodedSlash => "http.path_encoded_slash",
            Self::Backslash => "http.path_backslash",
            Self::Control => "http.path_control",
            Self::PercentEncoding => "http.path_percent_encoding",
            Self::Utf8 => "http.path_utf8",
            Self::PathParameter => "http.path_parameter",
            Self::Fragment => "http.path_fragment",
            Self::Character => "http.path_character",
            Self::QueryNameEmpty => "http.query_name_empty",
        }
    }

    /// The status to answer with.
    pub const fn status(self) -> u16 {
        match self {
            Self::TooLong => 414,
            Self::NotOriginForm
            | Self::DotSegment
            | Self::EmptySegment
            | Self::EncodedSlash
            | Self::Backslash
            | Self::Control
            | Self::PercentEncoding
            | Self::Utf8
            | Self::PathParameter
            | Self::Fragment
            | Self::Character
            | Self::QueryNameEmpty => 400,
        }
    }
}
