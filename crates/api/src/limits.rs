//! How many requests one caller may send: a token bucket for each, in memory.
//!
//! The time is the machine's own, which only goes forward: a trial clock that stands still would keep a caller out for
//! ever, and how much a machine can bear does not depend on the licenses' date.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use crate::access::known;
use crate::extract::Peer;
use crate::{ApiState, Problem};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

const MINUTE_US: u64 = 60_000_000;

/// For how long a caller may have saved up requests, as a part of a minute.
const BURST_PART: u32 = 3;

/// The most callers that are told apart; those who come when there are so many share one bucket.
const MOST_CALLERS: usize = 100_000;

/// The bucket of those who share one.
const OTHERS: &str = "others";

/// The buckets.
pub struct Limits {
    /// How many requests a bucket holds.
    quota: u32,
    /// After how long one more has come into it, in microseconds.
    interval_us: u64,
    origin: Instant,
    buckets: Mutex<Buckets>,
}

/// The buckets of all callers, with instants in microseconds since the origin.
#[derive(Default)]
struct Buckets {
    /// For each caller, when their bucket is full again.
    full_at: HashMap<String, u64>,
    /// From when on those that are full are looked for again.
    look_again_at: u64,
}

/// What the bucket says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Verdict {
    /// How many requests are left.
    left: u64,
    /// After how many seconds the bucket is full again.
    full_in: u64,
    /// After how many seconds a request is heard, when this one is not.
    retry_in: Option<u64>,
}

impl Limits {
    /// So many requests a minute from each caller, a third of them at once.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the machine's load is of real time, see above")]
    pub fn per_minute(requests: u32) -> Self {
        let requests = requests.max(1);
        Self {
            quota: (requests / BURST_PART).max(1),
            interval_us: MINUTE_US / u64::from(requests),
            origin: Instant::now(),
            buckets: Mutex::default(),
        }
    }

    /// Takes a request out of a caller's bucket.
    fn take(&self, caller: &str, now: u64) -> Verdict {
        let whole = u64::from(self.quota).saturating_mul(self.interval_us);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Buckets { full_at, look_again_at } = &mut *buckets;
        // At most once a second, for it takes a while.
        if full_at.len() >= MOST_CALLERS && !full_at.contains_key(caller) && now >= *look_again_at {
            full_at.retain(|_, at| *at > now);
            *look_again_at = now.saturating_add(1_000_000);
        }
        let room = full_at.len() < MOST_CALLERS || full_at.contains_key(caller);
        let at = full_at.entry(if room { caller } else { OTHERS }.to_owned()).or_insert(now);
        let after = (*at).max(now).saturating_add(self.interval_us);
        let missing = after.saturating_sub(now);
        let retry_in = (missing > whole).then(|| missing.saturating_sub(whole).div_ceil(1_000_000).max(1));
        if retry_in.is_none() {
            *at = after;
        }
        let missing = at.saturating_sub(now);
        Verdict {
            left: whole.saturating_sub(missing).checked_div(self.interval_us).unwrap_or(0),
            full_in: missing.div_ceil(1_000_000),
            retry_in,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// `"caller";q=200;w=20`: so many requests within so many seconds (draft-ietf-httpapi-ratelimit-headers).
    fn policy(&self) -> String {
        let window = u64::from(self.quota).saturating_mul(self.interval_us).div_ceil(1_000_000);
        format!("\"caller\";q={};w={window}", self.quota)
    }
}

/// Whether a path is one of those that other systems' gates ask.
fn is_cover(path: &str) -> bool {
    path.strip_prefix("/api/v1/cover").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Hears a request when its caller has any left: a token, a person, or who is not known by their network address.
pub(crate) async fn limits(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let Some(limits) = state.limits.clone().filter(|_| request.uri().path().starts_with("/api/v1/")) else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    let caller = match known(&mut parts, &state).await {
        // A gate of somebody else's asks for each message; it is a look into memory.
        Ok(_) if is_cover(parts.uri.path()) => return next.run(Request::from_parts(parts, body)).await,
        Ok(who) => who.name(),
        Err(_) => {
            let Ok(Peer(address)) = Peer::from_request_parts(&mut parts, &state).await;
            address
        }
    };
    let verdict = limits.take(&caller, limits.now());
    let mut response = match verdict.retry_in {
        None => next.run(Request::from_parts(parts, body)).await,
        Some(seconds) => Problem::too_many_requests(seconds).into_response(),
    };
    let Verdict { left, full_in, .. } = verdict;
    for (name, value) in
        [(RATE_LIMIT_POLICY, limits.policy()), (RATE_LIMIT, format!("\"caller\";r={left};t={full_in}"))]
    {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn a_third_of_a_minutes_requests_may_come_at_once_and_then_one_after_the_other() {
        let limits = Limits::per_minute(600);
        assert_eq!(limits.policy(), "\"caller\";q=200;w=20");
        for left in (0..200).rev() {
            let verdict = limits.take("tok_1", 5 * SECOND);
            assert_eq!((verdict.left, verdict.retry_in), (left, None));
        }
        let refused = limits.take("tok_1", 5 * SECOND);
        assert_eq!(refused, Verdict { left: 0, full_in: 20, retry_in: Some(1) });
        assert_eq!(limits.take("tok_2", 5 * SECOND).left, 199, "another caller has a bucket of their own");
        assert_eq!(limits.take("tok_1", 5 * SECOND + 99_999).retry_in, Some(1));
        assert_eq!(limits.take("tok_1", 5 * SECOND + 100_000).retry_in, None);
        assert_eq!(limits.take("tok_1", 5 * SECOND + 100_000).retry_in, Some(1));
        assert_eq!(limits.take("tok_1", 26 * SECOND).left, 199, "full again");
    }

    #[test]
    fn a_refused_request_costs_nothing() {
        let limits = Limits::per_minute(1);
        assert_eq!(limits.policy(), "\"caller\";q=1;w=60");
        assert_eq!(limits.take("a", 0).retry_in, None);
        for _ in 0..100 {
            assert_eq!(limits.take("a", SECOND).retry_in, Some(59));
        }
        assert_eq!(limits.take("a", 60 * SECOND).retry_in, None);
    }

    #[test]
    fn the_memory_is_bounded() {
        let limits = Limits::per_minute(600);
        for number in 0..MOST_CALLERS + 500 {
            limits.take(&format!("{number}"), 0);
        }
        assert!(limits.buckets.lock().unwrap().full_at.len() <= MOST_CALLERS + 1);
        assert_eq!(limits.take("one more", 0).retry_in, Some(1), "they share a bucket, which is empty");
        assert_eq!(limits.take("one more", SECOND).left, 199, "the full buckets are forgotten");
        assert_eq!(limits.buckets.lock().unwrap().full_at.len(), 2, "theirs, and the one that is shared");
    }
}
