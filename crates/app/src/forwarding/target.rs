//! Where messages are handed on to.

use data_encoding::BASE64;
use percent_encoding::percent_decode_str;
use url::Url;

/// How many bytes a secret may have (Standard Webhooks 1.0.0).
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// What topics begin with when nothing is said.
const TOPIC: &str = "tenure";

/// Another system, to which accepted messages are handed on.
#[derive(Clone)]
pub struct Target {
    pub(super) place: Place,
    shown: String,
}

/// By which way.
#[derive(Clone)]
pub(super) enum Place {
    /// By HTTP, signed as webhooks are.
    Http { url: Url, secret: Vec<u8> },
    /// By MQTT 5.
    Mqtt(Broker),
}

/// An MQTT broker.
#[derive(Clone)]
pub(super) struct Broker {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
    pub(super) credentials: Option<(String, String)>,
    pub(super) client_id: Option<String>,
    /// What topics begin with, without a slash at its ends.
    pub(super) topic: String,
}

/// The configuration names no system to hand messages on to.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TargetError {
    /// It is no such address.
    #[error(
        "forward_url is an address such as https://cloud.harbor.example/messages or mqtts://broker.harbor.example/tenure"
    )]
    Url,
    /// What an `http` address may not have.
    #[error(
        "forward_url has no user, password or fragment (#) when it begins with http: the posts are signed"
    )]
    HttpUrl,
    /// There is no secret.
    #[error(
        "forward_secret is missing, by which the posts to forward_url are signed: \
         make one with `echo whsec_$(openssl rand -base64 32)`, and give it to the receiver as well"
    )]
    NoSecret,
    /// The secret cannot be read.
    #[error(
        "forward_secret is whsec_ and 24 to 64 bytes in base64, such as `echo whsec_$(openssl rand -base64 32)` makes"
    )]
    Secret,
    /// A secret that nobody needs.
    #[error("forward_secret signs posts; an MQTT broker has a user and a password in forward_url")]
    SecretOfMqtt,
    /// What an `mqtt` address may have.
    #[error("behind ? in forward_url only client_id=… is known, once")]
    Query,
    /// The path is no topic.
    #[error(
        "the path of forward_url is what the topics begin with: at most 200 characters, without +, # and empty levels"
    )]
    Topic,
    /// User and password.
    #[error("forward_url has a password and no user")]
    NoUser,
}

impl std::fmt::Debug for Target {
    /// Secrets stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({})", self.shown)
    }
}

impl Target {
    /// Reads the keys `forward_url` and `forward_secret` of the configuration.
    ///
    /// # Errors
    ///
    /// [`TargetError`] says what is wrong with them.
    pub fn read(url: &str, secret: Option<&str>) -> Result<Self, TargetError> {
        let url = Url::parse(url.trim()).map_err(|_| TargetError::Url)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(TargetError::Url)?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let shown = format!("{}://{host}{port}{}", url.scheme(), url.path());
        let place = match url.scheme() {
            "http" | "https" => {
                let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
                if !plain {
                    return Err(TargetError::HttpUrl);
                }
                let secret = read_secret(secret.ok_or(TargetError::NoSecret)?)?;
                Place::Http { url, secret }
            }
            "mqtt" | "mqtts" if secret.is_some() => return Err(TargetError::SecretOfMqtt),
            "mqtt" => Place::Mqtt(broker(&url, host, 1883, false)?),
            "mqtts" => Place::Mqtt(broker(&url, host, 8883, true)?),
            _ => return Err(TargetError::Url),
        };
        Ok(Self { place, shown })
    }

    /// Its address, without what is secret in it.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

fn read_secret(text: &str) -> Result<Vec<u8>, TargetError> {
    let bytes = text.trim().strip_prefix("whsec_").and_then(|text| BASE64.decode(text.as_bytes()).ok());
    bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len())).ok_or(TargetError::Secret)
}

fn decoded(text: &str) -> Result<String, TargetError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| TargetError::Url)?;
    Ok(text.into_owned())
}

