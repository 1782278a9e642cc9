//! What the gate tells of a sensor's cover to those who ask: the same facts by which it judges messages.

use tenure_app::covers::CoverState;
use tenure_domain::standing::covers;
use tenure_domain::{Instant, OrganizationId, Serial};

use super::{Cover, Entry, Gate};

/// The gate's answer about a serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// No organization has it.
    Unknown,
    /// Its chain has ended, and whether it goes on is for settling this organization to decide (R17).
    SettleFirst(OrganizationId),
    /// This organization has it, and this is its cover.
    Known(OrganizationId, CoverState),
}

impl Gate {
    /// What there is to tell of a serial number at `now`. A license that has ended stays ended, also for a clock that
    /// has stepped back (R9).
    #[must_use]
    pub fn tell(&self, serial: Serial, now: Instant) -> Told {
        let Some(Entry { ends, organization, cover, .. }) = self.entry(serial).copied() else {
            return Told::Unknown;
        };
        let index = usize::try_from(organization).ok();
        let Some(organization) = index.and_then(|index| self.organizations.get(index)).copied() else {
            return Told::Unknown;
        };
        match cover {
            Cover::Gone => Told::Unknown,
            Cover::Unlicensed => Told::Known(organization, CoverState::Unlicensed),
            Cover::Lapsed => Told::Known(organization, CoverState::Expired(ends)),
            Cover::Running if covers(ends, now) => Told::Known(organization, CoverState::Covered(ends)),
            Cover::Running => Told::SettleFirst(organization),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_app::CoverChange;

    const END: Instant = Instant::from_seconds(1_000_000);
    const SERIAL: Serial = Serial::from_number(0x282c_0242_4eed);

    fn change(chain_ends: Option<Instant>, running: bool, gone: bool) -> CoverChange {
        CoverChange { serial: SERIAL, number: Some(7), chain_ends, running, gone }
    }

    #[test]
    fn r25_what_is_told_of_a_cover_turns_at_the_very_instant() {
        let (harbor, mut gate) = (OrganizationId::from_bits(1), Gate::default());
        assert_eq!(gate.tell(SERIAL, END), Told::Unknown);
        gate.set_cover(harbor, 1, &change(Some(END), true, false));
        assert_eq!(gate.tell(SERIAL, END.plus_micros(-1)), Told::Known(harbor, CoverState::Covered(END)));
        for now in [END, END.plus_micros(1)] {
            assert_eq!(gate.tell(SERIAL, now), Told::SettleFirst(harbor));
        }
        gate.set_cover(harbor, 2, &change(Some(END), false, false));
        for now in [END.plus_micros(1), END, END.plus_micros(-1)] {
            assert_eq!(gate.tell(SERIAL, now), Told::Known(harbor, CoverState::Expired(END)), "R9");
        }
        gate.set_cover(harbor, 3, &change(None, false, false));
        assert_eq!(gate.tell(SERIAL, END), Told::Known(harbor, CoverState::Unlicensed));
        gate.set_cover(harbor, 4, &change(None, false, true));
        assert_eq!(gate.tell(SERIAL, END), Told::Unknown);
    }
}
