//! Level 1: how much?
