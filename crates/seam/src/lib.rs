//! Level 2: do the layers meet?
