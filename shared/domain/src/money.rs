//! Amounts of money: decimal riyals outside, integer halalas inside.
//!
//! [`Money`] cannot be negative, cannot hold a fraction of a halala and never meets a float. Arithmetic is checked: an
//! overflow or a subtraction below zero is `None`, which the caller must answer for.
//!
//! On the wire an amount is a decimal string (`"10.50"`); a whole number of riyals (`10`) is accepted too, and so are
//! Arabic-Indic digits. A JSON number with a fraction is refused, because it has passed through a float on its way. At
//! rest and in queue messages an amount is an integer of halalas: see [`halalas`].

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Halalas in a riyal.
pub const HALALAS_PER_RIYAL: u64 = 100;

/// The most that one [`Money`] may hold: a hundred thousand million riyals. A hundred times the largest year of giving, and small
/// enough that a million of them add up within 64 bits.
pub const MOST_HALALAS: u64 = 10_000_000_000_000;

/// An amount of Saudi riyals, never negative, exact to the halala.
///
/// ```
/// use domain::money::Money;
///
/// let ten_and_a_half: Money = "10.50".parse()?;
/// assert_eq!(ten_and_a_half.halalas(), 1050);
/// assert_eq!("١٠٫٥".parse::<Money>()?, ten_and_a_half);
/// assert_eq!(ten_and_a_half.to_string(), "10.50");
/// assert!("10.505".parse::<Money>().is_err());
/// # Ok::<(), domain::money::MoneyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(u64);

/// Why a text or a number is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a decimal number at all.
    #[error("not a decimal number")]
    NotANumber,
    /// Less than nothing.
    #[error("an amount cannot be negative")]
    Negative,
    /// More than two decimal places.
    #[error("an amount has at most two decimal places")]
    TooPrecise,
    /// Above [`MOST_HALALAS`].
    #[error("the amount is too large")]
    TooLarge,
}

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);

    /// An amount of whole halalas; `None` above [`MOST_HALALAS`].
    pub const fn from_halalas(halalas: u64) -> Option<Money> {
        if halalas <= MOST_HALALAS { Some(Money(halalas)) } else { None }
    }

    /// An amount of whole riyals; `None` above [`MOST_HALALAS`].
    pub const fn from_riyals(riyals: u64) -> Option<Money> {
        match riyals.checked_mul(HALALAS_PER_RIYAL) {
            Some(halalas) => Money::from_halalas(halalas),
            None => None,
        }
    }

    /// The amount in halalas.
    pub const fn halalas(self) -> u64 {
        self.0
    }

    /// The amount in halalas, signed, for sums that may go down.
    pub const fn signed_halalas(self) -> i64 {
        // At most 10^13 by construction, so the cast keeps the value.
        self.0.cast_signed()
    }

    /// The amount as a decimal of riyals with two places.
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.signed_halalas(), 2)
    }

    /// Reads a decimal of riyals.
    ///
    /// # Errors
    /// When it is negative, has more than two places, or is too large.
    pub fn from_decimal(riyals: Decimal) -> Result<Money, MoneyError> {
        if riyals.is_sign_negative() && !riyals.is_zero() {
            return Err(MoneyError::Negative);
        }
        let halalas = riyals.checked_mul(Decimal::from(HALALAS_PER_RIYAL)).ok_or(MoneyError::TooLarge)?;
        if !halalas.fract().is_zero() {
            return Err(MoneyError::TooPrecise);
        }
        halalas.to_u64().and_then(Money::from_halalas).ok_or(MoneyError::TooLarge)
    }

    /// Whether this is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` when it is too large.
    pub fn plus(self, other: Money) -> Option<Money> {
        self.0.checked_add(other.0).and_then(Money::from_halalas)
    }

    /// The difference, or `None` when it would be negative.
    pub fn minus(self, other: Money) -> Option<Money> {
        self.0.checked_sub(other.0).map(Money)
    }

    /// The amount `times` over (a unit price and a quantity), or `None` when it is too large.
    pub fn times(self, times: u32) -> Option<Money> {
        self.0.checked_mul(u64::from(times)).and_then(Money::from_halalas)
    }

    /// The sum of many amounts, or `None` when it is too large.
    pub fn sum(amounts: impl IntoIterator<Item = Money>) -> Option<Money> {
        amounts.into_iter().try_fold(Money::ZERO, Money::plus)
    }

    /// Divides into `parts` amounts that add up to exactly this one and differ by a halala at most, larger ones first.
    ///
    /// ```
    /// use domain::money::Money;
    /// let parts = Money::from_halalas(100).unwrap().split(3.try_into().unwrap());
    /// assert_eq!(parts.iter().map(|p| p.halalas()).collect::<Vec<_>>(), [34, 33, 33]);
    /// ```
    pub fn split(self, parts: NonZeroU32) -> Vec<Money> {
        let parts = u64::from(parts.get());
        let (share, rest) = (self.0 / parts, self.0 % parts);
        (0..parts).map(|part| Money(share + u64::from(part < rest))).collect()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / HALALAS_PER_RIYAL, self.0 % HALALAS_PER_RIYAL)
    }
}

