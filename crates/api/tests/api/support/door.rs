//! A stand-in for the hot path.

use std::sync::Mutex;

use tenure_api::{Delivery, GatewayDoor, GatewayOutcome};
use tenure_domain::Instant;
use tenure_wire::gateway::Entry;

/// What was delivered: the token, the entries' handles, and when.
pub(crate) type Delivered = (Option<String>, Vec<i64>, Instant);

/// Remembers what was delivered, and answers what it was told to.
pub(crate) struct Door {
    pub(crate) outcome: Mutex<GatewayOutcome>,
    pub(crate) delivered: Mutex<Vec<Delivered>>,
}

impl Door {
    pub(crate) fn new() -> Self {
        let outcome = GatewayOutcome::Done { accepted: vec![1, 2], refused: vec![3] };
        Self { outcome: Mutex::new(outcome), delivered: Mutex::new(Vec::new()) }
    }

    pub(crate) fn answer(&self, outcome: GatewayOutcome) {
        *self.outcome.lock().unwrap() = outcome;
    }
}

impl GatewayDoor for Door {
    fn deliver(&self, token: Option<String>, entries: Vec<Entry>, now: Instant) -> Delivery<'_> {
        assert_ne!(token.as_deref(), Some("panic"), "told to panic");
        let handles = entries.iter().map(|entry| entry.response_handle).collect();
        self.delivered.lock().unwrap().push((token, handles, now));
        let outcome = self.outcome.lock().unwrap().clone();
        Box::pin(async { outcome })
    }
}
