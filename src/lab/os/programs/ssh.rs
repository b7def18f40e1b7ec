//! `sshd -T`: the settings that hold.

use std::net::IpAddr;

use crate::os::process::Os;
use crate::os::sshd::{self, BadConfig, Connection};
use crate::os::{Exec, Output};

/// `sshd -t`, `sshd -T [-C user=…,host=…,addr=…]`
pub fn sshd(os: &mut Os<'_>, exec: &Exec) -> Output {
    let words: Vec<&str> = exec.argv[1..].iter().map(String::as_str).collect();
    let specification = match words.as_slice() {
        ["-T"] | ["-t"] => "",
        ["-T", "-C", specification] => specification,
        _ => return Output::fail(2, format!("lab: sshd {} is not simulated", words.join(" "))),
    };
    if exec.user != "root" {
        return Output::fail(1, "sshd: no hostkeys available -- exiting.");
    }
    let value = |key: &str| {
        specification
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .find(|(one, _)| *one == key)
            .map(|(_, value)| value)
    };
    let address = match value("addr").map(str::parse::<IpAddr>) {
        Some(Err(_)) => return Output::fail(1, "Invalid test mode specification"),
        Some(Ok(address)) => Some(address),
        None => None,
    };
    match sshd::settings(os.machine, &Connection { user: value("user"), address }) {
        Ok(settings) if words[0] == "-T" => Output::out(settings.lines()),
        Ok(_) => Output::default(),
        // sshd ends its messages with a carriage return when it is not yet a daemon.
        Err(BadConfig(message)) => Output { exit: 1, stderr: format!("{message}\r\n"), ..Output::default() },
    }
}
