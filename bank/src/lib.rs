//! The demo bank behind the lines
