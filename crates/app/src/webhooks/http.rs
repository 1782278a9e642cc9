//! Calling a webhook: one POST over a connection of its own, to the address that was checked.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use url::{Host, Url};

use super::target::{Resolver, SystemResolver, Targets, Unreachable};

/// How long a webhook may take to answer, from looking up its name on.
const LONGEST: Duration = Duration::from_secs(15);
/// How long one of its addresses may take to accept a connection.
const LONGEST_CONNECT: Duration = Duration::from_secs(5);
/// How long what an answer says is waited for; its status alone decides.
const LONGEST_BODY: Duration = Duration::from_secs(2);
/// How much of what an answer says is read, in bytes.
const MOST_BODY: usize = 4_096;
/// The most that the head of an answer may have, in bytes.
const MOST_HEAD: usize = 16_384;

/// One event, as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// The header `webhook-id`.
    pub(crate) id: String,
    /// The header `webhook-timestamp`, in seconds since 1970.
    pub(crate) seconds: i64,
    /// The header `webhook-signature`.
    pub(crate) signature: String,
    /// JSON.
    pub(crate) body: String,
}

/// What has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It was taken (2xx), with these words.
    Taken(String),
    /// The receiver is gone for good (410).
    Gone(String),
    /// It was not taken, for this reason.
    NotTaken {
        /// What the receiver has answered, if it has.
        status: Option<u16>,
        /// In words.
        reply: String,
    },
}

impl Answer {
    /// It has come to no answer.
    pub(crate) const fn none(reply: String) -> Self {
        Self::NotTaken { status: None, reply }
    }
}

/// How the service calls webhooks.
#[derive(Clone)]
pub struct Caller {
    targets: Targets,
    resolver: Arc<dyn Resolver>,
    tls: TlsConnector,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller").field("targets", &self.targets).finish_non_exhaustive()
    }
}

/// TLS to other systems cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be set up: {0}")]
pub struct TlsError(#[from] rustls::Error);

/// The certificates that the operating system trusts.
pub(crate) fn trusted_by_the_system() -> Vec<CertificateDer<'static>> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        tracing::warn!("no trusted certificates were found, so no other system is reached by TLS");
    }
    found.certs
}

