//! The alerts of the demo's past: judged and found by the use cases, at the instants at which they would have been.

use tenure_app::Clock;
use tenure_app::add_alert_rule::NewAlertRule;
use tenure_app::judge_alerts::{Observed, Rules};
use tenure_app::rows::Watched;
use tenure_domain::alert::{Condition, Kept, Threshold};
use tenure_domain::measurement::{Battery, Channel, ChannelType, Decimal, Reading, Sample};
use tenure_domain::{Instant, SensorId, Serial};
use tenure_store::messages::{self, Fate, NewMessage, Status};
use tenure_store::{alert_rules, sensors};

use super::{DAY, HISTORY_PERIOD, Teller};
use crate::Failure;
use crate::fleet;

const HOUR: i64 = 3_600;
/// How much time the cold stores' messages span.
const SPAN: i64 = 12 * HOUR;
/// After how long a silent sensor is lost.
const SILENCE_MINUTES: u32 = 12 * 60;
/// The first of the demo's places that are cold stores, and how many of them there are.
const COLD_STORES: usize = 3;
/// The places of two trucks: one was silent for a while, the other one still is.
const WAS_SILENT: usize = 23;
const IS_SILENT: usize = 22;

/// A sensor that sends nothing from one instant to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    serial: Serial,
    from: Instant,
    to: Instant,
}

impl Gap {
    /// Whether the sensor sends nothing at this instant.
    pub(super) fn contains(&self, serial: Serial, at: Instant) -> bool {
        self.serial == serial && self.from < at && at < self.to
    }
}

impl Teller {
    /// Two rules, made now, and what they found from now on.
    pub(super) async fn alerts(&mut self) -> Result<(), Failure> {
        let begin = self.clock.now();
        let cold: Vec<(SensorId, Serial)> = self.sensors.iter().take(COLD_STORES).copied().collect();
        let chosen = Watched::Chosen(cold.iter().map(|(id, _)| *id).collect());
        let warmest = cold.first().and_then(|(_, serial)| {
            self.instants(begin, self.now).map(|at| fleet::temperature(*serial, at)).max()
        });
        let threshold = Threshold {
            channel_type: ChannelType::Temperature,
            // The first of them passes it about noon of most days.
            threshold: Decimal::new(i64::from(warmest.unwrap_or(80)) - 4, 1),
            hysteresis: Decimal::new(5, 1),
        };
        self.rule("Cold stores too warm", Condition::Above(threshold), chosen).await?;
        let silent = Condition::LostConnection { after_minutes: SILENCE_MINUTES };
        self.rule("Silent for 12 hours", silent, Watched::All).await?;

        let (was, is) = (self.sensors.get(WAS_SILENT).copied(), self.sensors.get(IS_SILENT).copied());
        let (Some((was_id, was)), Some((is_id, is))) = (was, is) else { return Ok(()) };
        let last_seen = self.now.plus_seconds(-6 * DAY);
        let back = last_seen.plus_seconds(16 * HOUR);
        let still = self.now.plus_seconds(-20 * HOUR);
        self.gaps.push(Gap { serial: was, from: last_seen, to: back });
        self.gaps.push(Gap { serial: is, from: still, to: Instant::LAST });

        let mut span = begin;
        while span.plus_seconds(SPAN) <= self.now {
            let end = span.plus_seconds(SPAN);
            self.clock.set(end);
            for (id, serial) in &cold {
                let sample = |at| Sample { at, reading: Reading::Value(fleet::temperature(*serial, at)) };
                let samples = self.instants(span, end).map(sample).collect();
                self.judge(*id, vec![Channel { position: 1, kind: ChannelType::Temperature, samples }])
                    .await?;
            }
            for (id, at) in [(was_id, last_seen), (was_id, back), (is_id, still)] {
                if span < at && at <= end {
                    self.clock.set(at);
                    self.app.find_lost_connections(begin).await?;
                    self.hear(id).await?;
                    self.clock.set(end);
                }
            }
            self.app.find_lost_connections(begin).await?;
            if back < end {
                self.hear(was_id).await?;
            }
            span = end;
        }
        self.clock.set(self.now);
        self.app.find_lost_connections(begin).await?;
        Ok(())
    }

    /// The serial numbers of those that still send.
    pub(super) fn senders(&self) -> Vec<Serial> {
        let serials = self.sensors.iter().map(|(_, serial)| *serial);
        serials.filter(|serial| !self.gaps.iter().any(|gap| gap.contains(*serial, self.now))).collect()
    }

    /// The instants at which sensors measured.
    fn instants(&self, from: Instant, to: Instant) -> impl Iterator<Item = Instant> + use<> {
        let first = from.as_seconds() / HISTORY_PERIOD * HISTORY_PERIOD + HISTORY_PERIOD;
        (first..to.as_seconds())
            .step_by(usize::try_from(HISTORY_PERIOD).unwrap_or(900))
            .map(Instant::from_seconds)
    }

    async fn rule(&self, name: &str, condition: Condition, sensors: Watched) -> Result<(), Failure> {
        let new = NewAlertRule { name, condition, sensors, recipients: Vec::new(), enabled: true };
        self.app.add_alert_rule(&self.ctx(), self.organization, new).await?;
        Ok(())
    }

    /// A message arrives now: it is seen, and judged.
    async fn hear(&self, id: SensorId) -> Result<(), Failure> {
        let arrived = self.clock.now();
        let battery = Battery { low: false, centivolts: Some(312), source: None };
        let status = Status { battery, signal_dbm: Some(-81), next_transmission_at: None };
        let mut body = Vec::new();
        messages::body(&status, Fate::Saved, &[], &mut body);
        let mut tx = self.app.db.begin().await?;
        let Some(row) = sensors::get(&mut tx, self.organization, id).await? else { return Ok(()) };
        let message =
            NewMessage { number: arrived.as_micros(), sensor: row.number, arrived, saved: true, body };
        messages::append(&mut tx, vec![message]).await?;
        tx.commit().await?;
        self.app.seal_all().await?;
        self.judge(id, Vec::new()).await
    }

    async fn judge(&self, id: SensorId, channels: Vec<Channel>) -> Result<(), Failure> {
        let mut tx = self.app.db.begin().await?;
        let Some(row) = sensors::get(&mut tx, self.organization, id).await? else { return Ok(()) };
        let message = Observed {
            organization: self.organization,
            sensor: row.number,
            arrived: self.clock.now(),
            kept: Kept::All,
            low_battery: false,
            channels,
        };
        let rules = Rules::of(alert_rules::in_force(&mut tx, Some(self.organization)).await?);
        self.app.judge_alerts(&mut tx, &rules, &[message]).await?;
        Ok(tx.commit().await?)
    }
}
