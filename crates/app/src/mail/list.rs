//! The list that is attached to a mail: all its sensors, as CSV (RFC 4180).

use super::content::{CodeRevoked, Content, Expirations, Expiring, PoolLow};
use super::words::{heads_in, one_line};
use crate::csv::record;

/// What spreadsheets know UTF-8 by.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file that is attached to a mail.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: &'static str,
    /// What is in it.
    pub body: Vec<u8>,
}

impl Content<'_> {
    /// The list of all sensors in the recipient's language, where there are any. It is the same for all recipients of
    /// one language.
    pub(super) fn list(&self, language: &str) -> Option<File> {
        let heads = heads_in(language);
        let mut text = String::from(BYTE_ORDER_MARK);
        let mut name = "sensors.csv".to_owned();
        match self {
            Self::Expirations(Expirations { sensors, .. })
            | Self::PoolLow(PoolLow { without: sensors, .. })
                if !sensors.is_empty() =>
            {
                record(&mut text, [heads.serial, heads.sensor, heads.expires_on, heads.what_happens]);
                for sensor in sensors {
                    let Expiring { serial, name, expires_on, .. } = sensor;
                    let (serial, name, day) = (serial.to_string(), one_line(name), expires_on.to_string());
                    record(&mut text, [&serial, &name, &day, sensor.what_happens(language)]);
                }
                if let Self::Expirations(Expirations { today, .. }) = self {
                    name = format!("sensors-{today}.csv");
                }
            }
            Self::CodeRevoked(CodeRevoked { losing_cover, .. }) if !losing_cover.is_empty() => {
                record(&mut text, [heads.serial, heads.sensor]);
                for (name, serial) in losing_cover {
                    record(&mut text, [serial.to_string().as_str(), one_line(name).as_str()]);
                }
            }
            _ => return None,
        }
        Some(File { name, content_type: "text/csv; charset=utf-8; header=present", body: text.into_bytes() })
    }
}
