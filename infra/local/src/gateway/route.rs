//! Which route a request takes: route keys as an HTTP API writes them, and API Gateway's order of preference.
//!
//! A key is `METHOD /path`, `ANY /path` or `$default`. A path segment is literal, `{name}` (one segment, not empty) or, at
//! the end, `{name+}` (the rest, one segment or more). Of the routes that match a request the most specific is taken: a
//! full match before a greedy one, a literal segment before a variable, a longer literal beginning before a shorter one, a
//! method by name before `ANY`, and `$default` when nothing else matches.
//!
//! Paths are compared after percent-decoding, as API Gateway does: an encoded slash separates segments.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A route key of an HTTP API.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RouteKey {
    /// `$default`: whatever no other route takes.
    Default,
    /// A method and a path.
    Path {
        /// The method in capitals; `None` for `ANY`.
        method: Option<String>,
        /// The path's segments.
        segments: Vec<Segment>,
    },
}

/// One segment of a route's path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Matches itself.
    Literal(String),
    /// `{name}`: matches one segment that is not empty.
    Variable(String),
    /// `{name+}`: matches the rest of the path.
    Greedy(String),
}

/// Why a text is no route key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no route key: {reason}")]
pub struct BadRouteKey {
    text: String,
    reason: &'static str,
}

/// The path variables of a match: name and value.
pub type PathParameters = BTreeMap<String, String>;

impl RouteKey {
    /// The path variables when this route takes the request; `path` is decoded and begins with a slash.
    pub fn matches(&self, method: &str, path: &str) -> Option<PathParameters> {
        let RouteKey::Path { method: wanted, segments } = self else { return Some(PathParameters::new()) };
        if wanted.as_deref().is_some_and(|wanted| wanted != method) {
            return None;
        }
        capture(segments, path.strip_prefix('/')?)
    }

    /// Orders keys so that the one to prefer comes first.
    fn preference(&self, other: &Self) -> Ordering {
        match (self, other) {
            (RouteKey::Default, RouteKey::Default) => Ordering::Equal,
            (RouteKey::Default, RouteKey::Path { .. }) => Ordering::Greater,
            (RouteKey::Path { .. }, RouteKey::Default) => Ordering::Less,
            (RouteKey::Path { method: a, segments: x }, RouteKey::Path { method: b, segments: y }) => {
                let specific = (is_greedy(x), ranks(x)).cmp(&(is_greedy(y), ranks(y)));
                specific.then_with(|| y.len().cmp(&x.len())).then_with(|| a.is_none().cmp(&b.is_none()))
            }
        }
    }
}

/// Of all `routes` the one that takes the request, with its path variables.
pub fn choose<'r, R>(
    routes: impl IntoIterator<Item = &'r R>,
    key: impl Fn(&R) -> &RouteKey,
    method: &str,
    path: &str,
) -> Option<(&'r R, PathParameters)> {
    let matching = routes.into_iter().filter_map(|route| Some((route, key(route).matches(method, path)?)));
    matching.min_by(|(a, _), (b, _)| key(a).preference(key(b)))
}

fn capture(segments: &[Segment], path: &str) -> Option<PathParameters> {
    let mut captured = PathParameters::new();
    let mut rest = Some(path);
    for segment in segments {
        let current = rest?;
        let (head, tail) = current.split_once('/').map_or((current, None), |(head, tail)| (head, Some(tail)));
        match segment {
            Segment::Literal(text) if text == head => {}
            Segment::Literal(_) => return None,
            Segment::Variable(_) | Segment::Greedy(_) if head.is_empty() => return None,
            Segment::Variable(name) => drop(captured.insert(name.clone(), head.to_owned())),
            Segment::Greedy(name) => {
                captured.insert(name.clone(), current.to_owned());
                return Some(captured);
            }
        }
        rest = tail;
    }
    rest.is_none().then_some(captured)
}

fn is_greedy(segments: &[Segment]) -> bool {
    matches!(segments.last(), Some(Segment::Greedy(_)))
}

fn ranks(segments: &[Segment]) -> Vec<u8> {
    let rank = |segment: &Segment| match segment {
        Segment::Literal(_) => 0,
        Segment::Variable(_) => 1,
        Segment::Greedy(_) => 2,
    };
    segments.iter().map(rank).collect()
}

impl FromStr for RouteKey {
    type Err = BadRouteKey;

