//! Receipt handles: which message, and which of its receives.

use data_encoding::BASE64URL_NOPAD;

use super::error::SqsError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    pub number: u64,
    pub receives: u32,
    pub id: String,
}

impl Receipt {
    pub fn handle(&self, queue: &str) -> String {
        let Self { number, receives, id } = self;
        BASE64URL_NOPAD.encode(format!("{queue}/{number}/{receives}/{id}").as_bytes())
    }

    /// Reads a handle that `queue` gave out.
    pub fn parse(handle: &str, queue: &str) -> Result<Self, SqsError> {
        parse(handle, queue).ok_or_else(|| SqsError::invalid_receipt(handle))
    }
}

fn parse(handle: &str, queue: &str) -> Option<Receipt> {
    let bytes = BASE64URL_NOPAD.decode(handle.as_bytes()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let mut parts = text.split('/');
    if parts.next()? != queue {
        return None;
    }
    let (number, receives) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(Receipt { number, receives, id: parts.next()?.to_owned() })
}