/// Longest text that is read as an amount: fifteen digits, a separator and some spaces are plenty.
const LONGEST_TEXT_BYTES: usize = 64;

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Money, MoneyError> {
        if text.len() > LONGEST_TEXT_BYTES {
            return Err(MoneyError::NotANumber);
        }
        let latin: String = text.trim().chars().map(to_latin).collect();
        let plain = latin.strip_prefix('-').unwrap_or(&latin);
        let well_formed = plain.starts_with(|c: char| c.is_ascii_digit())
            && plain.ends_with(|c: char| c.is_ascii_digit())
            && plain.chars().all(|c| c.is_ascii_digit() || c == '.');
        if !well_formed {
            return Err(MoneyError::NotANumber);
        }
        let (_, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        if fraction.contains('.') {
            return Err(MoneyError::NotANumber);
        }
        if fraction.bytes().skip(2).any(|digit| digit != b'0') {
            return Err(MoneyError::TooPrecise);
        }
        // Digits and one point at the most: only their number can keep them from being read.
        Money::from_decimal(Decimal::from_str(&latin).map_err(|_| MoneyError::TooLarge)?)
    }
}

/// Writes Arabic-Indic and Eastern Arabic-Indic digits, and the Arabic decimal separator, as their Latin counterparts.
pub fn to_latin(character: char) -> char {
    let digit = match character {
        '\u{0660}'..='\u{0669}' => u32::from(character) - 0x0660,
        '\u{06F0}'..='\u{06F9}' => u32::from(character) - 0x06F0,
        '\u{066B}' => return '.',
        other => return other,
    };
    char::from_digit(digit, 10).unwrap_or(character)
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
        struct Amount;
        impl de::Visitor<'_> for Amount {
            type Value = Money;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount in SAR: a decimal string such as \"10.50\", or a whole number")
            }
            fn visit_u64<E: de::Error>(self, riyals: u64) -> Result<Money, E> {
                Money::from_riyals(riyals).ok_or_else(|| E::custom(MoneyError::TooLarge))
            }
            fn visit_i64<E: de::Error>(self, riyals: i64) -> Result<Money, E> {
                u64::try_from(riyals).map_err(|_| E::custom(MoneyError::Negative)).and_then(|riyals| self.visit_u64(riyals))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Money, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Amount)
    }
}

impl<C> minicbor::Encode<C> for Money {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.u64(self.0)?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Money {
    fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Money, minicbor::decode::Error> {
        Money::from_halalas(decoder.u64()?).ok_or_else(|| minicbor::decode::Error::message("amount too large"))
    }
}

/// Serde form at rest and in messages: an integer of halalas. Use as `#[serde(with = "halalas")]` on a field named `…_minor`.
pub mod halalas {
    use super::Money;
    use serde::{Deserialize, Deserializer, Serializer, de};

    /// Writes halalas.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(amount: &Money, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(amount.halalas())
    }

    /// Whether an amount is nothing, and may be left out where it is written.
    pub const fn is_nothing(amount: &Money) -> bool {
        amount.is_zero()
    }

