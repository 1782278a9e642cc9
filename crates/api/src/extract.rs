//! What is read out of a request. Each extractor answers with a [`Problem`] where axum's own would with plain text.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::body::HttpBody;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use tenure_domain::id::Kind;
use tenure_domain::{Id, Refusal, Serial};

use crate::Problem;
use crate::strict::Strict;

/// The body, as JSON in which every field is known.
pub(crate) struct Body<T>(pub(crate) T);

/// The body, or what counts when there is none.
pub(crate) struct OptionalBody<T>(pub(crate) T);

/// The query, in which every parameter is known.
pub(crate) struct Query<T>(pub(crate) T);

/// An identifier in the path: `{sensor_id}` for a sensor. What is none of its kind names nothing.
pub(crate) struct PathId<K>(pub(crate) Id<K>);

/// The serial number in the path, `{serial}`.
pub(crate) struct PathSerial(pub(crate) Serial);

/// The network address of the caller, for the limits on guessing (R4); `unknown` when the server did not tell it.
pub(crate) struct Peer(pub(crate) String);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = axum::Json::<Strict<T>>::from_request(request, state).await;
        body.map(|axum::Json(Strict(body))| Self(body)).map_err(|rejection| body_problem(&rejection))
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let empty = request.body().size_hint().exact() == Some(0);
        if empty && !request.headers().contains_key(CONTENT_TYPE) {
            return Ok(Self(T::default()));
        }
        Body::from_request(request, state).await.map(|Body(body)| Self(body))
    }
}

fn body_problem(rejection: &JsonRejection) -> Problem {
    let malformed = |error: &dyn std::error::Error| {
        let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        Problem::new(StatusCode::BAD_REQUEST, "body_malformed", format!("The body cannot be read: {cause}."))
    };
    match rejection {
        JsonRejection::JsonDataError(error) => malformed(error),
        JsonRejection::JsonSyntaxError(error) => malformed(error),
        JsonRejection::MissingJsonContentType(_) => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content_type_unsupported",
            "Send the body as JSON, with the header \"Content-Type: application/json\".",
        ),
        JsonRejection::BytesRejection(error) => bytes_problem(error),
        _ => Problem::internal(),
    }
}

/// Why the bytes of a body could not be had.
pub(crate) fn bytes_problem(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            rejection.status(),
            "body_too_large",
            "The body is larger than this path takes.",
        );
    }
    Problem::new(StatusCode::BAD_REQUEST, "body_malformed", "The body did not arrive whole.")
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|axum::extract::Query(query)| Self(query)).map_err(|rejection| {
            let error: &dyn std::error::Error = &rejection;
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            let detail = format!("The query cannot be read: {cause}.");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "query_malformed", detail)
        })
    }
}

impl<K: Kind, S: Send + Sync> FromRequestParts<S> for PathId<K> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let not_found = || Problem::from(Refusal::NotFound { what: K::NAME });
        let path = RawPathParams::from_request_parts(parts, state).await.map_err(|_| not_found())?;
        let name = format!("{}_id", K::NAME.replace(' ', "_"));
        let text = path.iter().find_map(|(key, value)| (key == name).then_some(value));
        text.and_then(|text| text.parse().ok()).map(Self).ok_or_else(not_found)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathSerial {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let malformed = |_| Problem::from(Refusal::SerialMalformed);
        let path = RawPathParams::from_request_parts(parts, state).await.map_err(malformed)?;
        let text = path.iter().find_map(|(key, value)| (key == "serial").then_some(value));
        Ok(Self(text.unwrap_or_default().parse()?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(peer)| behind_proxy(peer.ip(), &parts.headers));
        Ok(Self(peer.map_or_else(|| "unknown".to_owned(), place_of)))
    }
}

/// The address that the proxy on this machine has seen: the last one of `X-Forwarded-For`, which it has added itself.
/// Whoever is not on this machine could write anything there, so it is not believed.
fn behind_proxy(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
    let last = forwarded.and_then(|list| list.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    last.filter(|_| peer.to_canonical().is_loopback()).unwrap_or(peer)
}

/// The address, or of an IPv6 address the network: whoever has one address of it has them all.
fn place_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [first, second, third, fourth, ..] = address.segments();
            format!("{first:x}:{second:x}:{third:x}:{fourth:x}::/64")
        }
    }
}

/// Reads one value of a query or a body, and says what it must be where it cannot be read.
pub(crate) fn parsed<T: FromStr>(
    field: &'static str,
    text: Option<&str>,
    expected: &str,
) -> Result<Option<T>, Refusal> {
    let invalid = |_| Refusal::Invalid { field, expected: expected.to_owned() };
    text.map(|text| text.parse().map_err(invalid)).transpose()
}

/// Tells a field that is null from one that is absent.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r4_the_proxy_on_this_machine_is_believed_and_nobody_else() {
        let seen = |peer: &str, forwarded: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", axum::http::HeaderValue::from_static(forwarded));
            behind_proxy(peer.parse().unwrap(), &headers).to_string()
        };
        assert_eq!(seen("127.0.0.1", "198.51.100.9, 192.0.2.7"), "192.0.2.7");
        assert_eq!(seen("::1", "2001:db8::1"), "2001:db8::1");
        assert_eq!(seen("127.0.0.1", "nonsense"), "127.0.0.1");
        assert_eq!(seen("203.0.113.5", "192.0.2.7"), "203.0.113.5");
    }

    #[test]
    fn r4_an_ipv6_address_counts_with_its_network() {
        let place = |text: &str| place_of(text.parse().unwrap());
        assert_eq!(place("192.0.2.7"), "192.0.2.7");
        assert_eq!(place("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(place("2001:db8:0:5:1:2:3:4"), place("2001:db8:0:5::9"));
        assert_eq!(place("2001:db8:0:5::9"), "2001:db8:0:5::/64");
    }
}
