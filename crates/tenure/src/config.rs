//! Configuration: a TOML file, then the environment, each key once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use tenure_app::Secret;
use tenure_app::forwarding::{Target, TargetError};
use tenure_app::mail::{FolderMailer, Mailbox, Mailer, SmtpMailer, Templates};
use tenure_app::webhooks::{Caller, Targets};
use tenure_domain::Term;
use tenure_ingest::Refuse;

use crate::Failure;

/// The prefix of the keys in the environment: `TENURE_HTTP_ADDRESS` is `http_address`.
const PREFIX: &str = "TENURE_";

/// What can be configured.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the data is: `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/NAME`.
    pub database_url: String,
    /// Where HTTP is heard.
    pub http_address: SocketAddr,
    /// Where CoAP is heard.
    pub coap_address: SocketAddr,
    /// Where the key of all keyed hashes is; the file is made at the first start.
    pub secret_file: PathBuf,
    /// The address under which people reach the service.
    pub public_url: Option<String>,
    /// The server that takes mail.
    pub smtp_url: Option<String>,
    /// The sender of mails.
    pub mail_from: Option<String>,
    /// A folder of templates of mails that take the place of the built-in ones.
    pub mail_templates: Option<PathBuf>,
    /// What refused sensors hear (R26).
    pub refuse: RefuseSetting,
    /// How long after the end of its cover a sensor may deliver what it measured before (R24).
    pub late_delivery: Term,
    /// Who may sign up.
    pub sign_up: SignUp,
    /// Where webhooks may reach.
    pub webhook_targets: WebhookTargets,
    /// The system that accepted messages are handed on to.
    pub forward_url: Option<String>,
    /// What signs the posts to it.
    pub forward_secret: Option<String>,
    /// How many requests a minute one caller may send to the JSON API; 0 for as many as they like.
    pub rate_limit: u32,
}

/// `acknowledge` or `hold` (R26).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefuseSetting {
    /// 2.01.
    Acknowledge,
    /// 5.03.
    Hold,
}

/// `open` or `invitation`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUp {
    /// Everybody.
    Open,
    /// Who is invited.
    Invitation,
}

/// `public` or `any`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookTargets {
    /// The public internet, by HTTPS.
    Public,
    /// Everything that the service reaches.
    Any,
}

impl Config {
    /// The keys that a file and the environment may have.
    pub const KEYS: [&str; 15] = [
        "database_url",
        "http_address",
        "coap_address",
        "secret_file",
        "public_url",
        "smtp_url",
        "mail_from",
        "mail_templates",
        "refuse",
        "late_delivery",
        "sign_up",
        "webhook_targets",
        "forward_url",
        "forward_secret",
        "rate_limit",
    ];

    fn defaults() -> Result<Self, Failure> {
        let address = |text: &str| text.parse().map_err(|_| Failure::Failed(format!("{text} is no address")));
        Ok(Self {
            database_url: "sqlite:tenure.db".to_owned(),
            http_address: address("127.0.0.1:8080")?,
            coap_address: address("127.0.0.1:5683")?,
            secret_file: PathBuf::from("tenure.secret"),
            public_url: None,
            smtp_url: None,
            mail_from: None,
            mail_templates: None,
            refuse: RefuseSetting::Acknowledge,
            late_delivery: "P7D".parse()?,
            sign_up: SignUp::Invitation,
            webhook_targets: WebhookTargets::Public,
            forward_url: None,
            forward_secret: None,
            rate_limit: 600,
        })
    }

    /// Reads the file, if one is named, and the environment, which wins.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] for a key that is not known, with the nearest one that is, and for a value that cannot be.
    pub fn load(file: Option<&Path>) -> Result<Self, Failure> {
        let mut figment = Figment::from(Serialized::defaults(Self::defaults()?));
        if let Some(file) = file {
            if !file.is_file() {
                return Err(Failure::Usage(format!("there is no configuration file {}", file.display())));
            }
            let values = Figment::from(Toml::file_exact(file));
            let keys = values
                .extract::<figment::value::Dict>()
                .map_err(|error| Failure::Usage(error.to_string()))?;
            check_keys(keys.keys().map(String::as_str), str::to_owned)?;
            figment = figment.merge(Toml::file_exact(file));
        }
        let environment = Env::prefixed(PREFIX);
        let keys: Vec<String> = environment.iter().map(|(key, _)| key.as_str().to_owned()).collect();
        check_keys(keys.iter().map(String::as_str), |key| format!("{PREFIX}{}", key.to_uppercase()))?;
        let config: Self =
            figment.merge(environment).extract().map_err(|error| Failure::Usage(error.to_string()))?;
        config.late_window_us()?;
        config.forward_target()?;
        Ok(config)
    }

    /// The late-delivery window in microseconds.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] when it has months or years, which have no fixed length.
    pub fn late_window_us(&self) -> Result<i64, Failure> {
        let sum = self.late_delivery.sum();
        if sum.months > 0 {
            let sentence =
                "late_delivery is a number of weeks and days, such as P7D: months have no fixed length";
            return Err(Failure::Usage(sentence.to_owned()));
        }
        Ok(i64::from(sum.days) * 86_400 * 1_000_000)
    }

