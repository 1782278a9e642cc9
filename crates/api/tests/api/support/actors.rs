//! Who calls.

/// Somebody with a token, or without.
pub(crate) trait Actor {
    /// Under which name their token is kept.
    const NAME: &'static str;
}

macro_rules! actors {
    ($($(#[$doc:meta])* $actor:ident = $name:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $actor;
        impl Actor for $actor {
            const NAME: &'static str = $name;
        }
    )*};
}

actors! {
    /// An Administrator of the organization.
    Administrator = "administrator";
    /// A Manager of it.
    Manager = "manager";
    /// An Analyst of it.
    Analyst = "analyst";
    /// Its Administrator with a token that only reads.
    ReadOnly = "read_only";
    /// The Administrator of another organization.
    Stranger = "stranger";
    /// The vendor.
    Operator = "operator";
    /// Nobody: no token.
    Nobody = "nobody";
}
