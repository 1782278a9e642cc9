//! Clocks.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use tenure_domain::Instant;

/// Where the time comes from (R9): read once for each request, datagram and job.
pub trait Clock: Send + Sync {
    /// The instant.
    fn now(&self) -> Instant;

    /// Whether somebody leads it. Where it jumps ahead, its world was there all the time: then it was no outage.
    fn is_led(&self) -> bool {
        false
    }
}

/// The machine's clock, in UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Instant {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Instant::from_micros(since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// A clock that stands until it is moved: for tests and trials.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at this instant.
    #[must_use]
    pub fn at(instant: Instant) -> Self {
        Self(AtomicI64::new(instant.as_micros()))
    }

    /// Moves it, forwards or backwards.
    pub fn set(&self, instant: Instant) {
        self.0.store(instant.as_micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::SeqCst))
    }

    fn is_led(&self) -> bool {
        true
    }
}

/// A clock that runs faster than the machine's: for the demo.
#[derive(Debug)]
pub struct ScaledClock {
    started: Instant,
    factor: i64,
    last: Mutex<Instant>,
}

impl ScaledClock {
    /// A clock that shows the machine's time now, and then passes `factor` seconds in one.
    #[must_use]
    pub fn new(factor: i64) -> Self {
        let started = SystemClock.now();
        Self { started, factor, last: Mutex::new(started) }
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Instant {
        let real = SystemClock.now().micros_since(self.started);
        let shown = self.started.plus_micros(real.saturating_mul(self.factor));
        // Sped up, a small step back of the machine's clock would be a large one here.
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = shown.max(*last);
        *last
    }

    fn is_led(&self) -> bool {
        true
    }
}
