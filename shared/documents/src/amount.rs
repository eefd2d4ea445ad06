//! Sums as they are written: riyals with two places, with a sign when below zero.

/// `-12.50`
pub(crate) fn riyals(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.unsigned_abs();
    format!("{sign}{}.{:02}", minor / 100, minor % 100)
}

/// `-1,234.50`, for reading.
pub(crate) fn grouped(minor: i64) -> String {
    let plain = riyals(minor);
    let (sign, plain) = plain.strip_prefix('-').map_or(("", plain.as_str()), |plain| ("-", plain));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, "00"));
    format!("{sign}{}.{fraction}", thousands(whole))
}

/// `1,234`, for reading.
pub(crate) fn count(number: u64) -> String {
    thousands(&number.to_string())
}

fn thousands(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_written_with_sign_and_groups() {
        let table = [
            (0, "0.00", "0.00"),
            (5, "0.05", "0.05"),
            (-5, "-0.05", "-0.05"),
            (12_345, "123.45", "123.45"),
            (-123_456, "-1234.56", "-1,234.56"),
            (100_000_000_000, "1000000000.00", "1,000,000,000.00"),
            (i64::MIN, "-92233720368547758.08", "-92,233,720,368,547,758.08"),
        ];
        for (minor, plain, for_reading) in table {
            assert_eq!((riyals(minor).as_str(), grouped(minor).as_str()), (plain, for_reading));
        }
        assert_eq!(count(1_234_567), "1,234,567");
    }
}
