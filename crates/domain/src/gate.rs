//! The gate: what happens to a message at the instant at which it arrives (R23, R24, R25).

use crate::Instant;
use crate::standing::covers;

/// What the gate decides about one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Covered: every sample is saved (R23).
    SaveAll,
    /// Not covered any more, but within the late-delivery window: samples measured before this instant were paid
    /// for and are saved, the others are not (R24).
    SaveBefore(Instant),
    /// Not covered: nothing is saved (R23).
    Refuse,
}

/// Judges a message that arrives at `arrived`, for a sensor whose chain ends or ended at `chain_ends`.
///
/// `late_window_us` is the operator's late-delivery window in microseconds: the message is heard in
/// `[chain_ends, chain_ends + window)`.
#[must_use]
pub const fn judge(chain_ends: Option<Instant>, arrived: Instant, late_window_us: i64) -> Verdict {
    match chain_ends {
        None => Verdict::Refuse,
        Some(ends) if covers(ends, arrived) => Verdict::SaveAll,
        Some(ends) if arrived.micros_since(ends) < late_window_us => Verdict::SaveBefore(ends),
        Some(_) => Verdict::Refuse,
    }
}

impl Verdict {
    /// Whether a sample measured at this instant is saved.
    #[must_use]
    pub const fn saves(self, measured: Instant) -> bool {
        match self {
            Self::SaveAll => true,
            Self::SaveBefore(end) => measured.as_micros() < end.as_micros(),
            Self::Refuse => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Instant = Instant::from_seconds(1_000_000);
    const WEEK: i64 = 7 * 86_400 * 1_000_000;

    #[test]
    fn r23_covered_messages_are_saved_whole_and_others_not_at_all() {
        assert_eq!(judge(Some(END), END.plus_seconds(-60), WEEK), Verdict::SaveAll);
        assert!(Verdict::SaveAll.saves(END.plus_seconds(1_000_000)), "whatever the sensor's clock says (R9)");
        assert_eq!(judge(None, END, WEEK), Verdict::Refuse);
        assert!(!Verdict::Refuse.saves(Instant::EPOCH));
    }

    #[test]
    fn r24_what_was_measured_before_the_end_is_saved_for_a_week() {
        let late = judge(Some(END), END.plus_seconds(3_600), WEEK);
        assert_eq!(late, Verdict::SaveBefore(END));
        assert!(late.saves(END.plus_micros(-1)));
        assert!(!late.saves(END));
        assert!(!late.saves(END.plus_micros(1)));
        assert_eq!(judge(Some(END), END.plus_micros(WEEK - 1), WEEK), Verdict::SaveBefore(END));
        assert_eq!(judge(Some(END), END.plus_micros(WEEK), WEEK), Verdict::Refuse);
        assert_eq!(judge(Some(END), END.plus_micros(WEEK + 1), WEEK), Verdict::Refuse);
        assert_eq!(judge(Some(END), END, 0), Verdict::Refuse, "an operator may set no window");
    }

    #[test]
    fn r25_the_gate_turns_at_the_very_instant() {
        assert_eq!(judge(Some(END), END.plus_micros(-1), WEEK), Verdict::SaveAll);
        assert_eq!(judge(Some(END), END, WEEK), Verdict::SaveBefore(END));
        assert_eq!(judge(Some(END), END.plus_micros(1), WEEK), Verdict::SaveBefore(END));
    }
}
