//! One-time codes (RFC 6238, SHA-1, six digits, 30 seconds), and the recovery codes for a lost device.

use data_encoding::{BASE32_NOPAD, BASE32_NOPAD_NOCASE};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use tenure_domain::{Instant, Refusal, UserId};
use tenure_store::{Tx, one_time_codes, users};

use crate::log_in::SignedIn;
use crate::{App, AppError};

/// How long a code counts, in seconds.
const STEP_SECONDS: i64 = 30;
/// How many recovery codes there are.
const RECOVERY_CODES: usize = 10;

/// A secret that is not confirmed yet.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// The secret in base32, for typing.
    pub secret: String,
    /// The same as `otpauth://…`, for a QR code.
    pub uri: String,
}

impl App {
    /// Makes a secret, which counts once it is confirmed by a code.
    ///
    /// # Errors
    ///
    /// [`Refusal::PasswordWrong`], [`Refusal::TooManyLogIns`].
    pub async fn begin_one_time_codes(
        &self,
        person: &SignedIn,
        password: &str,
        address: &str,
    ) -> Result<NewSecret, AppError> {
        self.check_own_password(person, password, address).await?;
        // 160 bits, as long as the hash (RFC 4226 §4).
        let bits = [self.entropy.bits().to_be_bytes(), self.entropy.bits().to_be_bytes()].concat();
        let raw: Vec<u8> = bits.into_iter().take(20).collect();
        let sealed = self.seal(person.user.id, &raw)?;
        let mut tx = self.db.begin().await?;
        one_time_codes::begin(&mut tx, person.user.id, &sealed).await?;
        self.commit(tx, person.mark.as_ref()).await?;
        let secret = BASE32_NOPAD.encode(&raw);
        let label = percent_encoded(&person.user.email);
        let uri = format!("otpauth://totp/Tenure:{label}?secret={secret}&issuer=Tenure");
        Ok(NewSecret { secret, uri })
    }

    /// Confirms the pending secret by a code of it: from now on logging in asks for codes. Returns new recovery codes.
    ///
    /// # Errors
    ///
    /// [`Refusal::OneTimeCodesOff`] when none is pending, [`Refusal::Invalid`] when the code is not of it.
    pub async fn confirm_one_time_codes(
        &self,
        person: &SignedIn,
        code: &str,
    ) -> Result<Vec<String>, AppError> {
        let now = self.people_now();
        let user = person.user.id;
        let mut tx = self.db.begin().await?;
        let pending = one_time_codes::get(&mut tx, user).await?.and_then(|kept| kept.pending);
        let pending = pending.ok_or(Refusal::OneTimeCodesOff)?;
        let step = step_of(&self.unseal(user, &pending)?, code, now);
        let step = step.ok_or_else(|| Refusal::Invalid {
            field: "code",
            expected: "the six digits that your authenticator app shows now".to_owned(),
        })?;
        if !one_time_codes::confirm(&mut tx, user, &pending, step).await? {
            return Err(Refusal::OneTimeCodesOff.into());
        }
        let codes = self.new_recovery_codes(&mut tx, user).await?;
        self.audit_account(&mut tx, person, "one_time_codes_switched_on").await?;
        self.commit(tx, person.mark.as_ref()).await?;
        Ok(codes)
    }

    /// Switches one-time codes off.
    ///
    /// # Errors
    ///
    /// [`Refusal::PasswordWrong`], [`Refusal::TooManyLogIns`].
    pub async fn remove_one_time_codes(
        &self,
        person: &SignedIn,
        password: &str,
        address: &str,
    ) -> Result<(), AppError> {
        self.check_own_password(person, password, address).await?;
        let mut tx = self.db.begin().await?;
        one_time_codes::remove(&mut tx, person.user.id).await?;
        self.audit_account(&mut tx, person, "one_time_codes_switched_off").await?;
        self.commit(tx, person.mark.as_ref()).await
    }

    /// Makes new recovery codes; the old ones open nothing any more.
    ///
    /// # Errors
    ///
    /// [`Refusal::PasswordWrong`], [`Refusal::TooManyLogIns`], [`Refusal::OneTimeCodesOff`].
    pub async fn renew_recovery_codes(
        &self,
        person: &SignedIn,
        password: &str,
        address: &str,
    ) -> Result<Vec<String>, AppError> {
        self.check_own_password(person, password, address).await?;
        let mut tx = self.db.begin().await?;
        let user = users::get(&mut tx, person.user.id).await?;
        if !user.is_some_and(|user| user.one_time_codes) {
            return Err(Refusal::OneTimeCodesOff.into());
        }
        let codes = self.new_recovery_codes(&mut tx, person.user.id).await?;
        self.audit_account(&mut tx, person, "recovery_codes_renewed").await?;
        self.commit(tx, person.mark.as_ref()).await?;
        Ok(codes)
    }

