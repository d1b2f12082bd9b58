//! Level 1: who is asking?
