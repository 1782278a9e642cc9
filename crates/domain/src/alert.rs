//! Alert rules: when an alert opens, gets worse and closes (R23, R27).
//!
//! A rule's [`Condition`] steps the [`Watch`] of one sensor over its messages. Nothing here knows where a watch is
//! kept: that it is committed with the messages, or not at all, is for those who call.

mod lost;
#[cfg(test)]
mod tests;
mod threshold;

use serde::{Deserialize, Serialize};

use crate::measurement::{Channel, ChannelType, Decimal};
use crate::{Instant, Refusal};

pub use lost::Silence;
pub use threshold::{Positions, Threshold};

/// The longest time after which a silent sensor counts as lost, in minutes: 30 days.
pub const LONGEST_SILENCE_MINUTES: u32 = 30 * 24 * 60;

/// What a rule watches for. As JSON it is an object with its `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Condition {
    /// A value above a threshold.
    Above(Threshold),
    /// A value below a threshold.
    Below(Threshold),
    /// The sensor warns that its battery is low.
    LowBattery,
    /// No message, saved or refused, has come for so many minutes.
    LostConnection {
        /// The minutes, 1 to [`LONGEST_SILENCE_MINUTES`].
        after_minutes: u32,
    },
}

/// What is known of one sensor under one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// The newest instant of which a sample was judged: what was measured before it comes too late to change
    /// anything. It is never after the arrival of its message, so that a sensor whose clock is ahead is still heard
    /// when the clock is set right.
    pub judged: Option<Instant>,
    /// Whether an alert is open.
    pub state: State,
}

/// Whether an alert is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// None is.
    #[default]
    Normal,
    /// One is.
    Open(Open),
}

/// An open alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Since when.
    pub since: Instant,
    /// The channels that have not come back yet; none where channels do not matter.
    pub over: Positions,
    /// The value that is farthest beyond the threshold; none where there is no threshold.
    pub worst: Option<Decimal>,
}

/// What the gate kept of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// All of it: the sensor is covered (R23).
    All,
    /// What was paid for, of a sensor that is not covered any more (R24). It may close an alert and opens none.
    Late,
    /// Nothing (R23).
    Nothing,
}

/// A message, as far as rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// When it arrived.
    pub arrived: Instant,
    /// What was kept of it.
    pub kept: Kept,
    /// Whether the sensor warns of its battery.
    pub low_battery: bool,
    /// The samples that were kept.
    pub channels: &'a [Channel],
}

/// A step of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It opened, with this value.
    Opened(Open),
    /// It goes on: its worst value or its channels have changed.
    GoesOn(Open),
    /// It closed, as the sensor is back to normal.
    Closed {
        /// What it was.
        was: Open,
        /// When.
        at: Instant,
    },
}

/// Why an alert closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The sensor's data says that all is well again.
    BackToNormal,
    /// Its rule was changed or switched off.
    RuleChanged,
    /// Its rule was removed.
    RuleRemoved,
    /// Its sensor was removed.
    SensorRemoved,
}

impl Because {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 4] =
        [Self::BackToNormal, Self::RuleChanged, Self::RuleRemoved, Self::SensorRemoved];

    /// The word, as the API and the database write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BackToNormal => "back_to_normal",
            Self::RuleChanged => "rule_changed",
            Self::RuleRemoved => "rule_removed",
            Self::SensorRemoved => "sensor_removed",
        }
    }
}

impl Condition {
    /// The condition, if it can be.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for a type that has no threshold, a threshold that the type cannot reach, a hysteresis
    /// below zero, or a time out of range.
    pub fn checked(self) -> Result<Self, Refusal> {
        match &self {
            Self::Above(threshold) => threshold.check(true)?,
            Self::Below(threshold) => threshold.check(false)?,
            Self::LowBattery => {}
            Self::LostConnection { after_minutes } => {
                if !(1..=LONGEST_SILENCE_MINUTES).contains(after_minutes) {
                    return Err(Refusal::Invalid {
                        field: "after_minutes",
                        expected: format!("a number from 1 to {LONGEST_SILENCE_MINUTES}"),
                    });
                }
            }
        }
        Ok(self)
    }

    /// Its kind, as JSON names it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Above(_) => "above",
            Self::Below(_) => "below",
            Self::LowBattery => "low_battery",
            Self::LostConnection { .. } => "lost_connection",
        }
    }

    /// The type of measurement that it looks at, where it looks at one.
    #[must_use]
    pub const fn channel_type(&self) -> Option<ChannelType> {
        match self {
            Self::Above(threshold) | Self::Below(threshold) => Some(threshold.channel_type),
            Self::LowBattery | Self::LostConnection { .. } => None,
        }
    }

    /// After how many microseconds of silence a sensor counts as lost, where that is what is watched for.
    #[must_use]
    pub fn silence_us(&self) -> Option<i64> {
        match self {
            Self::LostConnection { after_minutes } => Some(i64::from(*after_minutes) * 60_000_000),
            _ => None,
        }
    }

    /// Steps a watch over a message, and tells what happened, in the order of time.
    ///
    /// A sensor that is not covered starts no alert (R23). What is open stays open when its cover ends (R28), and
    /// closes by what is kept of later messages; a lost connection closes with any message, for the sensor is heard
    /// (R27). Lost connections open elsewhere ([`Silence`]).
    pub fn step(&self, watch: &mut Watch, heard: &Heard<'_>) -> Vec<Event> {
        match self {
            Self::Above(threshold) => threshold.step(true, watch, heard),
            Self::Below(threshold) => threshold.step(false, watch, heard),
            Self::LowBattery => match (heard.kept, heard.low_battery, watch.state) {
                (Kept::All, true, State::Normal) => {
                    let open = Open { since: heard.arrived, over: Positions::default(), worst: None };
                    watch.state = State::Open(open);
                    vec![Event::Opened(open)]
                }
                (Kept::All | Kept::Late, false, State::Open(was)) => vec![watch.close(was, heard.arrived)],
                _ => Vec::new(),
            },
            Self::LostConnection { .. } => match watch.state {
                State::Open(was) => vec![watch.close(was, heard.arrived)],
                State::Normal => Vec::new(),
            },
        }
    }
}

impl Watch {
    fn close(&mut self, was: Open, at: Instant) -> Event {
        self.state = State::Normal;
        Event::Closed { was, at: at.max(was.since) }
    }
}
