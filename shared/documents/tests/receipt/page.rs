//! A page read back: its text as a reader that knows nothing of Arabic takes it out, glyph by glyph from left to right.

use regex_lite::Regex;

/// What was read.
pub struct Page {
    joins_pairs: bool,
    pages: Vec<String>,
    text: String,
}

impl Page {
    /// Of a PDF whose font joins lam and alef alone, or other pairs of letters too.
    pub fn read(pdf: &[u8], joins_pairs: bool) -> Page {
        let pages = pdf_extract::extract_text_from_mem_by_pages(pdf).unwrap();
        // Words stand apart by one or two blanks, and by lines; which, is the reader's guess.
        let text = pages.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        Page { joins_pairs, pages, text }
    }

    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it has this, which runs from left to right.
    pub fn has_latin(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// It has this, which runs from left to right.
    pub fn assert_latin(&self, text: &str) {
        assert!(self.has_latin(text), "{text:?} is not in {}", self.text);
    }

    /// It has this, which runs from right to left: word by word, and the words in their order.
    pub fn assert_arabic(&self, phrase: &str) {
        let words: Vec<String> = phrase.split(' ').rev().map(|word| self.turned(word)).collect();
        let pattern = Regex::new(&words.join(" ")).unwrap();
        assert!(pattern.is_match(&self.text), "{phrase:?} is not in {}", self.text);
    }

    /// The ways in which the word may stand there: with a font that joins only lam and alef, one.
    fn turned(&self, word: &str) -> String {
        if !self.joins_pairs {
            return visual(word);
        }
        let letters: Vec<String> = word.chars().map(|letter| letter.to_string()).collect();
        format!("(?:{})", turned_by_pairs(&letters).join("|"))
    }
}

/// A word as its glyphs stand on the page, from left to right: turned round, but for lam and alef, which are one glyph whose text is in the
/// order of reading.
pub fn visual(word: &str) -> String {
    let mut glyphs: Vec<String> = Vec::new();
    for letter in word.chars() {
        match glyphs.last_mut() {
            Some(lam) if lam == "ل" && matches!(letter, 'ا' | 'أ' | 'إ' | 'آ') => lam.push(letter),
            Some(_) | None => glyphs.push(letter.to_string()),
        }
    }
    glyphs.into_iter().rev().collect()
}

/// Every way in which any two neighbours may be one glyph.
fn turned_by_pairs(letters: &[String]) -> Vec<String> {
    match letters {
        [] => vec![String::new()],
        [first, rest @ ..] => {
            let mut ways: Vec<String> = turned_by_pairs(rest).into_iter().map(|way| way + first).collect();
            if let [second, rest @ ..] = rest {
                ways.extend(turned_by_pairs(rest).into_iter().map(|way| way + first + second));
            }
            ways
        }
    }
}
