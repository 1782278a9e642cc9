//! The gate in memory: for each serial number, until when it is covered (R23, R25).
//!
//! An entry holds instants, so time alone turns it, at the very instant. Entries lie in one table with open
//! addressing, the serial number in the entry itself: a decision costs one look at a random place in memory, and a
//! sensor less than 64 bytes.

mod covers;
mod watches;

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;
use subtle::ConstantTimeEq;
use tenure_app::CoverChange;
use tenure_app::rows::RuleInForce;
use tenure_domain::gate::{Verdict, judge};
use tenure_domain::{Instant, OrganizationId, Serial};

pub use covers::Told;
use watches::Watches;

/// The fewest places of a table.
const FEWEST: usize = 64;

/// The gate.
#[derive(Default)]
pub struct Gate {
    hasher: DefaultHashBuilder,
    /// Linear probing: an entry lies at its place or, where that was taken, behind it without a gap.
    table: Vec<Entry>,
    sensors: usize,
    organizations: Vec<OrganizationId>,
    device_tokens: Vec<Option<Box<str>>>,
    watches: Watches,
    by_id: hashbrown::HashMap<OrganizationId, u32>,
}

/// What the gate knows of one sensor.
#[derive(Clone, Copy)]
struct Entry {
    /// The serial number in the low 48 bits; [`EMPTY`] where there is no sensor.
    serial: u64,
    /// When its chain ends or ended.
    ends: Instant,
    /// A hash of the last message that was saved: a resend is known by it.
    last: u64,
    /// The number under which its measurements are kept.
    number: u32,
    organization: u32,
    /// The organization's `rev` when this was decided; what is older comes too late.
    rev: u32,
    cover: Cover,
}

/// No serial number: those have 48 bits.
const EMPTY: u64 = u64::MAX;

const NOBODY: Entry = Entry {
    serial: EMPTY,
    ends: Instant::EPOCH,
    last: 0,
    number: 0,
    organization: 0,
    rev: 0,
    cover: Cover::Unlicensed,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cover {
    Unlicensed,
    Running,
    Lapsed,
    /// The organization has the serial number no more. The entry stays until another start of the service, so that what
    /// comes late cannot bring it back.
    Gone,
}

/// The gate's answer to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// No organization has this serial number.
    Unknown,
    /// The device token is not the organization's.
    WrongToken,
    /// The sensor's chain has ended, and whether it goes on is for settling the organization to decide (R17).
    SettleFirst(OrganizationId),
    /// The verdict.
    Judged {
        /// The number under which its measurements are kept.
        number: i64,
        /// What is saved.
        verdict: Verdict,
        /// Its organization, where an alert rule watches the sensor.
        watched: Option<OrganizationId>,
    },
}

impl Gate {
    /// A gate that knows no sensor, with room for so many.
    #[must_use]
    pub fn with_capacity(sensors: usize) -> Self {
        Self { table: vec![NOBODY; places_for(sensors)], ..Self::default() }
    }

