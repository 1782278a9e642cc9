//! A table of what is known of peers that cannot grow beyond its limit.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

/// How many places are looked at when one is needed.
const LOOKS: usize = 16;

/// At most so many values by key. When it is full, the longest untouched of a handful makes room: nearly the oldest,
/// at constant cost. What is older than its lifetime is dropped on the way.
pub(super) struct Bounded<K, V> {
    table: HashTable<Entry<K, V>>,
    hasher: DefaultHashBuilder,
    limit: usize,
    lifetime: u32,
    hand: usize,
}

struct Entry<K, V> {
    key: K,
    /// Unix seconds.
    touched: u32,
    value: V,
}

impl<K: Hash + Eq, V> Bounded<K, V> {
    pub(super) fn new(limit: usize, lifetime: u32) -> Self {
        Self {
            table: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            limit: limit.max(1),
            lifetime,
            hand: 0,
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// The value of a key, made anew when there is none or when it was not touched for its lifetime.
    pub(super) fn touch(&mut self, key: K, now: u32, make: impl FnOnce() -> V) -> &mut V {
        let hash = self.hasher.hash_one(&key);
        if self.table.find(hash, |entry| entry.key == key).is_none() {
            self.make_room(now);
        }
        let hasher = &self.hasher;
        let rehash = |entry: &Entry<K, V>| hasher.hash_one(&entry.key);
        match self.table.entry(hash, |entry| entry.key == key, rehash) {
            hashbrown::hash_table::Entry::Occupied(entry) => {
                let entry = entry.into_mut();
                if entry.touched.abs_diff(now) > self.lifetime {
                    entry.value = make();
                }
                entry.touched = now;
                &mut entry.value
            }
            hashbrown::hash_table::Entry::Vacant(place) => {
                &mut place.insert(Entry { key, touched: now, value: make() }).into_mut().value
            }
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let hash = self.hasher.hash_one(key);
        self.table.find(hash, |entry| entry.key == *key).map(|entry| &entry.value)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let hash = self.hasher.hash_one(key);
        self.table.find_mut(hash, |entry| entry.key == *key).map(|entry| &mut entry.value)
    }

    pub(super) fn remove(&mut self, key: &K) {
        let hash = self.hasher.hash_one(key);
        if let Ok(entry) = self.table.find_entry(hash, |entry| entry.key == *key) {
            entry.remove();
        }
    }

    /// Drops what is too old among the next few places, and the oldest of them when the table is full.
    fn make_room(&mut self, now: u32) {
        let full = self.table.len() >= self.limit;
        let places = self.table.num_buckets();
        let mut oldest = None;
        let mut looks = 0;
        while looks < places && (looks < LOOKS || (full && oldest.is_none())) {
            looks += 1;
            self.hand = if self.hand + 1 < places { self.hand + 1 } else { 0 };
            let Some(entry) = self.table.get_bucket(self.hand) else {
                continue;
            };
            let idle = entry.touched.abs_diff(now);
            if idle > self.lifetime {
                self.drop_at(self.hand);
            } else if oldest.is_none_or(|(_, longest)| idle > longest) {
                oldest = Some((self.hand, idle));
            }
        }
        if let Some((place, _)) = oldest
            && self.table.len() >= self.limit
        {
            self.drop_at(place);
        }
    }

    fn drop_at(&mut self, place: usize) {
        if let Ok(entry) = self.table.get_bucket_entry(place) {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_and_those_that_keep_talking_stay() {
        let mut table = Bounded::new(1_000, 247);
        for key in 0_u32..500 {
            table.touch(key, 0, || key);
        }
        for key in 500_u32..10_000 {
            let now = key / 100;
            table.touch(key % 3, now, || 0);
            table.touch(key, now, || key);
            assert!(table.len() <= 1_000);
        }
        assert!((0..3).all(|busy| table.get(&busy).is_some()));
        assert!(table.get(&100).is_none());
    }

    #[test]
    fn what_is_older_than_its_lifetime_is_made_anew_and_swept_away() {
        let mut table = Bounded::new(1_000, 247);
        *table.touch(0, 0, || 1) = 2;
        assert_eq!(*table.touch(0, 247, || 1), 2);
        assert_eq!(*table.touch(0, 495, || 1), 1);
        for key in 1_u32..=500 {
            table.touch(key, 495, || 1);
        }
        for key in 1_000_u32..1_500 {
            table.touch(key, 1_000, || 1);
        }
        assert!(table.len() <= 560, "{}", table.len());
    }
}