    /// Whether a code is one of the user's, in which case it is used up.
    pub(crate) async fn use_code(&self, now: Instant, user: UserId, code: &str) -> Result<bool, AppError> {
        let mut tx = self.db.begin().await?;
        let secret = one_time_codes::get(&mut tx, user).await?.and_then(|kept| kept.secret);
        let Some(secret) = secret else { return Ok(false) };
        let used = match step_of(&self.unseal(user, &secret)?, code, now) {
            Some(step) => one_time_codes::use_step(&mut tx, user, step).await?,
            None => one_time_codes::use_recovery_code(&mut tx, user, &self.recovery_hash(code)).await?,
        };
        tx.commit().await?;
        Ok(used)
    }

    async fn new_recovery_codes(&self, tx: &mut Tx, user: UserId) -> Result<Vec<String>, AppError> {
        let codes: Vec<String> = (0..RECOVERY_CODES)
            .map(|_| {
                // 80 bits, in four groups.
                let text = BASE32_NOPAD.encode(&self.entropy.bits().to_be_bytes()).to_lowercase();
                let letters: Vec<char> = text.chars().take(16).collect();
                let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
                groups.join("-")
            })
            .collect();
        let hashes: Vec<Vec<u8>> = codes.iter().map(|code| self.recovery_hash(code)).collect();
        one_time_codes::set_recovery_codes(tx, user, &hashes).await?;
        Ok(codes)
    }

    /// The hash of a recovery code, in whatever case and with whatever between its letters.
    fn recovery_hash(&self, code: &str) -> Vec<u8> {
        let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
        self.secret.hash_token(&format!("recovery:{}", letters.to_lowercase()))
    }

    fn seal(&self, user: UserId, secret: &[u8]) -> Result<Vec<u8>, AppError> {
        let nonce = [self.entropy.bits().to_be_bytes(), self.entropy.bits().to_be_bytes()].concat();
        self.secret.seal(&user.to_string(), &nonce, secret).ok_or(AppError::Unsealed)
    }

    fn unseal(&self, user: UserId, sealed: &[u8]) -> Result<Vec<u8>, AppError> {
        self.secret.unseal(&user.to_string(), sealed).ok_or(AppError::Unsealed)
    }
}

/// The step whose code this is: now's, the one before or the one after.
fn step_of(secret: &[u8], code: &str, now: Instant) -> Option<i64> {
    let digits: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    if digits.len() != 6 {
        return None;
    }
    let now = now.as_micros().div_euclid(STEP_SECONDS * 1_000_000);
    (now - 1..=now + 1).find(|step| {
        let expected = format!("{:06}", code_of(secret, *step) % 1_000_000);
        bool::from(expected.as_bytes().ct_eq(digits.as_bytes()))
    })
}

/// The code of a step, of which the last digits count (RFC 4226 §5.3).
fn code_of(secret: &[u8], step: i64) -> u32 {
    let Ok(mut mac) = <Hmac<Sha1> as KeyInit>::new_from_slice(secret) else { return 0 };
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = hash.last().map_or(0, |last| usize::from(last & 15));
    let taken = hash.iter().skip(offset).take(4);
    taken.fold(0, |number: u32, byte| (number << 8) | u32::from(*byte)) & 0x7fff_ffff
}

/// The code of a secret in base32 at an instant, as an authenticator app shows it; none when it is no base32.
#[must_use]
pub fn code_for(secret: &str, now: Instant) -> Option<String> {
    let raw = BASE32_NOPAD_NOCASE.decode(secret.as_bytes()).ok()?;
    let step = now.as_micros().div_euclid(STEP_SECONDS * 1_000_000);
    Some(format!("{:06}", code_of(&raw, step) % 1_000_000))
}

/// Text as it stands in an address.
fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(code_of(secret, seconds / STEP_SECONDS) % 100_000_000, code, "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_one_step_before_and_after_its_own() {
        let secret = b"12345678901234567890";
        let step = 1_234_567_890 / STEP_SECONDS;
        let start = Instant::from_seconds(step * STEP_SECONDS);
        let (before, after) = (start.plus_seconds(-STEP_SECONDS), start.plus_seconds(2 * STEP_SECONDS));
        for (now, counts) in [
            (before.plus_micros(-1), false),
            (before, true),
            (start, true),
            (after.plus_micros(-1), true),
            (after, false),
        ] {
            assert_eq!(step_of(secret, "00 5924", now), counts.then_some(step), "{now}");
        }
        for wrong in ["", "005925", "05924", "0059240", "-05924", "００５９２４"] {
            assert_eq!(step_of(secret, wrong, start), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_is_encoded() {
        assert_eq!(percent_encoded("ana+x@harbor.example"), "ana%2Bx%40harbor.example");
    }
}
