//! The web UI: the files of `web/dist`, inside the binary.
//!
//! It is a client of the JSON API and of nothing else. Its page is answered at every path that is no route, as the
//! page itself knows the addresses of its screens.

use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};

use crate::{Problem, etag};

#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Files;

/// The page of all screens.
const PAGE: &str = "index.html";

/// Only the service itself may be asked for anything, and nobody may put a screen into a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// A file whose name holds its content's hash never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// What answers where no route does: a file of the UI, its page, or a problem.
pub(crate) async fn serve<B>(request: Request<B>) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads && let Some(file) = Files::get(path).filter(|_| path != PAGE) {
        let keep = if path.starts_with("assets/") { FOREVER } else { ASK_AGAIN };
        return answer(&file, keep, request.headers());
    }
    if !reads || !shows_a_page(request.uri(), request.headers()) {
        return Problem::route_unknown().into_response();
    }
    let Some(page) = Files::get(PAGE) else { return not_built() };
    let mut response = answer(&page, ASK_AGAIN, request.headers());
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    response
}

/// Whether somebody with a browser looks for a screen. A program that has mistaken a path gets a problem.
fn shows_a_page(uri: &Uri, headers: &HeaderMap) -> bool {
    let path = uri.path();
    let file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    let html = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    html && !file && !path.starts_with("/api/")
}

fn answer(file: &EmbeddedFile, keep: &'static str, asked: &HeaderMap) -> Response {
    let tag: String = file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = etag::quoted(&tag);
    let known = etag::is_known(asked, &tag);
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { file.data.clone().into_response() };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    if let Ok(kind) = HeaderValue::from_str(file.metadata.mimetype()) {
        headers.insert(CONTENT_TYPE, kind);
    }
    response
}

/// A binary that was built without the UI says so.
fn not_built() -> Response {
    let text = "This build of Tenure has no web UI in it. Run `make web`, and build again.\n";
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
