//! The OpenAPI document, which every answer of every test is compared with.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(tenure_api::openapi()).unwrap());

/// Headers that say nothing of their own: how an answer came, and what a browser is to do with it.
const OF_HTTP: [&str; 8] = [
    "allow",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-type",
    "vary",
    "x-accel-buffering",
    "x-content-type-options",
];

/// The document.
pub(crate) fn document() -> &'static Value {
    &DOCUMENT
}

/// All operations: method, path, and what the document says of it.
pub(crate) fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap();
        item.iter().map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
    })
}

/// What the document says of a request.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &&String| {
        let wanted: Vec<&str> = template.split('/').collect();
        wanted.len() == parts.len()
            && wanted.iter().zip(&parts).all(|(wanted, part)| wanted == part || wanted.starts_with('{'))
    };
    // The one with the fewest variables, as the router does.
    let templates = DOCUMENT["paths"].as_object().unwrap();
    let template = templates.keys().filter(fits).min_by_key(|template| template.matches('{').count())?;
    templates[template].get(method.to_lowercase())
}

/// What the document does not say of an answer, or says otherwise.
pub(crate) fn untold(
    method: &str,
    path: &str,
    status: u16,
    headers: &HeaderMap,
    body: &Value,
) -> Option<String> {
    let operation = operation(method, path)?;
    let response = &operation["responses"][status.to_string()];
    if response.is_null() {
        return Some(format!("the document has no {status}"));
    }
    let kind = headers.get("content-type").map_or("", |kind| kind.to_str().unwrap());
    let kinds: Vec<&String> =
        response["content"].as_object().map(|kinds| kinds.keys().collect()).unwrap_or_default();
    let essence = |kind: &str| kind.split(';').next().unwrap_or_default().trim().to_owned();
    if kinds.is_empty() != kind.is_empty()
        || !(kind.is_empty() || kinds.iter().any(|known| essence(known) == essence(kind)))
    {
        return Some(format!("the document knows {kinds:?} of {status}, and not {kind:?}"));
    }
    let code = body["code"].as_str().filter(|_| essence(kind) == "application/problem+json");
    let description = response["description"].as_str().unwrap();
    if let Some(code) = code.filter(|code| !description.contains(&format!("`{code}`"))) {
        return Some(format!("the document does not say `{code}` of {status}: {description}"));
    }
    let told = |name: &str| {
        let known = response["headers"].as_object().into_iter().flatten();
        known.into_iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    let mut names = headers.keys().map(axum::http::HeaderName::as_str);
    let name = names.find(|name| !OF_HTTP.contains(name) && !told(name))?;
    Some(format!("the document does not say of {status} that it has the header {name}"))
}
