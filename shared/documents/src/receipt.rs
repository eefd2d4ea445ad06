//! The receipt of a gift, as a PDF.
