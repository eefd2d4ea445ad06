//! How a receipt is numbered, and the code by which anyone can check it.
//!
//! Both follow from where in the books the gift stands, which the committed page has fixed for good. So there is no counter to keep, no list of
//! codes, and the same gift has the same number and code whenever it is asked for.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

use crate::donation::Place;
use crate::id::DonationId;
use crate::moment::Day;

/// Bytes of a code's proof. 80 bits: all of them would take millions of years at a thousand million guesses a second.
pub const PROOF_BYTES: usize = 10;
/// Bytes of the place: a byte for the chain, five for the page (its key has twelve digits), a byte for the entry, of which a page has 99 at most.
const PLACE_BYTES: usize = 7;
/// The largest number of a page that a code can name.
const MOST_SEQ: u64 = (1 << 40) - 1;
/// Characters of a group: what one reads in one glance.
const GROUP_CHARS: usize = 4;
/// The longest text that is read as a code: twice what an honest one has.
const LONGEST_TEXT_BYTES: usize = 80;

/// Digits and capitals without those that are taken for another (I, L, O) or make words (U); read as they are mistaken for.
static LETTERS: LazyLock<Encoding> = LazyLock::new(|| {
    let mut letters = Specification::new();
    letters.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    letters.translate.from.push_str("abcdefghjkmnpqrstvwxyziIlLoO");
    letters.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ111100");
    letters.ignore.push_str("- ");
    letters.encoding().expect("thirty-two different letters")
});

/// Where all receipts of a donation are kept, in every form that they ever had.
///
/// ```
/// use domain::{id::DonationId, receipt::folder};
/// assert_eq!(folder(&DonationId::from_bytes([0; 16])), "receipts/00000000000000000000000000000000/");
/// ```
pub fn folder(donation: &DonationId) -> String {
    format!("receipts/{donation}/")
}

/// The number of a receipt: the year of the books, then chain, page and entry.
///
/// ```
/// use domain::{donation::Place, receipt::Serial};
/// let serial = Serial::new("2026-11-24".parse().unwrap(), Place { chain: 3, seq: 17, index: 4 });
/// assert_eq!(serial.to_string(), "2026-03-000017-04");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serial {
    year: i16,
    place: Place,
}

impl Serial {
    /// The number of the gift at this place, on a page of this day.
    pub fn new(day: Day, place: Place) -> Serial {
        let (year, _, _) = day.parts();
        Serial { year, place }
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { chain, seq, index } = self.place;
        write!(f, "{:04}-{chain:02}-{seq:06}-{index:02}", self.year)
    }
}

/// What a receipt is checked by: the gift's place in the books, and the proof that it was the platform who named it.
///
/// ```
/// use domain::{donation::Place, receipt::Code};
/// let code = Code::new(Place { chain: 3, seq: 17, index: 4 }, [7; 10]).unwrap();
/// let typed: Code = code.to_string().to_lowercase().replace('-', "").parse().unwrap();
/// assert_eq!(typed, code);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    place: Place,
    proof: [u8; PROOF_BYTES],
}

/// A text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a receipt's code")]
pub struct CodeError;

impl Code {
    /// A code; none for a place that no code can name.
    pub fn new(place: Place, proof: [u8; PROOF_BYTES]) -> Option<Code> {
        (place.seq <= MOST_SEQ && place.index <= u16::from(u8::MAX)).then_some(Code { place, proof })
    }

    /// The place that it names, if the proof holds.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The proof. Whoever compares it does so in constant time.
    pub const fn proof(&self) -> &[u8; PROOF_BYTES] {
        &self.proof
    }

    /// The code without its hyphens, as it stands in a URL.
    pub fn compact(&self) -> String {
        let mut bytes = [0; PLACE_BYTES + PROOF_BYTES];
        bytes[0] = self.place.chain;
        bytes[1..6].copy_from_slice(&self.place.seq.to_be_bytes()[3..]);
        bytes[6] = self.place.index.to_be_bytes()[1];
        bytes[PLACE_BYTES..].copy_from_slice(&self.proof);
        LETTERS.encode(&bytes)
    }
}

