//! Pages of lists: how long they are, and where the next one begins.

use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tenure_domain::Refusal;
use utoipa::IntoParams;

/// How many items a page has when nothing is said.
const DEFAULT_LIMIT: u32 = 50;

/// The most items of a page.
const MOST_ITEMS: u32 = 200;

/// Which page is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    pub(crate) limit: Option<String>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

impl PageQuery {
    /// Where the page before ended, and how many items are asked for.
    pub(crate) fn read<P: DeserializeOwned>(&self) -> Result<(Option<P>, u32), Refusal> {
        Ok((place(self.cursor.as_deref())?, limit(self.limit.as_deref())?))
    }
}

/// The limit that a query asks for.
pub(crate) fn limit(text: Option<&str>) -> Result<u32, Refusal> {
    let Some(text) = text else { return Ok(DEFAULT_LIMIT) };
    let limit = text.parse().ok().filter(|limit| (1..=MOST_ITEMS).contains(limit));
    limit.ok_or_else(|| Refusal::Invalid {
        field: "limit",
        expected: format!("a number from 1 to {MOST_ITEMS}"),
    })
}

/// A text that says where a page ended; what is in it is nobody's business but ours.
pub(crate) fn cursor<T: Serialize>(place: &T) -> Result<String, serde_json::Error> {
    serde_json::to_vec(place).map(|json| BASE64URL_NOPAD.encode(&json))
}

/// What a cursor is that cannot be used.
pub(crate) fn cursor_invalid() -> Refusal {
    let expected =
        "the next_cursor of an answer to the same question, with the same sort and order".to_owned();
    Refusal::Invalid { field: "cursor", expected }
}

/// Where the page before ended.
pub(crate) fn place<T: DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let json = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| cursor_invalid())?;
    serde_json::from_slice(&json).map(Some).map_err(|_| cursor_invalid())
}
