//! Handing on by MQTT 5, with quality of service 1.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v5::{DisconnectReasonCode, PubAckReason, PublishProperties};
use rumqttc::{
    AsyncClient, ConnectionError, MqttOptions, PublishNoticeError, PublishOptions, PublishResult, StateError,
    TlsConfiguration, Transport,
};
use tokio::task::JoinHandle;
use tokio_rustls::rustls::ClientConfig;

use super::message::Outgoing;
use super::target::Broker;
use super::{MOST_AT_ONCE, Sent, Told};

/// How long the broker may take to acknowledge what was published at once, from connecting to it on.
const LONGEST: Duration = Duration::from_secs(15);
/// How long connecting may take.
const LONGEST_CONNECT: Duration = Duration::from_secs(5);
/// Seconds of silence after which the broker is asked whether it is there.
const KEEP_ALIVE: u16 = 30;
/// How long saying good-bye may take.
const GOOD_BYE: Duration = Duration::from_secs(1);
/// How many messages may wait for their turn within the client.
const CAPACITY: usize = 64;

/// A way to a broker, which is connected to when there is something to hand on.
pub(super) struct Mqtt {
    broker: Broker,
    tls: Option<Arc<ClientConfig>>,
    /// The client identifier of its own, where none is configured.
    name: String,
    connection: Option<Connection>,
}

struct Connection {
    client: AsyncClient,
    /// The task that reads and writes; it ends with the connection, and tells why.
    driving: JoinHandle<ConnectionError>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

impl Mqtt {
    pub(super) const fn new(broker: Broker, tls: Option<Arc<ClientConfig>>, name: String) -> Self {
        Self { broker, tls, name, connection: None }
    }

    /// Publishes messages, and waits until each is acknowledged.
    ///
    /// A connection is used until the first trouble. What was not acknowledged by then is published again by whoever
    /// tries next: nothing is left in the client's own memory.
    pub(super) async fn publish(&mut self, messages: &[Outgoing]) -> Sent {
        let before = self.connection.take().filter(|connection| !connection.driving.is_finished());
        let mut connection = before.unwrap_or_else(|| self.connect());
        let Connection { client, driving } = &mut connection;
        let mut answers = Vec::with_capacity(messages.len());
        // What is answered by the end counts.
        let ended = {
            let mut publishing = pin!(async {
                let mut notices = Vec::with_capacity(messages.len());
                for message in messages {
                    let options = PublishOptions::new(QoS::AtLeastOnce).properties(json());
                    let (topic, body) = (self.topic(message), message.body.clone());
                    match client.publish_tracked(topic, body, options).await {
                        Ok(notice) => notices.push(notice),
                        Err(_) => break,
                    }
                }
                for notice in notices {
                    answers.push(of(notice.wait_async().await));
                }
            });
            tokio::select! {
                () = &mut publishing => None,
                () = tokio::time::sleep(LONGEST) => None,
                ended = driving => {
                    // Nothing comes any more, though the client does not say so of what it has not sent yet.
                    let _ = tokio::time::timeout(Duration::ZERO, publishing).await;
                    Some(ended)
                }
            }
        };
        let mut told = Told::default();
        let mut open: Vec<&Outgoing> = messages.iter().skip(answers.len()).collect();
        for (message, answer) in messages.iter().zip(answers) {
            match answer {
                Acknowledged::Taken => told.taken.push(message.number),
                Acknowledged::Refused(reason) => {
                    told.refused.push((message.number, format!("the broker says: {reason:?}")));
                }
                Acknowledged::NotNow(reason) => {
                    told.trouble = Some(format!("the broker says: {reason:?}"));
                }
                Acknowledged::Not => open.push(message),
            }
        }
        if open.is_empty() {
            self.connection = ended.is_none().then_some(connection);
            return Sent::Each(told);
        }
        let error = match ended {
            Some(ended) => ended.ok(),
            None => connection.trouble().await,
        };
        match error {
            Some(error) if is_too_large(&error) => {
                // One of them has ended the connection; the others were only on the same way.
                let largest = open.iter().max_by_key(|message| message.body.len());
                told.refused.extend(largest.map(|message| (message.number, error.to_string())));
            }
            Some(error) => told.trouble = Some(error.to_string()),
            None => {
                told.trouble = Some(format!("no acknowledgment within {} seconds", LONGEST.as_secs()));
            }
        }
        Sent::Each(told)
    }

