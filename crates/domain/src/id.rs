//! Typed identifiers: a kind and 128 bits, made from an injected instant and injected randomness.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Instant;

/// A kind of thing that has identifiers.
pub trait Kind: 'static {
    /// The three letters in front of the identifier's text, `sen` in `sen_01jz…`.
    const PREFIX: &'static str;
    /// What a person calls it, for "not found" sentences.
    const NAME: &'static str;
}

/// An identifier of one kind of thing.
///
/// Its text is the kind's prefix, an underscore and 26 characters of lower-case Crockford base32: fixed
/// length and one case, so both databases compare it alike. The first 48 bits are the millisecond at which it
/// was made, so new rows land at the end of an index.
pub struct Id<K>(u128, PhantomData<fn() -> K>);

/// The text is not an identifier of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identifier of this kind is `{0}_` and 26 characters")]
pub struct IdError(&'static str);

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl<K: Kind> Id<K> {
    /// The identifier of something made at `now`, with 80 bits of the caller's randomness.
    #[must_use]
    pub fn new(now: Instant, random: u128) -> Self {
        let millis = u128::from(now.as_micros().max(0).unsigned_abs() / 1000);
        Self((millis << 80) | (random & ((1 << 80) - 1)), PhantomData)
    }

    /// The identifier of these 128 bits.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits, PhantomData)
    }

    /// The identifier's 128 bits.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; 26];
        let mut rest = self.0;
        for place in text.iter_mut().rev() {
            let digit = usize::try_from(rest & 31).unwrap_or(0);
            *place = ALPHABET.get(digit).copied().unwrap_or(b'0');
            rest >>= 5;
        }
        write!(f, "{}_{}", K::PREFIX, str::from_utf8(&text).unwrap_or_default())
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = IdError(K::PREFIX);
        let digits = text.strip_prefix(K::PREFIX).and_then(|t| t.strip_prefix('_')).ok_or(error)?;
        if digits.len() != 26 || !digits.starts_with(|first: char| ('0'..='7').contains(&first)) {
            return Err(error);
        }
        digits
            .bytes()
            .try_fold(0_u128, |bits, byte| {
                let digit = ALPHABET.iter().position(|&letter| letter == byte)?;
                Some((bits << 5) | u128::try_from(digit).ok()?)
            })
            .map(Self::from_bits)
            .ok_or(error)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

/// Deserializes what has a text form.
pub(crate) fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    struct Text<T>(PhantomData<T>);
    impl<T: FromStr<Err: fmt::Display>> de::Visitor<'_> for Text<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Text(PhantomData))
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $id:ident = $prefix:literal, $name:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $kind {}
        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
            const NAME: &'static str = $name;
        }
        $(#[$doc])*
        pub type $id = Id<$kind>;
    )*};
}

kinds! {
    /// An organization: one customer.
    OrganizationKind, OrganizationId = "org", "organization";
    /// A person who logs in.
    UserKind, UserId = "usr", "user";
    /// An activation code, and the license key that it becomes.
    CodeKind, CodeId = "cod", "activation code";
    /// A license.
    LicenseKind, LicenseId = "lic", "license";
    /// A sensor.
    SensorKind, SensorId = "sen", "sensor";
    /// An API token.
    TokenKind, TokenId = "tok", "token";
    /// An invitation to an organization.
    InvitationKind, InvitationId = "inv", "invitation";
    /// A mail in the outbox.
    MailKind, MailId = "mai", "notice";
    /// What is attached to mails.
    AttachmentKind, AttachmentId = "att", "attachment";
    /// A webhook.
    WebhookKind, WebhookId = "whk", "webhook";
    /// An event in the outbox, on its way to a webhook.
    DeliveryKind, DeliveryId = "dlv", "delivery";
    /// A row of the audit trail.
    AuditKind, AuditId = "aud", "audit row";
    /// A rule by which alerts open.
    AlertRuleKind, AlertRuleId = "rul", "alert rule";
    /// An alert.
    AlertKind, AlertId = "alr", "alert";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_reads_back_as_itself() {
        let now = Instant::from_seconds(1_749_674_040);
        let id = SensorId::new(now, 0x0123_4567_89ab_cdef_0123);
        assert_eq!(id.to_string(), "sen_01jxgb66p004hmasw9nf6yy093");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(SensorId::from_bits(u128::MAX).to_string().parse(), Ok(SensorId::from_bits(u128::MAX)));
    }

    #[test]
    fn another_kind_another_length_or_another_letter_is_refused() {
        for text in [
            "lic_01jxgb66p004hmasw9nf6yy093",
            "sen_01jxgbx9g004hmasw9nf6yr09",
            "sen_01jxgbx9g004hmasw9nf6yr09l",
            "sen_81jxgbx9g004hmasw9nf6yr093",
            "sen_01JXGBX9G004HMASW9NF6YR093",
            "",
        ] {
            assert!(text.parse::<SensorId>().is_err(), "{text}");
        }
    }
}
