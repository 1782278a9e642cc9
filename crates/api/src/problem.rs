//! Problems: how a refusal, and trouble of the service's own, look in HTTP (RFC 9457).

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenure_app::AppError;
use tenure_domain::{Instant, Refusal};
use utoipa::ToSchema;

/// The media type of problems.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// After how many seconds to come back when the service cannot answer now.
const UNAVAILABLE_SECONDS: u16 = 5;

/// An answer that is not what was asked for: a status, a stable code and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    retry: Option<Retry>,
    challenge: &'static str,
}

/// When to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retry {
    At(Instant),
    InSeconds(u16),
}

/// The instant from which a request is heard again; the rim, which has a clock, turns it into `Retry-After`.
#[derive(Clone, Copy)]
pub(crate) struct RetryAt(pub(crate) Instant);

/// A problem (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The problem's kind: `/problems/` and the code.
    #[schema(example = "/problems/no_license_left")]
    pub r#type: String,
    /// The kind in words.
    #[schema(example = "No license left")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 409)]
    pub status: u16,
    /// What happened, and what to do about it.
    #[schema(example = "No license is left. Add an activation code, or remove a sensor.")]
    pub detail: String,
    /// The stable code, for programs.
    #[schema(example = "no_license_left")]
    pub code: String,
}

/// The HTTP status of a refusal: the one place that says it.
#[must_use]
pub const fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::MessageMalformed | Refusal::IdempotencyKeyMalformed => StatusCode::BAD_REQUEST,
        Refusal::Unauthenticated
        | Refusal::DeviceTokenWrong
        | Refusal::CredentialsWrong
        | Refusal::OneTimeCodeRequired
        | Refusal::OneTimeCodeWrong => StatusCode::UNAUTHORIZED,
        Refusal::Forbidden
        | Refusal::ReadOnlyToken
        | Refusal::CrossSite
        | Refusal::SessionNeeded
        | Refusal::PasswordWrong
        | Refusal::SignUpClosed => StatusCode::FORBIDDEN,
        Refusal::NotFound { .. } | Refusal::SensorUnknown => StatusCode::NOT_FOUND,
        Refusal::NoLicenseLeft
        | Refusal::KeyNotAvailable
        | Refusal::LicenseInUse
        | Refusal::LicenseNotHeld
        | Refusal::LicenseNotReleased
        | Refusal::SensorCovered
        | Refusal::SerialListedTwice
        | Refusal::SerialRepeated { .. }
        | Refusal::ListRefused { .. }
        | Refusal::ImportRefused { .. }
        | Refusal::ChainTooLong
        | Refusal::PlanChanged
        | Refusal::SerialAlreadyAdded
        | Refusal::SerialInUseElsewhere
        | Refusal::EmailInUse
        | Refusal::TooManyAlertRules
        | Refusal::NoticeNotFailed
        | Refusal::TooManyWebhooks
        | Refusal::WebhookDisabled
        | Refusal::DeliveryNotFailed
        | Refusal::OneTimeCodesOff
        | Refusal::OrganizationNameInUse
        | Refusal::LastAdministrator
        | Refusal::AlreadyMember
        | Refusal::IdempotencyInProgress
        | Refusal::IdempotencyAnswerLost => StatusCode::CONFLICT,
        Refusal::ChangedMeanwhile => StatusCode::PRECONDITION_FAILED,
        Refusal::LinkExpired => StatusCode::GONE,
        Refusal::CodeMalformed
        | Refusal::CodeTypo { .. }
        | Refusal::CodeNotValid
        | Refusal::ForecastTooLong
        | Refusal::SerialMalformed
        | Refusal::SerialRounded
        | Refusal::SerialNotConfirmed
        | Refusal::ImportEmpty
        | Refusal::ImportTooLong
        | Refusal::ImportNotUtf8 { .. }
        | Refusal::ImportQuoteOpen { .. }
        | Refusal::ImportNoSerials
        | Refusal::ImportColumnTwice { .. }
        | Refusal::TermMalformed
        | Refusal::ZoneUnknown
        | Refusal::WebhookNotPublic
        | Refusal::IdempotencyKeyReused
        | Refusal::SearchTooBroad
        | Refusal::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::TooManyAttempts { .. }
        | Refusal::TooManyLogIns { .. }
        | Refusal::TooManyTestMails { .. } => StatusCode::TOO_MANY_REQUESTS,
    }
}

