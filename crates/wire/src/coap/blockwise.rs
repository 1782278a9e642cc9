//! Bodies that come in blocks (RFC 7959 §2, option Block1).

use super::Block;

/// The longest body, in bytes. The longest one known of a sensor has 1,600.
pub const MAX_BODY: usize = 16 * 1024;

/// Blocks begin at multiples of this, whatever their size.
const UNIT: usize = 16;
/// Bits of a word of the map.
const WORD: usize = 64;

/// A body of which some blocks have arrived, in whatever order and size.
///
/// What came last counts: a client that starts over overwrites what it sent before, and when its first block
/// differs, all of the old body is dropped.
pub(super) struct Transfer {
    body: Vec<u8>,
    /// One bit for each unit that has arrived.
    arrived: [u64; MAX_BODY / UNIT / WORD],
    /// Where the last block ended, once it has arrived.
    total: Option<usize>,
    /// The message that completed the body, until another block arrives.
    completed_by: Option<u16>,
}

/// What a block led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// More are expected.
    Continue,
    /// The body is whole.
    Complete,
    /// The last block is there, and others are not.
    Incomplete,
    /// The body would be longer than [`MAX_BODY`].
    TooLarge,
    /// The payload's length is not that of a block.
    Bad,
}

impl Transfer {
    pub(super) const fn new() -> Self {
        Self { body: Vec::new(), arrived: [0; MAX_BODY / UNIT / WORD], total: None, completed_by: None }
    }

    /// The body, once it is complete.
    pub(super) fn body(&self) -> &[u8] {
        self.body.get(..self.total.unwrap_or_default()).unwrap_or_default()
    }

    /// Whether this message completed it, and nothing arrived since.
    pub(super) fn is_completed_by(&self, id: u16) -> bool {
        self.completed_by == Some(id)
    }

    pub(super) fn accept(&mut self, id: u16, block: Block, payload: &[u8]) -> Outcome {
        let size = block.size();
        if payload.len() > size || (block.more && payload.len() < size) {
            return Outcome::Bad;
        }
        let start = usize::try_from(block.number).unwrap_or(usize::MAX).saturating_mul(size);
        let end = start.saturating_add(payload.len());
        if start > MAX_BODY || end > MAX_BODY {
            return Outcome::TooLarge;
        }
        if start == 0 && self.has(0, end) && self.body.get(..end) != Some(payload) {
            *self = Self::new();
        }
        self.completed_by = None;
        if let Some(total) = self.total
            && block.more
            && end > total
        {
            // The body is longer than the one whose last block had arrived, and that block's last unit is not whole.
            self.total = None;
            self.mark(total - total % UNIT, total, false);
        }
        if self.body.len() < end {
            self.body.resize(end, 0);
        }
        if let Some(place) = self.body.get_mut(start..end) {
            place.copy_from_slice(payload);
        }
        self.mark(start, end, true);
        if block.more {
            return Outcome::Continue;
        }
        self.total = Some(end);
        if !self.has(0, end) {
            return Outcome::Incomplete;
        }
        self.completed_by = Some(id);
        Outcome::Complete
    }

    fn mark(&mut self, start: usize, end: usize, arrived: bool) {
        for unit in start / UNIT..end.div_ceil(UNIT) {
            if let Some(word) = self.arrived.get_mut(unit / WORD) {
                let bit = 1 << (unit % WORD);
                *word = if arrived { *word | bit } else { *word & !bit };
            }
        }
    }

