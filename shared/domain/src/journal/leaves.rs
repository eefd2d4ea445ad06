//! The leaves of a page's entries.

use minicbor::decode::{Decode, Decoder, Error as DecodeError};
use minicbor::encode::{Encode, Encoder, Error as EncodeError, Write};

use crate::hash::{Hash, tree_root};

/// Bytes of one leaf.
const LEAF_BYTES: usize = 32;

/// The leaves of a page's entries, in their order. On the page they are one string of bytes, so that none costs more than itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaves(Vec<Hash>);

impl Leaves {
    /// The leaves.
    pub fn hashes(&self) -> &[Hash] {
        &self.0
    }

    /// The root of their tree.
    pub fn root(&self) -> Hash {
        tree_root(&self.0)
    }
}

impl FromIterator<Hash> for Leaves {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Leaves {
        Leaves(leaves.into_iter().collect())
    }
}

impl<C> Encode<C> for Leaves {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        let bytes: Vec<u8> = self.0.iter().flat_map(Hash::bytes).copied().collect();
        encoder.bytes(&bytes)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Leaves {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Leaves, DecodeError> {
        let bytes = decoder.bytes()?;
        if bytes.len() % LEAF_BYTES != 0 {
            return Err(DecodeError::message("leaves are of 32 bytes each"));
        }
        Ok(bytes.chunks_exact(LEAF_BYTES).filter_map(Hash::from_bytes).collect())
    }
}
