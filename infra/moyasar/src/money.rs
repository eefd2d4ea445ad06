//! Money as Moyasar writes it: whole minor units, and a `*_format` text beside them.

/// Digits after the point, by ISO 4217; two for everything not named.
fn exponent(currency: &str) -> usize {
    match currency {
        "KWD" | "BHD" | "OMR" | "JOD" | "TND" | "IQD" | "LYD" => 3,
        "JPY" | "KRW" | "VND" => 0,
        _ => 2,
    }
}

/// `70.00 SAR`, `100.000 KWD`, `100 JPY`.
pub(crate) fn format(amount: u64, currency: &str) -> String {
    let digits = exponent(currency);
    if digits == 0 {
        return format!("{amount} {currency}");
    }
    let unit = 10_u64.pow(u32::try_from(digits).unwrap_or(2));
    let (whole, part) = (amount / unit, amount % unit);
    format!("{whole}.{part:0digits$} {currency}")
}

/// Moyasar's flat part of a fee, in halalas.
const FEE_FLAT: u64 = 100;
/// mada's share of the amount, in parts of 10,000.
const FEE_MADA: u64 = 100;
/// The credit schemes' share, in parts of 10,000.
const FEE_CREDIT: u64 = 275;
/// The fee with value added tax on it, in parts of 100.
const WITH_VAT: u64 = 115;

/// "Estimated payment fee (including VAT)". The rates are an account's own: these are the
/// published ones, and they agree with a public receipt (SAR 49.90 by mada: 1.73). Unsure.
pub(crate) fn fee(amount: u64, company: &str) -> u64 {
    let share = if company == "mada" { FEE_MADA } else { FEE_CREDIT };
    let before_tax = amount.saturating_mul(share).saturating_add(FEE_FLAT * 10_000);
    before_tax.saturating_mul(WITH_VAT).div_ceil(100 * 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_the_currencys_own_digits() {
        assert_eq!(format(7_000, "SAR"), "70.00 SAR");
        assert_eq!(format(5, "SAR"), "0.05 SAR");
        assert_eq!(format(0, "SAR"), "0.00 SAR");
        assert_eq!(format(100_000, "KWD"), "100.000 KWD");
        assert_eq!(format(100, "JPY"), "100 JPY");
        assert_eq!(format(u64::MAX, "SAR"), "184467440737095516.15 SAR");
    }

    #[test]
    fn the_fee_agrees_with_a_public_receipt() {
        assert_eq!(fee(4_990, "mada"), 173);
        assert_eq!(fee(10_000, "visa"), 432);
    }
}
