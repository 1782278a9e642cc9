//! Wide ranges in few points.

use crate::Instant;

use super::{ChannelType, Decimal, Reading, Sample, decimal};

/// What the samples of one slice of time have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// The beginning of the slice.
    pub at: Instant,
    /// Its values, when there are any.
    pub values: Option<Summary>,
    /// How many of its samples are errors of the sensor.
    pub errors: u32,
}

/// Values in short, in the unit of their type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The smallest value.
    pub min: Decimal,
    /// Their mean.
    pub mean: f64,
    /// The largest value.
    pub max: Decimal,
    /// How many values there are, at least 1.
    pub count: u32,
}

/// Cuts `from..to` into at most `points` slices of equal length and sums up each one that has samples.
///
/// The samples are in the order of time; those outside the range are left out. The slices begin at `from` and are
/// whole microseconds, so the last may reach beyond `to`.
#[must_use]
pub fn downsample(
    kind: ChannelType,
    samples: &[Sample],
    from: Instant,
    to: Instant,
    points: u32,
) -> Vec<Bucket> {
    let range = to.micros_since(from);
    if range <= 0 || points == 0 {
        return Vec::new();
    }
    let points = i64::from(points);
    let width = range / points + i64::from(range % points != 0);
    let start = samples.partition_point(|sample| sample.at < from);
    let end = samples.partition_point(|sample| sample.at < to);
    let mut inside = samples.get(start..end).unwrap_or_default().iter();
    let mut buckets = Vec::new();
    let mut next = inside.next();
    while let Some(first) = next {
        let at = from.plus_micros(first.at.micros_since(from) / width * width);
        let mut tally = Tally::default();
        while let Some(sample) = next.filter(|sample| sample.at.micros_since(at) < width) {
            tally.add(kind, sample.reading);
            next = inside.next();
        }
        buckets.push(Bucket { at, values: tally.summary(kind), errors: tally.errors });
    }
    buckets
}

#[derive(Default)]
struct Tally {
    bounds: Option<(i64, i64)>,
    sum: i64,
    count: u32,
    errors: u32,
}

impl Tally {
    fn add(&mut self, kind: ChannelType, reading: Reading) {
        let Reading::Value(raw) = reading else {
            self.errors = self.errors.saturating_add(1);
            return;
        };
        let value = kind.read(raw).value.mantissa();
        let (min, max) = self.bounds.unwrap_or((value, value));
        self.bounds = Some((min.min(value), max.max(value)));
        self.sum = self.sum.saturating_add(value);
        self.count = self.count.saturating_add(1);
    }

    fn summary(&self, kind: ChannelType) -> Option<Summary> {
        let (min, max) = self.bounds?;
        let value = |mantissa| Decimal::new(mantissa, kind.decimals());
        let unit = value(1).to_f64();
        let mean = decimal::i64_to_f64(self.sum) / f64::from(self.count) * unit;
        Some(Summary { min: value(min), mean, max: value(max), count: self.count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_seconds(seconds)
    }

    fn sample(seconds: i64, raw: i32) -> Sample {
        Sample { at: at(seconds), reading: Reading::Value(raw) }
    }

    #[test]
    fn each_slice_is_summed_up_in_the_unit_of_the_type_and_empty_ones_are_left_out() {
        let error = Sample { at: at(25), reading: Reading::Error(8_388_557) };
        let samples =
            [sample(-1, 999), sample(0, 230), sample(9, 240), sample(20, -5), error, sample(30, 999)];
        let buckets = downsample(ChannelType::Temperature, &samples, at(0), at(30), 3);
        let [first, last] = buckets.as_slice() else { panic!("{buckets:?}") };
        let values = first.values.unwrap();
        assert_eq!((first.at, first.errors, values.count), (at(0), 0, 2));
        assert_eq!((values.min, values.max), (Decimal::new(230, 1), Decimal::new(240, 1)));
        assert!((values.mean - 23.5).abs() < 1e-9);
        assert_eq!((last.at, last.errors, last.values.unwrap().min), (at(20), 1, Decimal::new(-5, 1)));
    }

    #[test]
    fn a_slice_with_errors_only_has_no_values() {
        let error = Sample { at: at(5), reading: Reading::Error(8_388_557) };
        let buckets = downsample(ChannelType::Humidity, &[error], at(0), at(10), 1);
        assert_eq!(buckets, [Bucket { at: at(0), values: None, errors: 1 }]);
    }

    #[test]
    fn there_are_never_more_slices_than_asked_for() {
        let samples: Vec<Sample> = (0..1_000).map(|second| sample(second, 1)).collect();
        for points in [1, 3, 7, 999, 1_000, 5_000] {
            let buckets = downsample(ChannelType::Humidity, &samples, at(0), at(1_000), points);
            assert!(buckets.len() <= usize::try_from(points).unwrap());
            assert_eq!(buckets.iter().map(|bucket| bucket.values.unwrap().count).sum::<u32>(), 1_000);
        }
        assert!(downsample(ChannelType::Humidity, &samples, at(5), at(5), 9).is_empty());
        assert!(downsample(ChannelType::Humidity, &samples, at(0), at(5), 0).is_empty());
    }
}
