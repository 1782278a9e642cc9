//! The service's secret, and the keyed hashes made with it (R2).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tenure_domain::ActivationCode;

/// The 32 bytes from the secret file. Whoever has the database but not this cannot find a code by trying.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// The secret of these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The keyed hash under which an activation code is stored (R2).
    #[must_use]
    pub fn hash_code(&self, code: &ActivationCode) -> Vec<u8> {
        self.hash(b"activation-code", code.compact().as_bytes())
    }

    /// The keyed hash under which an API token is stored.
    #[must_use]
    pub fn hash_token(&self, token: &str) -> Vec<u8> {
        self.hash(b"api-token", token.as_bytes())
    }

    fn hash(&self, purpose: &[u8], value: &[u8]) -> Vec<u8> {
        // HMAC fills a short key with zeros up to its block (RFC 2104 §2).
        let mut block = [0; 64];
        block.iter_mut().zip(self.0).for_each(|(place, byte)| *place = byte);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        mac.update(purpose);
        mac.update(&[0]);
        mac.update(value);
        mac.finalize().into_bytes().to_vec()
    }
}