    fn has(&self, start: usize, end: usize) -> bool {
        (start / UNIT..end.div_ceil(UNIT))
            .all(|unit| self.arrived.get(unit / WORD).is_some_and(|word| word >> (unit % WORD) & 1 == 1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(number: u32, more: bool, size_exponent: u8) -> Block {
        Block { number, more, size_exponent }
    }

    fn body(length: usize) -> Vec<u8> {
        (0..=255).cycle().map(|byte: u8| byte.wrapping_mul(37)).take(length).collect()
    }

    /// The blocks of a body and their payloads.
    fn cut(body: &[u8], size_exponent: u8) -> Vec<(Block, &[u8])> {
        let size = 16 << size_exponent;
        let last = body.len().div_ceil(size) - 1;
        let of = |(number, part)| (block(u32::try_from(number).unwrap(), number < last, size_exponent), part);
        body.chunks(size).enumerate().map(of).collect()
    }

    proptest! {
        #[test]
        fn any_order_duplicates_and_loss_give_the_body_or_incomplete(
            length in 1_usize..4_000,
            size_exponent in 0_u8..=6,
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..120),
        ) {
            let body = body(length);
            let blocks = cut(&body, size_exponent);
            let mut transfer = Transfer::new();
            let mut sent = vec![false; blocks.len()];
            let in_order = order.len() % 3 == 0;
            let picks: Vec<usize> = order.iter().map(|index| index.index(blocks.len())).collect();
            let first: Vec<usize> = if in_order { (0..blocks.len()).collect() } else { Vec::new() };
            for pick in first.into_iter().chain(picks) {
                let (block, payload) = blocks[pick];
                sent[pick] = true;
                let whole = sent.iter().all(|sent| *sent);
                let expected = match (block.more, whole) {
                    (true, _) => Outcome::Continue,
                    (false, true) => Outcome::Complete,
                    (false, false) => Outcome::Incomplete,
                };
                prop_assert_eq!(transfer.accept(7, block, payload), expected);
                if expected == Outcome::Complete {
                    prop_assert_eq!(transfer.body(), &body);
                }
            }
        }

        #[test]
        fn any_blocks_at_all_never_panic(blocks in prop::collection::vec((0_u32..1 << 20, any::<bool>(), 0_u8..7, 0_usize..1_100), 0..20)) {
            let mut transfer = Transfer::new();
            for (number, more, size_exponent, length) in blocks {
                let _ = transfer.accept(1, block(number % 2_000, more, size_exponent), &body(length));
                let _ = transfer.accept(1, block(number, more, size_exponent), &body(length));
                prop_assert!(transfer.body.len() <= MAX_BODY);
            }
        }
    }

    #[test]
    fn a_client_may_go_on_with_smaller_blocks() {
        let body = body(200);
        let mut transfer = Transfer::new();
        assert_eq!(transfer.accept(1, block(0, true, 3), &body[..128]), Outcome::Continue);
        assert_eq!(transfer.accept(2, block(4, true, 1), &body[128..160]), Outcome::Continue);
        assert_eq!(transfer.accept(3, block(5, true, 1), &body[160..192]), Outcome::Continue);
        assert_eq!(transfer.accept(4, block(6, false, 1), &body[192..]), Outcome::Complete);
        assert_eq!(transfer.body(), body);
    }

    #[test]
    fn a_first_block_that_differs_starts_over() {
        let mut transfer = Transfer::new();
        assert_eq!(transfer.accept(1, block(0, true, 0), &[1; 16]), Outcome::Continue);
        assert_eq!(transfer.accept(2, block(1, true, 0), &[1; 16]), Outcome::Continue);
        assert_eq!(transfer.accept(3, block(0, true, 0), &[2; 16]), Outcome::Continue);
        assert_eq!(
            transfer.accept(4, block(2, false, 0), &[2; 3]),
            Outcome::Incomplete,
            "block 1 is of the old body"
        );
    }

    #[test]
    fn a_longer_body_does_not_take_the_end_of_a_shorter_one_for_its_own() {
        let mut transfer = Transfer::new();
        assert_eq!(transfer.accept(1, block(0, true, 0), &[1; 16]), Outcome::Continue);
        assert_eq!(transfer.accept(2, block(1, false, 0), &[1; 3]), Outcome::Complete);
        assert_eq!(transfer.accept(3, block(2, true, 0), &[1; 16]), Outcome::Continue);
        assert_eq!(transfer.accept(4, block(3, false, 0), &[1; 16]), Outcome::Incomplete);
    }

    #[test]
    fn lengths_are_bounded() {
        let mut transfer = Transfer::new();
        assert_eq!(transfer.accept(1, block(0, true, 0), &[1; 15]), Outcome::Bad);
        assert_eq!(transfer.accept(1, block(0, false, 0), &[1; 17]), Outcome::Bad);
        assert_eq!(transfer.accept(1, block(16, true, 6), &[1; 1024]), Outcome::TooLarge);
        assert_eq!(transfer.accept(1, block((1 << 20) - 1, true, 6), &[1; 1024]), Outcome::TooLarge);
        assert_eq!(transfer.accept(1, block(15, true, 6), &[1; 1024]), Outcome::Continue);
    }
}
