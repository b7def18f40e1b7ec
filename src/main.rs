//! The `accolades` binary: sets the process up, runs a command, turns its failure into an exit code.

/// Plans, pages and printed documents are made of very many small pieces, which this allocator gives out several times as fast
/// as the system's, and gives back sooner (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    accolades::cli::main()
}
