//! Amounts in Arabic words, as they stand on receipts and cheques.
//!
//! Written after the grammar of counted nouns, in the nominative throughout:
//!
//! | count | the number | the noun |
//! |---|---|---|
//! | 1, 2 | is in the noun | singular, dual: ريال واحد، ريالان |
//! | 3–10 | of the opposite gender | plural in the genitive: ثلاثة ريالات، ثلاث هللات |
//! | 11, 12 | both parts of the noun's gender | singular in the accusative: أحد عشر ريالًا، إحدى عشرة هللة |
//! | 13–99 | units of the opposite gender | singular in the accusative |
//! | hundreds, thousands, millions | in construct: مئتا، ألفا، مليونا | singular in the genitive: مئتا ريال |
//! | one or two beyond those | | the noun comes again: مئة ريال وريال واحد |
//!
//! ألف, مليون and مليار are nouns that are counted by the same rules. Crates that write Arabic numbers write the number alone, in one gender; the
//! noun is where a receipt goes wrong.

use crate::money::{HALALAS_PER_RIYAL, Money};

/// A noun that is counted.
struct Noun {
    is_feminine: bool,
    /// One of it, with the number.
    one: &'static str,
    two: &'static str,
    /// Two of it before what they are of.
    two_of: &'static str,
    plural: &'static str,
    accusative: &'static str,
    /// After a hundred, and before what it is of.
    singular: &'static str,
}

const RIYAL: Noun = Noun {
    is_feminine: false,
    one: "ريال واحد",
    two: "ريالان",
    two_of: "ريالا",
    plural: "ريالات",
    accusative: "ريالًا",
    singular: "ريال",
};

const HALALA: Noun = Noun {
    is_feminine: true,
    one: "هللة واحدة",
    two: "هللتان",
    two_of: "هللتا",
    plural: "هللات",
    accusative: "هللة",
    singular: "هللة",
};

/// Three digits at a time, the largest first: up to what [`Money`] holds.
const SCALES: [(u64, Noun); 3] = [
    (
        1_000_000_000,
        Noun {
            is_feminine: false,
            one: "مليار",
            two: "ملياران",
            two_of: "مليارا",
            plural: "مليارات",
            accusative: "مليارًا",
            singular: "مليار",
        },
    ),
    (
        1_000_000,
        Noun {
            is_feminine: false,
            one: "مليون",
            two: "مليونان",
            two_of: "مليونا",
            plural: "ملايين",
            accusative: "مليونًا",
            singular: "مليون",
        },
    ),
    (
        1_000,
        Noun {
            is_feminine: false,
            one: "ألف",
            two: "ألفان",
            two_of: "ألفا",
            plural: "آلاف",
            accusative: "ألفًا",
            singular: "ألف",
        },
    ),
];

