//! The calendar feed: the ends of sensors' chains as a calendar that other programs subscribe to (RFC 5545).
//!
//! Each sensor has one event, on the last day of its chain. When the chain goes on, the same event moves: its `UID`
//! stays, its `SEQUENCE` grows. Nothing in it is taken from the clock but what the rules take from it, so the same
//! state of the organization makes the same text, byte by byte.

mod ics;
mod words;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tenure_domain::session::WRITTEN_EVERY_US;
use tenure_domain::standing::covers;
use tenure_domain::{Instant, Permission, Refusal};
use tenure_store::calendar_feeds::{self, End, Reader};
use url::{Host, Url};

use crate::ahead::{Question, RowEnds};
use crate::{Actor, App, AppError};
use ics::Lines;

/// How many days an end that is over stays in the calendar.
const DAYS_SHOWN: i64 = 90;

/// How often programs are to look for changes (RFC 7986 §5.7).
const LOOK_EVERY: &str = "PT6H";

/// A calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Its text, `text/calendar` in UTF-8.
    pub text: String,
    /// A tag that is the same for the same text, in hexadecimal digits.
    pub tag: String,
}

impl App {
    /// The calendar at this secret address, in its owner's language.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when nobody has this address, its owner has left the organization, or may not read
    /// licenses any more (R34): the three are told alike, after the same work.
    pub async fn calendar(&self, secret: &str) -> Result<Calendar, AppError> {
        let hash = self.secret.hash_calendar_feed(secret);
        let mut tx = self.db.read().await?;
        let reader = calendar_feeds::reader(&mut tx, &hash).await?;
        tx.roll_back().await?;
        let reader = reader.filter(|reader| reader.role.allows(Permission::ReadLicenses));
        let reader = reader.ok_or(Refusal::NotFound { what: "calendar" })?;
        self.write_down_reading(&hash, &reader).await?;
        let text = self.written_calendar(&reader).await?;
        let digest = Sha256::digest(text.as_bytes());
        let tag = HEXLOWER.encode(digest.get(..16).unwrap_or(&digest));
        Ok(Calendar { text, tag })
    }

    /// Writes down that a feed is read, at most once a minute.
    async fn write_down_reading(&self, hash: &[u8], reader: &Reader) -> Result<(), AppError> {
        let now = self.people_now();
        if reader.used_at.is_some_and(|used| now.micros_since(used) < WRITTEN_EVERY_US) {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        calendar_feeds::used(&mut tx, hash, now).await?;
        Ok(tx.commit().await?)
    }

    async fn written_calendar(&self, reader: &Reader) -> Result<String, AppError> {
        let mut reading = self.read_settled(&self.ctx(Actor::Service), reader.organization).await?;
        let first_shown = reading.today.saturating_add(jiff::Span::new().days(-DAYS_SHOWN));
        let after = reading.organization.zone.first_instant_of(first_shown);
        let ends = calendar_feeds::ends_after(&mut reading.tx, reader.organization, after).await?;
        let questions: Vec<Question> = ends.iter().map(question).collect();
        let row_ends = RowEnds::load(&mut reading, &questions).await?;
        let (now, name) = (reading.now, reading.organization.name);
        reading.tx.roll_back().await?;
        let (place, language) = (self.public_url(), reader.language.as_str());
        let mut lines = Lines::default();
        lines.plain("BEGIN", "VCALENDAR");
        lines.plain("VERSION", "2.0");
        lines.plain("PRODID", "-//Tenure//License expirations//EN");
        lines.plain("CALSCALE", "GREGORIAN");
        let title = words::calendar_name(language, &name);
        lines.text("NAME", &title);
        lines.text("X-WR-CALNAME", &title);
        lines.plain("REFRESH-INTERVAL;VALUE=DURATION", LOOK_EVERY);
        lines.plain("X-PUBLISHED-TTL", LOOK_EVERY);
        let host = host_of(place);
        let host = host.as_deref().unwrap_or("tenure");
        for end in &ends {
            event(&mut lines, end, now, &row_ends, &Setting { place, host, language });
        }
        lines.plain("END", "VCALENDAR");
        Ok(lines.into_text())
    }
}

fn question(end: &End) -> Question {
    Question { sensor: end.sensor, auto_renewal: end.auto_renewal, chain_ends: Some(end.end.ends) }
}

/// What all events of a calendar share.
struct Setting<'a> {
    /// The address under which people reach the service.
    place: &'a str,
    /// In whose name the events are.
    host: &'a str,
    language: &'a str,
}

fn event(lines: &mut Lines, end: &End, now: Instant, row_ends: &RowEnds, setting: &Setting<'_>) {
    let Setting { place, host, language } = *setting;
    let last_day = end.end.expires_on;
    let over = !covers(end.end.ends, now);
    let what = if over {
        words::over(language, end.auto_renewal)
    } else {
        words::to_come(language, row_ends.of(question(end), now), end.auto_renewal)
    };
    let link = format!("{place}/sensors/{}", end.sensor);
    let serial = words::serial_number(language, end.serial);
    lines.plain("BEGIN", "VEVENT");
    lines.text("UID", &format!("{}@{host}", end.sensor));
    lines.instant("DTSTAMP", end.changed_at);
    lines.instant("LAST-MODIFIED", end.changed_at);
    // An integer of this format has 31 bits (RFC 5545 §3.3.8).
    let sequence = i32::try_from(end.cover_rev.max(0)).unwrap_or(i32::MAX);
    lines.plain("SEQUENCE", &sequence.to_string());
    lines.date("DTSTART", last_day);
    // The end of an event is the first day that is not in it (RFC 5545 §3.6.1).
    lines.date("DTEND", last_day.saturating_add(jiff::Span::new().days(1)));
    lines.text("SUMMARY", &words::summary(language, &end.name, over));
    lines.text("DESCRIPTION", &format!("{what}\n{serial}\n{link}"));
    lines.plain("URL", &link);
    // Nobody is busy because a license ends.
    lines.plain("TRANSP", "TRANSPARENT");
    lines.plain("END", "VEVENT");
}

/// The host in the service's address, where it is a name that is the same for everybody.
fn host_of(place: &str) -> Option<String> {
    match Url::parse(place).ok()?.host()? {
        Host::Domain(name) => name.contains('.').then(|| name.to_owned()),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_a_name_or_nothing() {
        let named = Some("tenure.harbor.example");
        assert_eq!(host_of("https://tenure.harbor.example").as_deref(), named);
        assert_eq!(host_of("https://tenure.harbor.example:8443/a").as_deref(), named);
        for place in ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080", "nonsense"] {
            assert_eq!(host_of(place), None, "{place}");
        }
    }
}
