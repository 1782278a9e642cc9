//! Giving out the pool by hand, to one after another: the next licenses (R13), or those of a key (R11).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{CodeId, License, LicenseId};

/// The licenses that are given out, each once.
///
/// Some ask for whatever is next and some for a key, in any order; each is served in a time that does not grow with the
/// pool. What is given out is for [`Desk::assign`](crate::Desk::assign).
#[derive(Clone, Debug, Default)]
pub struct Allotment {
    next: VecDeque<License>,
    of_key: BTreeMap<CodeId, VecDeque<License>>,
    taken: BTreeSet<LicenseId>,
}

impl Allotment {
    /// The head of the pool, in R13's order, and of each key that is asked for its licenses, first to last.
    ///
    /// The head is long enough when it holds as many licenses as are asked for altogether, and a key's list when it
    /// holds as many as are asked for of that key and as are in the head.
    #[must_use]
    pub fn new(head: impl IntoIterator<Item = License>, of_key: BTreeMap<CodeId, Vec<License>>) -> Self {
        let of_key = of_key.into_iter().map(|(key, licenses)| (key, licenses.into())).collect();
        Self { next: head.into_iter().collect(), of_key, taken: BTreeSet::new() }
    }

    /// Takes so many licenses, of a key if one is named. All of them or none: `None` when there are fewer.
    pub fn take(&mut self, key: Option<CodeId>, count: usize) -> Option<Vec<License>> {
        let mut none = VecDeque::new();
        let queue = match key {
            None => &mut self.next,
            Some(key) => self.of_key.get_mut(&key).unwrap_or(&mut none),
        };
        let mut found = Vec::with_capacity(count.min(queue.len()));
        while found.len() < count {
            let Some(license) = queue.pop_front() else {
                found.into_iter().rev().for_each(|license| queue.push_front(license));
                return None;
            };
            if !self.taken.contains(&license.id) {
                found.push(license);
            }
        }
        self.taken.extend(found.iter().map(|license| license.id));
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Instant;

    fn license(code: u128, number: u32) -> License {
        License {
            id: LicenseId::from_bits(code * 100 + u128::from(number)),
            code: CodeId::from_bits(code),
            number,
            term: "P1Y".parse().unwrap(),
            redeemed_at: Instant::from_seconds(i64::try_from(code).unwrap()),
        }
    }

    fn numbers(taken: Option<Vec<License>>) -> Option<Vec<(u128, u32)>> {
        let number =
            |license: License| (license.redeemed_at.as_seconds().unsigned_abs().into(), license.number);
        taken.map(|taken| taken.into_iter().map(number).collect())
    }

    #[test]
    fn r13_what_a_key_gave_is_not_given_again() {
        let pool: Vec<License> = [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)].map(|(c, n)| license(c, n)).into();
        let of_key =
            |code| pool.iter().filter(|license| license.code == CodeId::from_bits(code)).copied().collect();
        let keys = [1, 2].map(|code| (CodeId::from_bits(code), of_key(code))).into();
        let mut allotment = Allotment::new(pool.clone(), keys);
        let (first, second) = (Some(CodeId::from_bits(1)), Some(CodeId::from_bits(2)));
        assert_eq!(numbers(allotment.take(second, 1)), Some(vec![(2, 1)]));
        assert_eq!(numbers(allotment.take(None, 2)), Some(vec![(1, 1), (1, 2)]));
        assert_eq!(numbers(allotment.take(first, 2)), None, "one is left of the key, and stays");
        assert_eq!(numbers(allotment.take(None, 3)), None);
        assert_eq!(numbers(allotment.take(first, 1)), Some(vec![(1, 3)]));
        assert_eq!(numbers(allotment.take(None, 1)), Some(vec![(2, 2)]));
        assert_eq!(numbers(allotment.take(None, 1)), None);
        assert_eq!(numbers(allotment.take(second, 1)), None);
        assert_eq!(numbers(allotment.take(Some(CodeId::from_bits(3)), 1)), None);
        assert_eq!(numbers(allotment.take(None, 0)), Some(vec![]));
    }
}
