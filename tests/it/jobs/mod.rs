//! What the program does by itself.

mod metrics;
mod processes;
mod schedule;
