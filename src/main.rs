//! The `accolades` binary: sets the process up, runs a command, turns its failure into an exit code.

fn main() -> std::process::ExitCode {
    accolades::cli::main()
}
