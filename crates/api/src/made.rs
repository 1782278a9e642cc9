//! Answers of those who make something: with the place where it can be read alone.

use axum::Json;
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::Problem;
use crate::etag::quoted;

/// What was made, or is on its way, and its `Location` (RFC 9110 §10.2.2).
pub(crate) struct Made<T> {
    status: StatusCode,
    location: String,
    tag: Option<String>,
    body: T,
}

impl<T> Made<T> {
    /// It is there (201), at this path.
    pub(crate) const fn new(location: String, body: T) -> Self {
        Self { status: StatusCode::CREATED, location, tag: None, body }
    }

    /// It is on its way (202); how far it is, is at this path.
    pub(crate) const fn on_its_way(location: String, body: T) -> Self {
        Self { status: StatusCode::ACCEPTED, location, tag: None, body }
    }

    /// The same, with the tag of what people edit of it.
    pub(crate) fn tagged(self, tag: String) -> Self {
        Self { tag: Some(tag), ..self }
    }
}

impl<T: Serialize> IntoResponse for Made<T> {
    fn into_response(self) -> Response {
        let Self { status, location, tag, body } = self;
        let tag = tag.map(|tag| HeaderValue::try_from(quoted(&tag))).transpose();
        let (Ok(location), Ok(tag)) = (HeaderValue::try_from(location), tag) else {
            return Problem::internal().into_response();
        };
        let mut response = (status, [(LOCATION, location)], Json(body)).into_response();
        if let Some(tag) = tag {
            response.headers_mut().insert(ETAG, tag);
        }
        response
    }
}
