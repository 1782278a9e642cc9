//! Handing on by HTTP: many messages in one post, signed as webhooks are.

use tenure_domain::Instant;
use url::Url;

use super::message::Outgoing;
use super::{Sent, Told};
use crate::webhooks::{Answer, Caller, Post, signatures};

/// What a receiver answers when it will never take what is in a post, or not so much of it at once.
const REFUSED: [u16; 4] = [400, 413, 415, 422];

/// Posts messages, all of them in one request.
pub(super) async fn post(
    caller: &Caller,
    url: &Url,
    secret: &[u8],
    messages: &[Outgoing],
    now: Instant,
) -> Sent {
    let (Some(first), Some(last)) = (messages.first(), messages.last()) else {
        return Sent::Each(Told::default());
    };
    // The same messages once more have the same id.
    let id = format!("messages_{}_{}_{}", first.number, last.number, messages.len());
    let bodies: Vec<&str> = messages.iter().map(|message| message.body.as_str()).collect();
    let body = format!(
        r#"{{"type":"messages.accepted","timestamp":"{now}","data":{{"messages":[{}]}}}}"#,
        bodies.join(",")
    );
    let seconds = now.as_seconds();
    let signature = signatures(&[secret.to_vec()], &id, seconds, &body);
    match caller.call(url, &Post { id, seconds, signature, body }).await {
        Answer::Taken(_) => Sent::Each(Told {
            taken: messages.iter().map(|message| message.number).collect(),
            ..Told::default()
        }),
        Answer::NotTaken { status: Some(status), reply } if REFUSED.contains(&status) => match messages {
            [alone] => Sent::Each(Told { refused: vec![(alone.number, reply)], ..Told::default() }),
            _ => Sent::Fewer,
        },
        Answer::Gone(reply) | Answer::NotTaken { reply, .. } => {
            Sent::Each(Told { trouble: Some(reply), ..Told::default() })
        }
    }
}
