//! The idempotency key: the caller's own name for one act, such as one gift.
//!
//! The act's id is derived from it, so it must not be guessed: at least 122 bits of chance, as a random UUID (36 characters) or 22
//! characters of base64 have. Chance cannot be measured; length and variety can, and keep out `1`, a date, or an order's number.

use std::collections::BTreeSet;

use super::Problem;

/// The shortest key: 122 bits in base64 are 21 characters, and a 22nd that a text of whole bytes needs.
pub const SHORTEST_KEY: usize = 22;
/// The longest key: what similar interfaces take, and no reason for more.
pub const LONGEST_KEY: usize = 255;
/// The fewest different characters of a key. A random UUID has eight or more in all but a few of a million; `0000…1` has two.
pub const FEWEST_DISTINCT: usize = 8;

/// The key in a header.
///
/// # Errors
/// When there is none, or it cannot have enough chance in it.
pub fn idempotency_key(header: Option<&str>) -> Result<&str, Problem> {
    let key = header.ok_or_else(missing)?;
    let long_enough = (SHORTEST_KEY..=LONGEST_KEY).contains(&key.len());
    let plain = key.bytes().all(|byte| byte.is_ascii_graphic());
    let varied = key.bytes().collect::<BTreeSet<u8>>().len() >= FEWEST_DISTINCT;
    if long_enough && plain && varied { Ok(key) } else { Err(weak()) }
}

fn missing() -> Problem {
    Problem::new(400, "idempotency_key_missing", "الترويسة Idempotency-Key مطلوبة", "The header Idempotency-Key is required")
}

fn weak() -> Problem {
    Problem::new(
        400,
        "idempotency_key_weak",
        "الترويسة Idempotency-Key يجب أن تكون عشوائية، مثل UUID",
        "The header Idempotency-Key must be random, such as a UUID",
    )
    .with_detail("22 to 255 printable ASCII characters without spaces, at least 8 of them different")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_enough_chance_are_taken_and_others_are_not() {
        let table = [
            (Some("6f1c9a52-6a0e-4f57-9d0a-3f0c2b1e8d47"), None),
            (Some("kJ8vXw2QeT5yRb1nLm7sZg"), None),
            (None, Some("idempotency_key_missing")),
            (Some(""), Some("idempotency_key_weak")),
            (Some("kJ8vXw2QeT5yRb1nLm7sZ"), Some("idempotency_key_weak")),
            (Some("00000000-0000-0000-0000-000000000001"), Some("idempotency_key_weak")),
            (Some("kJ8vXw2QeT5y Rb1nLm7sZg"), Some("idempotency_key_weak")),
            (Some("مفتاح-عشوائي-طويل-جدا-جدا"), Some("idempotency_key_weak")),
        ];
        for (header, code) in table {
            assert_eq!(idempotency_key(header).err().map(|problem| problem.code()), code, "{header:?}");
        }
        assert!(idempotency_key(Some(&"abcdefghij".repeat(26))).is_err());
    }
}
