//! Where a mail server is, and how it is spoken to: what `smtp_url` says.

use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::TlsParameters;
use url::Url;

/// How long a mail server may take for one answer when nothing is said.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// The most seconds that may be said.
const MOST_SECONDS: u64 = 90;

/// The address of a mail server cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SmtpUrlError {
    /// It has another form.
    #[error("a mail server is written smtp://USER:PASSWORD@HOST:PORT or smtps://…: {0}")]
    Form(#[from] url::ParseError),
    /// It has a part that cannot be.
    #[error("a mail server is written smtp://USER:PASSWORD@HOST:PORT or smtps://…: {0}")]
    Part(&'static str),
    /// TLS cannot be spoken with this host.
    #[error("TLS cannot be spoken with this mail server: {0}")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// When the conversation is encrypted.
pub(super) enum Encryption {
    /// From the first byte on (RFC 8314 §3.3).
    AtOnce(TlsParameters),
    /// After STARTTLS (RFC 3207), or nothing is said.
    Required(TlsParameters),
    /// After STARTTLS where the server offers it.
    Offered(TlsParameters),
    /// Never.
    Never,
}

/// A mail server.
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) credentials: Option<Credentials>,
    /// How long it may take for one answer.
    pub(super) answer_within: Duration,
}

impl Address {
    /// Reads `smtps://USER:PASSWORD@HOST:PORT` and `smtp://…`, with `tls=required`, `tls=opportunistic` or `tls=none`
    /// and `timeout=SECONDS` behind `?`.
    pub(super) fn read(text: &str) -> Result<Self, SmtpUrlError> {
        let url = Url::parse(text)?;
        let host = url.host_str().filter(|host| !host.is_empty());
        // An IPv6 address stands in brackets there.
        let host = host.ok_or(SmtpUrlError::Part("the host is missing"))?.trim_matches(['[', ']']).to_owned();
        let (mut tls, mut answer_within) = (None, ANSWER_WITHIN);
        for (key, value) in url.query_pairs() {
            match key.as_ref() {
                "tls" => tls = Some(value.into_owned()),
                "timeout" => {
                    let seconds = value.parse().ok().filter(|seconds| (1..=MOST_SECONDS).contains(seconds));
                    let seconds = seconds.ok_or(SmtpUrlError::Part("timeout is 1 to 90 seconds"))?;
                    answer_within = Duration::from_secs(seconds);
                }
                _ => return Err(SmtpUrlError::Part("behind ? only tls and timeout are known")),
            }
        }
        let parameters = || TlsParameters::new(host.clone());
        let (encryption, port) = match (url.scheme(), tls.as_deref()) {
            ("smtps", None | Some("required")) => (Encryption::AtOnce(parameters()?), 465),
            ("smtp", None | Some("opportunistic")) => (Encryption::Offered(parameters()?), 587),
            ("smtp", Some("required")) => (Encryption::Required(parameters()?), 587),
            ("smtp", Some("none")) => (Encryption::Never, 587),
            ("smtp", Some(_)) => {
                return Err(SmtpUrlError::Part("tls is required, opportunistic or none"));
            }
            ("smtps", Some(_)) => return Err(SmtpUrlError::Part("smtps is always encrypted")),
            _ => return Err(SmtpUrlError::Part("it begins with smtp:// or smtps://")),
        };
        let decoded = |text: &str| {
            let text = percent_encoding::percent_decode_str(text).decode_utf8();
            text.map(std::borrow::Cow::into_owned)
                .map_err(|_| SmtpUrlError::Part("name and password are UTF-8, percent-encoded"))
        };
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (name, Some(password)) => Some(Credentials::new(decoded(name)?, decoded(password)?)),
            (_, None) => return Err(SmtpUrlError::Part("the password is missing")),
        };
        Ok(Self { host, port: url.port().unwrap_or(port), encryption, credentials, answer_within })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match Address::read(text) {
            Err(error) => error.to_string(),
            Ok(Address { host, port, encryption, credentials, answer_within }) => {
                let encryption = match encryption {
                    Encryption::AtOnce(_) => "at once",
                    Encryption::Required(_) => "required",
                    Encryption::Offered(_) => "offered",
                    Encryption::Never => "never",
                };
                let log_in =
                    credentials.map(|both| serde_json::to_string(&format!("{both:?}")).unwrap_or_default());
                format!("{host} {port} {encryption} {} s {}", answer_within.as_secs(), log_in.is_some())
            }
        }
    }

    #[test]
    fn an_address_says_how_the_server_is_spoken_to() {
        assert_eq!(read("smtps://mail.harbor.example"), "mail.harbor.example 465 at once 60 s false");
        assert_eq!(
            read("smtps://a:b@mail.harbor.example:1465"),
            "mail.harbor.example 1465 at once 60 s true"
        );
        assert_eq!(read("smtp://a:b@mail.harbor.example/"), "mail.harbor.example 587 offered 60 s true");
        assert_eq!(read("smtp://127.0.0.1:25?tls=required&timeout=5"), "127.0.0.1 25 required 5 s false");
        assert_eq!(read("smtp://[::1]:25?tls=none"), "::1 25 never 60 s false");
    }

    #[test]
    fn name_and_password_are_percent_decoded() {
        let address =
            Address::read("smtps://ana%40harbor.example:p%3Ass%20w%2Frd+%C5%82@mail.harbor.example");
        let wanted = Credentials::new("ana@harbor.example".to_owned(), "p:ss w/rd+ł".to_owned());
        assert!(address.is_ok_and(|address| address.credentials == Some(wanted)));
    }

    #[test]
    fn what_cannot_be_is_said() {
        let start = "a mail server is written smtp://USER:PASSWORD@HOST:PORT or smtps://…: ";
        for (text, why) in [
            ("mail.harbor.example", "relative URL without a base"),
            ("http://mail.harbor.example", "it begins with smtp:// or smtps://"),
            ("smtp://", "the host is missing"),
            ("smtp://ana@mail.harbor.example", "the password is missing"),
            ("smtp://mail.harbor.example?tls=maybe", "tls is required, opportunistic or none"),
            ("smtps://mail.harbor.example?tls=none", "smtps is always encrypted"),
            ("smtp://mail.harbor.example?timeout=0", "timeout is 1 to 90 seconds"),
            ("smtp://mail.harbor.example?timeout=91", "timeout is 1 to 90 seconds"),
            ("smtp://mail.harbor.example?pool=4", "behind ? only tls and timeout are known"),
        ] {
            assert_eq!(read(text), format!("{start}{why}"), "{text}");
        }
    }
}
