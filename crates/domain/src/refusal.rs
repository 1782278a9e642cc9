//! Refusals: what Tenure will not do, why, and what a person can do about it.

use crate::Instant;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident $({ $($(#[$field_doc:meta])* $field:ident: $type:ty),* })?
        => $code:literal, $sentence:literal;)*) => {
        /// A request that the rules refuse.
        ///
        /// It has a stable code for programs and a sentence for people that says what happened and what to do.
        /// It knows no transport: HTTP, CoAP and the command line translate it at the rim.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum Refusal {$(
            $(#[$doc])*
            #[error($sentence)]
            $name $({ $($(#[$field_doc])* $field: $type),* })?,
        )*}

        impl Refusal {
            /// The stable code, `no_license_left`.
            #[must_use]
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$name { .. } => $code,)* }
            }

            /// One of each kind, in the order of their declaration: for tables in the documentation and in tests.
            #[must_use]
            pub fn samples() -> Vec<Self> {
                vec![$(Self::$name $({ $($field: Sample::sample()),* })?,)*]
            }
        }
    };
}

/// A stand-in for the field of a sample refusal.
trait Sample {
    fn sample() -> Self;
}
impl Sample for Instant {
    fn sample() -> Self {
        Self::from_seconds(1_830_297_600)
    }
}
impl Sample for String {
    fn sample() -> Self {
        "…".to_owned()
    }
}
impl Sample for u32 {
    fn sample() -> Self {
        3
    }
}
impl Sample for &'static str {
    fn sample() -> Self {
        "sensor"
    }
}
impl Sample for TypoPlace {
    fn sample() -> Self {
        Self::Group(3)
    }
}

/// Where in an activation code a typo is, as far as the check characters tell (R1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypoPlace {
    /// One wrong character in this group, 1 to 5, explains it.
    Group(u8),
    /// More than one character is wrong.
    Unknown,
}

impl std::fmt::Display for TypoPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Group(1) => " in its first group",
            Self::Group(2) => " in its second group",
            Self::Group(3) => " in its third group",
            Self::Group(4) => " in its fourth group",
            Self::Group(_) => " in its fifth group",
            Self::Unknown => "",
        })
    }
}

