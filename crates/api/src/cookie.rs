//! The cookie of a log-in, and whose page a request comes from.
//!
//! A browser adds the cookie to every request, also to those that another site's page makes. So a request that
//! changes something counts only when the browser says that a page of this service made it: by `Sec-Fetch-Site`
//! (Fetch Metadata), or, in a browser that does not send it, by `Origin`. The cookie is `SameSite=Lax` besides.

use axum::extract::FromRequestParts;
use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tenure_domain::Refusal;
use tenure_domain::session::LONGEST_US;

use crate::{ApiState, Problem};

/// The prefix makes browsers take it only with `Secure`, `Path=/` and no `Domain` (RFC 6265bis §4.1.3.2).
const NAME: &str = "__Host-tenure";

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a request's cookie holds.
pub(crate) fn value(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(name, value)| (name == NAME).then_some(value))
}

/// Sets the cookie.
pub(crate) fn set(value: &str) -> Result<HeaderValue, Problem> {
    let seconds = LONGEST_US / 1_000_000;
    let cookie = format!("{NAME}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&cookie).map_err(|_| Problem::internal())
}

/// Takes the cookie away.
pub(crate) fn clear() -> HeaderValue {
    HeaderValue::from_static("__Host-tenure=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax")
}

/// Which page made a request, as far as the browser tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Own,
    Foreign,
    Unknown,
}

fn page(headers: &HeaderMap, public_url: Option<&str>) -> Page {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return if ["same-origin", "none"].iter().any(|own| site == own) { Page::Own } else { Page::Foreign };
    }
    let Some(origin) = headers.get(ORIGIN) else { return Page::Unknown };
    let origin = origin.to_str().unwrap_or_default().trim_end_matches('/');
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let of_host = origin.split_once("://").is_some_and(|(_, place)| Some(place) == host);
    let public = public_url.map(|url| url.trim_end_matches('/'));
    let of_public = public.is_some_and(|public| {
        public == origin || public.strip_prefix(origin).is_some_and(|path| path.starts_with('/'))
    });
    if of_host || of_public { Page::Own } else { Page::Foreign }
}

/// Refuses a request that changes something by a cookie and does not come from a page of this service.
pub(crate) fn check_site(parts: &Parts, state: &ApiState) -> Result<(), Refusal> {
    if parts.method.is_safe() || page(&parts.headers, state.info.public_url.as_deref()) == Page::Own {
        return Ok(());
    }
    Err(Refusal::CrossSite)
}

/// A request that logs somebody in: a script's, or one from a page of this service.
pub(crate) struct NotCrossSite;

impl FromRequestParts<ApiState> for NotCrossSite {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        match page(&parts.headers, state.info.public_url.as_deref()) {
            Page::Foreign => Err(Refusal::CrossSite.into()),
            Page::Own | Page::Unknown => Ok(Self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        assert_eq!(value(&headers(&[("cookie", "a=b; __Host-tenure=x_1-Z;c=d")])), Some("x_1-Z"));
        assert_eq!(value(&headers(&[("cookie", "a=b"), ("cookie", "__Host-tenure=x")])), Some("x"));
        assert_eq!(value(&headers(&[("cookie", "x__Host-tenure=x; __host-tenure=y")])), None);
    }

    #[test]
    fn a_page_is_the_services_own_when_the_browser_says_so() {
        let of = |pairs: &[(&'static str, &'static str)]| {
            page(&headers(pairs), Some("https://tenure.harbor.example/"))
        };
        assert_eq!(of(&[]), Page::Unknown);
        assert_eq!(of(&[("sec-fetch-site", "same-origin")]), Page::Own);
        assert_eq!(of(&[("sec-fetch-site", "none")]), Page::Own);
        assert_eq!(of(&[("sec-fetch-site", "same-site")]), Page::Foreign);
        assert_eq!(of(&[("sec-fetch-site", "cross-site")]), Page::Foreign);
        let host = ("host", "127.0.0.1:8080");
        assert_eq!(of(&[host, ("origin", "http://127.0.0.1:8080")]), Page::Own);
        assert_eq!(of(&[host, ("origin", "http://127.0.0.1:8081")]), Page::Foreign);
        assert_eq!(of(&[host, ("origin", "null")]), Page::Foreign);
        assert_eq!(of(&[host, ("origin", "https://tenure.harbor.example")]), Page::Own);
        assert_eq!(of(&[host, ("origin", "https://tenure.harbor")]), Page::Foreign);
        let lie = [host, ("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "cross-site")];
        assert_eq!(of(&lie), Page::Foreign);
    }
}