/// In groups of four, for reading aloud.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, letter) in self.compact().chars().enumerate() {
            if place > 0 && place % GROUP_CHARS == 0 {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

/// In capitals or not, with hyphens and spaces anywhere or nowhere.
impl FromStr for Code {
    type Err = CodeError;
    fn from_str(text: &str) -> Result<Code, CodeError> {
        if text.len() > LONGEST_TEXT_BYTES {
            return Err(CodeError);
        }
        let bytes = LETTERS.decode(text.as_bytes()).map_err(|_| CodeError)?;
        let (place, proof) = bytes.split_first_chunk::<PLACE_BYTES>().ok_or(CodeError)?;
        let &[chain, a, b, c, d, e, index] = place;
        let seq = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
        let proof = proof.try_into().map_err(|_| CodeError)?;
        Ok(Code { place: Place { chain, seq, index: index.into() }, proof })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = Code::new(Place { chain: 1, seq: 1_000, index: 98 }, *b"0123456789").unwrap();
        let written = code.to_string();
        assert_eq!(written, "0400-0003-X1H3-0C9J-6CT3-ADHQ-70WG");
        let compact = code.compact();
        let mistaken = written.replace('0', "O").replace('1', "l");
        for typed in [written.to_lowercase(), compact.clone(), written.replace('-', " "), mistaken, format!(" {compact}-")] {
            assert_eq!(typed.parse(), Ok(code), "{typed}");
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        let whole = Code::new(Place { chain: 0, seq: 0, index: 0 }, [255; PROOF_BYTES]).unwrap().compact();
        let cut = &whole[..whole.len() - 1];
        for bad in ["", "-", "U", "../x", "0400", cut, &format!("{whole}0"), &"0".repeat(28_000), &whole.replace('Z', "é")]
        {
            assert_eq!(bad.parse::<Code>(), Err(CodeError), "{bad}");
        }
        // The last letter has bits that say nothing: only one way of writing them is taken.
        assert_eq!(format!("{cut}Z").parse::<Code>(), Err(CodeError));
    }

    #[test]
    fn a_text_is_read_up_to_its_longest() {
        let code = Code::new(Place { chain: 3, seq: 7, index: 0 }, [5; PROOF_BYTES]).unwrap();
        assert_eq!(format!("{:<80}", code.compact()).parse(), Ok(code));
        assert_eq!(format!("{:<81}", code.compact()).parse::<Code>(), Err(CodeError));
    }

    #[test]
    fn a_place_beyond_a_code_has_none() {
        let place = |seq, index| Place { chain: 15, seq, index };
        assert!(Code::new(place(0xFF_FFFF_FFFF, 255), [0; PROOF_BYTES]).is_some());
        assert!(Code::new(place(0x100_0000_0000, 0), [0; PROOF_BYTES]).is_none());
        assert!(Code::new(place(0, 256), [0; PROOF_BYTES]).is_none());
    }

    #[test]
    fn a_serial_bears_the_year_of_the_books() {
        let place = Place { chain: 15, seq: 1_234_567, index: 0 };
        assert_eq!(Serial::new("2027-01-01".parse().unwrap(), place).to_string(), "2027-15-1234567-00");
    }

    proptest! {
        #[test]
        fn a_code_is_read_as_it_is_written(chain: u8, seq in 0..=MOST_SEQ, index in 0u16..256, proof: [u8; PROOF_BYTES]) {
            let code = Code::new(Place { chain, seq, index }, proof).unwrap();
            prop_assert_eq!(code.to_string().parse(), Ok(code));
            prop_assert_eq!(code.compact().to_lowercase().parse(), Ok(code));
        }

        #[test]
        fn any_text_is_a_code_or_none(text in "\\PC{0,100}") {
            let _ = text.parse::<Code>();
        }
    }
}
