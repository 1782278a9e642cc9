//! What a mail server's answer means for the mail in hand, and for those that wait.
//!
//! An answer of the kind 5xx is final for the mail only where it is about this mail or its recipient. Where it is
//! about the service itself (it is not let in, its log-in or its sender is refused) other mails would hear the same,
//! and an operator can mend it: then the mail waits.

use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Response;

use crate::mail::Delivery;

/// How many characters of an answer are kept.
const MOST_CHARACTERS: usize = 500;

/// Where in the conversation something was answered (RFC 5321 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The connection, TLS from the first byte on, the greeting, EHLO.
    Reach,
    /// STARTTLS.
    Encrypt,
    /// AUTH.
    LogIn,
    /// MAIL FROM.
    Sender,
    /// RCPT TO, or DATA.
    Recipient,
    /// The end of the mail.
    Mail,
    /// What says good-bye to one mail, or to all.
    Reset,
}

impl Stage {
    const fn what(self) -> &'static str {
        match self {
            Self::Reach => "connecting",
            Self::Encrypt => "STARTTLS",
            Self::LogIn => "log-in",
            Self::Sender => "the sender",
            Self::Recipient => "the recipient",
            Self::Mail => "the mail",
            Self::Reset => "the end",
        }
    }
}

/// What kept a mail from being taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    stage: Stage,
    /// The code of the answer, if there was one.
    code: Option<u16>,
    /// It concerns this mail only, and for good.
    never: bool,
    /// The answer, or what went wrong.
    pub(super) told: String,
    /// Whether the conversation can go on.
    pub(super) connection_is_whole: bool,
}

impl Trouble {
    /// What an error means that came there.
    pub(super) fn of(stage: Stage, error: &Error) -> Self {
        let code = error.status().map(u16::from);
        let told = match code {
            Some(code) => {
                let words = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
                format!("{code} {}", words.trim())
            }
            None => {
                let causes = with_causes(error);
                // So lettre says that the server has closed the connection.
                let lost = error.is_response() && causes.ends_with("incomplete response");
                let causes = if lost { "the connection was lost" } else { &causes };
                format!("{}: {causes}", stage.what())
            }
        };
        Self::new(stage, code, &told)
    }

    /// The server did not answer in time.
    pub(super) fn too_slow(stage: Stage, limit: Duration) -> Self {
        Self::new(stage, None, &format!("{}: no answer within {} s", stage.what(), limit.as_secs()))
    }

    /// The server cannot be used as it is configured.
    pub(super) fn between(told: &str) -> Self {
        Self::new(Stage::LogIn, None, told)
    }

    /// The mail cannot be.
    pub(super) fn never(told: &str) -> Self {
        let trouble = Self::new(Stage::Mail, None, told);
        Self { never: true, connection_is_whole: true, ..trouble }
    }

    fn new(stage: Stage, code: Option<u16>, told: &str) -> Self {
        let never = match (stage, code) {
            (Stage::Recipient | Stage::Mail, Some(code)) => {
                (500..600).contains(&code) && !is_about_the_service(code, told)
            }
            _ => false,
        };
        let connection_is_whole = code.is_some_and(|code| code != 421);
        Self { stage, code, never, told: one_line(told), connection_is_whole }
    }

    /// Whether the server had ended the conversation before the mail, so that a new one is worth a try at once.
    pub(super) fn conversation_is_over(&self) -> bool {
        let ended = self.code == Some(421) || (self.code.is_none() && !self.never);
        ended && self.stage == Stage::Sender
    }

    /// What becomes of the mail.
    pub(super) fn delivery(self) -> Delivery {
        if self.never {
            return Delivery::Never(self.told);
        }
        if self.code.is_some_and(|code| code >= 500) {
            tracing::error!(
                reply = self.told,
                "the mail server refuses the service: see smtp_url and mail_from"
            );
        }
        Delivery::Later(self.told)
    }
}

/// Whether an answer of the kind 5xx is about the service and not about the mail or its recipient: authentication is
/// required, too weak or wrong (RFC 4954 §6), or the service is not let relay, as without a log-in.
fn is_about_the_service(code: u16, told: &str) -> bool {
    matches!(code, 530 | 534 | 535 | 538) || told.to_ascii_lowercase().contains("relay")
}

/// An error with all that is behind it.
fn with_causes(error: &Error) -> String {
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let words = error.to_string();
        if !told.contains(&words) {
            told = format!("{told}: {words}");
        }
        cause = error.source();
    }
    told
}

/// The words of an answer that takes the mail.
pub(super) fn words(response: &Response) -> String {
    let words: Vec<&str> = response.message().collect();
    one_line(&format!("{} {}", response.code(), words.join(" ")))
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(MOST_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn becomes(stage: Stage, code: u16, words: &str) -> &'static str {
        match Trouble::new(stage, Some(code), &format!("{code} {words}")).delivery() {
            Delivery::Never(_) => "never",
            Delivery::Later(_) => "later",
            Delivery::Taken(_) | Delivery::Unreachable(_) => "other",
        }
    }

    #[test]
    fn r33_only_what_is_about_the_mail_or_its_recipient_is_final() {
        for (stage, code, words, wanted) in [
            (Stage::Recipient, 550, "5.1.1 no such person", "never"),
            (Stage::Recipient, 553, "5.1.3 no such address", "never"),
            (Stage::Recipient, 450, "4.2.0 greylisted", "later"),
            (Stage::Recipient, 550, "5.7.1 Relaying denied", "later"),
            (Stage::Recipient, 554, "5.7.1 <a@b>: Relay access denied", "later"),
            (Stage::Recipient, 530, "5.7.0 Authentication required", "later"),
            (Stage::Mail, 554, "5.6.0 looks like spam", "never"),
            (Stage::Mail, 552, "5.3.4 too big", "never"),
            (Stage::Mail, 452, "4.3.1 disk is full", "later"),
            (Stage::Mail, 535, "5.7.8 not any more", "later"),
            (Stage::Sender, 550, "5.7.1 this sender is not yours", "later"),
            (Stage::Sender, 530, "5.7.0 Must issue a STARTTLS command first", "later"),
            (Stage::Sender, 451, "4.7.1 too many mails", "later"),
        ] {
            assert_eq!(becomes(stage, code, words), wanted, "{stage:?} {code} {words}");
        }
    }

    #[test]
    fn a_conversation_is_begun_anew_only_where_nothing_was_said_of_the_mail() {
        let over = |stage, code| Trouble::new(stage, code, "").conversation_is_over();
        assert!(over(Stage::Sender, None) && over(Stage::Sender, Some(421)));
        assert!(!over(Stage::Sender, Some(451)) && !over(Stage::Sender, Some(550)));
        assert!(!over(Stage::Recipient, None) && !over(Stage::Mail, None) && !over(Stage::Mail, Some(421)));
        assert!(!Trouble::never("no").conversation_is_over());
    }

    #[test]
    fn an_answer_is_kept_as_one_line_of_500_characters() {
        let long = Trouble::new(Stage::Mail, Some(550), &format!("550 {}\r\nb", "ł".repeat(600)));
        assert_eq!(long.told.chars().count(), 500);
        assert_eq!(Trouble::new(Stage::Mail, Some(550), "550 a\r\n  b\n").told, "550 a b");
    }
}
