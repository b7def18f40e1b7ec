//! The exit codes, in one place (`docs/exit-codes.md`).

use crate::engine::error::Class;

/// How a command ends. The numbers are a promise to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was asked for is so.
    Ok = 0,
    /// A run stopped, or was not begun; the same command goes on.
    Stopped = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The inventory or the configuration is wrong; nothing was touched.
    Configuration = 3,
    /// A person has to decide.
    Conflict = 4,
    /// Nobody answered.
    Unreachable = 5,
    /// Some of it is done, some waits or stopped.
    Partial = 6,
    /// Changes are pending (`plan --exit-code`).
    Pending = 10,
    /// A backup is not as it should be (`backup check`).
    Unhealthy = 11,
    /// A mistake of the program.
    Bug = 70,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> std::process::ExitCode {
        std::process::ExitCode::from(exit as u8)
    }
}

impl From<Class> for Exit {
    fn from(class: Class) -> Exit {
        match class {
            Class::Stopped => Exit::Stopped,
            Class::Configuration => Exit::Configuration,
            Class::Conflict => Exit::Conflict,
            Class::Unreachable => Exit::Unreachable,
        }
    }
}
