//! The last messages of one peer, and what they were answered.

use super::{EXCHANGE_LIFETIME_SECONDS, NON_LIFETIME_SECONDS};

/// How many messages of a peer are remembered.
const REMEMBERED: usize = 16;
/// Answers up to this length are held without an allocation: a header, a token, and a body with the time.
const SHORT: usize = 22;

/// The last message identifiers of a peer, oldest next to be forgotten.
///
/// A sensor has one or two messages on their way, so it grows with what is needed: a quiet peer costs one slot.
#[derive(Default)]
pub(super) struct Recent {
    slots: Vec<Slot>,
    /// The oldest slot.
    next: usize,
}

struct Slot {
    /// Unix seconds.
    at: u32,
    id: u16,
    confirmable: bool,
    answer: Answer,
}

enum Answer {
    /// It is not known yet, or there will be none.
    Pending,
    Short {
        length: u8,
        bytes: [u8; SHORT],
    },
    Long(Box<[u8]>),
}

/// Whether a message was there before.
pub(super) enum Seen<'a> {
    New,
    /// It was, and has no answer.
    Pending,
    /// It was, and this is the answer.
    Answered(&'a [u8]),
}

impl Slot {
    const fn is_fresh(&self, now: u32) -> bool {
        let lifetime = if self.confirmable { EXCHANGE_LIFETIME_SECONDS } else { NON_LIFETIME_SECONDS };
        self.at.abs_diff(now) <= lifetime
    }
}

impl Recent {
    /// Looks a message up, and remembers it when it is new.
    pub(super) fn see(&mut self, now: u32, id: u16, confirmable: bool) -> Seen<'_> {
        match self.slots.iter().position(|slot| slot.id == id && slot.is_fresh(now)) {
            Some(place) => match self.slots.get(place).map(|slot| &slot.answer) {
                Some(Answer::Short { length, bytes }) => {
                    Seen::Answered(bytes.get(..usize::from(*length)).unwrap_or_default())
                }
                Some(Answer::Long(bytes)) => Seen::Answered(bytes),
                Some(Answer::Pending) | None => Seen::Pending,
            },
            None => {
                self.remember(Slot { at: now, id, confirmable, answer: Answer::Pending }, now);
                Seen::New
            }
        }
    }

    fn remember(&mut self, slot: Slot, now: u32) {
        let length = self.slots.len();
        match self.slots.get_mut(self.next) {
            Some(oldest) if length >= REMEMBERED || !oldest.is_fresh(now) => *oldest = slot,
            _ => {
                if length == self.slots.capacity() {
                    self.slots.reserve_exact(length.max(1));
                }
                self.slots.insert(self.next.min(length), slot);
            }
        }
        self.next = if self.next + 1 < self.slots.len() { self.next + 1 } else { 0 };
    }

    /// Keeps the answer to a message that is still remembered.
    pub(super) fn answer(&mut self, now: u32, id: u16, answer: &[u8]) {
        if let Some(slot) = self.pending(now, id) {
            slot.answer = Answer::new(answer);
        }
    }

    /// Forgets a message that has no answer yet, so that it is new when it comes again.
    pub(super) fn forget(&mut self, now: u32, id: u16) {
        if let Some(slot) = self.pending(now, id) {
            // Too old to be recognized, and the place is used again in its turn.
            slot.at = now.wrapping_add(1 << 31);
        }
    }

    fn pending(&mut self, now: u32, id: u16) -> Option<&mut Slot> {
        self.slots
            .iter_mut()
            .find(|slot| slot.id == id && slot.is_fresh(now) && matches!(slot.answer, Answer::Pending))
    }
}

impl Answer {
    fn new(answer: &[u8]) -> Self {
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..answer.len()), u8::try_from(answer.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(answer);
                Self::Short { length, bytes }
            }
            _ => Self::Long(answer.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_new(recent: &mut Recent, now: u32, id: u16) -> bool {
        matches!(recent.see(now, id, true), Seen::New)
    }

    #[test]
    fn a_slot_is_32_bytes_because_there_are_millions() {
        assert_eq!(size_of::<Slot>(), 32);
        assert_eq!(size_of::<Recent>(), 32);
    }

    #[test]
    fn a_quiet_peer_needs_one_slot() {
        let mut recent = Recent::default();
        for id in 0..100 {
            assert!(is_new(&mut recent, u32::from(id) * 600, id));
        }
        assert_eq!(recent.slots.capacity(), 1);
    }

    #[test]
    fn the_last_sixteen_are_known_and_the_seventeenth_is_forgotten() {
        let mut recent = Recent::default();
        // The ring has turned before it grows, and goes on in the right order.
        for (now, id) in [(0, 1000), (300, 1001), (301, 1002), (600, 1003)] {
            assert!(is_new(&mut recent, now, id));
        }
        for id in 0..40 {
            assert!(is_new(&mut recent, 601, id));
            for known in id.saturating_sub(15)..=id {
                assert!(!is_new(&mut recent, 601, known), "{known} after {id}");
            }
        }
        assert_eq!(recent.slots.len(), 16);
        assert!(is_new(&mut recent, 601, 23));
    }
}
