//! Mail over SMTP (RFC 5321), over one connection that stays open while there is mail.

mod address;
mod answer;

use std::net::IpAddr;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use tenure_store::outbox::{Attachment, Mail};
use tokio::sync::Mutex;

use self::address::{Address, Encryption};
use self::answer::{Stage, Trouble};
use super::{Delivery, Handing, Mailer, Resting, message};

pub use address::SmtpUrlError;

/// How long it may take until the mail server is reached and has greeted.
const REACHED_WITHIN: Duration = Duration::from_secs(30);
/// How many times as long the answer to a whole mail may take as any other: the server looks at it then, and a mail
/// whose answer is not waited for arrives twice (RFC 1047).
const LOOKS_AT_MAIL: u32 = 2;

/// A mail server.
pub struct SmtpMailer {
    address: Address,
    sender: Mailbox,
    /// The conversation that is open, if one is.
    open: Mutex<Option<AsyncSmtpConnection>>,
}

impl SmtpMailer {
    /// The server at `smtps://…`, which speaks TLS from the first byte on (port 465), or at `smtp://…`, which
    /// changes to TLS where it offers to (port 587), or must with `?tls=required`. Name and password stand in the
    /// address, percent-encoded, and are told to nobody without TLS, unless the address says `?tls=none`.
    ///
    /// # Errors
    ///
    /// [`SmtpUrlError`] when it is no such address.
    pub fn new(url: &str, sender: Mailbox) -> Result<Self, SmtpUrlError> {
        Ok(Self { address: Address::read(url)?, sender, open: Mutex::new(None) })
    }

    /// How the service names itself: as what its sender's address ends with.
    fn own_name(&self) -> ClientId {
        let domain = self.sender.email.domain();
        match domain.trim_matches(['[', ']']).parse() {
            Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => ClientId::Domain(domain.to_owned()),
        }
    }

