//! Texts that are one of a few words, as the OpenAPI document describes them.
//!
//! The words come from where they are decided, so the document cannot say others. A field names its shape by
//! `#[schema(value_type = shapes::Standing)]`; there are no values of these types.

use std::borrow::Cow;

use tenure_app::rows::{DisabledBecause, PostState as State, Sort as Sorted};
use tenure_domain::alert::Because;
use tenure_domain::id::{Kind as _, SensorKind};
use tenure_domain::measurement::ChannelType as Measured;
use tenure_domain::{Standing as Stands, WebhookEvent as Event};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::document::identifier;

/// What the mails are about that an organization sees.
pub(crate) const NOTICE_KINDS: [&str; 7] =
    ["month_before", "expiration_day", "pool_low", "alerts", "code_revoked", "invitation", "test"];

macro_rules! shapes {
    ($($(#[doc = $doc:literal])+ $shape:ident = $words:expr;)*) => {$(
        $(#[doc = $doc])+
        pub(crate) enum $shape {}

        impl PartialSchema for $shape {
            fn schema() -> RefOr<Schema> {
                let description = [$($doc),+].map(str::trim).join(" ");
                let words: Vec<String> = $words.into_iter().map(|word| word.to_string()).collect();
                let object = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
                RefOr::T(Schema::Object(object.enum_values(Some(words)).build()))
            }
        }

        impl ToSchema for $shape {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($shape))
            }
        }
    )*};
}

shapes! {
    /// How a sensor stands: `covered`, `expiring` (covered for at most 30 days more), `expired` or `unlicensed`.
    Standing = Stands::ALL;
    /// What a user may in an organization (R34).
    Role = ["administrator", "manager", "analyst"];
    /// What happens at the end of a sensor's chain if nobody does anything: `renews`, `no_license` (it takes one, but
    /// none is left for it, R14) or `stops` (auto renewal is off).
    AtEnd = ["renews", "no_license", "stops"];
    /// A language of screens and mails, ISO 639-1.
    Language = tenure_app::change_organization::LANGUAGES;
    /// What a channel measures.
    ChannelType = Measured::ALL.map(Measured::name);
    /// How far a mail or an event for a webhook is: `queued`; `sent`, which is taken by its receiver; `failed`, which
    /// will not be sent unless it is put into the queue again.
    PostState = State::ALL.map(State::name);
    /// What a mail is about.
    NoticeKind = NOTICE_KINDS;
    /// What a mail about ending covers is.
    ExpirationNotice = tenure_domain::notice::Kind::ALL;
    /// Whether an alert is open.
    AlertState = ["open", "closed"];
    /// Why an alert has closed.
    ClosedBecause = Because::ALL.map(Because::name);
    /// Why the service has switched a webhook off: `gone`, the receiver has answered 410; `failing`, nothing was taken
    /// for five days.
    WebhookDisabledBecause = [DisabledBecause::Gone, DisabledBecause::Failing].map(DisabledBecause::name);
    /// An event that a webhook can want.
    WantedEvent = Event::WANTED;
    /// An event for a webhook; `webhook.test` is sent when somebody tries it.
    WebhookEvent = Event::WANTED.into_iter().chain([Event::Test]);
    /// Who or what made a change: `user`, `token` (a user's API token), `operator`, `service`, `auto_renewal` (a sensor
    /// took a license by itself) or `calendar` (its time had come).
    ActorKind = ["user", "token", "operator", "service", "auto_renewal", "calendar"];
    /// What something was done to.
    SubjectKind = [
        "sensor", "license", "code", "user", "organization", "token", "invitation", "rule", "alert", "webhook", "other",
    ];
    /// A license that was given to a sensor: `active`, or `queued` behind another one (R11).
    GivenState = ["active", "queued"];
    /// A license that is or was on a sensor; `revoked`: taken away by the operator while it was active (R5).
    HeldState = ["ended", "revoked", "active", "queued"];
    /// By what a list of sensors is sorted.
    SensorSort = Sorted::ALL.map(|(name, _)| name);
    /// The direction of a sorted list.
    Order = ["asc", "desc"];
    /// Who may sign up: everybody, or who is invited.
    SignUp = ["open", "invitation"];
    /// Where mail goes: it is sent, or put into a folder of the server.
    MailRoute = ["smtp", "folder"];
    /// How the battery of a sensor is, as a gateway tells it.
    GatewayBattery = ["ok", "low"];
    /// What somebody is told of by e-mail.
    SubscriptionTopic = ["license_expiration", "pool_low", "alert_rule"];
}

/// 1 to 1000 sensors.
pub(crate) enum ChosenSensors {}

impl PartialSchema for ChosenSensors {
    fn schema() -> RefOr<Schema> {
        let sensor = ObjectBuilder::new().schema_type(Type::String).pattern(Some(sensor_pattern()));
        let list = ArrayBuilder::new().items(sensor).min_items(Some(1)).max_items(Some(1_000));
        RefOr::T(Schema::Array(list.description(Some("1 to 1000 sensors.")).build()))
    }
}

impl ToSchema for ChosenSensors {}

fn sensor_pattern() -> String {
    format!("^{}$", identifier(SensorKind::PREFIX))
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct Workbook(#[allow(dead_code, reason = "only the document has it")] Vec<u8>);
