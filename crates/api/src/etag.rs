//! Tags of answers, by which a caller who has one already is not sent it again (RFC 9110 §8.8.3).

use axum::http::HeaderMap;
use axum::http::header::IF_NONE_MATCH;

/// The tag as it stands in headers. The text has no quotation marks in it.
pub(crate) fn quoted(tag: &str) -> String {
    format!("\"{tag}\"")
}

/// Whether the caller has the answer with this tag.
pub(crate) fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let known = asked.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    // A cache that compresses marks the tag as weak.
    known.is_some_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag))
}
