//! Where a donor's browser may be sent after paying: the origins on the allow-list, and nowhere else.

use platform::ConfigError;
use url::{Host, Origin, Url};

/// The longest return URL, in bytes: an honest one is a third of it, and the gift stays within DynamoDB's unit of 1 KB.
pub const LONGEST_RETURN_URL_BYTES: usize = 300;
/// The setting with the allow-list.
const SETTING: &str = "RETURN_URLS";

/// The allow-list.
#[derive(Debug, Clone)]
pub struct ReturnUrls(Vec<Origin>);

impl ReturnUrls {
    /// From the setting's text: origins, parted by commas.
    ///
    /// # Errors
    /// When one of them is more or less than an origin, or not safe.
    pub fn new(text: &str) -> Result<ReturnUrls, ConfigError> {
        text.split(',').map(str::trim).map(origin).collect::<Result<_, _>>().map(ReturnUrls)
    }

    /// The URL as it is to be kept, if its origin is on the list.
    pub fn allowed(&self, text: &str) -> Option<String> {
        if text.len() > LONGEST_RETURN_URL_BYTES {
            return None;
        }
        let url = Url::parse(text).ok().filter(is_safe)?;
        // As a browser reads it: what it shows as one site and opens as another has been made plain by now.
        let plain = url.to_string();
        (self.0.contains(&url.origin()) && plain.len() <= LONGEST_RETURN_URL_BYTES).then_some(plain)
    }
}

fn origin(text: &str) -> Result<Origin, ConfigError> {
    let unusable = |why: &str| ConfigError::Unusable { name: SETTING, why: why.to_owned() };
    let url = Url::parse(text).map_err(|_| unusable("not a list of origins such as https://give.example"))?;
    if !is_safe(&url) {
        return Err(unusable("an origin is neither https nor loopback"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(unusable("an origin has a path"));
    }
    Ok(url.origin())
}

/// By TLS, or to the machine itself; and without a name and password before the host.
fn is_safe(url: &Url) -> bool {
    let bare = url.username().is_empty() && url.password().is_none();
    bare && match url.scheme() {
        "https" => true,
        "http" => match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_listed_origins_are_returned_to() {
        let returns = ReturnUrls::new("https://give.example, http://localhost:3000,http://127.0.0.1").unwrap();
        for good in
            ["https://give.example/thanks?x=1", "https://GIVE.example:443/", "http://localhost:3000/a", "http://127.0.0.1/b"]
        {
            assert!(returns.allowed(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "/thanks",
            "give.example",
            "http://give.example/",
            "https://give.example:8443/",
            "https://give.example.evil.example/",
            "https://evil.example/https://give.example/",
            "https://give.example@evil.example/",
            "https://user:pass@give.example/",
            "https://give.example\\@evil.example:9/x",
            "javascript:alert(1)//https://give.example/",
            "data:text/html,x",
            "http://localhost:3001/",
            &format!("https://give.example/{}", "x".repeat(LONGEST_RETURN_URL_BYTES)),
        ] {
            let url = returns.allowed(bad);
            assert!(url.as_deref().is_none_or(|url| url.starts_with("https://give.example/")), "{bad}: {url:?}");
            assert!(url.is_none() || bad.contains('\\'), "{bad}: {url:?}");
        }
    }

    #[test]
    fn a_list_that_would_allow_too_much_is_no_list() {
        for bad in [
            "",
            "*",
            "https://",
            "https://give.example/path",
            "http://give.example",
            "https://a@give.example",
            "https://a.example,",
        ] {
            assert!(ReturnUrls::new(bad).is_err(), "{bad}");
        }
    }
}
