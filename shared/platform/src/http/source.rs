//! Where a call comes from: what API Gateway itself tells, and never a header, which anybody can write.

use std::net::IpAddr;

use super::Call;

impl Call {
    /// The address that the call comes from, as far as it tells one source from another: of IPv6 the network of 64 bits, because a single line has all the addresses of one. Personal data:
    /// to be hashed before it is kept, and never to be told.
    pub fn source(&self) -> String {
        let told = self.told_source();
        match told.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(IpAddr::V4(address)) => address.to_string(),
            Ok(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            // What is no address is one source, whatever it says.
            Err(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HttpRequest;

    #[test]
    fn a_source_is_what_the_gateway_tells() {
        let source = |told: Option<&str>| {
            let mut request = HttpRequest::default();
            request.headers.insert("x-forwarded-for", "198.51.100.9".parse().expect("a header value"));
            request.request_context.http.source_ip = told.map(str::to_owned);
            Call::new(request).source()
        };
        let table = [
            (Some("192.0.2.1"), "192.0.2.1"),
            (Some("::ffff:192.0.2.1"), "192.0.2.1"),
            (Some("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64"),
            (Some("2001:db8:1:2:ffff::1"), "2001:db8:1:2::/64"),
            (Some("2001:db8:1:3::1"), "2001:db8:1:3::/64"),
            (Some("not an address"), ""),
            (None, ""),
        ];
        for (told, expected) in table {
            assert_eq!(source(told), expected, "{told:?}");
        }
    }
}