impl Problem {
    /// A problem of HTTP itself, for which there is no refusal.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), retry: None, challenge: "Bearer" }
    }

    /// The service cannot answer now.
    pub(crate) fn unavailable() -> Self {
        let detail = "The service cannot answer now. Try again in a few seconds.";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
        Self { retry: Some(Retry::InSeconds(UNAVAILABLE_SECONDS)), ..problem }
    }

    /// The caller sends too many requests.
    pub(crate) fn too_many_requests(seconds: u64) -> Self {
        let detail =
            "You send more requests than the service takes from one caller. Slow down, and try again later.";
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail);
        Self { retry: Some(Retry::InSeconds(u16::try_from(seconds).unwrap_or(u16::MAX))), ..problem }
    }

    /// The service has a fault; what it is, is in its log.
    pub(crate) fn internal() -> Self {
        let detail = "The service has a fault. It is in its log, under this answer's x-request-id.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// No route has this path.
    pub(crate) fn route_unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "route_unknown", "Nothing is at this path. See /openapi.json.")
    }

    /// The route does not know this method.
    pub(crate) fn method_not_allowed() -> Self {
        let detail = "This path does not take this method; the header Allow lists those that it takes.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// The same problem, with another challenge for those who are not known (RFC 9110 §11.6.1).
    pub(crate) fn with_challenge(self, challenge: &'static str) -> Self {
        Self { challenge, ..self }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// What is said of it.
    pub(crate) fn body(&self) -> ProblemBody {
        ProblemBody {
            r#type: format!("/problems/{}", self.code),
            title: self.title(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code.to_owned(),
        }
    }

    fn title(&self) -> String {
        let words = self.code.replace('_', " ");
        let mut letters = words.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let retry = match refusal {
            Refusal::TooManyAttempts { retry_at }
            | Refusal::TooManyLogIns { retry_at }
            | Refusal::TooManyTestMails { retry_at } => Some(Retry::At(retry_at)),
            Refusal::IdempotencyInProgress => Some(Retry::InSeconds(1)),
            _ => None,
        };
        Self { retry, ..Self::new(status_of(&refusal), refusal.code(), refusal.to_string()) }
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Refused(refusal) => refusal.into(),
            AppError::Store(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "the store did not answer a request");
                Self::unavailable()
            }
            error @ (AppError::Template(_)
            | AppError::Unsealed
            | AppError::Tls(_)
            | AppError::Json(_)
            | AppError::BrokeOff(_)) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "the service has a fault");
                Self::internal()
            }
        }
    }
}

impl From<serde_json::Error> for Problem {
    /// JSON of our own that cannot be written or read back: a fault.
    fn from(error: serde_json::Error) -> Self {
        tracing::error!(%error, "JSON of the service's own is broken");
        Self::internal()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(self.challenge));
        }
        match self.retry {
            None => {}
            Some(Retry::InSeconds(seconds)) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            Some(Retry::At(instant)) => {
                response.extensions_mut().insert(RetryAt(instant));
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What CoAP says to it (R26); the rest never comes up there.
    fn coap(refusal: &Refusal) -> &'static str {
        match refusal {
            Refusal::MessageMalformed => "4.00",
            Refusal::DeviceTokenWrong => "4.01",
            Refusal::SensorUnknown => "4.04",
            _ => "-",
        }
    }

    #[test]
    fn every_refusal_with_its_code_its_statuses_and_its_sentence() {
        let row = |refusal: &Refusal| {
            let status = status_of(refusal).as_u16();
            format!("{:<24} {status} {:<4} {refusal}\n", refusal.code(), coap(refusal))
        };
        let table: String = Refusal::samples().iter().map(row).collect();
        insta::assert_snapshot!(table);
    }

    #[test]
    fn trouble_of_the_store_is_not_shown() {
        let error = AppError::Store(tenure_store::StoreError::Address("postgres://secret@host".to_owned()));
        let problem = Problem::from(error);
        assert_eq!((problem.status().as_u16(), problem.code()), (503, "unavailable"));
        assert!(!problem.detail.contains("secret"));
    }
}
