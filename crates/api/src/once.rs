//! `Idempotency-Key`: a request that is sent again is carried out once, and answered alike
//! (draft-ietf-httpapi-idempotency-key-header-07).

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tenure_app::idempotency::{Answer, Begun, Keyed, Mark};
use tenure_domain::Refusal;

use crate::access::known;
use crate::{ApiState, Problem};

/// The header with the key.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Tells an answer that is given again.
pub(crate) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The longest key, in characters.
const LONGEST_KEY: usize = 255;

/// The longest body of a request with a key: as long as that of the route that takes the longest.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// The longest body of an answer that is kept.
const MOST_KEPT: u64 = 1024 * 1024;

/// The headers of an answer that are kept with it.
const KEPT_HEADERS: [HeaderName; 3] = [CONTENT_TYPE, LOCATION, ETAG];

/// Carries out a request with an `Idempotency-Key` once.
///
/// The key counts for callers who are known. What everybody may call is safe to be sent again without one, and ignores
/// it. So does what changes nothing: nothing is remembered of a request that is refused, or of a preview.
pub(crate) async fn once(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/api/v1/");
    if !api || request.method().is_safe() || !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    // Who is not known hears so from the route itself.
    let Ok(who) = known(&mut parts, &state).await else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    match begin(&state, &mut parts, &who.name(), body).await {
        Err(problem) => problem.into_response(),
        Ok((Begun::Known(answer), _)) => again(answer),
        Ok((Begun::New(mark), body)) => {
            parts.extensions.insert(mark.clone());
            let response = next.run(Request::from_parts(parts, body)).await;
            finish(&state, &mark, response).await
        }
    }
}

async fn begin(
    state: &ApiState,
    parts: &mut Parts,
    caller: &str,
    body: Body,
) -> Result<(Begun, Body), Problem> {
    let key = key(&parts.headers)?;
    let bytes = to_bytes(body, MOST_BYTES).await.map_err(|_| {
        let detail = "The body is larger than this path takes, or did not arrive whole.";
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    })?;
    let keyed = Keyed {
        caller,
        method: parts.method.as_str(),
        path: parts.uri.path(),
        key: &key,
        query: parts.uri.query().unwrap_or_default(),
        body: &bytes,
    };
    let begun = state.app.begin_keyed(keyed).await?;
    Ok((begun, Body::from(bytes)))
}

/// The key. The draft has it in quotation marks; without them it is the same.
fn key(headers: &HeaderMap) -> Result<String, Refusal> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let one = values.next().filter(|_| values.next().is_none());
    let text = one.and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let fits = (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(key.to_owned()) } else { Err(Refusal::IdempotencyKeyMalformed) }
}

/// What was answered before.
fn again(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    response
}

/// Keeps the answer to what has been carried out.
async fn finish(state: &ApiState, mark: &Mark, response: Response) -> Response {
    if !mark.is_written() {
        if response.status().is_success() {
            return response;
        }
        // Another node may have carried it out meanwhile, or this one, whose commit the database did not confirm.
        return match state.app.answer_of(mark).await {
            Ok(None) => response,
            Ok(Some(answer)) => again(answer),
            Err(error) => Problem::from(error).into_response(),
        };
    }
    // What is not said by then is a stream, whose end who tells it keeps, or too long.
    let known_length = response.body().size_hint().exact().is_some_and(|length| length <= MOST_KEPT);
    if response.status().is_server_error() || !known_length {
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, MOST_BYTES).await else { return Problem::internal().into_response() };
    let headers = KEPT_HEADERS.iter().filter_map(|name| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    let answer = Answer { status: parts.status.as_u16(), headers: headers.collect(), body: bytes.to_vec() };
    keep(state, mark, answer).await;
    Response::from_parts(parts, Body::from(bytes))
}

/// Keeps an answer. Whoever asks again for one that could not be kept hears that it was lost.
pub(crate) async fn keep(state: &ApiState, mark: &Mark, answer: Answer) {
    if let Err(error) = state.app.keep_answer(mark, answer).await {
        tracing::warn!(%error, "an answer could not be kept for its Idempotency-Key");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_visible_word_with_or_without_quotation_marks() {
        let read = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IDEMPOTENCY_KEY, HeaderValue::from_static(value));
            }
            key(&headers)
        };
        assert_eq!(read(&["8e03978e-40d5"]).unwrap(), "8e03978e-40d5");
        assert_eq!(read(&["\"8e03978e-40d5\""]).unwrap(), "8e03978e-40d5");
        for wrong in [&[""][..], &["\"\""], &["a b"], &["a", "b"]] {
            assert_eq!(read(wrong), Err(Refusal::IdempotencyKeyMalformed), "{wrong:?}");
        }
        let long = |length| {
            let mut headers = HeaderMap::new();
            headers.insert(IDEMPOTENCY_KEY, HeaderValue::try_from("k".repeat(length)).unwrap());
            key(&headers).is_ok()
        };
        assert!(long(LONGEST_KEY));
        assert!(!long(LONGEST_KEY + 1));
    }
}
