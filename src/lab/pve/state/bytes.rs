//! Sizes as Proxmox writes them.

/// One KiB in bytes.
pub const KIB: u64 = 1024;
/// One MiB in bytes.
pub const MIB: u64 = 1024 * KIB;
/// One GiB in bytes.
pub const GIB: u64 = 1024 * MIB;

/// A disk's size as it stands in a configuration: the largest unit that divides it (`3G`, `2252M`, `4M`).
pub fn format_size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1024 * GIB, "T"), (GIB, "G"), (MIB, "M"), (KIB, "K")];
    for (unit, letter) in UNITS {
        if bytes >= unit && bytes.is_multiple_of(unit) {
            return format!("{}{letter}", bytes / unit);
        }
    }
    bytes.to_string()
}

/// A size with an optional unit letter: `40G`, `1.5T`, `1073741824`.
pub fn parse_size(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        'K' => KIB,
        'M' => MIB,
        'G' => GIB,
        'T' => 1024 * GIB,
        digit if digit.is_ascii_digit() => 1,
        _ => return None,
    };
    let digits = text.trim_end_matches(['K', 'M', 'G', 'T']);
    scaled(digits, unit)
}

/// A decimal number of GiB, as a new disk is asked for (`local-lvm:32`, `local-lvm:0.5`).
pub fn parse_gib(text: &str) -> Option<u64> {
    scaled(text, GIB)
}

/// `digits` times `unit`, with decimals, without going through floating point.
fn scaled(digits: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: u64 = whole.parse().ok()?;
    let mut bytes = u128::from(whole) * u128::from(unit);
    if !fraction.is_empty() {
        let places = u32::try_from(fraction.len()).ok().filter(|places| *places <= 9)?;
        let part: u64 = fraction.parse().ok()?;
        bytes += u128::from(part) * u128::from(unit) / 10_u128.pow(places);
    }
    u64::try_from(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pve_state_sizes_read_and_print_as_in_a_configuration() {
        for (text, bytes) in [("40G", 40 * GIB), ("1.5G", 1536 * MIB), ("4M", 4 * MIB), ("512", 512)] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        assert_eq!(parse_size("40GB"), None);
        assert_eq!(parse_gib("0.5"), Some(512 * MIB));
        assert_eq!(format_size(1536 * MIB), "1536M");
        assert_eq!(format_size(2048 * GIB), "2T");
    }
}
