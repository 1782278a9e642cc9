//! The device information that a sensor sends when it starts and when it is asked (end point `i`).

use prost::Message as _;
use serde_json::Value;
use tenure_domain::Serial;

use crate::proto;
use crate::{DecodeError, serial, token};

/// What a sensor says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceInfo {
    /// Who says it.
    pub serial: Serial,
    /// The whole message.
    pub message: proto::DeviceInfo,
}

impl DeviceInfo {
    /// Reads the body of a message.
    ///
    /// # Errors
    /// It is not a device information, or its serial number is not six bytes long.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let message = proto::DeviceInfo::decode(body)?;
        Ok(Self { serial: serial(&message.serial_number)?, message })
    }

    /// The token that the sensor carries.
    #[must_use]
    pub fn device_token(&self) -> Option<&str> {
        token(&self.message.cloud_token)
    }

    /// The firmware's version, `06.10`; before it was read, none.
    #[must_use]
    pub fn firmware(&self) -> Option<String> {
        let [_, _, major, minor] = self.message.sw_version.to_be_bytes();
        (self.message.sw_version != 0).then(|| format!("{major:02}.{minor:02}"))
    }

    /// All fields that it has, by their stable names, with bytes as hexadecimal digits. The token is a secret and
    /// is left out.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut message = self.message.clone();
        message.cloud_token.clear();
        serde_json::to_value(message).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_has_the_fields_that_were_sent_and_no_token() {
        let message = proto::DeviceInfo {
            serial_number: vec![0x28, 0x2c, 2, 0x42, 0x4e, 0xed],
            sw_version: 0x060a,
            cloud_token: "secret".to_owned(),
            runtime_info: Some(proto::Runtime { mcu_temperature: -5, ..Default::default() }),
            memory_statistics: vec![0, u32::MAX],
            ..Default::default()
        };
        let info = DeviceInfo::decode(&message.encode_to_vec()).unwrap();
        assert_eq!((info.device_token(), info.firmware().as_deref()), (Some("secret"), Some("06.10")));
        assert_eq!(
            info.to_json(),
            serde_json::json!({
                "serial_number": "282c02424eed",
                "sw_version": 1546,
                "runtime_info": { "mcu_temperature": -5 },
                "memory_statistics": [0, 4_294_967_295_u32],
            })
        );
    }

    #[test]
    fn a_message_without_a_serial_number_is_refused() {
        assert_eq!(DeviceInfo::decode(&[]), Err(DecodeError::Serial { length: 0 }));
    }
}
