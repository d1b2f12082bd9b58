//! Level 2: the inner line