    /// Takes leave of the broker.
    pub(super) async fn end(&mut self) {
        if let Some(mut connection) = self.connection.take()
            && connection.client.disconnect_now().await.is_ok()
        {
            // What it says of an end that was asked for does not matter.
            let _ = tokio::time::timeout(GOOD_BYE, &mut connection.driving).await;
        }
    }

    fn topic(&self, message: &Outgoing) -> String {
        format!("{}/{}/{}", self.broker.topic, message.organization, message.serial)
    }

    fn connect(&self) -> Connection {
        let Broker { host, port, credentials, client_id, .. } = &self.broker;
        let mut options = MqttOptions::new(client_id.as_ref().unwrap_or(&self.name), (host.as_str(), *port));
        options.set_keep_alive(KEEP_ALIVE);
        options.set_connect_timeout(LONGEST_CONNECT);
        options.set_clean_start(true);
        // At each flush the client walks through as many places; without a limit it has 65,535.
        options.set_outgoing_inflight_upper_limit(MOST_AT_ONCE);
        if let Some((user, password)) = credentials {
            options.set_credentials(user.as_str(), password.clone());
        }
        if let Some(tls) = &self.tls {
            options.set_transport(Transport::Tls(TlsConfiguration::Rustls(tls.clone())));
        }
        let (client, mut events) = AsyncClient::builder(options).capacity(CAPACITY).build();
        let driving = tokio::spawn(async move {
            loop {
                if let Err(error) = events.poll().await {
                    return error;
                }
            }
        });
        Connection { client, driving }
    }
}

impl Connection {
    /// Why it has ended, if it has.
    async fn trouble(&mut self) -> Option<ConnectionError> {
        // It ends before it lets go of what waits for it.
        let ended = tokio::time::timeout(GOOD_BYE, &mut self.driving).await;
        ended.ok().and_then(Result::ok)
    }
}

/// Whether a connection has ended because a packet is larger than the broker takes.
const fn is_too_large(error: &ConnectionError) -> bool {
    matches!(
        error,
        ConnectionError::MqttState(
            StateError::OutgoingPacketTooLarge { .. }
                | StateError::Deserialization(rumqttc::mqttbytes::Error::OutgoingPacketTooLarge { .. })
                | StateError::ServerDisconnect { reason_code: DisconnectReasonCode::PacketTooLarge, .. }
        )
    )
}

/// What the broker has said of one message.
enum Acknowledged {
    Taken,
    /// This one it will never take.
    Refused(PubAckReason),
    NotNow(PubAckReason),
    /// Nothing.
    Not,
}

fn of(answer: Result<PublishResult, PublishNoticeError>) -> Acknowledged {
    let reason = match answer {
        Ok(PublishResult::Qos1(acknowledgment)) => acknowledgment.reason,
        Err(PublishNoticeError::V5PubAck(reason)) => reason,
        Ok(_) | Err(_) => return Acknowledged::Not,
    };
    match reason {
        // Nobody has subscribed: the broker has taken it all the same.
        PubAckReason::Success | PubAckReason::NoMatchingSubscribers => Acknowledged::Taken,
        PubAckReason::PayloadFormatInvalid | PubAckReason::TopicNameInvalid => Acknowledged::Refused(reason),
        _ => Acknowledged::NotNow(reason),
    }
}

fn json() -> PublishProperties {
    PublishProperties { content_type: Some("application/json".to_owned()), ..PublishProperties::default() }
}
