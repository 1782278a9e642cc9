//! What a text looks like that has a certain name.
//!
//! A name means the same in all requests and answers (`serial`, `term`, `sensor_id`), so what its text looks like is
//! said once, here, and not at each of the hundred fields. Where a field says something of its own, that counts.

use std::collections::BTreeSet;

use tenure_domain::id::{self, Kind};
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{AdditionalProperties, Array, ArrayItems, Object, Schema, SchemaType, Type};
use utoipa::openapi::{OpenApi as Document, RefOr};

/// No control characters: what stands on one line.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// A line with something on it.
const NAME: &str =
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";

const EMAIL: &str = "^(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$";

/// As it is typed: in either case, with what labels print between the digits (R22).
const TYPED_SERIAL: &str = "^[ :-]*([0-9A-Fa-f][ :-]*){12}$";
const SERIAL: &str = "^[0-9a-f]{12}$";

/// As it is typed: in either case, with look-alikes, spaces and dashes (R1).
const TYPED_CODE: &str = "^[ _-]*([0-9A-TV-Za-tv-z][ _-]*){25}$";
const CODE: &str = "^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$";

/// The length of an activation code with its dashes.
const ACTIVATION_CODE: usize = 29;

const TYPED_TERM: &str = "^[Pp]([0-9]{1,5}[Yy])?([0-9]{1,5}[Mm])?([0-9]{1,5}[Ww])?([0-9]{1,5}[Dd])?$";
const TERM: &str = "^P([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?$";

/// Fields of lists in which each line is told what is wrong with it: any text is read there.
const ANY_TEXT: [(&str, &str); 3] =
    [("NewListedSensor", "serial"), ("NewListedSensor", "name"), ("PlannedSensor", "serial")];

/// What is no JSON and leaves out what it does not have: the lines of an event.
const SPARSE: [&str; 1] = ["ServerSentEvent"];

/// What a text must look like.
#[derive(Default)]
struct Shape {
    pattern: Option<String>,
    least: Option<usize>,
    most: Option<usize>,
}

impl Shape {
    fn of(pattern: &str) -> Self {
        Self { pattern: Some(pattern.to_owned()), ..Self::default() }
    }

    fn long(self, least: usize, most: usize) -> Self {
        Self { least: Some(least), most: Some(most), ..self }
    }
}

/// Which way a text goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A caller sends it.
    In,
    /// The service writes it.
    Out,
}

/// What an identifier with this prefix looks like.
pub(crate) fn identifier(prefix: &str) -> String {
    format!("{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}")
}

/// The prefix of the identifiers of what is called so.
fn prefix(name: &str) -> Option<&'static str> {
    fn of<K: Kind>() -> (&'static str, &'static str) {
        (K::NAME, K::PREFIX)
    }
    let kinds = [
        of::<id::OrganizationKind>(),
        of::<id::UserKind>(),
        of::<id::CodeKind>(),
        of::<id::LicenseKind>(),
        of::<id::SensorKind>(),
        of::<id::TokenKind>(),
        of::<id::InvitationKind>(),
        of::<id::MailKind>(),
        of::<id::WebhookKind>(),
        of::<id::DeliveryKind>(),
        of::<id::AlertKind>(),
        of::<id::AlertRuleKind>(),
        ("rule", id::AlertRuleKind::PREFIX),
        ("recipient", id::UserKind::PREFIX),
        ("license expiration", id::UserKind::PREFIX),
        ("pool low", id::UserKind::PREFIX),
    ];
    let name = name.replace('_', " ");
    kinds.into_iter().find(|(called, _)| *called == name).map(|(_, prefix)| prefix)
}

