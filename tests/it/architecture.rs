//! The architecture's invariants, held by reading the source.
