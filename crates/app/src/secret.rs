//! The service's secret, and the keyed hashes made with it (R2).

use chacha20poly1305::aead::{Aead, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
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

    /// The keyed hash under which the address of a calendar feed is stored.
    #[must_use]
    pub fn hash_calendar_feed(&self, secret: &str) -> Vec<u8> {
        self.hash(b"calendar-feed", secret.as_bytes())
    }

    /// The signature of a text that says who is told of what: nobody else can make it up (RFC 8058 §5).
    #[must_use]
    pub(crate) fn sign_subscription(&self, text: &str) -> Vec<u8> {
        self.hash(b"subscription", text.as_bytes())
    }

    /// Seals a secret of `owner`, with a nonce of at least 24 random bytes, of which the first 24 count. None when it
    /// cannot be.
    pub(crate) fn seal(&self, owner: &str, nonce: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; 24] = nonce.get(..24)?.try_into().ok()?;
        let payload = Payload { msg: secret, aad: owner.as_bytes() };
        let sealed = self.cipher()?.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// The secret of `owner` that was sealed; none when the seal is another's, or broken.
    pub(crate) fn unseal(&self, owner: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(24)?;
        let nonce: [u8; 24] = nonce.try_into().ok()?;
        self.cipher()?.decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: owner.as_bytes() }).ok()
    }

    /// The tag of something, before it is written as text.
    pub(crate) fn hash_tag(&self, seen: &str) -> Vec<u8> {
        self.hash(b"tag", seen.as_bytes())
    }

    /// A hash of something about a request with an `Idempotency-Key`.
    pub(crate) fn hash_idempotency(&self, purpose: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        self.hash_parts(purpose, parts)
    }

    /// Seals an answer with a key of its own, which is one of these hashes; as [`Secret::seal`] otherwise.
    pub(crate) fn seal_answer(&self, key: &[u8], id: &[u8], nonce: &[u8], answer: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; 24] = nonce.get(..24)?.try_into().ok()?;
        let cipher = XChaCha20Poly1305::new_from_slice(key).ok()?;
        let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: answer, aad: id }).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// The answer that was sealed.
    pub(crate) fn unseal_answer(&self, key: &[u8], id: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(24)?;
        let nonce: [u8; 24] = nonce.try_into().ok()?;
        let cipher = XChaCha20Poly1305::new_from_slice(key).ok()?;
        cipher.decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: id }).ok()
    }

    fn cipher(&self) -> Option<XChaCha20Poly1305> {
        XChaCha20Poly1305::new_from_slice(&self.hash(b"seal", b"one-time-codes")).ok()
    }

    fn hash(&self, purpose: &[u8], value: &[u8]) -> Vec<u8> {
        self.hash_parts(purpose, &[value])
    }

    fn hash_parts(&self, purpose: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        // HMAC fills a short key with zeros up to its block (RFC 2104 §2).
        let mut block = [0; 64];
        block.iter_mut().zip(self.0).for_each(|(place, byte)| *place = byte);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        mac.update(purpose);
        mac.update(&[0]);
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_opened_by_the_same_secret_for_the_same_owner_only() {
        let (secret, other) = (Secret::new([7; 32]), Secret::new([8; 32]));
        let sealed = secret.seal("usr_1", &[1; 32], b"hello").unwrap();
        assert_eq!(secret.unseal("usr_1", &sealed).unwrap(), b"hello");
        assert_eq!(secret.unseal("usr_2", &sealed), None);
        assert_eq!(other.unseal("usr_1", &sealed), None);
        let mut broken = sealed.clone();
        broken[30] ^= 1;
        assert_eq!(secret.unseal("usr_1", &broken), None);
        assert_eq!(secret.unseal("usr_1", &sealed[..20]), None);
        assert!(!sealed.windows(5).any(|window| window == b"hello"));
    }
}
