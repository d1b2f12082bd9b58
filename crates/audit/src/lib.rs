//! Level 1: what happened?
