//! Level 2: who vouches?
