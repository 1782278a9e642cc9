//! Who does something, and when.

use std::fmt;

use tenure_domain::{Instant, TokenId, UserId};

use crate::idempotency::Mark;
use crate::tag::OnlyIf;

/// Who or what gave a command, as the audit trail writes it (R18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person at the service's command line.
    CommandLine,
    /// A person or script with an API token.
    Token {
        /// The token.
        id: TokenId,
        /// The address of the user whose role it carries.
        email: String,
    },
    /// A person who is logged in.
    User {
        /// The user.
        id: UserId,
        /// Their address.
        email: String,
    },
    /// Tenure itself.
    Service,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("operator:command-line"),
            Self::Token { id, email } => write!(f, "token:{id}:{email}"),
            Self::User { id, email } => write!(f, "user:{id}:{email}"),
            Self::Service => f.write_str("service"),
        }
    }
}

impl Actor {
    /// The person in what the audit trail writes: the e-mail address of a user or of a token's user, else all of it.
    ///
    /// ```
    /// use tenure_app::Actor;
    /// assert_eq!(Actor::person("token:tok_01jxgb66p004hmasw9nf6yy093:ana@harbor.example"), "ana@harbor.example");
    /// assert_eq!(Actor::person("user:usr_01jxgb66p004hmasw9nf6yy093:ana@harbor.example"), "ana@harbor.example");
    /// assert_eq!(Actor::person("operator:command-line"), "operator:command-line");
    /// ```
    #[must_use]
    pub fn person(written: &str) -> &str {
        let named = written.strip_prefix("token:").or_else(|| written.strip_prefix("user:"));
        named.and_then(|named| named.split_once(':')).map_or(written, |(_, email)| email)
    }
}

/// The context of one request, datagram or job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ctx {
    /// The clock, read once.
    pub now: Instant,
    /// Who or what.
    pub actor: Actor,
    /// That the command is carried out, where it is to be once only: the commit writes it.
    pub mark: Option<Mark>,
    /// On which state of what it changes the command depends.
    pub only_if: OnlyIf,
}

impl Ctx {
    /// The context of something that happens at an instant, by nobody's request.
    #[must_use]
    pub const fn new(now: Instant, actor: Actor) -> Self {
        Self { now, actor, mark: None, only_if: OnlyIf(None) }
    }

    /// The same for something besides the command: what is committed with it does not carry the command out.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self::new(self.now, self.actor.clone())
    }
}
