//! The square by which a phone finds where a receipt is checked (ISO/IEC 18004), as rows of modules.

use qrcode::{Color, EcLevel, QrCode};

/// Dark modules as `1`, light ones as `0`, a text for each row. Level M survives a fold and a stamp: 15 % of the square.
///
/// Empty for a text that no square can hold, which no URL of ours comes near.
pub(super) fn rows(text: &str) -> Vec<String> {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else { return Vec::new() };
    let letter = |color: &Color| if *color == Color::Dark { '1' } else { '0' };
    code.to_colors().chunks(code.width()).map(|row| row.iter().map(letter).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_square_is_one_and_has_its_three_corners() {
        let rows = rows("https://api.example/v1/receipts/04000003X1H30C9J6CT3ADHQ70WG");
        assert!(rows.iter().all(|row| row.len() == rows.len()));
        let last = rows.len() - 7;
        for (row, column) in [(0, 0), (0, last), (last, 0)] {
            assert_eq!(&rows[row][column..column + 7], "1111111");
            assert_eq!(&rows[row + 3][column..column + 7], "1011101");
        }
    }

    #[test]
    fn what_no_square_can_hold_is_none() {
        assert!(rows(&"x".repeat(4_000)).is_empty());
    }
}
