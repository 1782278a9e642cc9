//! Tags of answers, by which a caller who has one already is not sent it again (RFC 9110 §8.8.3).

use axum::Json;
use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tenure_app::tag::OnlyIf;

/// An answer with its tag.
pub(crate) struct Tagged<T> {
    pub(crate) tag: String,
    pub(crate) body: T,
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        if let Ok(tag) = HeaderValue::try_from(quoted(&self.tag)) {
            response.headers_mut().insert(ETAG, tag);
        }
        response
    }
}

/// The tag as it stands in headers. The text has no quotation marks in it.
pub(crate) fn quoted(tag: &str) -> String {
    format!("\"{tag}\"")
}

/// On which state of what it changes a request depends, by `If-Match` (RFC 9110 §13.1.1). `*` is any.
pub(crate) fn only_if(asked: &HeaderMap) -> OnlyIf {
    let lists: Vec<&str> =
        asked.get_all(IF_MATCH).iter().map(|list| list.to_str().unwrap_or_default()).collect();
    // A proxy that compresses marks a tag as weak; of these tags no other bytes are told apart than of strong ones.
    let tag = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    let tags: Vec<String> = lists.iter().flat_map(|list| list.split(',')).map(tag).collect();
    OnlyIf((!tags.is_empty() && tags != ["*"]).then_some(tags))
}

/// Whether the caller has the answer with this tag.
pub(crate) fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let known = asked.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    // A cache that compresses marks the tag as weak.
    known.is_some_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag))
}
