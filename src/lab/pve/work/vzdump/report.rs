//! The words and figures of a backup's log.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The log of one guest's backup: it is written into the task's log, and kept beside the archive.
#[derive(Debug, Default)]
pub struct Lines(pub Vec<String>);

impl Lines {
    /// A line of the ordinary kind.
    pub fn info(&mut self, text: impl AsRef<str>) {
        self.0.push(format!("INFO: {}", text.as_ref()));
    }

    /// A line about something that went wrong.
    pub fn error(&mut self, text: impl AsRef<str>) {
        self.0.push(format!("ERROR: {}", text.as_ref()));
    }

    /// A line about something doubtful.
    pub fn warn(&mut self, text: impl AsRef<str>) {
        self.0.push(format!("WARN: {}", text.as_ref()));
    }
}

/// A number of bytes with a unit and so many decimals: `1.5 GiB`.
pub fn bytes(bytes: u64, decimals: u32) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut unit = 0;
    let mut divisor: u128 = 1;
    while u128::from(bytes) >= divisor * 1024 && unit + 1 < UNITS.len() {
        divisor *= 1024;
        unit += 1;
    }
    let scale = 10_u128.pow(decimals);
    // Rounded half up, without going through floating point.
    let scaled = (u128::from(bytes) * scale * 2 + divisor) / (divisor * 2);
    let width = usize::try_from(decimals).unwrap_or_default();
    if decimals == 0 {
        return format!("{scaled} {}", UNITS[unit]);
    }
    format!("{}.{:0width$} {}", scaled / scale, scaled % scale, UNITS[unit])
}

/// The size of an archive's file: `352MB`, `1.20GB`.
pub fn file_size(bytes: u64) -> String {
    const MB: u64 = 1024 * 1024;
    const GB: u64 = 1024 * MB;
    let hundredths = |unit: u64| u128::from(bytes) * 100 / u128::from(unit);
    match bytes {
        _ if bytes < MB => format!("{}KB", bytes / 1024),
        _ if bytes < GB => format!("{}MB", bytes / MB),
        _ if bytes < 1024 * GB => format!("{}.{:02}GB", hundredths(GB) / 100, hundredths(GB) % 100),
        _ => format!("{}.{:02}TB", hundredths(1024 * GB) / 100, hundredths(1024 * GB) % 100),
    }
}

/// A speed: bytes in so many seconds.
pub fn speed(amount: u64, seconds: u64) -> String {
    if amount == 0 { "0 B/s".to_owned() } else { format!("{}/s", bytes(amount / seconds.max(1), 1)) }
}

/// How long a guest took: `00:01:23`.
pub fn clock(seconds: i64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// How long something has taken so far: `1m 23s`.
pub fn duration(seconds: u64) -> String {
    let parts = [(seconds / 86_400, 'd'), (seconds / 3600 % 24, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    let shown: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if shown.is_empty() { "0s".to_owned() } else { shown.join(" ") }
}

/// A moment on the clock of the node: `2026-08-01 02:00:00`.
pub fn local_time(moment_s: i64, zone: &TimeZone) -> String {
    let local = Timestamp::from_second(moment_s).map(|moment| moment.to_zoned(zone.clone()));
    local.map(|local| local.strftime("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_backup_figures_are_written_as_proxmox_writes_them() {
        assert_eq!(bytes(32 * 1024 * 1024 * 1024, 1), "32.0 GiB");
        assert_eq!(bytes(1_610_612_736, 2), "1.50 GiB");
        assert_eq!(bytes(0, 1), "0.0 B");
        assert_eq!(file_size(1_288_490_188), "1.19GB");
        assert_eq!(file_size(368_893_132), "351MB");
        assert_eq!(clock(3_725), "01:02:05");
        assert_eq!(duration(3_725), "1h 2m 5s");
        assert_eq!(speed(1_048_576_000, 10), "100.0 MiB/s");
    }
}
