//! Values above or below a threshold.

use serde::{Deserialize, Serialize};

use crate::measurement::{ChannelType, Decimal, Reading, Scale};
use crate::{Instant, Refusal};

use super::{Event, Heard, Kept, Open, State, Watch};

/// A threshold, in the unit of its type.
///
/// The value must pass it: 8.0 is not above 8. An alert closes when the value is back by the hysteresis: above 8 with
/// a hysteresis of 0.5, it closes at 7.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// What is measured. All of a sensor's channels of this type are watched.
    pub channel_type: ChannelType,
    /// The value that must not be passed.
    pub threshold: Decimal,
    /// How far back the value must come for the alert to close; 0 when nothing is said.
    #[serde(default = "zero")]
    pub hysteresis: Decimal,
}

const fn zero() -> Decimal {
    Decimal::new(0, 0)
}

/// A set of a sensor's channels, by their positions 1 to 6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Positions(u8);

impl Positions {
    /// The set with these bits: bit 0 for position 1.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The set's bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn bit(position: u8) -> u8 {
        1_u8.checked_shl(u32::from(position.saturating_sub(1))).unwrap_or(0)
    }

    fn add(&mut self, position: u8) {
        self.0 |= Self::bit(position);
    }

    fn remove(&mut self, position: u8) {
        self.0 &= !Self::bit(position);
    }
}

/// A value that is to be judged.
struct Value {
    at: Instant,
    position: u8,
    value: Decimal,
}

impl Threshold {
    pub(super) fn check(&self, above: bool) -> Result<(), Refusal> {
        let Self { channel_type, threshold, hysteresis } = self;
        let refused = |field, expected: String| Err(Refusal::Invalid { field, expected });
        let counts = matches!(channel_type.scale(), Scale::CounterMinor | Scale::CounterMajor { .. });
        if counts || *channel_type == ChannelType::NoSensor {
            return refused("channel_type", "a type of measurement that is no counter".to_owned());
        }
        if channel_type.is_binary() {
            // It has the values 1 and 0, so there is one threshold to pass in each direction.
            let only = i64::from(!above);
            if *threshold != Decimal::new(only, 0) {
                let kind = if above { "above" } else { "below" };
                return refused("threshold", format!("{only} for {kind}, as {channel_type} is 1 or 0"));
            }
            if *hysteresis != zero() {
                return refused("hysteresis", format!("0 or nothing, as {channel_type} is 1 or 0"));
            }
            return Ok(());
        }
        if channel_type.raw_of(*threshold).is_err() {
            return refused("threshold", format!("a value that {channel_type} can have"));
        }
        let back = self.back_at(above).is_some_and(|back| channel_type.raw_of(back).is_ok());
        if *hysteresis < zero() || !back {
            return refused("hysteresis", "a number from 0 on that the value can come back by".to_owned());
        }
        Ok(())
    }

    /// The value at which an alert closes.
    fn back_at(&self, above: bool) -> Option<Decimal> {
        self.threshold.plus(if above { self.hysteresis.negated() } else { self.hysteresis })
    }

    /// The values of a message that were not judged before, in the order of their own time.
    fn values(&self, judged: Option<Instant>, heard: &Heard<'_>) -> Vec<Value> {
        let mut values = Vec::new();
        for channel in heard.channels.iter().filter(|channel| channel.kind == self.channel_type) {
            for sample in &channel.samples {
                if let Reading::Value(raw) = sample.reading
                    && judged.is_none_or(|judged| sample.at > judged)
                {
                    let value = channel.kind.read(raw).value;
                    values.push(Value { at: sample.at, position: channel.position, value });
                }
            }
        }
        values.sort_by_key(|value| (value.at, value.position));
        values
    }

    pub(super) fn step(&self, above: bool, watch: &mut Watch, heard: &Heard<'_>) -> Vec<Event> {
        let mut events = Vec::new();
        if heard.kept == Kept::Nothing {
            return events;
        }
        let back_at = self.back_at(above).unwrap_or(self.threshold);
        let beyond = |value: Decimal, limit: Decimal| if above { value > limit } else { value < limit };
        let values = self.values(watch.judged, heard);
        // What several channels measured at one instant is judged together.
        for together in values.chunk_by(|one, next| one.at == next.at) {
            let Some(at) = together.first().map(|value| value.at.min(heard.arrived)) else { continue };
            watch.judged = watch.judged.max(Some(at));
            let before = watch.state;
            let (mut over, mut worst) = match before {
                State::Normal => (Positions::default(), None),
                State::Open(open) => (open.over, open.worst),
            };
            for Value { position, value, .. } in together {
                if beyond(*value, self.threshold) {
                    over.add(*position);
                    worst = Some(
                        worst.map_or(*value, |worst| if beyond(*value, worst) { *value } else { worst }),
                    );
                } else if !beyond(*value, back_at) {
                    over.remove(*position);
                }
            }
            match before {
                State::Normal if over.is_empty() || heard.kept != Kept::All => {}
                State::Normal => {
                    let open = Open { since: at, over, worst };
                    watch.state = State::Open(open);
                    events.push(Event::Opened(open));
                }
                State::Open(was) if over.is_empty() => events.push(watch.close(Open { worst, ..was }, at)),
                State::Open(was) => {
                    let open = Open { over, worst, ..was };
                    if open != was {
                        watch.state = State::Open(open);
                        events.push(Event::GoesOn(open));
                    }
                }
            }
        }
        events
    }
}
