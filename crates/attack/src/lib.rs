//! Level 0: does it hold?