fn broker(url: &Url, host: &str, port: u16, tls: bool) -> Result<Broker, TargetError> {
    let mut client_id = None;
    for (name, value) in url.query_pairs() {
        if name != "client_id" || value.is_empty() || client_id.replace(value.into_owned()).is_some() {
            return Err(TargetError::Query);
        }
    }
    let credentials = match (url.username(), url.password()) {
        ("", None) => None,
        ("", Some(_)) => return Err(TargetError::NoUser),
        (user, password) => Some((decoded(user)?, decoded(password.unwrap_or_default())?)),
    };
    let path = decoded(url.path())?;
    let topic = match path.trim_matches('/') {
        "" => TOPIC,
        topic => topic,
    };
    let fits = topic.chars().count() <= 200
        && !topic.starts_with('$')
        && !topic.contains(['+', '#', '\0'])
        && topic.split('/').all(|level| !level.is_empty());
    if !fits {
        return Err(TargetError::Topic);
    }
    // An IPv6 address stands in brackets in a URL, and without them elsewhere.
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = url.port().unwrap_or(port);
    Ok(Broker { host, port, tls, credentials, client_id, topic: topic.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAI=";

    fn broker_of(url: &str) -> Broker {
        match Target::read(url, None).unwrap().place {
            Place::Mqtt(broker) => broker,
            Place::Http { .. } => panic!("{url} is a broker's"),
        }
    }

    #[test]
    fn a_broker_has_ports_users_and_topics() {
        let plain = broker_of("mqtt://broker.harbor.example");
        assert_eq!((plain.host.as_str(), plain.port, plain.tls), ("broker.harbor.example", 1883, false));
        assert_eq!((plain.topic.as_str(), plain.credentials, plain.client_id), ("tenure", None, None));
        let full = broker_of("mqtts://ten%40ure:p%3Ass@[::1]:8884/plant/accepted/?client_id=tenure-1");
        assert_eq!((full.host.as_str(), full.port, full.tls), ("::1", 8884, true));
        assert_eq!(full.credentials, Some(("ten@ure".to_owned(), "p:ss".to_owned())));
        assert_eq!((full.topic.as_str(), full.client_id.as_deref()), ("plant/accepted", Some("tenure-1")));
        assert_eq!(broker_of("mqtts://broker.harbor.example").port, 8883);
    }

    #[test]
    fn what_is_secret_is_not_shown() {
        let target =
            Target::read("mqtts://ana:secret@broker.harbor.example/plant?client_id=x", None).unwrap();
        assert_eq!(target.shown(), "mqtts://broker.harbor.example/plant");
        assert_eq!(format!("{target:?}"), "Target(mqtts://broker.harbor.example/plant)");
        let target = Target::read("https://cloud.harbor.example:8443/in?key=secret", Some(SECRET)).unwrap();
        assert_eq!(target.shown(), "https://cloud.harbor.example:8443/in");
    }

    #[test]
    fn what_cannot_be_is_told_apart() {
        let http = "https://cloud.harbor.example/in";
        let long = format!("mqtt://broker.harbor.example/{}", "x".repeat(201));
        for (url, secret, error) in [
            ("", None, TargetError::Url),
            ("cloud.harbor.example", None, TargetError::Url),
            ("amqp://cloud.harbor.example", None, TargetError::Url),
            ("mqtt:///tenure", None, TargetError::Url),
            ("mqtt://%ff@broker.harbor.example", None, TargetError::Url),
            (http, None, TargetError::NoSecret),
            (http, Some("whsec_AAAA"), TargetError::Secret),
            (http, Some("secret"), TargetError::Secret),
            ("https://ana@cloud.harbor.example/in", Some(SECRET), TargetError::HttpUrl),
            ("https://cloud.harbor.example/in#x", Some(SECRET), TargetError::HttpUrl),
            ("mqtt://broker.harbor.example", Some(SECRET), TargetError::SecretOfMqtt),
            ("mqtt://broker.harbor.example/a?qos=0", None, TargetError::Query),
            ("mqtt://broker.harbor.example/a?client_id=", None, TargetError::Query),
            ("mqtt://broker.harbor.example/a?client_id=a&client_id=b", None, TargetError::Query),
            ("mqtt://:secret@broker.harbor.example", None, TargetError::NoUser),
            ("mqtt://broker.harbor.example/a/+/b", None, TargetError::Topic),
            ("mqtt://broker.harbor.example/a//b", None, TargetError::Topic),
            ("mqtt://broker.harbor.example/$SYS/b", None, TargetError::Topic),
            (&long, None, TargetError::Topic),
        ] {
            assert_eq!(Target::read(url, secret).err(), Some(error), "{url}");
        }
    }
}