    /// How many sensors it knows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.sensors
    }

    /// Whether it knows none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sensors == 0
    }

    /// The bytes that its sensors take.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.table.len() * size_of::<Entry>()
    }

    /// Makes an organization known, or changes its device token.
    pub fn set_organization(&mut self, id: OrganizationId, device_token: Option<String>) {
        let index = self.organization_index(id);
        if let Some(token) = usize::try_from(index).ok().and_then(|index| self.device_tokens.get_mut(index)) {
            *token = device_token.map(String::into_boxed_str);
        }
    }

    fn organization_index(&mut self, id: OrganizationId) -> u32 {
        if let Some(index) = self.by_id.get(&id) {
            return *index;
        }
        let index = u32::try_from(self.organizations.len()).unwrap_or(u32::MAX);
        self.organizations.push(id);
        self.device_tokens.push(None);
        self.by_id.insert(id, index);
        index
    }

    /// Takes over an organization's alert rules that are switched on, unless it knows later ones; returns whether.
    pub fn set_alert_rules(&mut self, id: OrganizationId, rev: i64, rules: &[RuleInForce]) -> bool {
        let index = self.organization_index(id);
        self.watches.set(index, rev, rules)
    }

    /// Takes over a changed cover, unless it knows a later one.
    pub fn set_cover(&mut self, organization: OrganizationId, rev: i64, change: &CoverChange) {
        let organization = self.organization_index(organization);
        // Revisions are compared within one organization only; 32 bits of them are more than it will ever have.
        let rev = u32::try_from(rev).unwrap_or(u32::MAX);
        let ends = change.chain_ends.unwrap_or_default();
        let cover = match (change.chain_ends, change.running) {
            _ if change.gone => Cover::Gone,
            (None, _) => Cover::Unlicensed,
            (Some(_), true) => Cover::Running,
            (Some(_), false) => Cover::Lapsed,
        };
        let number = change.number.and_then(|number| u32::try_from(number).ok());
        if let Some(entry) = self.entry_mut(change.serial) {
            // Another organization takes a serial number over by adding it, with a number of its own; what one that
            // has lost it still says comes too late.
            let counts = if entry.organization == organization {
                rev >= entry.rev
            } else {
                number.is_some() && !change.gone
            };
            if counts {
                let (before, number) = (*entry, number.unwrap_or(entry.number));
                let last = if before.number == number { before.last } else { 0 };
                *entry = Entry { number, ends, organization, rev, cover, last, ..before };
            }
            return;
        }
        // A sensor that is not known comes with its number; else the change is of one that is gone.
        let Some(number) = number else { return };
        if self.table.len() < places_for(self.sensors + 1) {
            let larger = places_for(self.sensors + self.sensors / 4 + FEWEST);
            let entries = std::mem::replace(&mut self.table, vec![NOBODY; larger]);
            entries.into_iter().filter(|entry| entry.serial != EMPTY).for_each(|entry| self.place(entry));
        }
        self.place(Entry { serial: change.serial.number(), ends, last: 0, number, organization, rev, cover });
        self.sensors += 1;
    }

    /// Where the search for a serial number begins: its hash, scaled to the table's length.
    fn start(&self, serial: u64) -> usize {
        let places = u128::try_from(self.table.len()).unwrap_or(0);
        usize::try_from((u128::from(self.hasher.hash_one(serial)) * places) >> 64).unwrap_or(0)
    }

    /// Puts an entry, whose serial number is new, at its place. There is always an empty one.
    fn place(&mut self, entry: Entry) {
        let start = self.start(entry.serial);
        let (before, behind) = self.table.split_at_mut(start);
        if let Some(place) = behind.iter_mut().chain(before).find(|place| place.serial == EMPTY) {
            *place = entry;
        }
    }

    fn entry(&self, serial: Serial) -> Option<&Entry> {
        let serial = serial.number();
        let (before, behind) = self.table.split_at_checked(self.start(serial))?;
        let found =
            behind.iter().chain(before).find(|entry| entry.serial == serial || entry.serial == EMPTY)?;
        (found.serial == serial).then_some(found)
    }

    fn entry_mut(&mut self, serial: Serial) -> Option<&mut Entry> {
        let start = self.start(serial.number());
        let serial = serial.number();
        let (before, behind) = self.table.split_at_mut_checked(start)?;
        let mut around = behind.iter_mut().chain(before);
        let found = around.find(|entry| entry.serial == serial || entry.serial == EMPTY)?;
        (found.serial == serial).then_some(found)
    }

    /// The number of a sensor that says its organization's device token.
    ///
    /// # Errors
    ///
    /// [`Decision::Unknown`] or [`Decision::WrongToken`].
    pub fn identify(&self, serial: Serial, device_token: Option<&str>) -> Result<i64, Decision> {
        self.checked(serial, device_token).map(|entry| i64::from(entry.number))
    }

    fn checked(&self, serial: Serial, device_token: Option<&str>) -> Result<&Entry, Decision> {
        let entry = self.entry(serial).filter(|entry| entry.cover != Cover::Gone).ok_or(Decision::Unknown)?;
        let expected =
            usize::try_from(entry.organization).ok().and_then(|index| self.device_tokens.get(index));
        match expected.ok_or(Decision::Unknown)? {
            Some(expected)
                if !bool::from(expected.as_bytes().ct_eq(device_token.unwrap_or_default().as_bytes())) =>
            {
                Err(Decision::WrongToken)
            }
            _ => Ok(entry),
        }
    }

    /// Decides about a message that arrives at `arrived` (R23 to R26).
    #[must_use]
    pub fn decide(
        &self,
        serial: Serial,
        device_token: Option<&str>,
        arrived: Instant,
        late_window_us: i64,
    ) -> Decision {
        let entry = match self.checked(serial, device_token) {
            Ok(entry) => entry,
            Err(decision) => return decision,
        };
        let chain_ends = match entry.cover {
            Cover::Gone => return Decision::Unknown,
            Cover::Unlicensed => None,
            Cover::Running if entry.ends <= arrived => {
                let index = usize::try_from(entry.organization).ok();
                let organization = index.and_then(|index| self.organizations.get(index));
                return organization
                    .map_or(Decision::Unknown, |organization| Decision::SettleFirst(*organization));
            }
            Cover::Running | Cover::Lapsed => Some(entry.ends),
        };
        let verdict = judge(chain_ends, arrived, late_window_us);
        let watched = self.watches.watch(entry.organization, entry.number).then(|| {
            let index = usize::try_from(entry.organization).ok();
            index.and_then(|index| self.organizations.get(index)).copied()
        });
        Decision::Judged { number: i64::from(entry.number), verdict, watched: watched.flatten() }
    }

    /// Whether this is the message of the sensor that was saved last: a resend, because an answer was lost.
    #[must_use]
    pub fn is_resend(&self, serial: Serial, message: u64) -> bool {
        self.entry(serial).is_some_and(|entry| entry.last == message)
    }

    /// Remembers a message of a sensor that is durable.
    pub fn saved(&mut self, serial: Serial, message: u64) {
        if let Some(entry) = self.entry_mut(serial) {
            entry.last = message;
        }
    }

    /// A hash by which a message's content is known again, never 0.
    #[must_use]
    pub fn fingerprint(&self, content: &[u8]) -> u64 {
        self.hasher.hash_one(content).max(1)
    }
}