    /// Opens a conversation, up to where mail can be handed over.
    async fn reach(&self) -> Result<AsyncSmtpConnection, Trouble> {
        let Address { host, port, encryption, credentials, answer_within } = &self.address;
        let own_name = self.own_name();
        let at_once = match encryption {
            Encryption::AtOnce(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let reaching = AsyncSmtpConnection::connect_tokio1(
            (host.as_str(), *port),
            Some(REACHED_WITHIN.min(*answer_within)),
            &own_name,
            at_once,
            None,
        );
        let mut connection = within(REACHED_WITHIN.min(*answer_within), Stage::Reach, reaching).await?;
        let starting: Option<&TlsParameters> = match encryption {
            Encryption::Required(parameters) => Some(parameters),
            Encryption::Offered(parameters) if connection.can_starttls() => Some(parameters),
            Encryption::Offered(_) | Encryption::AtOnce(_) | Encryption::Never => None,
        };
        if let Some(parameters) = starting {
            if !connection.can_starttls() {
                return Err(Trouble::between(
                    "the mail server does not offer STARTTLS, which smtp_url requires",
                ));
            }
            let upgrading = connection.starttls(parameters.clone(), &own_name);
            within(*answer_within, Stage::Encrypt, upgrading).await?;
        }
        if let Some(credentials) = credentials {
            let plain = !connection.is_encrypted() && !matches!(encryption, Encryption::Never);
            if plain {
                return Err(Trouble::between(
                    "the mail server does not offer STARTTLS, and name and password are not sent without TLS",
                ));
            }
            self.log_in(&mut connection, credentials).await?;
        }
        Ok(connection)
    }

    async fn log_in(
        &self,
        connection: &mut AsyncSmtpConnection,
        credentials: &Credentials,
    ) -> Result<(), Trouble> {
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if connection.server_info().get_auth_mechanism(&mechanisms).is_none() {
            return Err(Trouble::between("the mail server offers no log-in by PLAIN or LOGIN"));
        }
        let log_in = connection.auth(&mechanisms, credentials);
        within(self.address.answer_within, Stage::LogIn, log_in).await.map(drop)
    }

    /// Hands a mail over in a conversation that is open.
    async fn say(
        &self,
        connection: &mut AsyncSmtpConnection,
        message: &lettre::Message,
    ) -> Result<Response, Trouble> {
        let limit = self.address.answer_within;
        let (envelope, bytes) = (message.envelope(), message.formatted());
        let mut options = Vec::new();
        let ascii = |address: &lettre::Address| AsRef::<str>::as_ref(address).is_ascii();
        if !envelope.from().into_iter().chain(envelope.to()).all(ascii) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Trouble::never("the mail server takes no addresses beyond ASCII (RFC 6531)"));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !bytes.is_ascii() {
            if !connection.server_info().supports_feature(Extension::EightBitMime) {
                return Err(Trouble::never("the mail server takes no mail beyond ASCII (RFC 6152)"));
            }
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let from = connection.command(MailFrom::new(envelope.from().cloned(), options));
        within(limit, Stage::Sender, from).await?;
        for recipient in envelope.to() {
            let to = connection.command(Rcpt::new(recipient.clone(), Vec::new()));
            within(limit, Stage::Recipient, to).await?;
        }
        within(limit, Stage::Recipient, connection.command(Data)).await?;
        within(limit * LOOKS_AT_MAIL, Stage::Mail, connection.message(&bytes)).await
    }

    /// Hands a mail over, in the conversation that is open or in a new one.
    async fn deliver(&self, message: &lettre::Message) -> Delivery {
        let mut place = self.open.lock().await;
        if let Some(mut connection) = place.take() {
            match self.say(&mut connection, message).await {
                // It was idle for too long, or has carried enough: nothing of the mail was said yet.
                Err(trouble) if trouble.conversation_is_over() => {}
                told => return self.keep(&mut place, connection, told).await,
            }
        }
        match self.reach().await {
            Ok(mut connection) => {
                let told = self.say(&mut connection, message).await;
                self.keep(&mut place, connection, told).await
            }
            Err(trouble) => Delivery::Unreachable(trouble.told),
        }
    }

    /// Keeps the conversation open for the next mail, if it can go on.
    async fn keep(
        &self,
        place: &mut Option<AsyncSmtpConnection>,
        mut connection: AsyncSmtpConnection,
        told: Result<Response, Trouble>,
    ) -> Delivery {
        let goes_on = match &told {
            Ok(_) => true,
            Err(trouble) if trouble.connection_is_whole => {
                let reset = connection.command(Rset);
                within(self.address.answer_within, Stage::Reset, reset).await.is_ok()
            }
            Err(_) => false,
        };
        if goes_on {
            *place = Some(connection);
        }
        match told {
            Ok(response) => Delivery::Taken(answer::words(&response)),
            Err(trouble) => trouble.delivery(),
        }
    }
}

impl Mailer for SmtpMailer {
    fn hand_over<'a>(&'a self, mail: &'a Mail, attachment: Option<&'a Attachment>) -> Handing<'a> {
        Box::pin(async move {
            match message(mail, attachment, &self.sender) {
                Ok(message) => self.deliver(&message).await,
                Err(error) => Delivery::Never(error.to_string()),
            }
        })
    }

    fn rest(&self) -> Resting<'_> {
        Box::pin(async move {
            if let Some(mut connection) = self.open.lock().await.take() {
                // Whether it hears good-bye changes nothing.
                let _ =
                    within(REACHED_WITHIN.min(self.address.answer_within), Stage::Reset, connection.quit())
                        .await;
            }
        })
    }
}

/// What the server answers in time.
async fn within<T>(
    limit: Duration,
    stage: Stage,
    answer: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
) -> Result<T, Trouble> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer.map_err(|error| Trouble::of(stage, &error)),
        Err(_) => Err(Trouble::too_slow(stage, limit)),
    }
}