    /// Reads halalas.
    ///
    /// # Errors
    /// When it is not a whole number within bounds.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
        Money::from_halalas(u64::deserialize(deserializer)?).ok_or_else(|| de::Error::custom("amount too large"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_that_are_and_are_not_amounts() {
        let table: &[(&str, Result<u64, MoneyError>)] = &[
            ("1", Ok(100)),
            ("0", Ok(0)),
            ("-0", Ok(0)),
            ("10.5", Ok(1_050)),
            ("10.50", Ok(1_050)),
            ("10.5000", Ok(1_050)),
            (" 7 ", Ok(700)),
            ("٥٠", Ok(5_000)),
            ("۵۰", Ok(5_000)),
            ("١٢٫٣٤", Ok(1_234)),
            ("100000000000", Ok(MOST_HALALAS)),
            ("100000000000.01", Err(MoneyError::TooLarge)),
            ("99999999999999999999999999999999", Err(MoneyError::TooLarge)),
            ("0.001", Err(MoneyError::TooPrecise)),
            ("0.0000000000000000000000000000000001", Err(MoneyError::TooPrecise)),
            ("-1", Err(MoneyError::Negative)),
            ("1e3", Err(MoneyError::NotANumber)),
            ("1,000", Err(MoneyError::NotANumber)),
            ("1_000", Err(MoneyError::NotANumber)),
            ("1.2.3", Err(MoneyError::NotANumber)),
            ("1..2", Err(MoneyError::NotANumber)),
            ("1٫2٫3", Err(MoneyError::NotANumber)),
            ("--1", Err(MoneyError::NotANumber)),
            ("- 1", Err(MoneyError::NotANumber)),
            ("-", Err(MoneyError::NotANumber)),
            ("-0.01", Err(MoneyError::Negative)),
            ("-٥", Err(MoneyError::Negative)),
            ("0.00", Ok(0)),
            ("00010.10", Ok(1_010)),
            ("1٬000", Err(MoneyError::NotANumber)),
            ("１０", Err(MoneyError::NotANumber)),
            ("10 SAR", Err(MoneyError::NotANumber)),
            ("NaN", Err(MoneyError::NotANumber)),
            ("0x10", Err(MoneyError::NotANumber)),
            ("100000000000.00", Ok(MOST_HALALAS)),
            ("99999999999999999999999999999999.999", Err(MoneyError::TooPrecise)),
            (".5", Err(MoneyError::NotANumber)),
            ("5.", Err(MoneyError::NotANumber)),
            ("+5", Err(MoneyError::NotANumber)),
            ("", Err(MoneyError::NotANumber)),
            ("ten", Err(MoneyError::NotANumber)),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<Money>().map(Money::halalas), *expected, "{text:?}");
        }
    }

    #[test]
    fn a_text_longer_than_any_amount_is_not_read() {
        let ten = |bytes: usize| format!("{}10", "0".repeat(bytes - 2)).parse::<Money>().map(Money::halalas);
        assert_eq!(ten(LONGEST_TEXT_BYTES), Ok(1_000));
        for longer in [LONGEST_TEXT_BYTES + 1, LONGEST_TEXT_BYTES + 2, 10 * LONGEST_TEXT_BYTES] {
            assert_eq!(ten(longer), Err(MoneyError::NotANumber), "{longer}");
        }
    }

    #[test]
    fn json_takes_strings_and_whole_numbers_but_no_fractions() {
        let read = |json: &str| serde_json::from_str::<Money>(json).map(Money::halalas).map_err(|error| error.to_string());
        assert_eq!(read("\"10.50\""), Ok(1_050));
        assert_eq!(read("10"), Ok(1_000));
        assert!(read("10.5").unwrap_err().contains("decimal string"));
        assert!(read("-3").unwrap_err().contains("negative"));
        assert!(read("null").is_err());
        for bad in ["10.0", "1e1", "[10]", "{}", "true", "\"\"", "100000000001", "18446744073709551616"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(serde_json::to_string(&Money::from_halalas(5).unwrap()).unwrap(), "\"0.05\"");
    }

    #[test]
    fn at_rest_it_is_a_whole_number_of_halalas() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Kept {
            #[serde(with = "halalas")]
            amount_minor: Money,
        }
        let kept = Kept { amount_minor: Money::from_halalas(1_050).unwrap() };
        assert_eq!(serde_json::to_string(&kept).unwrap(), r#"{"amount_minor":1050}"#);
        assert_eq!(serde_json::from_str::<Kept>(r#"{"amount_minor":1050}"#).unwrap(), kept);
        for bad in ["10.5", "10.0", "-1", "\"1050\"", "null", "10000000000001"] {
            assert!(serde_json::from_str::<Kept>(&format!(r#"{{"amount_minor":{bad}}}"#)).is_err(), "{bad}");
        }
    }

    /// Where a field may be missing: an amount is left out only when it is nothing, and what is missing is read as nothing.
    #[test]
    fn only_nothing_is_left_out() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Kept {
            #[serde(default, with = "halalas", skip_serializing_if = "halalas::is_nothing")]
            fee_minor: Money,
        }
        for (halalas, written) in [(0, "{}"), (1, r#"{"fee_minor":1}"#)] {
            let kept = Kept { fee_minor: Money::from_halalas(halalas).unwrap() };
            assert_eq!(serde_json::to_string(&kept).unwrap(), written);
            assert_eq!(serde_json::from_str::<Kept>(written).unwrap(), kept);
        }
    }

    #[test]
    fn arithmetic_stops_at_both_ends() {
        let most = Money::from_halalas(MOST_HALALAS).unwrap();
        let one = Money::from_halalas(1).unwrap();
        assert_eq!((most.plus(one), Money::ZERO.minus(one), most.times(2)), (None, None, None));
        assert_eq!((most.times(0), most.times(1)), (Some(Money::ZERO), Some(most)));
        assert_eq!((Money::from_halalas(MOST_HALALAS + 1), Money::from_riyals(u64::MAX)), (None, None));
        assert_eq!(Money::sum([most, one]), None);
        assert_eq!(Money::sum([]), Some(Money::ZERO));
        let bytes = minicbor::to_vec(MOST_HALALAS + 1).unwrap();
        assert!(minicbor::decode::<Money>(&bytes).is_err());
    }

    #[test]
    fn a_decimal_with_less_than_a_halala_is_never_rounded() {
        for (text, expected) in [
            ("1.001", Err(MoneyError::TooPrecise)),
            ("0.0000000000000000000000000001", Err(MoneyError::TooPrecise)),
            ("7.9228162514264337593543950335", Err(MoneyError::TooPrecise)),
            ("79228162514264337593543950335", Err(MoneyError::TooLarge)),
            ("-0.00", Ok(Money::ZERO)),
            ("-0.001", Err(MoneyError::Negative)),
        ] {
            assert_eq!(Money::from_decimal(text.parse().unwrap()), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(halalas in 0..=MOST_HALALAS) {
            let amount = Money::from_halalas(halalas).unwrap();
            prop_assert_eq!(amount.to_string().parse::<Money>(), Ok(amount));
            prop_assert_eq!(Money::from_decimal(amount.decimal()), Ok(amount));
        }

        #[test]
        fn a_split_loses_and_adds_nothing(halalas in 0..=MOST_HALALAS, parts in 1u32..500) {
            let amount = Money::from_halalas(halalas).unwrap();
            let split = amount.split(NonZeroU32::new(parts).unwrap());
            prop_assert_eq!(Money::sum(split.iter().copied()), Some(amount));
            prop_assert!(split[0].halalas() - split[split.len() - 1].halalas() <= 1);
        }

        #[test]
        fn any_text_is_an_amount_or_an_error_and_never_a_panic(text in ".{0,80}") {
            let _ = text.parse::<Money>();
        }

        #[test]
        fn every_way_of_writing_it_is_the_same_amount(halalas in 0..=MOST_HALALAS, zeros in 0usize..10) {
            let amount = Money::from_halalas(halalas).unwrap();
            let text = amount.to_string();
            let digit = |zero: char| move |c: char| c.to_digit(10).map_or('\u{066B}', |d| char::from_u32(u32::from(zero) + d).unwrap());
            let written = [
                format!("{text}{}", "0".repeat(zeros)),
                format!("{}{text}", "0".repeat(zeros)),
                text.chars().map(digit('\u{0660}')).collect(),
                text.chars().map(digit('\u{06F0}')).collect(),
            ];
            for text in written {
                prop_assert_eq!(text.parse::<Money>(), Ok(amount), "{}", text);
            }
        }

        #[test]
        fn a_third_place_is_refused_and_never_rounded(halalas in 0..MOST_HALALAS, third in 1u8..10) {
            let text = format!("{}{third}", Money::from_halalas(halalas).unwrap());
            prop_assert_eq!(text.parse::<Money>(), Err(MoneyError::TooPrecise));
            prop_assert_eq!(Money::from_decimal(text.parse().unwrap()), Err(MoneyError::TooPrecise));
        }

        #[test]
        fn every_form_is_read_as_it_is_written(halalas in 0..=MOST_HALALAS) {
            let amount = Money::from_halalas(halalas).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&serde_json::to_string(&amount).unwrap()).unwrap(), amount);
            prop_assert_eq!(minicbor::decode::<Money>(&minicbor::to_vec(amount).unwrap()).unwrap(), amount);
        }

        #[test]
        fn a_quantity_is_the_sum_of_its_units(halalas in 0u64..1_000_000, times in 0u32..300) {
            let unit = Money::from_halalas(halalas).unwrap();
            prop_assert_eq!(unit.times(times), Money::sum((0..times).map(|_| unit)));
        }

        #[test]
        fn plus_and_minus_undo_each_other(a in 0..=MOST_HALALAS / 2, b in 0..=MOST_HALALAS / 2) {
            let (a, b) = (Money::from_halalas(a).unwrap(), Money::from_halalas(b).unwrap());
            prop_assert_eq!(a.plus(b).unwrap().minus(b), Some(a));
            prop_assert_eq!(a.minus(b).is_none(), a < b);
        }
    }
}
