//! The ids of events: where somebody who follows covers stands.

use std::collections::HashMap;

use data_encoding::BASE64URL_NOPAD;
use tenure_app::cover_events::Place;
use tenure_domain::OrganizationId;

/// The id of an event of one organization: `41`, or `41.7` when more of 41 may follow.
pub(crate) fn id(place: Place) -> String {
    let Place { rev, number } = place;
    if place.is_whole() { rev.to_string() } else { format!("{rev}.{number}") }
}

/// The place of an id, if it is one.
pub(crate) fn place(id: &str) -> Option<Place> {
    match id.split_once('.') {
        None => id.parse().ok().map(Place::behind),
        Some((rev, number)) => Some(Place { rev: rev.parse().ok()?, number: number.parse().ok()? }),
    }
}

/// A short mark of an organization. Two with the same one are told together from where less was heard.
pub(crate) fn mark(organization: OrganizationId) -> u32 {
    // FNV-1a.
    organization
        .bits()
        .to_be_bytes()
        .into_iter()
        .fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The id of an event of all organizations: of each its mark and up to which `rev` everything was heard.
pub(crate) fn written_places<'a>(places: impl Iterator<Item = (&'a OrganizationId, &'a Place)>) -> String {
    let mut revs: Vec<(u32, i64)> = places
        .map(|(organization, place)| {
            let rev = if place.is_whole() { place.rev } else { place.rev - 1 };
            (mark(*organization), rev)
        })
        .collect();
    revs.sort_unstable();
    revs.dedup_by_key(|(mark, _)| *mark);
    let mut bytes = Vec::with_capacity(revs.len() * 7);
    for (mark, rev) in revs {
        bytes.extend(mark.to_be_bytes());
        // Seven bits a byte, from the last ones on; the rev is at least -1.
        let mut rest = rev.saturating_add(1).max(0).unsigned_abs();
        loop {
            let (low, more) = (u8::try_from(rest & 0x7f).unwrap_or(0), rest >> 7);
            bytes.push(if more == 0 { low } else { low | 0x80 });
            rest = more;
            if more == 0 {
                break;
            }
        }
    }
    BASE64URL_NOPAD.encode(&bytes)
}

/// Of each mark the `rev` of an id, if it is one.
pub(crate) fn read_places(id: &str) -> Option<HashMap<u32, i64>> {
    let bytes = BASE64URL_NOPAD.decode(id.as_bytes()).ok()?;
    let (mut rest, mut places) = (bytes.as_slice(), HashMap::new());
    while let Some((mark, behind)) = rest.split_first_chunk::<4>() {
        let length = behind.iter().position(|byte| byte & 0x80 == 0)? + 1;
        let (number, behind) = behind.split_at_checked(length.min(9))?;
        let rev = number.iter().rev().fold(0_i64, |rev, byte| (rev << 7) | i64::from(byte & 0x7f));
        places.insert(u32::from_be_bytes(*mark), rev - 1);
        rest = behind;
    }
    rest.is_empty().then_some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_as_it_was_written() {
        for known in [
            Place::BEGINNING,
            Place::behind(0),
            Place::behind(41),
            Place { rev: 41, number: 7 },
            Place { rev: 41, number: -1 },
        ] {
            assert_eq!(place(&id(known)), Some(known));
        }
        for wrong in ["x", "", "41.", ".7", "41.7.1", "9999999999999999999999"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_id_of_all_organizations_is_short_and_read_back() {
        let organization = |number: u32| OrganizationId::from_bits(u128::from(number) << 64 | 0x5eed);
        let places: Vec<(OrganizationId, Place)> = (0..1_000)
            .map(|number| (organization(number), Place::behind(i64::from(number) * 1_000 - 1)))
            .collect();
        let written = written_places(places.iter().map(|(id, place)| (id, place)));
        assert!(written.len() <= 10_000, "{}", written.len());
        let read = read_places(&written).unwrap();
        for (id, place) in &places {
            assert_eq!(read[&mark(*id)], place.rev);
        }
        let part = [(organization(1), Place { rev: 41, number: 7 })];
        let read = read_places(&written_places(part.iter().map(|(id, place)| (id, place)))).unwrap();
        assert_eq!(read[&mark(organization(1))], 40, "what is not whole is told again");
        assert_eq!(read_places(""), Some(HashMap::new()));
        for wrong in ["x", "AAAA", "!!!!", "AAAAAIA", "AAAAAP__________________________"] {
            assert_eq!(read_places(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn two_organizations_with_one_mark_are_told_from_where_less_was_heard() {
        let id = OrganizationId::from_bits(1);
        let places = [(id, Place::behind(9)), (id, Place::behind(5))];
        let read = read_places(&written_places(places.iter().map(|(id, place)| (id, place)))).unwrap();
        assert_eq!(read[&mark(id)], 5);
    }
}
