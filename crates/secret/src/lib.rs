//! Level 1: what stays hidden?
