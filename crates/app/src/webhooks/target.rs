//! Where webhooks may reach.

use std::net::IpAddr;
use std::pin::Pin;

use tenure_domain::Refusal;
use url::{Host, Url};

use super::address::is_public;

/// The longest address of a webhook, in characters.
pub const LONGEST_URL: usize = 2_000;

/// The networks into which webhooks may reach; the operator chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Targets {
    /// The public internet, by HTTPS.
    #[default]
    Public,
    /// Everything that the service reaches, also by plain HTTP.
    Any,
}

/// The future of a look-up.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Who knows the addresses of names.
pub trait Resolver: Send + Sync {
    /// The addresses of a host, in the order in which they are to be tried.
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a>;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((host, 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// Why an address is not called.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreachable {
    #[error("its host's name cannot be looked up: {0}")]
    Name(std::io::Error),
    #[error("its host has no address")]
    NoAddress,
    #[error("it is not on the public internet")]
    NotPublic,
}

impl Targets {
    /// Reads the address of a webhook. `https://0x7f.1/` and other ways of writing an IP address are read as browsers
    /// read them, so that what is checked is what is called.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] when it is no such address.
    pub(crate) fn read(self, text: &str) -> Result<Url, Refusal> {
        let (schemes, say): (&[&str], _) = match self {
            Self::Public => (&["https"], "an https:// address"),
            Self::Any => (&["https", "http"], "an https:// or http:// address"),
        };
        let expected =
            || format!("{say} of at most {LONGEST_URL} characters, without user, password and fragment (#)");
        let invalid = || Refusal::Invalid { field: "url", expected: expected() };
        let url = Url::parse(text.trim()).map_err(|_| invalid())?;
        let fits = schemes.contains(&url.scheme())
            && url.has_host()
            && url.port_or_known_default() != Some(0)
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
            && url.as_str().chars().count() <= LONGEST_URL;
        if fits { Ok(url) } else { Err(invalid()) }
    }

    /// The addresses at which a webhook is called: those of its host, all of which have to be allowed. Nobody looks
    /// them up a second time, so an answer that changes opens nothing.
    pub(crate) async fn addresses(
        self,
        url: &Url,
        resolver: &dyn Resolver,
    ) -> Result<Vec<IpAddr>, Unreachable> {
        let addresses = match url.host() {
            None => return Err(Unreachable::NoAddress),
            Some(Host::Ipv4(address)) => vec![IpAddr::V4(address)],
            Some(Host::Ipv6(address)) => vec![IpAddr::V6(address)],
            Some(Host::Domain(name)) => resolver.resolve(name).await.map_err(Unreachable::Name)?,
        };
        if addresses.is_empty() {
            return Err(Unreachable::NoAddress);
        }
        if self == Self::Public && !addresses.iter().copied().all(is_public) {
            return Err(Unreachable::NotPublic);
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Answers(Vec<&'static str>);

    impl Resolver for Answers {
        fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
            Box::pin(async { Ok(self.0.iter().map(|text| text.parse().unwrap()).collect()) })
        }
    }

    #[tokio::test]
    async fn a_literal_address_is_read_as_it_is_called() {
        let none = Answers(Vec::new());
        for text in [
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[64:ff9b::10.0.0.1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://0/",
            "https://１２７.0.0.1/",
            "https://10.0.0.1:8443/x",
        ] {
            let url = Targets::Public.read(text).unwrap();
            let refused = Targets::Public.addresses(&url, &none).await;
            assert!(matches!(refused, Err(Unreachable::NotPublic)), "{text}");
            assert!(Targets::Any.addresses(&url, &none).await.is_ok(), "{text}");
        }
    }

    #[tokio::test]
    async fn all_addresses_of_a_name_have_to_be_public() {
        let url = Targets::Public.read("https://hooks.harbor.example/tenure").unwrap();
        let two = Answers(vec!["8.8.8.8", "2001:4860:4860::8888"]);
        assert_eq!(Targets::Public.addresses(&url, &two).await.unwrap().len(), 2);
        let mixed = Answers(vec!["8.8.8.8", "127.0.0.1"]);
        assert!(matches!(Targets::Public.addresses(&url, &mixed).await, Err(Unreachable::NotPublic)));
        let none = Answers(Vec::new());
        assert!(matches!(Targets::Public.addresses(&url, &none).await, Err(Unreachable::NoAddress)));
    }

    #[test]
    fn an_address_has_a_form() {
        for text in [
            "",
            "hooks.harbor.example",
            "http://hooks.harbor.example/",
            "ftp://hooks.harbor.example/",
            "https://ana:secret@hooks.harbor.example/",
            "https://ana@hooks.harbor.example/",
            "https://hooks.harbor.example/#x",
            "https://",
            "https://hooks.harbor.example:0/",
            "file:///etc/passwd",
            "https://999.1.1.1/",
            "https://hooks harbor.example/",
        ] {
            assert!(Targets::Public.read(text).is_err(), "{text}");
        }
        let long = format!("https://hooks.harbor.example/{}", "x".repeat(LONGEST_URL));
        assert!(Targets::Public.read(&long).is_err());
        assert!(Targets::Any.read("http://10.0.0.7:9000/hook?x=1").is_ok());
        assert_eq!(
            Targets::Public.read(" https://Hooks.Harbor.example/a b ").unwrap().as_str(),
            "https://hooks.harbor.example/a%20b"
        );
    }
}
