//! The regression tests of OWASP CRS as data: read, turned into requests, judged.