/// What the text of this name looks like.
fn shape(name: &str, way: Way) -> Option<Shape> {
    if let Some(prefix) = name.strip_suffix("_id").and_then(prefix) {
        return Some(Shape::of(&format!("^{}$", identifier(prefix))));
    }
    let shape = match (name, way) {
        ("serial", Way::In) => Shape::of(TYPED_SERIAL),
        ("serial", Way::Out) => Shape::of(SERIAL),
        ("key", Way::Out) => Shape::of(CODE),
        ("activation_code", Way::In) => Shape::of(TYPED_CODE),
        ("term", Way::In) => Shape::of(TYPED_TERM),
        ("term", Way::Out) => Shape::of(TERM),
        ("cursor" | "next_cursor", _) => Shape::of("^[A-Za-z0-9_-]+$"),
        ("time_zone", Way::In) => Shape::of("^[A-Za-z0-9+_/-]+$").long(1, 100),
        ("email" | "administrator_email", Way::In) => Shape::of(EMAIL).long(3, 254),
        ("name" | "organization_name", Way::In) => Shape::of(NAME).long(1, 100),
        ("search", Way::In) => Shape::of(LINE).long(0, 100),
        ("order" | "description", Way::In) => Shape::of(LINE).long(0, 200),
        ("actor" | "action" | "subject", Way::In) => Shape::of(LINE).long(0, 300),
        ("device_token", Way::In) => Shape::of("^[!-~]{1,36}$").long(1, 36),
        ("url", Way::In) => Shape::of(r"^https?://[^\s#@]+$").long(0, 2_000),
        ("ids", Way::In) => {
            let sensor = identifier(id::SensorKind::PREFIX);
            Shape::of(&format!("^{sensor}(,{sensor})*$"))
        }
        _ => return None,
    };
    Some(shape)
}

fn is_text(kind: &SchemaType) -> bool {
    match kind {
        SchemaType::Type(kind) => *kind == Type::String,
        SchemaType::Array(kinds) => kinds.contains(&Type::String),
        SchemaType::AnyValue => false,
    }
}

fn fit_text(object: &mut Object, shape: Shape) {
    let free = object.pattern.is_none() && object.format.is_none() && object.enum_values.is_none();
    if !is_text(&object.schema_type) || !free {
        return;
    }
    // An own limit says of a name that it may be empty.
    let own = object.min_length.is_some() || object.max_length.is_some();
    let line = own && object.min_length.unwrap_or(0) == 0 && shape.pattern.as_deref() == Some(NAME);
    object.pattern = if line { Some(LINE.to_owned()) } else { shape.pattern };
    if !own {
        object.min_length = shape.least.filter(|least| *least > 0);
        object.max_length = shape.most;
    }
}

/// Says what a schema's text looks like that has this name.
fn fit(schema: &mut RefOr<Schema>, name: &str, way: Way) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            let example = object.example.as_ref().and_then(|example| example.as_str()).unwrap_or_default();
            // The identifier of the thing itself: its example tells its kind.
            if name == "id"
                && let Some((prefix, _)) = example.split_once('_')
            {
                let pattern = format!("^{}$", identifier(prefix));
                return fit_text(object, Shape::of(&pattern));
            }
            // An activation code, and no one-time code.
            if name == "code" && example.len() == ACTIVATION_CODE {
                let pattern = if way == Way::In { TYPED_CODE } else { CODE };
                return fit_text(object, Shape::of(pattern));
            }
            if let Some(shape) = shape(name, way) {
                fit_text(object, shape);
            }
        }
        Schema::Array(array) => fit_list(array, name, way),
        Schema::OneOf(one_of) => one_of.items.iter_mut().for_each(|item| fit(item, name, way)),
        Schema::AnyOf(any_of) => any_of.items.iter_mut().for_each(|item| fit(item, name, way)),
        _ => {}
    }
}

/// Of a list of identifiers, those in it. What is to be done with sensors is done with 1 to 1000, each once.
fn fit_list(array: &mut Array, name: &str, way: Way) {
    let of = name.strip_suffix("_ids").or_else(|| name.strip_suffix('s')).unwrap_or(name);
    if let ArrayItems::RefOrSchema(items) = &mut array.items
        && let RefOr::T(Schema::Object(item)) = &mut **items
    {
        let one = prefix(of).map(|prefix| Shape::of(&format!("^{}$", identifier(prefix))));
        let Some(one) = one.or_else(|| shape(of, way).filter(|_| name == "serials")) else { return };
        fit_text(item, one);
        if way == Way::In && name == "sensor_ids" {
            array.min_items = array.min_items.or(Some(1));
            array.max_items = array.max_items.or(Some(1_000));
            array.unique_items = true;
        }
    }
}