const HUNDREDS: [&str; 10] = ["", "مئة", "مئتان", "ثلاثمئة", "أربعمئة", "خمسمئة", "ستمئة", "سبعمئة", "ثمانمئة", "تسعمئة"];
const TENS: [&str; 10] = ["", "", "عشرون", "ثلاثون", "أربعون", "خمسون", "ستون", "سبعون", "ثمانون", "تسعون"];
/// From one to ten, beside a masculine noun.
const WITH_MASCULINE: [&str; 11] = ["", "واحد", "اثنان", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة", "عشرة"];
/// From one to ten, beside a feminine noun.
const WITH_FEMININE: [&str; 11] = ["", "إحدى", "اثنتان", "ثلاث", "أربع", "خمس", "ست", "سبع", "ثماني", "تسع", "عشر"];

/// The amount in Arabic words, closed at both ends as is the custom, so that nothing can be written before or after it.
///
/// ```
/// use domain::words::in_arabic;
/// assert_eq!(in_arabic("125.50".parse()?), "فقط مئة وخمسة وعشرون ريالًا وخمسون هللة لا غير");
/// # Ok::<(), domain::money::MoneyError>(())
/// ```
pub fn in_arabic(amount: Money) -> String {
    let (riyals, halalas) = (amount.halalas() / HALALAS_PER_RIYAL, amount.halalas() % HALALAS_PER_RIYAL);
    let mut parts = riyal_parts(riyals);
    if halalas > 0 {
        parts.push(counted(halalas, &HALALA, false));
    }
    if parts.is_empty() {
        parts.push(format!("صفر {}", RIYAL.singular));
    }
    format!("فقط {} لا غير", parts.join(" و"))
}

/// Riyals as parts that "and" joins; none for none.
fn riyal_parts(riyals: u64) -> Vec<String> {
    let units = riyals % 1_000;
    // What stands before the noun itself is in construct with it; before another number it is not.
    let noun_follows = units <= 2;
    let mut scales: Vec<(u64, &Noun)> = Vec::new();
    let mut rest = riyals;
    for (scale, noun) in &SCALES {
        if rest / scale > 0 {
            scales.push((rest / scale, noun));
        }
        rest %= scale;
    }
    let last = scales.len().wrapping_sub(1);
    let of = |(place, (count, noun)): (usize, &(u64, &Noun))| counted(*count, noun, noun_follows && place == last);
    let mut parts: Vec<String> = scales.iter().enumerate().map(of).collect();
    if noun_follows && let Some(last) = parts.last_mut() {
        *last = format!("{last} {}", RIYAL.singular);
    }
    if units > 0 {
        parts.push(counted(units, &RIYAL, false));
    }
    parts
}

/// Up to 999 of a noun; `is_of` when what they are of follows.
fn counted(count: u64, noun: &Noun, is_of: bool) -> String {
    let (hundreds, below) = (count / 100, count % 100);
    let counted = match below {
        0 => return format!("{} {}", in_construct(hundreds), noun.singular),
        1 => noun.one.to_owned(),
        2 if is_of => noun.two_of.to_owned(),
        2 => noun.two.to_owned(),
        3..=10 => format!("{} {}", few(below, noun.is_feminine), noun.plural),
        _ if is_of => format!("{} {}", many(below, noun.is_feminine), noun.singular),
        _ => format!("{} {}", many(below, noun.is_feminine), noun.accusative),
    };
    match (hundreds, below) {
        (0, _) => counted,
        (_, 1 | 2) => format!("{} {} و{counted}", in_construct(hundreds), noun.singular),
        _ => format!("{} و{counted}", HUNDREDS[index(hundreds)]),
    }
}

/// Hundreds before what they are of: the dual loses its nun.
fn in_construct(hundreds: u64) -> &'static str {
    if hundreds == 2 { "مئتا" } else { HUNDREDS[index(hundreds)] }
}

/// Three to ten.
fn few(count: u64, is_feminine: bool) -> &'static str {
    let words = if is_feminine { WITH_FEMININE } else { WITH_MASCULINE };
    words[index(count)]
}

/// Eleven to ninety-nine.
fn many(count: u64, is_feminine: bool) -> String {
    let (tens, units) = (count / 10, count % 10);
    match (tens, units, is_feminine) {
        (1, 1, false) => "أحد عشر".to_owned(),
        (1, 2, false) => "اثنا عشر".to_owned(),
        (1, 2, true) => "اثنتا عشرة".to_owned(),
        (1, _, false) => format!("{} عشر", few(units, false)),
        (1, _, true) => format!("{} عشرة", few(units, true)),
        (_, 0, _) => TENS[index(tens)].to_owned(),
        // Not in construct with anything: the word for eight loses its last letter.
        (_, 8, true) => format!("ثمانٍ و{}", TENS[index(tens)]),
        _ => format!("{} و{}", few(units, is_feminine), TENS[index(tens)]),
    }
}