    fn from_str(text: &str) -> Result<Self, BadRouteKey> {
        let bad = |reason| BadRouteKey { text: text.to_owned(), reason };
        if text == "$default" {
            return Ok(RouteKey::Default);
        }
        let (method, path) = text.split_once(' ').ok_or_else(|| bad("it has no method and path"))?;
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(bad("the method is not in capitals"));
        }
        let path = path.strip_prefix('/').ok_or_else(|| bad("the path does not begin with a slash"))?;
        let segments = path.split('/').map(segment).collect::<Result<Vec<_>, _>>().map_err(bad)?;
        let before_last = segments.split_last().map_or(&segments[..], |(_, before)| before);
        if before_last.iter().any(|segment| matches!(segment, Segment::Greedy(_))) {
            return Err(bad("a greedy variable stands only at the end"));
        }
        Ok(RouteKey::Path { method: (method != "ANY").then(|| method.to_owned()), segments })
    }
}

fn segment(text: &str) -> Result<Segment, &'static str> {
    let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
        let literal = !text.contains(['{', '}']);
        return literal.then(|| Segment::Literal(text.to_owned())).ok_or("braces stand around whole segments only");
    };
    let (name, greedy) = inner.strip_suffix('+').map_or((inner, false), |name| (name, true));
    if name.is_empty() || name.contains(['{', '}', '+']) {
        return Err("a variable needs a name");
    }
    Ok(if greedy { Segment::Greedy(name.to_owned()) } else { Segment::Variable(name.to_owned()) })
}

impl fmt::Display for RouteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RouteKey::Path { method, segments } = self else { return f.write_str("$default") };
        f.write_str(method.as_deref().unwrap_or("ANY"))?;
        f.write_str(" ")?;
        for segment in segments {
            match segment {
                Segment::Literal(text) => write!(f, "/{text}")?,
                Segment::Variable(name) => write!(f, "/{{{name}}}")?,
                Segment::Greedy(name) => write!(f, "/{{{name}+}}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn chosen(keys: &[&str], method: &str, path: &str) -> String {
        let keys: Vec<RouteKey> = keys.iter().map(|key| key.parse().unwrap()).collect();
        choose(&keys, |key| key, method, path).map_or_else(|| "none".to_owned(), |(key, _)| key.to_string())
    }

    /// The example of API Gateway's developer guide.
    #[test]
    fn the_most_specific_route_wins() {
        let keys = ["$default", "ANY /{proxy+}", "GET /pets/{proxy+}", "GET /pets/dog/{id}", "GET /pets/dog/1"];
        for (method, path, route) in [
            ("GET", "/pets/dog/1", "GET /pets/dog/1"),
            ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
            ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
            ("POST", "/test/5", "ANY /{proxy+}"),
            ("POST", "/", "$default"),
        ] {
            assert_eq!(chosen(&keys, method, path), route, "{method} {path}");
        }
    }

    #[test]
    fn matching_table() {
        for (keys, method, path, route) in [
            (&["GET /a/{id}"][..], "GET", "/a/1", "GET /a/{id}"),
            (&["GET /a/{id}"], "GET", "/a/", "none"),
            (&["GET /a/{id}"], "GET", "/a", "none"),
            (&["GET /a/{id}"], "GET", "/a/1/", "none"),
            (&["GET /a/{id}"], "HEAD", "/a/1", "none"),
            (&["GET /a/{id}", "ANY /a/{id}"], "GET", "/a/1", "GET /a/{id}"),
            (&["GET /a/{id}", "ANY /a/{id}"], "PUT", "/a/1", "ANY /a/{id}"),
            (&["ANY /a/b", "GET /a/{id}"], "GET", "/a/b", "ANY /a/b"),
            (&["GET /a/{rest+}", "GET /a/b/{rest+}"], "GET", "/a/b/c/d", "GET /a/b/{rest+}"),
            (&["GET /a/{rest+}", "ANY /a/{id}"], "GET", "/a/b", "ANY /a/{id}"),
            (&["GET /{x}/b", "GET /a/{y}"], "GET", "/a/b", "GET /a/{y}"),
            (&["GET /a/{rest+}"], "GET", "/a/", "none"),
            (&["GET /"], "GET", "/", "GET /"),
            (&["GET /a"], "GET", "a", "none"),
        ] {
            assert_eq!(chosen(keys, method, path), route, "{keys:?} {method} {path}");
        }
    }

    #[test]
    fn variables_are_captured() {
        let key: RouteKey = "POST /v1/payments/{provider}/{rest+}".parse().unwrap();
        let captured = key.matches("POST", "/v1/payments/moyasar/a/b/").unwrap();
        let expected = [("provider", "moyasar"), ("rest", "a/b/")];
        assert_eq!(captured, expected.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect());
    }

    #[test]
    fn bad_keys_say_why() {
        for (text, reason) in [
            ("GET", "no method and path"),
            ("get /a", "not in capitals"),
            ("GET a", "does not begin with a slash"),
            ("GET /{a+}/b", "only at the end"),
            ("GET /a{b}", "whole segments"),
            ("GET /{}", "needs a name"),
        ] {
            let error = text.parse::<RouteKey>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
