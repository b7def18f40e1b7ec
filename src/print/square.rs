//! A text as a QR code, for a template to draw.

use qrcodegen::{QrCode, QrCodeEcc};

/// The rows of the code from top to bottom, a `1` for each dark module and a `0` for each light one, without the margin of
/// four light modules that a reader wants around it. A quarter of it may be lost to a fold or a stain. `None`: the text is
/// longer than a code can be.
pub fn rows(text: &str) -> Option<Vec<String>> {
    let code = QrCode::encode_text(text, QrCodeEcc::Quartile).ok()?;
    let side = code.size();
    let row = |y| (0..side).map(|x| if code.get_module(x, y) { '1' } else { '0' }).collect();
    Some((0..side).map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_square_with_its_three_finders() {
        let rows = rows("1: 0001 0203 0405 0607  a850").expect("short enough");
        let side = rows.len();
        assert!(side >= 21 && rows.iter().all(|row| row.len() == side));
        for (x, y) in [(0, 0), (side - 7, 0), (0, side - 7)] {
            let line = |offset: usize| &rows[y + offset][x..x + 7];
            assert_eq!([line(0), line(1), line(3), line(6)], ["1111111", "1000001", "1011101", "1111111"]);
        }
        assert_eq!(super::rows(&"x".repeat(5000)), None);
    }
}
