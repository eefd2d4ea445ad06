//! Takes the signature off a request: credentials and signatures are not checked here, and `s3s` checks them always or never.
//!
//! With the signature goes the framing that the SDK puts around a streamed body (`aws-chunked`: sized chunks, then trailers),
//! which `s3s` undoes only for signed requests.

use bytes::{Buf, Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue};
use http::uri::{PathAndQuery, Uri};

use crate::wire::Request;

/// The request without its signature. `None` if its body is not framed as it says.
pub(super) fn unsigned(request: Request) -> Option<Request> {
    let (mut parts, mut body) = request.into_parts();
    parts.uri = without_presigning(parts.uri)?;
    let headers = &mut parts.headers;
    headers.remove(AUTHORIZATION);
    headers.remove("x-amz-security-token");
    let hash = headers.remove("x-amz-content-sha256");
    if hash.is_some_and(|hash| hash.as_bytes().starts_with(b"STREAMING-")) {
        body = unframed(body)?;
        for name in ["x-amz-trailer", "x-amz-decoded-content-length"] {
            headers.remove(name);
        }
        headers.remove(CONTENT_ENCODING);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    Some(Request::from_parts(parts, body))
}

/// The URI without the parameters of a presigned URL. Their expiry is not checked.
fn without_presigning(uri: Uri) -> Option<Uri> {
    let Some(query) = uri.query().filter(|query| query.contains("X-Amz-")) else { return Some(uri) };
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("X-Amz-")).collect();
    let path = format!("{}?{}", uri.path(), kept.join("&"));
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(PathAndQuery::from_maybe_shared(Bytes::from(path)).ok()?);
    Uri::from_parts(parts).ok()
}

/// The bytes of the chunks of an `aws-chunked` body.
fn unframed(mut body: Bytes) -> Option<Bytes> {
    let mut whole = BytesMut::new();
    loop {
        let end = body.windows(2).position(|pair| pair == b"\r\n")?;
        let line = body.split_to(end);
        body.advance(2);
        let size = std::str::from_utf8(&line).ok()?.split(';').next()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(whole.freeze());
        }
        if body.len() < size + 2 {
            return None;
        }
        whole.extend_from_slice(&body.split_to(size));
        body.advance(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_trailers_dropped() {
        let body = Bytes::from_static(b"3\r\nabc\r\n2;chunk-signature=x\r\nde\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n");
        assert_eq!(unframed(body), Some(Bytes::from_static(b"abcde")));
        assert_eq!(unframed(Bytes::from_static(b"9\r\nabc\r\n")), None);
        assert_eq!(unframed(Bytes::from_static(b"nonsense")), None);
    }

    #[test]
    fn a_presigned_url_is_an_ordinary_one() {
        let uri = Uri::from_static("http://x/b/k?x-id=GetObject&X-Amz-Date=1&X-Amz-Signature=2");
        assert_eq!(without_presigning(uri), Some(Uri::from_static("http://x/b/k?x-id=GetObject")));
    }
}
