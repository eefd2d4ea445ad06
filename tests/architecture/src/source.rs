//! Rust sources as tokens: comments and the insides of strings do not count, and code under `#[cfg(test)]` can be left out.

use std::str::FromStr;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A token that rules look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its text: an identifier, one punctuation character, a literal as written, or a bracket.
    pub text: String,
    /// Its line, from 1.
    pub line: usize,
}

/// A function's body.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its first line, from 1.
    pub line: usize,
    /// How many lines from `fn` to the closing brace.
    pub lines: usize,
}

/// The tokens of a file, flat, without what only tests see.
pub fn product_tokens(path: &str) -> Vec<Token> {
    let mut found = Vec::new();
    flatten(parse(path), without_tests, &mut found);
    found
}

/// The tokens of a file, flat, tests included.
pub fn all_tokens(path: &str) -> Vec<Token> {
    let mut found = Vec::new();
    flatten(parse(path), |stream| stream.into_iter().collect(), &mut found);
    found
}

/// The functions of a file, nested ones and tests included.
pub fn functions(path: &str) -> Vec<Function> {
    let mut found = Vec::new();
    collect_functions(parse(path), &mut found);
    found
}

/// The lines at which a sequence of tokens stands, e.g. `["SystemTime", ":", ":", "now"]`.
pub fn find(tokens: &[Token], sequence: &[&str]) -> Vec<usize> {
    let stands = |window: &&[Token]| window.iter().zip(sequence).all(|(token, text)| token.text == *text);
    tokens.windows(sequence.len()).filter(stands).map(|window| window[0].line).collect()
}

/// Is this file seen by tests only? `tests.rs`, and what lies in a `tests` folder.
pub fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.split('/').skip(1).any(|folder| folder == "tests")
}

fn parse(path: &str) -> TokenStream {
    TokenStream::from_str(&crate::read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Drops each item that follows `#[cfg(test)]`: up to its brace group or its semicolon.
fn without_tests(stream: TokenStream) -> Vec<TokenTree> {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut tokens = stream.into_iter();
    while let Some(token) = tokens.next() {
        if !is_cfg_test(&token) {
            kept.push(token);
            continue;
        }
        kept.pop(); // the `#`
        tokens.by_ref().find(ends_item);
    }
    kept
}

fn is_cfg_test(token: &TokenTree) -> bool {
    let attribute = matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket);
    attribute && token.to_string().split_whitespace().collect::<String>() == "[cfg(test)]"
}

fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    }
}

fn flatten(stream: TokenStream, keep: fn(TokenStream) -> Vec<TokenTree>, found: &mut Vec<Token>) {
    for token in keep(stream) {
        let line = token.span().start().line;
        let TokenTree::Group(group) = token else {
            found.push(Token { text: token.to_string(), line });
            continue;
        };
        let (open, close) = brackets(&group);
        found.push(Token { text: open.to_owned(), line });
        flatten(group.stream(), keep, found);
        found.push(Token { text: close.to_owned(), line: group.span_close().start().line });
    }
}

fn brackets(group: &Group) -> (&'static str, &'static str) {
    match group.delimiter() {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    }
}

fn collect_functions(stream: TokenStream, found: &mut Vec<Function>) {
    let mut begun: Option<(String, usize)> = None;
    let mut after_fn = None;
    for token in stream {
        let line = token.span().start().line;
        match token {
            TokenTree::Ident(ident) if ident == "fn" => after_fn = Some(line),
            TokenTree::Ident(ident) => {
                if let Some(line) = after_fn.take() {
                    begun = Some((ident.to_string(), line));
                }
            }
            TokenTree::Group(group) => {
                after_fn = None; // a function pointer's type: `fn(…)`
                if group.delimiter() == Delimiter::Brace
                    && let Some((name, line)) = begun.take()
                {
                    found.push(Function { name, line, lines: group.span_close().end().line + 1 - line });
                }
                collect_functions(group.stream(), found);
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => begun = None,
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        //! todo!() in a comment
        fn product(f: fn(u8) -> u8) -> f64 { "unimplemented!()"; let x = 1; x as f64 }
        trait Named { fn name(&self) -> String; }
        mod inner {
            #[cfg(test)]
            #[allow(dead_code)]
            fn only_in_tests() { todo!() }
            fn two(
            ) {
            }
        }
        #[cfg(test)]
        use std::time::SystemTime;
        fn last() -> u64 { SystemTime::now() }
    "#;

    fn stream() -> TokenStream {
        TokenStream::from_str(TEXT).expect("the text is Rust")
    }

    fn product() -> Vec<Token> {
        let mut found = Vec::new();
        flatten(stream(), without_tests, &mut found);
        found
    }

    #[test]
    fn a_sequence_is_found_with_its_line() {
        assert_eq!(find(&product(), &["SystemTime", ":", ":", "now"]), [15]);
    }

    #[test]
    fn comments_texts_and_tests_do_not_count() {
        assert!(find(&product(), &["todo", "!"]).is_empty());
        assert!(find(&product(), &["unimplemented", "!"]).is_empty());
        assert!(find(&product(), &["use"]).is_empty());
        assert_eq!(find(&product(), &["fn", "two"]), [9]);
    }

    #[test]
    fn functions_are_measured_from_fn_to_brace() {
        let mut found = Vec::new();
        collect_functions(stream(), &mut found);
        let measured: Vec<(&str, usize)> = found.iter().map(|made| (made.name.as_str(), made.lines)).collect();
        assert_eq!(measured, [("product", 1), ("only_in_tests", 1), ("two", 3), ("last", 1)]);
    }
}
