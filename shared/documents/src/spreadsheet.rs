//! What all our spreadsheets have in common: UTF-8 that says so, lines as RFC 4180 has them, and no text that is run.

const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// Records of one length as CSV.
pub(crate) fn csv<const N: usize>(records: impl IntoIterator<Item = [String; N]>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(BYTE_ORDER_MARK.to_vec());
    for record in records {
        writer.write_record(&record).expect("records of one length, written to memory");
    }
    writer.into_inner().expect("memory takes what is written")
}

/// A text that is shown and never run: what a spreadsheet would take for a formula is led by an apostrophe (OWASP, "CSV injection").
pub(crate) fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_shown_and_not_run() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(guarded(text), format!("'{text}"));
        }
        for text in ["", "بئر", "a=b", "wells-jazan"] {
            assert_eq!(guarded(text), text);
        }
    }
}
