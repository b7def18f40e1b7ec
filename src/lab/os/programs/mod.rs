//! The programs of a machine, by family, and how one is found and started.

mod options;
mod text;

mod files;
mod grep;
mod printing;
mod sed;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::paths::{self, Errno, Want};
use super::process::Os;
use super::{Exec, Machine, Output};

/// What a program is here.
type Program = fn(&mut Os<'_>, &Exec) -> Output;

/// What [`start`] leaves on standard error, with exit 127, when nothing of that name exists: a shell says it in its own words.
pub const NOT_FOUND: &str = "No such file or directory\n";

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Programs that come with Debian itself: name, folder, what it does.
const BASE: &[(&str, &str, Program)] = &[
    ("[", "/usr/bin", printing::test),
    ("base64", "/usr/bin", text::base64),
    ("cat", "/usr/bin", text::cat),
    ("chmod", "/usr/bin", files::chmod),
    ("chown", "/usr/bin", files::chown),
    ("cp", "/usr/bin", files::copy),
    ("cut", "/usr/bin", text::cut),
    ("echo", "/usr/bin", printing::echo),
    ("false", "/usr/bin", printing::falsehood),
    ("grep", "/usr/bin", grep::grep),
    ("head", "/usr/bin", text::head),
    ("ls", "/usr/bin", files::list),
    ("mkdir", "/usr/bin", files::make_folder),
    ("mv", "/usr/bin", files::rename),
    ("printf", "/usr/bin", printing::printf),
    ("rm", "/usr/bin", files::remove),
    ("rmdir", "/usr/bin", files::remove_folder),
    ("sed", "/usr/bin", sed::sed),
    ("sha256sum", "/usr/bin", text::checksum),
    ("sha512sum", "/usr/bin", text::checksum),
    ("sleep", "/usr/bin", printing::sleep),
    ("sort", "/usr/bin", text::sort),
    ("stat", "/usr/bin", files::stat),
    ("tail", "/usr/bin", text::tail),
    ("tee", "/usr/bin", text::tee),
    ("test", "/usr/bin", printing::test),
    ("touch", "/usr/bin", files::touch),
    ("tr", "/usr/bin", text::tr),
    ("true", "/usr/bin", printing::truth),
    ("uniq", "/usr/bin", text::uniq),
    ("wc", "/usr/bin", text::wc),
];
