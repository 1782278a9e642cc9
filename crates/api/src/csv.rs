//! Answers that are CSV (RFC 4180), made a piece at a time.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;

use crate::Problem;

pub(crate) use tenure_app::csv::record;

/// An answer that is a file, sent as its pieces come. Where one cannot be had, the answer breaks off.
pub(crate) fn file<S>(name: &str, pieces: S) -> Result<Response, Problem>
where
    S: Stream<Item = Result<String, tenure_app::AppError>> + Send + 'static,
{
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    headers.insert(CONTENT_DISPOSITION, disposition.map_err(|_| Problem::internal())?);
    Ok(response)
}