/// TLS of a client that trusts these certificates. Those that cannot be read are left out.
pub(crate) fn client_config(trusted: Vec<CertificateDer<'static>>) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("no connection: {0}")]
    Connect(std::io::Error),
    #[error("no connection within {} seconds", LONGEST_CONNECT.as_secs())]
    ConnectSlow,
    #[error("no host name for TLS: {0}")]
    ServerName(#[from] InvalidDnsNameError),
    #[error("TLS: {0}")]
    Tls(std::io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("{0}")]
    Request(#[from] hyper::http::Error),
}

impl Caller {
    /// Calls what `targets` allows, at the addresses that the operating system knows, and trusts the certificates that
    /// the operating system trusts.
    ///
    /// # Errors
    ///
    /// [`TlsError`] when HTTPS cannot be set up.
    pub fn new(targets: Targets) -> Result<Self, TlsError> {
        Self::with(targets, Arc::new(SystemResolver), trusted_by_the_system())
    }

    /// Calls what `targets` allows, at the addresses that `resolver` knows, and trusts these certificates. Those that
    /// cannot be read are left out.
    ///
    /// # Errors
    ///
    /// [`TlsError`] when HTTPS cannot be set up.
    pub fn with(
        targets: Targets,
        resolver: Arc<dyn Resolver>,
        trusted: Vec<CertificateDer<'static>>,
    ) -> Result<Self, TlsError> {
        Ok(Self { targets, resolver, tls: TlsConnector::from(Arc::new(client_config(trusted)?)) })
    }

    /// Where it may call.
    pub(crate) const fn targets(&self) -> Targets {
        self.targets
    }

    /// Whether the host of an address is known to be one that may not be called. A name that cannot be looked up
    /// within a few seconds may still become one that can: it is checked again at each call.
    pub(crate) async fn refuses(&self, url: &Url) -> bool {
        let looking = self.targets.addresses(url, self.resolver.as_ref());
        matches!(tokio::time::timeout(LONGEST_CONNECT, looking).await, Ok(Err(Unreachable::NotPublic)))
    }

    /// Sends an event. Redirects are not followed: where one leads was not checked.
    pub(crate) async fn call(&self, url: &Url, post: &Post) -> Answer {
        match tokio::time::timeout(LONGEST, self.exchange(url, post)).await {
            Ok(Ok((response, driving))) => {
                let status = response.status();
                let said = said(response).await;
                drop(driving);
                let words = format!("{status}{}{said}", if said.is_empty() { "" } else { ": " });
                match status {
                    status if status.is_success() => Answer::Taken(words),
                    StatusCode::GONE => Answer::Gone(words),
                    status => Answer::NotTaken { status: Some(status.as_u16()), reply: words },
                }
            }
            Ok(Err(error)) => Answer::none(cleaned(&error.to_string())),
            Err(_) => Answer::none(format!("no answer within {} seconds", LONGEST.as_secs())),
        }
    }

    /// The answer, and the task that reads it off the connection.
    async fn exchange(&self, url: &Url, post: &Post) -> Result<(Response<Incoming>, JoinSet<()>), CallError> {
        let addresses = self.targets.addresses(url, self.resolver.as_ref()).await?;
        let stream = connect(&addresses, url.port_or_known_default().unwrap_or(443)).await?;
        let request = request(url, post)?;
        if url.scheme() == "http" {
            return send(stream, request).await;
        }
        let name = match url.host() {
            Some(Host::Ipv4(address)) => ServerName::from(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => ServerName::from(IpAddr::V6(address)),
            Some(Host::Domain(name)) => ServerName::try_from(name.to_owned())?,
            None => return Err(Unreachable::NoAddress.into()),
        };
        let stream = self.tls.connect(name, stream).await.map_err(CallError::Tls)?;
        send(stream, request).await
    }
}

async fn connect(addresses: &[IpAddr], port: u16) -> Result<TcpStream, CallError> {
    let mut last = CallError::Unreachable(Unreachable::NoAddress);
    for address in addresses {
        let connecting = TcpStream::connect(SocketAddr::new(*address, port));
        match tokio::time::timeout(LONGEST_CONNECT, connecting).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = CallError::Connect(error),
            Err(_) => last = CallError::ConnectSlow,
        }
    }
    Err(last)
}

fn request(url: &Url, post: &Post) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Request::post(format!("{}{query}", url.path()))
        .header("host", host)
        .header("user-agent", concat!("Tenure/", env!("CARGO_PKG_VERSION")))
        .header("content-type", "application/json")
        .header("connection", "close")
        .header("webhook-id", &post.id)
        .header("webhook-timestamp", post.seconds)
        .header("webhook-signature", &post.signature)
        .body(Full::new(Bytes::from(post.body.clone())))
}

async fn send<S>(
    stream: S,
    request: Request<Full<Bytes>>,
) -> Result<(Response<Incoming>, JoinSet<()>), CallError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let handshake = http1::Builder::new().max_buf_size(MOST_HEAD).handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await?;
    // It ends with the set that holds it.
    let mut driving = JoinSet::new();
    driving.spawn(async move {
        // Whoever waits for the answer hears of the error.
        let _ = connection.await;
    });
    Ok((sender.send_request(request).await?, driving))
}

/// The beginning of what an answer says.
async fn said(response: Response<Incoming>) -> String {
    let mut body = response.into_body();
    let mut said: Vec<u8> = Vec::new();
    let reading = async {
        while said.len() < MOST_BODY
            && let Some(Ok(frame)) = body.frame().await
        {
            let data = frame.into_data().unwrap_or_default();
            said.extend(data.iter().take(MOST_BODY - said.len()));
        }
    };
    // What is there by then is enough.
    let _ = tokio::time::timeout(LONGEST_BODY, reading).await;
    cleaned(&String::from_utf8_lossy(&said))
}

/// Words of strangers on one line, without what a terminal or a database could stumble over.
fn cleaned(words: &str) -> String {
    let plain: String = words.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    plain.trim().to_owned()
}
