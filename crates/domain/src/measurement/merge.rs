//! The union of samples that came twice.

use super::Sample;

/// Merges two runs of samples that are in the order of time; where both have an instant, the first run's samples
/// of that instant are kept and the second's are dropped.
///
/// A sensor resends what it has not seen acknowledged, so the same sample twice is once. A run may have two
/// samples at one instant (the last change of a binary channel and its end): both stay.
#[must_use]
pub fn merge(first: &[Sample], second: &[Sample]) -> Vec<Sample> {
    let mut merged = Vec::with_capacity(first.len() + second.len());
    let mut second = second.iter().copied().peekable();
    for sample in first {
        while let Some(earlier) = second.next_if(|other| other.at < sample.at) {
            merged.push(earlier);
        }
        while second.next_if(|other| other.at == sample.at).is_some() {}
        merged.push(*sample);
    }
    merged.extend(second);
    merged
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::Reading;
    use super::*;
    use crate::Instant;

    fn run(readings: &BTreeMap<i64, i32>) -> Vec<Sample> {
        let sample = |(at, raw): (&i64, &i32)| Sample {
            at: Instant::from_seconds(*at),
            reading: Reading::Value(*raw),
        };
        readings.iter().map(sample).collect()
    }

    proptest! {
        #[test]
        fn a_merge_is_the_union_and_the_first_wins(
            first in prop::collection::btree_map(0_i64..60, 0_i32..9, 0..30),
            second in prop::collection::btree_map(0_i64..60, 10_i32..19, 0..30),
        ) {
            let mut union = second.clone();
            union.extend(first.clone());
            prop_assert_eq!(merge(&run(&first), &run(&second)), run(&union));
        }
    }

    #[test]
    fn two_samples_of_one_instant_stay_and_a_resend_adds_nothing() {
        let at = Instant::from_seconds(700);
        let end = [Sample { at, reading: Reading::Value(0) }, Sample { at, reading: Reading::Value(1) }];
        assert_eq!(merge(&end, &end), end);
        assert_eq!(merge(&[], &end), end);
    }
}
