//! Real parts for tests
