//! Being told of something no more, by the address that each such mail carries (RFC 8058).
//!
//! The address is signed and opens nothing else: whoever holds the mail may take the tick away and set it again, and
//! needs no log-in for it.

use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;
use tenure_domain::{OrganizationId, Refusal, UserId};
use tenure_store::recipients::Notification;
use tenure_store::{Tx, organizations, subscriptions, users};

pub use tenure_store::subscriptions::Topic;

use crate::{Actor, App, AppError, Ctx};

/// The form of the tokens.
const VERSION: &str = "1";

/// Who is told of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Claim {
    organization: OrganizationId,
    user: UserId,
    topic: Topic,
}

impl Claim {
    fn written(&self) -> String {
        let Self { organization, user, topic } = self;
        let topic = match topic {
            Topic::Notification(kind) => kind.name().to_owned(),
            Topic::AlertRule(rule) => rule.to_string(),
        };
        format!("{VERSION}.{topic}.{organization}.{user}")
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (version, topic, organization, user) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version != VERSION || parts.next().is_some() {
            return None;
        }
        let topic = match Notification::ALL.into_iter().find(|kind| kind.name() == topic) {
            Some(kind) => Topic::Notification(kind),
            None => Topic::AlertRule(topic.parse().ok()?),
        };
        Some(Self { organization: organization.parse().ok()?, user: user.parse().ok()?, topic })
    }
}

/// Whether somebody is told of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Of what: `license_expiration`, `pool_low` or `alert_rule`.
    pub what: &'static str,
    /// The name of the alert rule, while there is one.
    pub rule: Option<String>,
    /// The organization's name.
    pub organization: String,
    /// The e-mail address.
    pub email: String,
    /// Whether they are told.
    pub subscribed: bool,
}

impl App {
    /// The address by which a user is told of this no more: for the header `List-Unsubscribe`. The page for people is
    /// `/unsubscribe#` and its last part.
    #[must_use]
    pub fn unsubscribe_address(&self, organization: OrganizationId, user: UserId, topic: Topic) -> String {
        let claim = Claim { organization, user, topic }.written();
        let signature = BASE64URL_NOPAD.encode(&self.secret.sign_subscription(&claim));
        format!("{}/api/v1/unsubscriptions/{claim}.{signature}", self.public_url())
    }

    /// What a token says, if it is one of ours.
    fn claim(&self, token: &str) -> Result<Claim, Refusal> {
        let read = || {
            let (claim, signature) = token.rsplit_once('.')?;
            let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
            let wanted = self.secret.sign_subscription(claim);
            bool::from(wanted.ct_eq(&signature)).then(|| Claim::read(claim)).flatten()
        };
        read().ok_or(Refusal::NotFound { what: "unsubscription" })
    }

    /// Whether the person that a token names is told of what it names.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] for a token that is none of ours.
    pub async fn subscription(&self, token: &str) -> Result<Subscription, AppError> {
        let claim = self.claim(token)?;
        let mut tx = self.db.read().await?;
        let shown = shown(&mut tx, &claim).await;
        tx.roll_back().await?;
        shown
    }

    /// The person that a token names is told no more of what it names. Once more changes nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] for a token that is none of ours.
    pub async fn unsubscribe(&self, token: &str) -> Result<Subscription, AppError> {
        self.change_subscription(token, false).await
    }

    /// Takes that back, while the person is still a member.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] for a token that is none of ours, for a person who is no member any more, and for a rule
    /// that is removed.
    pub async fn subscribe_again(&self, token: &str) -> Result<Subscription, AppError> {
        self.change_subscription(token, true).await
    }

    async fn change_subscription(&self, token: &str, told: bool) -> Result<Subscription, AppError> {
        let claim = self.claim(token)?;
        let Claim { organization, user, topic } = claim;
        let mut tx = self.db.read().await?;
        let person = users::get(&mut tx, user).await?;
        tx.roll_back().await?;
        let email = person.ok_or(Refusal::NotFound { what: "unsubscription" })?.email;
        let ctx = Ctx::new(self.clock.now(), Actor::User { id: user, email });
        let mut settled = self.settled(&ctx, organization).await?;
        let changed = if told {
            let role = users::role_in(&mut settled.tx, user, organization).await?;
            role.ok_or(Refusal::NotFound { what: "user" })?;
            if let Topic::AlertRule(rule) = topic {
                let name = subscriptions::rule_name(&mut settled.tx, organization, rule).await?;
                name.ok_or(Refusal::NotFound { what: "alert rule" })?;
            }
            subscriptions::tick(&mut settled.tx, organization, user, topic).await?
        } else {
            subscriptions::untick(&mut settled.tx, organization, user, topic).await?
        };
        let shown = shown(&mut settled.tx, &claim).await?;
        if changed {
            let action = if told { "subscribed_again_by_mail" } else { "unsubscribed_by_mail" };
            let subject = match topic {
                Topic::Notification(_) => organization.to_string(),
                Topic::AlertRule(rule) => rule.to_string(),
            };
            let what = serde_json::json!({ "what": shown.what });
            let (before, after) = if told { (None, Some(what)) } else { (Some(what), None) };
            settled.audit(action, subject, before, after).await?;
        }
        settled.commit(self).await?;
        Ok(shown)
    }
}

async fn shown(tx: &mut Tx, claim: &Claim) -> Result<Subscription, AppError> {
    let Claim { organization, user, topic } = *claim;
    let not_found = Refusal::NotFound { what: "unsubscription" };
    let place = organizations::get(tx, organization).await?.ok_or(not_found.clone())?;
    let person = users::get(tx, user).await?.ok_or(not_found)?;
    let (what, rule) = match topic {
        Topic::Notification(kind) => (kind.name(), None),
        Topic::AlertRule(rule) => ("alert_rule", subscriptions::rule_name(tx, organization, rule).await?),
    };
    let subscribed = subscriptions::is_told(tx, organization, user, topic).await?;
    Ok(Subscription { what, rule, organization: place.name, email: person.email, subscribed })
}
