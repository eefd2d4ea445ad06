//! A request, read.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::purpose::Language;
use serde::de::DeserializeOwned;

use super::{HttpRequest, Problem};

/// The largest body that is read, in bytes. The largest honest command of ours is a tenth of it.
pub const MOST_BODY_BYTES: usize = 64 * 1024;

/// A request as a handler sees it.
#[derive(Debug, Clone)]
pub struct Call {
    request: HttpRequest,
}

impl Call {
    /// A call for what API Gateway handed over.
    pub const fn new(request: HttpRequest) -> Call {
        Call { request }
    }

    /// The route that the gateway chose: `GET /v1/opportunities/{id}`.
    pub fn route(&self) -> &str {
        self.request.route_key.as_deref().or(self.request.request_context.route_key.as_deref()).unwrap_or_default()
    }

    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A query parameter; of several with one name, the first.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.request.query_string_parameters.first(name)
    }

    /// Every query parameter with its value, in no order; one that stands several times comes several times.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.request.query_string_parameters.iter()
    }

    /// A part of the path by its name in the route; empty when the route has none such.
    pub fn path(&self, name: &str) -> &str {
        self.request.path_parameters.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A claim of the token that the gateway has checked.
    pub fn claim(&self, name: &str) -> Option<&str> {
        let authorizer = self.request.request_context.authorizer.as_ref()?;
        authorizer.jwt.as_ref()?.claims.get(name).map(String::as_str)
    }

    /// The gateway's id of the request.
    pub fn id(&self) -> &str {
        self.request.request_context.request_id.as_deref().unwrap_or_default()
    }

    /// The address of the other end, as the gateway tells it.
    pub(super) fn told_source(&self) -> &str {
        self.request.request_context.http.source_ip.as_deref().unwrap_or_default()
    }

    /// The body's raw bytes, as they were sent; `None` when the gateway's base64 is broken.
    pub fn body(&self) -> Option<Cow<'_, [u8]>> {
        let text = self.request.body.as_deref().unwrap_or_default();
        if self.request.is_base64_encoded {
            BASE64_STANDARD.decode(text).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(text.as_bytes()))
        }
    }

    /// The body as JSON of this form.
    ///
    /// # Errors
    /// A problem that says where the body stops making sense, and never repeats it.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body = self.body().ok_or_else(|| Problem::malformed("the body is not valid base64"))?;
        if body.len() > MOST_BODY_BYTES {
            return Err(Problem::too_large(MOST_BODY_BYTES));
        }
        serde_json::from_slice(&body).map_err(|error| Problem::malformed(&error.to_string()))
    }

    /// The body as a JSON object of this form. A list is none: serde would read a list of the members' values, in the order in which we happen to write them down, as well.
    ///
    /// # Errors
    /// As [`Call::json`].
    pub fn object<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let read = self.json()?;
        if self.body().is_some_and(|body| body.trim_ascii_start().starts_with(b"[")) {
            return Err(Problem::malformed("a list, and not an object"));
        }
        Ok(read)
    }

    /// The language to answer in: the better liked of Arabic and English by `Accept-Language`, Arabic without one.
    pub fn language(&self) -> Language {
        language(self.header("accept-language").unwrap_or_default())
    }
}

/// RFC 9110, section 12.5.4, for two languages: the first of the best liked.
fn language(accepted: &str) -> Language {
    let mut best = (Language::Arabic, 0);
    for range in accepted.split(',') {
        let mut parts = range.split(';');
        let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let quality = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1_000, thousandths);
        let language = match tag.split('-').next() {
            Some("ar" | "*") => Language::Arabic,
            Some("en") => Language::English,
            _ => continue,
        };
        if quality > best.1 {
            best = (language, quality);
        }
    }
    best.0
}

/// `0.8` as 800; what is no quality counts as none.
fn thousandths(quality: &str) -> u32 {
    let (whole, fraction) = quality.trim().split_once('.').unwrap_or((quality.trim(), ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u32>(), digits.parse::<u32>()) {
        (Ok(whole), Ok(fraction)) if whole <= 1 => whole * 1_000 + fraction,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_never_read_from_a_list() {
        #[derive(serde::Deserialize)]
        struct Named {
            name: String,
        }
        let read = |body: &str| {
            let mut request = HttpRequest::default();
            request.body = Some(body.to_owned());
            Call::new(request).object::<Named>().map(|named| named.name).map_err(|problem| problem.code())
        };
        assert_eq!(read(r#" {"name": "x"}"#).as_deref(), Ok("x"));
        assert_eq!(read("\n [\"x\"]"), Err("malformed"));
        assert_eq!(read(""), Err("malformed"));
    }

    #[test]
    fn the_better_liked_language_is_answered_in() {
        let table = [
            ("", Language::Arabic),
            ("en", Language::English),
            ("en-US,en;q=0.9,ar;q=0.8", Language::English),
            ("ar-SA, en;q=0.5", Language::Arabic),
            ("en;q=0.3, ar;q=0.7", Language::Arabic),
            ("fr-FR, en;q=0.1", Language::English),
            ("fr", Language::Arabic),
            ("en;q=x", Language::Arabic),
        ];
        for (accepted, expected) in table {
            assert_eq!(language(accepted), expected, "{accepted:?}");
        }
    }
}