/// The places that so many sensors need: a fifth stays empty, so that searches are short.
const fn places_for(sensors: usize) -> usize {
    let places = sensors + sensors / 4 + 1;
    if places < FEWEST { FEWEST } else { places }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Instant = Instant::from_seconds(1_000_000);
    const WEEK: i64 = 7 * 86_400 * 1_000_000;
    const SERIAL: Serial = Serial::from_number(0x282c_0242_4eed);

    fn organization(number: u128) -> OrganizationId {
        OrganizationId::from_bits(number)
    }

    fn change(ends: Option<Instant>, running: bool) -> CoverChange {
        CoverChange { serial: SERIAL, number: Some(7), chain_ends: ends, running, gone: false }
    }

    const GONE: CoverChange =
        CoverChange { serial: SERIAL, number: Some(7), chain_ends: None, running: false, gone: true };

    fn verdict(gate: &Gate, arrived: Instant) -> Option<Verdict> {
        match gate.decide(SERIAL, None, arrived, WEEK) {
            Decision::Judged { verdict, number, .. } => {
                assert_eq!(number, 7);
                Some(verdict)
            }
            _ => None,
        }
    }

    #[test]
    fn r25_the_gate_turns_at_the_very_instant_without_being_told() {
        let mut gate = Gate::default();
        gate.set_cover(organization(1), 1, &change(Some(END), true));
        assert_eq!(verdict(&gate, END.plus_micros(-1)), Some(Verdict::SaveAll));
        for arrived in [END, END.plus_micros(1)] {
            assert_eq!(gate.decide(SERIAL, None, arrived, WEEK), Decision::SettleFirst(organization(1)));
        }
        gate.set_cover(organization(1), 2, &change(Some(END), false));
        assert_eq!(verdict(&gate, END), Some(Verdict::SaveBefore(END)));
        assert_eq!(verdict(&gate, END.plus_micros(WEEK)), Some(Verdict::Refuse));
        gate.set_cover(organization(1), 3, &change(None, false));
        assert_eq!(verdict(&gate, END), Some(Verdict::Refuse));
    }

    #[test]
    fn r26_an_unknown_serial_number_and_a_wrong_token_are_told_apart() {
        let mut gate = Gate::default();
        assert_eq!(gate.decide(SERIAL, None, END, WEEK), Decision::Unknown);
        gate.set_cover(organization(1), 1, &change(Some(END), true));
        gate.set_organization(organization(1), Some("open sesame".to_owned()));
        let arrived = END.plus_micros(-1);
        assert_eq!(gate.decide(SERIAL, None, arrived, WEEK), Decision::WrongToken);
        assert_eq!(gate.decide(SERIAL, Some("open sesam"), arrived, WEEK), Decision::WrongToken);
        assert!(matches!(gate.decide(SERIAL, Some("open sesame"), arrived, WEEK), Decision::Judged { .. }));
    }

    #[test]
    fn a_change_that_comes_late_does_not_undo_a_later_one() {
        let mut gate = Gate::default();
        gate.set_cover(organization(1), 5, &change(Some(END), true));
        gate.set_cover(organization(1), 4, &change(None, false));
        assert_eq!(verdict(&gate, END.plus_micros(-1)), Some(Verdict::SaveAll));
    }

    #[test]
    fn r21_a_removed_sensor_is_not_known_and_what_comes_late_does_not_bring_it_back() {
        let mut gate = Gate::default();
        let before = END.plus_micros(-1);
        gate.set_cover(organization(1), 4, &change(Some(END), true));
        gate.set_cover(organization(1), 5, &GONE);
        assert_eq!(gate.decide(SERIAL, None, before, WEEK), Decision::Unknown);
        assert_eq!(gate.identify(SERIAL, None), Err(Decision::Unknown));
        gate.set_cover(organization(1), 4, &change(Some(END), true));
        assert_eq!(gate.decide(SERIAL, None, before, WEEK), Decision::Unknown);
        gate.set_cover(organization(1), 6, &change(Some(END), true));
        assert_eq!(verdict(&gate, before), Some(Verdict::SaveAll));
    }

    #[test]
    fn r22_a_freed_serial_number_is_the_next_organizations_whatever_comes_late() {
        let mut gate = Gate::default();
        let before = END.plus_micros(-1);
        gate.set_cover(organization(1), 90, &change(Some(END), true));
        gate.saved(SERIAL, 5);
        let taken = CoverChange { number: Some(8), ..change(Some(END), true) };
        gate.set_cover(organization(2), 3, &taken);
        assert_eq!(gate.identify(SERIAL, None), Ok(8));
        assert!(!gate.is_resend(SERIAL, 5), "it is another sensor's message");
        gate.set_cover(organization(1), 91, &GONE);
        gate.set_cover(organization(1), 91, &CoverChange { number: None, ..change(None, false) });
        assert_eq!(gate.identify(SERIAL, None), Ok(8));
        assert!(matches!(
            gate.decide(SERIAL, None, before, WEEK),
            Decision::Judged { verdict: Verdict::SaveAll, .. }
        ));
    }

    #[test]
    fn r21_a_removal_that_is_heard_before_the_addition_counts() {
        let mut gate = Gate::default();
        gate.set_cover(organization(1), 5, &GONE);
        gate.set_cover(organization(1), 4, &change(Some(END), true));
        assert_eq!(gate.decide(SERIAL, None, END.plus_micros(-1), WEEK), Decision::Unknown);
    }

    #[test]
    fn a_resend_is_known_by_its_content() {
        let mut gate = Gate::default();
        gate.set_cover(organization(1), 1, &change(Some(END), true));
        let message = gate.fingerprint(b"23.3");
        assert!(!gate.is_resend(SERIAL, message));
        gate.saved(SERIAL, message);
        assert!(gate.is_resend(SERIAL, message));
        assert!(!gate.is_resend(SERIAL, gate.fingerprint(b"23.4")));
    }

    #[test]
    fn an_entry_takes_less_than_sixty_four_bytes_with_its_place_in_the_table() {
        let mut gate = Gate::default();
        for number in 0..300_000_u32 {
            let serial = Serial::from_number(u64::from(number) * 977);
            let change = CoverChange { serial, number: Some(i64::from(number)), ..change(Some(END), true) };
            gate.set_cover(organization(u128::from(number % 100)), 1, &change);
        }
        assert_eq!(gate.len(), 300_000);
        for number in 0..300_000_u32 {
            let serial = Serial::from_number(u64::from(number) * 977);
            assert_eq!(gate.identify(serial, None), Ok(i64::from(number)));
            assert_eq!(
                gate.identify(Serial::from_number(u64::from(number) * 977 + 1), None),
                Err(Decision::Unknown)
            );
        }
        assert!(gate.bytes() / gate.len() < 64, "{} bytes", gate.bytes() / gate.len());
    }
}