refusals! {
    /// The text has not the shape of an activation code (R1).
    CodeMalformed => "code_malformed",
        "An activation code has 25 letters and digits in five groups. Enter it as it is printed on your order.";
    /// The check characters do not fit (R1).
    CodeTypo {
        /// Where it is, where a single wrong character explains it.
        place: TypoPlace
    } => "code_typo", "This activation code has a typo{place}. Compare it with your order.";
    /// Unknown, revoked, past its redeem-by date, or redeemed elsewhere: one answer for all (R3).
    CodeNotValid => "code_not_valid",
        "This activation code cannot be redeemed here. Check that it is the code of your order, or ask who sold it.";
    /// Too many failed redemptions (R4).
    TooManyAttempts {
        /// When the next attempt is heard.
        retry_at: Instant
    } => "too_many_attempts", "Too many activation codes were not valid. Try again after {retry_at}.";
    /// The pool is empty (R22).
    NoLicenseLeft => "no_license_left",
        "No license is left. Add an activation code, or remove a sensor.";
    /// The chosen license key has no license left (R11).
    KeyNotAvailable => "key_not_available",
        "This license key has no license left. Choose another key, or none to take the oldest license.";
    /// Something was saved under the active license (R19).
    LicenseInUse => "license_in_use",
        "Measurements were saved under this license, so it stays until it ends.";
    /// The license is over, or was never this sensor's (R19).
    LicenseNotHeld => "license_not_held",
        "This license is neither active nor queued on this sensor, so there is nothing to take back.";
    /// The license was not left behind by a removed sensor, or is not any more (R21).
    LicenseNotReleased => "license_not_released",
        "This license is not released: it has ended, was revoked, or is on a sensor again. Look at the removed sensors anew.";
    /// The rest of a released license goes to a sensor that is not covered (R21).
    SensorCovered => "sensor_covered",
        "This sensor is covered. The rest of a released license can be given to a sensor that is not.";
    /// What was typed to confirm an erasure is not the sensor's serial number (R21).
    SerialNotConfirmed => "serial_not_confirmed",
        "This is not the sensor's serial number, so nothing was erased. Type the serial number as it is shown.";
    /// A chain would reach past the calendar.
    ChainTooLong => "chain_too_long",
        "The sensor's licenses would end after the year 9000. Queue fewer of them.";
    /// More renewals than are played forward.
    ForecastTooLong => "forecast_too_long",
        "There would be too many renewals until then to tell them. Choose an earlier date, or a longer term for what is bought.";
    /// The sensors or the pool have changed since a plan was shown.
    PlanChanged => "plan_changed",
        "Sensors or licenses have changed since this plan was made, so nothing was done. Look at the plan anew.";
    /// Not a serial number (R22).
    SerialMalformed => "serial_malformed",
        "A serial number has 12 hexadecimal digits (0 to 9, a to f). Copy it from the sensor's label.";
    /// The sensor is already in this organization (R22).
    SerialAlreadyAdded => "serial_already_added",
        "A sensor with this serial number is already in this organization.";
    /// The sensor is in another organization (R22).
    SerialInUseElsewhere => "serial_in_use_elsewhere",
        "This serial number is in use in another organization. Ask your vendor to free it.";
    /// The sensor is in a list that is to be added more than once (R22).
    SerialListedTwice => "serial_listed_twice",
        "This serial number is in the list more than once. Keep one of its lines.";
    /// A search of the audit trail names more things than are looked for at once.
    SearchTooBroad => "search_too_broad",
        "This text fits more than 200 sensors, people and keys. Type more of what you look for.";
    /// One of a list of sensors cannot be added, so none was (R22).
    ListRefused {
        /// The sensor's place in the list, from 1.
        place: u32,
        /// Its serial number, as it was written.
        serial: String,
        /// Why it cannot be added.
        why: String
    } => "list_refused", "No sensor was added. Sensor {place} of the list, {serial}: {why}";
    /// The sensor is in another line of the file too (R22).
    SerialRepeated {
        /// The other line.
        line: u32
    } => "serial_repeated", "This serial number is also in line {line}. Keep one of the two lines.";
    /// What a spreadsheet makes of a serial number that looks like a number to it (R22).
    SerialRounded => "serial_rounded",
        "A spreadsheet has turned this serial number into a number. Format the column as text, and enter it again.";
    /// A file that is to be imported has no line of a sensor.
    ImportEmpty => "import_empty", "There is no sensor in this file. Give each sensor a line with its serial number.";
    /// A file that is to be imported is too long.
    ImportTooLong => "import_too_long", "A file has at most 100,000 lines of sensors. Split it into several.";
    /// A file that is to be imported is in another encoding, or is no text.
    ImportNotUtf8 {
        /// The first line that cannot be read.
        line: u32
    } => "import_not_utf8", "Line {line} of the file is not UTF-8. Save the file as \"CSV UTF-8\" and choose it again.";
    /// A cell of a file that is to be imported does not end.
    ImportQuoteOpen {
        /// The line of the cell.
        line: u32
    } => "import_quote_open", "A quotation mark in line {line} is opened and never closed. Close or remove it.";
    /// Nothing says where the serial numbers are in a file that is to be imported.
    ImportNoSerials => "import_no_serials",
        "The file has no column of serial numbers. Name the columns in its first line: serial, name, key, auto_renewal, licenses.";
    /// Two columns of a file that is to be imported are the same.
    ImportColumnTwice {
        /// What is in it.
        column: &'static str
    } => "import_column_twice", "Two columns of the file are the same: {column}. Remove one of them.";
    /// Lines of a file have errors, so nothing of it was imported (R22).
    ImportRefused {
        /// How many.
        lines: u32
    } => "import_refused", "Nothing was imported. Lines with errors: {lines}. Correct them, and import the file again.";
    /// Not a term.
    TermMalformed => "term_malformed",
        "A term is an ISO 8601 duration of years, months, weeks and days, such as P2Y, P18M or P30D, of at most 100 years.";
    /// Not an IANA time zone.
    ZoneUnknown => "zone_unknown", "A time zone is written by its IANA name, such as Europe/Warsaw.";
    /// A value has not the form that it needs.
    Invalid {
        /// The value's name.
        field: &'static str,
        /// What it must be.
        expected: String
    } => "invalid", "{field}: {expected}";
    /// The thing does not exist, or is another organization's (R34).
    NotFound {
        /// What was looked for.
        what: &'static str
    } => "not_found", "There is no such {what}.";
    /// The caller did not say who they are.
    Unauthenticated => "unauthenticated",
        "Log in, or send an API token: \"Authorization: Bearer TOKEN\". `tenure token create` makes one.";
    /// The caller's role does not allow it (R34).
    Forbidden => "forbidden", "Your role does not allow this. Ask an Administrator of your organization.";
    /// The token only reads (R34).
    ReadOnlyToken => "read_only_token", "This API token may only read. Use one that may write.";
    /// The device token is not the organization's.
    DeviceTokenWrong => "device_token_wrong",
        "The device token is not the one of the sensor's organization. Set it on the sensor (cloud token).";
    /// No organization has the sensor (R26).
    SensorUnknown => "sensor_unknown", "No organization has a sensor with this serial number. Add the sensor first.";
    /// The message cannot be read (R26).
    MessageMalformed => "message_malformed", "The message is not one that a sensor or gateway sends.";
    /// An organization has as many alert rules as it may have.
    TooManyAlertRules => "too_many_alert_rules", "An organization has at most 100 alert rules. Remove one first.";
    /// A mail that is to be sent again waits for its next try, or was taken.
    NoticeNotFailed => "notice_not_failed", "This mail has not failed, so there is nothing to send again.";
    /// Too many test mails.
    TooManyTestMails {
        /// When the next one is sent.
        retry_at: Instant
    } => "too_many_test_mails", "You have sent five test mails within an hour. Send the next one after {retry_at}.";
    /// An organization has as many webhooks as it may have.
    TooManyWebhooks => "too_many_webhooks", "An organization has at most 20 webhooks. Remove one first.";
    /// A webhook would reach into a network that is not public.
    WebhookNotPublic => "webhook_not_public",
        "This address is not on the public internet, and webhooks here reach public addresses only. Use another one, or ask who runs this service.";
    /// The webhook is switched off.
    WebhookDisabled => "webhook_disabled", "This webhook is switched off. Switch it on first.";
    /// A delivery that is to be tried again is on its way, or was taken.
    DeliveryNotFailed => "delivery_not_failed", "This delivery has not failed, so there is nothing to try again.";
    /// The e-mail address is taken.
    EmailInUse => "email_in_use", "A user with this e-mail address exists. Use another address.";
    /// The password is not that of the e-mail address, or there is no such user: one answer for both.
    CredentialsWrong => "credentials_wrong",
        "The e-mail address or the password is not right. Try again, or ask for a new password.";
    /// The password is right, and the user has switched on one-time codes.
    OneTimeCodeRequired => "one_time_code_required",
        "Enter the code that your authenticator app shows now, or a recovery code.";
    /// The one-time code is wrong, or was used already.
    OneTimeCodeWrong => "one_time_code_wrong",
        "This code is not right, or it was used already. Enter the one that your app shows now, or a recovery code.";
    /// Too many failed log-ins.
    TooManyLogIns {
        /// When the next attempt is heard.
        retry_at: Instant
    } => "too_many_log_ins", "Too many log-ins have failed. Try again after {retry_at}.";
    /// A request with a session's cookie that another site's page may have made.
    CrossSite => "cross_site",
        "This request came from another site's page, so it was not done. Use the pages of this service.";
    /// An API token where a person has to be logged in.
    SessionNeeded => "session_needed", "An API token does not open this. Log in with e-mail address and password.";
    /// A person's own password, asked for again, is wrong.
    PasswordWrong => "password_wrong", "This is not your current password. Enter it again.";
    /// No one-time codes are switched on, or none are being set up.
    OneTimeCodesOff => "one_time_codes_off", "One-time codes are not switched on. Set them up first.";
    /// Only who is invited gets in.
    SignUpClosed => "sign_up_closed",
        "Signing up is by invitation here. Ask an Administrator of your organization, or who runs this service.";
    /// The organization's name is taken.
    OrganizationNameInUse => "organization_name_in_use",
        "An organization of this name exists. Choose another name, or ask its Administrator for an invitation.";
    /// The organization would have no Administrator any more.
    LastAdministrator => "last_administrator",
        "This is the organization's only Administrator. Make somebody else an Administrator first.";
    /// Who is invited is in the organization.
    AlreadyMember => "already_member", "The user with this e-mail address is in this organization already.";
    /// The link of a mail was used, replaced or withdrawn, or is too old.
    LinkExpired => "link_expired", "This link is not valid any more. Ask for a new one.";
    /// What stands in `Idempotency-Key` is none.
    IdempotencyKeyMalformed => "idempotency_key_malformed",
        "An Idempotency-Key is 1 to 255 visible characters, such as a UUID. Send one.";
    /// The key came before with something else.
    IdempotencyKeyReused => "idempotency_key_reused",
        "This Idempotency-Key was sent before with another request. Use a new key for each new request.";
    /// The first request with the key is still at work.
    IdempotencyInProgress => "idempotency_in_progress",
        "The first request with this Idempotency-Key is still at work. Try again in a few seconds.";
    /// The request has been carried out, but what it was answered is not known any more.
    IdempotencyAnswerLost => "idempotency_answer_lost",
        "This request has been carried out, but its answer was not kept. Look at what is there now, or at the audit trail.";
    /// What is to be changed is not as the caller has seen it.
    ChangedMeanwhile => "changed_meanwhile",
        "Somebody has changed this meanwhile. Load it again, and decide what to keep.";
}
