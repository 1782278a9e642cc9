//! Secrets of webhooks, and what is signed with them (Standard Webhooks 1.0.0).

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How many random bytes a secret has; the standard asks for 24 to 64.
const SECRET_BYTES: usize = 32;

/// A new secret, of randomness.
pub(crate) fn new_secret(random: [u128; 2]) -> [u8; SECRET_BYTES] {
    let mut secret = [0; SECRET_BYTES];
    let bytes = random.into_iter().flat_map(u128::to_be_bytes);
    secret.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    secret
}

/// A secret as people copy it: `whsec_…`.
pub(crate) fn written(secret: &[u8]) -> String {
    format!("whsec_{}", BASE64.encode(secret))
}

/// The header `webhook-signature`: a signature by each secret, with a space between two.
///
/// `seconds` is the header `webhook-timestamp`: when this attempt is made, in seconds since 1970.
pub(crate) fn signatures(secrets: &[Vec<u8>], id: &str, seconds: i64, body: &str) -> String {
    let sign = |secret: &Vec<u8>| {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).ok()?;
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        Some(format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes())))
    };
    let signed: Vec<String> = secrets.iter().filter_map(sign).collect();
    signed.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the standard's own libraries.
    #[test]
    fn a_signature_is_the_standards() {
        let secret = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
        let one = signatures(std::slice::from_ref(&secret), id, 1_614_265_330, body);
        assert_eq!(one, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let two = signatures(&[vec![7; 32], secret], id, 1_614_265_330, body);
        assert_eq!(two.split(' ').nth(1), Some(one.as_str()));
    }

    #[test]
    fn a_secret_has_a_prefix_and_32_bytes() {
        assert_eq!(written(&new_secret([1, 2])), "whsec_AAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAI=");
    }
}
