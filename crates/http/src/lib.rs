//! Level 0: what was asked?
