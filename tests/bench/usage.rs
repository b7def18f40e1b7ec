//! What this process has used so far, as Linux counts it.

/// Clock ticks per second in `/proc` (fixed on Linux for all programs).
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of CPU of all our threads, user and system.
pub fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_SECOND
}

/// The most memory that was ever resident, in MiB.
pub fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|word| word.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}
