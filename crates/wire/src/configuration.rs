//! A sensor's configuration (end point `c`), and the few requests that the server may answer with.

use prost::Message as _;
use serde_json::Value;
use tenure_domain::{Instant, Serial};

use crate::proto;
use crate::{DecodeError, serial, time, token};

/// Which part of a configuration a message is. Sensors split long ones themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It is the whole configuration.
    Whole,
    /// It is a part, and more follow.
    Part {
        /// Which one, from 1.
        index: u32,
    },
    /// It is the last part.
    Last {
        /// How many parts there are; 1 when it is the only one.
        count: u32,
    },
}

/// A sensor's configuration, or a part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// Whose it is.
    pub serial: Serial,
    /// The whole message.
    pub message: proto::Configuration,
}

impl Configuration {
    /// Reads the body of a message.
    ///
    /// # Errors
    /// It is not a configuration, or its serial number is not six bytes long.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let message = proto::Configuration::decode(body)?;
        Ok(Self { serial: serial(&message.serial_number)?, message })
    }

    /// The token that the sensor carries.
    #[must_use]
    pub fn device_token(&self) -> Option<&str> {
        token(&self.message.cloud_token)
    }

    /// The number that changes with each change of the configuration.
    #[must_use]
    pub fn configuration_hash(&self) -> Option<u32> {
        Some(self.message.configuration_hash).filter(|hash| *hash != 0)
    }

    /// Which part it is. The parts are merged by whoever keeps them: a later part's fields replace the same fields
    /// of an earlier one.
    #[must_use]
    pub fn part(&self) -> Part {
        match self.message.payload_split_info {
            0 => Part::Whole,
            number if number < 0 => Part::Part { index: number.unsigned_abs() },
            number => Part::Last { count: number.unsigned_abs() },
        }
    }

    /// All fields that it has, by their stable names, with bytes as hexadecimal digits. The token and the password
    /// of the access point are secrets and are left out, and so is which part it is.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut message = self.message.clone();
        message.cloud_token.clear();
        message.apn_password.clear();
        message.payload_split_info = 0;
        serde_json::to_value(message).unwrap_or_default()
    }
}

/// What the server asks of a sensor in its answer to a message with measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Downlink {
    /// Sets the sensor's clock.
    pub current_time: Option<Instant>,
    /// Asks for its device information.
    pub device_info_request: bool,
    /// Asks for its configuration.
    pub configuration_request: bool,
}

impl Downlink {
    /// The body of the answer; empty when nothing is asked.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let message = proto::Configuration {
            current_time: self.current_time.map(time::seconds).unwrap_or_default(),
            device_info_request: self.device_info_request,
            configuration_request: self.configuration_request,
            ..Default::default()
        };
        message.encode_to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIAL: [u8; 6] = [0x28, 0x2c, 2, 0x42, 0x4e, 0xed];

    fn configuration(message: proto::Configuration) -> Configuration {
        let message = proto::Configuration { serial_number: SERIAL.to_vec(), ..message };
        Configuration::decode(&message.encode_to_vec()).unwrap()
    }

    #[test]
    fn the_state_has_the_fields_that_were_sent_and_no_secret() {
        let decoded = configuration(proto::Configuration {
            transmission_interval: 120,
            channel_types: vec![1, 2, 0, 0, 0, 0],
            rules: vec![proto::Rule { channel_mask: 1, condition: 2, parameters: vec![-50], action: 1 }],
            encryption_key: vec![0x7f],
            cloud_token: "secret".to_owned(),
            apn_password: "secret".to_owned(),
            configuration_hash: 9,
            payload_split_info: 1,
            ..Default::default()
        });
        assert_eq!((decoded.device_token(), decoded.configuration_hash()), (Some("secret"), Some(9)));
        assert_eq!(
            decoded.to_json(),
            serde_json::json!({
                "serial_number": "282c02424eed",
                "transmission_interval": 120,
                "channel_types": [1, 2, 0, 0, 0, 0],
                "rules": [{ "channel_mask": 1, "condition": 2, "parameters": [-50], "action": 1 }],
                "encryption_key": "7f",
                "configuration_hash": 9,
            })
        );
    }

    #[test]
    fn the_sign_tells_a_part_from_the_last_one() {
        let part = |split| {
            configuration(proto::Configuration { payload_split_info: split, ..Default::default() }).part()
        };
        assert_eq!(part(0), Part::Whole);
        assert_eq!(part(-2), Part::Part { index: 2 });
        assert_eq!(part(3), Part::Last { count: 3 });
        assert_eq!(part(i32::MIN), Part::Part { index: 1 << 31 });
    }

    #[test]
    fn an_answer_that_asks_nothing_is_empty_and_one_with_the_time_is_six_bytes() {
        assert_eq!(Downlink::default().encode(), [0_u8; 0]);
        let now = Some(Instant::from_seconds(1_749_674_040));
        let answer = Downlink { current_time: now, ..Default::default() }.encode();
        assert_eq!(answer, [0x40, 0xb8, 0xd0, 0xa7, 0xc2, 0x06]);
        let both =
            Downlink { current_time: None, device_info_request: true, configuration_request: true }.encode();
        assert_eq!(both, [0x30, 0x01, 0x98, 0x01, 0x01]);
    }
}
