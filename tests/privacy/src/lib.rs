//! Looking for what must not be found: bytes of a person's, in any form in which they could stand among others.

use data_encoding::{BASE64, HEXLOWER};

/// The forms of some bytes: themselves, in hex, in base64, and, if they are a text, as JSON may escape it.
///
/// ```
/// assert!(privacy::forms("سر".as_bytes()).contains(&br"\u0633\u0631".to_vec()));
/// ```
pub fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let base64 = BASE64.encode(bytes);
    // Without the end, which depends on what follows.
    let whole = bytes.len() / 3 * 4;
    let mut forms = vec![bytes.to_vec(), HEXLOWER.encode(bytes).into_bytes(), base64.as_bytes()[..whole].to_vec()];
    if let Ok(text) = std::str::from_utf8(bytes) {
        forms.push(text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>().into_bytes());
    }
    forms
}

/// Of places with their contents, those where any of what is sought stands in any form.
///
/// ```
/// let places = [("here".to_owned(), b"61626364".to_vec()), ("there".to_owned(), b"abc".to_vec())];
/// assert_eq!(privacy::found(&places, &[b"abcd".to_vec()]), ["here"]);
/// ```
pub fn found(places: &[(String, Vec<u8>)], sought: &[Vec<u8>]) -> Vec<String> {
    let needles: Vec<Vec<u8>> = sought.iter().flat_map(|bytes| forms(bytes)).collect();
    let holds = |bytes: &[u8], needle: &Vec<u8>| bytes.windows(needle.len()).any(|window| window == needle);
    let places = places.iter().filter(|(_, bytes)| needles.iter().any(|needle| holds(bytes, needle)));
    places.map(|(place, _)| place.clone()).collect()
}