/// Says it of the properties of a schema, at any depth.
fn fit_properties(schema: &mut RefOr<Schema>, of: &str, way: Way) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            for (name, property) in &mut object.properties {
                if !ANY_TEXT.contains(&(of, name.as_str())) {
                    fit(property, name, way);
                    fit_properties(property, of, way);
                }
            }
        }
        Schema::Array(Array { items: ArrayItems::RefOrSchema(items), .. }) => fit_properties(items, of, way),
        Schema::OneOf(one_of) => one_of.items.iter_mut().for_each(|item| fit_properties(item, of, way)),
        Schema::AnyOf(any_of) => any_of.items.iter_mut().for_each(|item| fit_properties(item, of, way)),
        Schema::AllOf(all_of) => all_of.items.iter_mut().for_each(|item| fit_properties(item, of, way)),
        _ => {}
    }
}

/// The names of the schemas that a schema refers to.
fn referred(schema: &RefOr<Schema>, found: &mut Vec<String>) {
    let schema = match schema {
        RefOr::Ref(reference) => {
            found.extend(reference.ref_location.rsplit('/').next().map(str::to_owned));
            return;
        }
        RefOr::T(schema) => schema,
    };
    match schema {
        Schema::Object(object) => object.properties.values().for_each(|property| referred(property, found)),
        Schema::Array(Array { items: ArrayItems::RefOrSchema(items), .. }) => referred(items, found),
        Schema::OneOf(one_of) => one_of.items.iter().for_each(|item| referred(item, found)),
        Schema::AnyOf(any_of) => any_of.items.iter().for_each(|item| referred(item, found)),
        Schema::AllOf(all_of) => all_of.items.iter().for_each(|item| referred(item, found)),
        _ => {}
    }
}

fn operations(document: &mut Document) -> impl Iterator<Item = &mut Operation> {
    document.paths.paths.values_mut().flat_map(super::operations)
}

/// The schemas that callers send.
fn sent(document: &mut Document) -> BTreeSet<String> {
    let mut next = Vec::new();
    for operation in operations(document) {
        let Some(RefOr::T(body)) = &operation.request_body else { continue };
        for content in body.content.values() {
            if let RefOr::T(content) = content
                && let Some(schema) = &content.schema
            {
                referred(schema, &mut next);
            }
        }
    }
    let mut sent = BTreeSet::new();
    while let Some(name) = next.pop() {
        let schema = document.components.as_ref().and_then(|components| components.schemas.get(&name));
        if let Some(schema) = schema
            && sent.insert(name)
        {
            referred(schema, &mut next);
        }
    }
    sent
}

fn fit_parameter(parameter: &mut Parameter) {
    if let Some(schema) = &mut parameter.schema {
        fit(schema, &parameter.name, Way::In);
    }
}

/// Says of all texts in the document what they look like.
pub(super) fn complete(document: &mut Document) {
    let sent = sent(document);
    if let Some(components) = &mut document.components {
        for (name, schema) in &mut components.schemas {
            let way = if sent.contains(name) { Way::In } else { Way::Out };
            fit_properties(schema, name, way);
            match way {
                Way::In => close(schema),
                Way::Out if SPARSE.contains(&name.as_str()) => {}
                Way::Out => require(schema),
            }
        }
    }
    for operation in operations(document) {
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(parameter) = parameter {
                fit_parameter(parameter);
            }
        }
    }
}

/// What the service writes is whole: a field without a value is null, and not left out.
fn require(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => object.required = object.properties.keys().cloned().collect(),
        Schema::OneOf(one_of) => one_of.items.iter_mut().for_each(require),
        Schema::AllOf(all_of) => all_of.items.iter_mut().for_each(require),
        _ => {}
    }
}

/// A field that is not known is refused, in the variants of an enum too.
fn close(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) if !object.properties.is_empty() => {
            let closed = || Box::new(AdditionalProperties::FreeForm(false));
            object.additional_properties.get_or_insert_with(closed);
        }
        Schema::OneOf(one_of) => one_of.items.iter_mut().for_each(close),
        _ => {}
    }
}
