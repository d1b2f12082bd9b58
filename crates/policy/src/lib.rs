//! Level 1: what was agreed?
