//! How long commands take, in the order of magnitude that was measured on small machines (sheet, sections 2 to 4).

use super::grammar;

/// Starting Python and reading the arguments.
pub const START_US: u64 = 200_000;

/// Working time of a command that succeeds, in milliseconds, by the start of its name: the longest match counts.
const WORK_MS: &[(&str, u64)] = &[
    ("", 300),
    ("app change-url", 2_800),
    ("app config get", 1_100),
    ("app config set", 3_200),
    ("app install", 45_000),
    ("app manifest", 1_300),
    ("app remove", 6_000),
    ("app upgrade", 40_000),
    ("backup create", 20_000),
    ("backup delete", 1_200),
    ("backup restore", 30_000),
    ("diagnosis ignore", 1_200),
    ("diagnosis run", 60_000),
    ("diagnosis unignore", 1_200),
    ("domain add", 8_300),
    ("domain cert install", 6_500),
    ("domain cert renew", 6_500),
    ("domain config get", 600),
    ("domain config set", 2_100),
    ("domain dns push", 1_000),
    ("domain dns suggest", 1_000),
    ("domain info", 600),
    ("domain remove", 7_000),
    ("firewall", 2_800),
    ("firewall is-open", 300),
    ("firewall list", 300),
    ("service", 1_300),
    ("service status", 500),
    ("settings get", 900),
    ("settings list", 1_200),
    ("settings reset", 1_600),
    ("settings reset-all", 19_000),
    ("settings set", 2_500),
    ("tools postinstall", 18_200),
    ("tools reboot", 200),
    ("tools regen-conf", 11_500),
    ("tools shutdown", 200),
    ("tools update", 15_000),
    ("tools upgrade", 120_000),
    ("user create", 1_900),
    ("user delete", 1_700),
    ("user group", 1_200),
    ("user group info", 200),
    ("user group list", 200),
    ("user import", 800),
    ("user permission", 2_000),
    ("user permission info", 400),
    ("user permission list", 500),
    ("user ssh", 400),
    ("user update", 1_500),
];

/// Working time of a command that succeeds, without the start of the program.
pub fn of(command: &str) -> u64 {
    let matching = WORK_MS.iter().filter(|(start, _)| command.starts_with(start));
    matching.max_by_key(|(start, _)| start.len()).map_or(0, |(_, ms)| ms * 1_000)
}

/// How long a command will run, from its arguments (with or without the program's name), when it waits for nothing.
pub fn estimate_duration_us(argv: &[String]) -> u64 {
    let words = match argv.first() {
        Some(first) if first.ends_with("yunohost") => &argv[1..],
        _ => argv,
    };
    let command = grammar::globals(words).and_then(|(_, words)| grammar::parse(&words));
    START_US + command.map_or(0, |parsed| of(parsed.name()))
}