    /// What the service tells of itself when it is heard at these addresses.
    pub fn service_info(&self, http: SocketAddr, coap: SocketAddr) -> tenure_api::ServiceInfo {
        let public_url = self.public_url.as_ref().map(|url| url.trim_end_matches('/').to_owned());
        let public_host = public_url.as_deref().and_then(host_of);
        // An address that stands for all of the machine's is none that a sensor could send to.
        let bound = (!coap.ip().is_unspecified()).then(|| coap.ip().to_string());
        tenure_api::ServiceInfo {
            sign_up_open: matches!(self.sign_up, SignUp::Open),
            mail_by_smtp: self.smtp_url.is_some(),
            sensor_host: public_host.or(bound),
            sensor_port: coap.port(),
            http_address: format!("http://{http}"),
            public_url,
        }
    }

    /// Who carries mail away: the mail server, or without one a folder.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] when `smtp_url` or `mail_from` cannot be read.
    pub fn mailer(&self, info: &tenure_api::ServiceInfo) -> Result<Box<dyn Mailer>, Failure> {
        let sender = self.sender(info.public_url.as_deref())?;
        match &self.smtp_url {
            Some(url) => {
                let mailer = SmtpMailer::new(url, sender);
                Ok(Box::new(mailer.map_err(|error| Failure::Usage(format!("smtp_url: {error}")))?))
            }
            None => Ok(Box::new(FolderMailer::new(self.mail_folder(), sender))),
        }
    }

    /// The sender of mails; without one that is configured, at the host of this address.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] when `mail_from` cannot be read.
    pub fn sender(&self, public_url: Option<&str>) -> Result<Mailbox, Failure> {
        let host = public_url.and_then(host_of).unwrap_or_else(|| "localhost".to_owned());
        let sender = self.mail_from.clone().unwrap_or_else(|| format!("Tenure <tenure@{host}>"));
        sender.parse().map_err(|error| {
            Failure::Usage(format!("mail_from is a sender such as Tenure <tenure@harbor.example>: {error}"))
        })
    }

    /// The templates of mails: the built-in ones, and those in the folder `mail_templates` in their place.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] names the file that cannot be used, and the line.
    pub fn templates(&self) -> Result<Templates, Failure> {
        let Some(folder) = &self.mail_templates else { return Ok(Templates::default()) };
        Templates::read(folder).map_err(|error| Failure::Failed(format!("mail_templates: {error}")))
    }

    /// How webhooks are called.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] when HTTPS cannot be set up.
    pub fn webhook_caller(&self) -> Result<Caller, Failure> {
        let targets = match self.webhook_targets {
            WebhookTargets::Public => Targets::Public,
            WebhookTargets::Any => Targets::Any,
        };
        Caller::new(targets).map_err(|error| Failure::Failed(error.to_string()))
    }

    /// The system that accepted messages are handed on to, if there is one.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] when `forward_url` or `forward_secret` cannot be read.
    pub fn forward_target(&self) -> Result<Option<Target>, Failure> {
        let usage = |error: TargetError| Failure::Usage(error.to_string());
        match (&self.forward_url, &self.forward_secret) {
            (Some(url), secret) => Target::read(url, secret.as_deref()).map(Some).map_err(usage),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Failure::Usage(
                "forward_secret signs what is sent to forward_url, which is missing".to_owned(),
            )),
        }
    }

    /// Where mail is put without a mail server: beside SQLite's file, else in the working directory.
    pub fn mail_folder(&self) -> PathBuf {
        let file = self.database_url.strip_prefix("sqlite:").map(|file| file.trim_start_matches("//"));
        let beside = file.and_then(|file| Path::new(file).parent()).map(|folder| folder.join("mail"));
        beside.unwrap_or_else(|| PathBuf::from("mail"))
    }

    /// What refused sensors hear.
    pub const fn refuse(&self) -> Refuse {
        match self.refuse {
            RefuseSetting::Acknowledge => Refuse::Acknowledge,
            RefuseSetting::Hold => Refuse::Hold,
        }
    }

    /// The secret in its file, which is made, readable by its owner only, where there is none.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] when the file cannot be read or made, or holds something else.
    pub fn secret(&self) -> Result<Secret, Failure> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let file = &self.secret_file;
        let said =
            |error: std::io::Error| Failure::Failed(format!("secret file {}: {error}", file.display()));
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
        match made {
            Ok(mut new) => {
                let entropy: &dyn tenure_app::Entropy = &tenure_app::OsEntropy;
                let text = format!("{:032x}{:032x}\n", entropy.bits(), entropy.bits());
                new.write_all(text.as_bytes()).and_then(|()| new.sync_all()).map_err(said)?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(said(error)),
        }
        let text = std::fs::read_to_string(file).map_err(said)?;
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(Secret::new).ok_or_else(|| {
            Failure::Failed(format!("secret file {} does not hold 64 hexadecimal digits", file.display()))
        })
    }
}

/// The host in an address: `tenure.harbor.example` of `https://tenure.harbor.example:8443/x`.
fn host_of(url: &str) -> Option<String> {
    let (_, place) = url.split_once("://")?;
    let place = place.split('/').next()?;
    let host = match place.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => place,
    };
    (!host.is_empty()).then(|| host.to_owned())
}

fn check_keys<'a>(
    keys: impl Iterator<Item = &'a str>,
    written: impl Fn(&str) -> String,
) -> Result<(), Failure> {
    for key in keys {
        if Config::KEYS.contains(&key) {
            continue;
        }
        let nearest = Config::KEYS.into_iter().min_by_key(|known| strsim::damerau_levenshtein(known, key));
        let hint = nearest.map(|known| format!("; did you mean {}?", written(known))).unwrap_or_default();
        return Err(Failure::Usage(format!("{} is not a key of the configuration{hint}", written(key))));
    }
    Ok(())
}
