//! Level 2: the outer line