/// A digit, or ten, as the place in a table.
fn index(digit: u64) -> usize {
    usize::try_from(digit).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> String {
        let whole = in_arabic(text.parse().unwrap());
        whole.strip_prefix("فقط ").unwrap().strip_suffix(" لا غير").unwrap().to_owned()
    }

    #[test]
    fn riyals_are_counted_as_a_masculine_noun() {
        let table = [
            ("0", "صفر ريال"),
            ("1", "ريال واحد"),
            ("2", "ريالان"),
            ("3", "ثلاثة ريالات"),
            ("4", "أربعة ريالات"),
            ("5", "خمسة ريالات"),
            ("6", "ستة ريالات"),
            ("7", "سبعة ريالات"),
            ("8", "ثمانية ريالات"),
            ("9", "تسعة ريالات"),
            ("10", "عشرة ريالات"),
            ("11", "أحد عشر ريالًا"),
            ("12", "اثنا عشر ريالًا"),
            ("13", "ثلاثة عشر ريالًا"),
            ("18", "ثمانية عشر ريالًا"),
            ("19", "تسعة عشر ريالًا"),
            ("20", "عشرون ريالًا"),
            ("21", "واحد وعشرون ريالًا"),
            ("22", "اثنان وعشرون ريالًا"),
            ("28", "ثمانية وعشرون ريالًا"),
            ("33", "ثلاثة وثلاثون ريالًا"),
            ("50", "خمسون ريالًا"),
            ("99", "تسعة وتسعون ريالًا"),
        ];
        for (amount, expected) in table {
            assert_eq!(words(amount), expected, "{amount}");
        }
    }

    #[test]
    fn halalas_are_counted_as_a_feminine_noun() {
        let table = [
            ("0.01", "هللة واحدة"),
            ("0.02", "هللتان"),
            ("0.03", "ثلاث هللات"),
            ("0.08", "ثماني هللات"),
            ("0.10", "عشر هللات"),
            ("0.11", "إحدى عشرة هللة"),
            ("0.12", "اثنتا عشرة هللة"),
            ("0.13", "ثلاث عشرة هللة"),
            ("0.18", "ثماني عشرة هللة"),
            ("0.20", "عشرون هللة"),
            ("0.21", "إحدى وعشرون هللة"),
            ("0.22", "اثنتان وعشرون هللة"),
            ("0.25", "خمس وعشرون هللة"),
            ("0.28", "ثمانٍ وعشرون هللة"),
            ("0.99", "تسع وتسعون هللة"),
            ("1.01", "ريال واحد وهللة واحدة"),
            ("2.02", "ريالان وهللتان"),
            ("10.50", "عشرة ريالات وخمسون هللة"),
            ("100.05", "مئة ريال وخمس هللات"),
            ("1000.11", "ألف ريال وإحدى عشرة هللة"),
        ];
        for (amount, expected) in table {
            assert_eq!(words(amount), expected, "{amount}");
        }
    }

    #[test]
    fn hundreds_and_beyond_stand_in_construct_before_the_noun() {
        let table = [
            ("100", "مئة ريال"),
            ("101", "مئة ريال وريال واحد"),
            ("102", "مئة ريال وريالان"),
            ("103", "مئة وثلاثة ريالات"),
            ("110", "مئة وعشرة ريالات"),
            ("111", "مئة وأحد عشر ريالًا"),
            ("125", "مئة وخمسة وعشرون ريالًا"),
            ("200", "مئتا ريال"),
            ("202", "مئتا ريال وريالان"),
            ("205", "مئتان وخمسة ريالات"),
            ("300", "ثلاثمئة ريال"),
            ("800", "ثمانمئة ريال"),
            ("999", "تسعمئة وتسعة وتسعون ريالًا"),
            ("1000", "ألف ريال"),
            ("1001", "ألف ريال وريال واحد"),
            ("1002", "ألف ريال وريالان"),
            ("1003", "ألف وثلاثة ريالات"),
            ("1100", "ألف ومئة ريال"),
            ("1101", "ألف ومئة ريال وريال واحد"),
            ("1200", "ألف ومئتا ريال"),
            ("2000", "ألفا ريال"),
            ("2002", "ألفا ريال وريالان"),
            ("2026", "ألفان وستة وعشرون ريالًا"),
            ("3000", "ثلاثة آلاف ريال"),
            ("10000", "عشرة آلاف ريال"),
            ("11000", "أحد عشر ألف ريال"),
            ("11011", "أحد عشر ألفًا وأحد عشر ريالًا"),
            ("12345.67", "اثنا عشر ألفًا وثلاثمئة وخمسة وأربعون ريالًا وسبع وستون هللة"),
            ("50000", "خمسون ألف ريال"),
            ("100000", "مئة ألف ريال"),
            ("101000", "مئة ألف وألف ريال"),
            ("102000", "مئة ألف وألفا ريال"),
            ("102010", "مئة ألف وألفان وعشرة ريالات"),
            ("200000", "مئتا ألف ريال"),
            ("250000", "مئتان وخمسون ألف ريال"),
            ("1000000", "مليون ريال"),
            ("2000000", "مليونا ريال"),
            ("2000001", "مليونا ريال وريال واحد"),
            ("3000000", "ثلاثة ملايين ريال"),
            ("11000000", "أحد عشر مليون ريال"),
            ("11000003", "أحد عشر مليونًا وثلاثة ريالات"),
            ("50000000", "خمسون مليون ريال"),
            ("200000000", "مئتا مليون ريال"),
            ("1002003.04", "مليون وألفان وثلاثة ريالات وأربع هللات"),
            (
                "999999999.99",
                "تسعمئة وتسعة وتسعون مليونًا وتسعمئة وتسعة وتسعون ألفًا وتسعمئة وتسعة وتسعون ريالًا وتسع وتسعون هللة",
            ),
            ("1000000000", "مليار ريال"),
            ("2000000000", "مليارا ريال"),
            ("100000000000", "مئة مليار ريال"),
        ];
        for (amount, expected) in table {
            assert_eq!(words(amount), expected, "{amount}");
        }
    }

    #[test]
    fn nothing_can_be_written_before_or_after_the_amount() {
        assert_eq!(in_arabic("1".parse().unwrap()), "فقط ريال واحد لا غير");
    }

    /// What a word adds to the number that is being read.
    fn value(word: &str) -> Option<u64> {
        let place = |words: &[&str]| words.iter().position(|known| *known == word).filter(|place| *place > 0);
        let small = place(&WITH_MASCULINE).or_else(|| place(&WITH_FEMININE));
        let special = [("أحد", 1), ("اثنا", 2), ("اثنتا", 2), ("ثمانٍ", 8), ("مئتا", 200), ("صفر", 0), ("عشرة", 10)];
        small
            .or_else(|| place(&TENS).map(|tens| tens * 10))
            .or_else(|| place(&HUNDREDS).map(|hundreds| hundreds * 100))
            .map(|value| value as u64)
            .or_else(|| special.iter().find(|(known, _)| *known == word).map(|(_, value)| *value))
    }

    /// A scale, and how many of it the word itself says; none when the number before it says.
    fn scale(word: &str) -> Option<(u64, Option<u64>)> {
        SCALES.iter().find_map(|(scale, noun)| match word {
            _ if [noun.two, noun.two_of].contains(&word) => Some((*scale, Some(2))),
            _ if [noun.singular, noun.plural, noun.accusative].contains(&word) => Some((*scale, None)),
            _ => None,
        })
    }

    /// Reads words back: halalas.
    fn read(text: &str) -> u64 {
        let text = text.replace("ريال واحد", "واحد ريال").replace("ريالان", "اثنان ريال");
        let text = text.replace("هللة واحدة", "واحد هللة").replace("هللتان", "اثنان هللة");
        let (mut halalas, mut sum, mut group) = (0, 0, 0);
        for word in text.split_whitespace() {
            let bare = word.strip_prefix('و').filter(|_| word != "واحد").unwrap_or(word);
            if let Some(value) = value(bare) {
                group += value;
            } else if let Some((scale, count)) = scale(bare) {
                sum += scale * count.unwrap_or(if group == 0 { 1 } else { group });
                group = 0;
            } else if bare.starts_with("ريال") {
                halalas += (sum + group) * 100;
                (sum, group) = (0, 0);
            } else {
                assert!(bare.starts_with("هلل"), "{bare:?} in {text}");
                halalas += sum + group;
                (sum, group) = (0, 0);
            }
        }
        assert_eq!((sum, group), (0, 0), "{text}");
        halalas
    }

    #[test]
    fn every_amount_up_to_ten_thousand_riyals_is_read_back() {
        for riyals in 0..=10_000 {
            let amount = Money::from_riyals(riyals).unwrap();
            assert_eq!(read(&words(&amount.to_string())), amount.halalas(), "{riyals}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_is_read_back(halalas in 0..=crate::money::MOST_HALALAS) {
            let amount = Money::from_halalas(halalas).unwrap();
            prop_assert_eq!(read(&words(&amount.to_string())), halalas, "{}", words(&amount.to_string()));
        }

        #[test]
        fn words_are_arabic_and_parted_by_single_spaces(halalas in 0..=crate::money::MOST_HALALAS) {
            let text = in_arabic(Money::from_halalas(halalas).unwrap());
            prop_assert!(!text.contains("  ") && text.chars().all(|c| c == ' ' || ('\u{0621}'..='\u{0652}').contains(&c)), "{}", text);
        }
    }
}
