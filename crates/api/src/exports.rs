//! Exports as CSV files, sent while they are read, and as workbooks.

use axum::extract::State;
use axum::response::Response;
use futures_util::stream;
use serde::Deserialize;
use tenure_app::Caller;
use tenure_app::export::Measured;
use tenure_app::list_sensors::Asked;
use tenure_domain::id::SensorKind;
use tenure_domain::measurement::{MAX_CHANNELS, Reading};
use tenure_domain::{Permission, Refusal, Standing};
use utoipa::IntoParams;

use crate::access::{self, Member};
use crate::csv;
use crate::extract::{PathId, Query, parsed};
use crate::problem::ProblemBody;
use crate::sensor_row::{COLUMNS, Sensor};
use crate::sensor_values::ids;
use crate::sensors::{descending, search, sort};
use crate::workbook::Table;
use crate::{ApiState, Problem, shapes, workbook};

/// How many sensors are read at once.
const PAGE: u32 = 500;

/// The most sensors that are asked for by their ids.
const MOST_IDS: usize = 1_000;

/// Which sensors are exported, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// As in the list.
    search: Option<String>,
    /// As in the list.
    #[param(value_type = Option<shapes::Standing>)]
    standing: Option<String>,
    /// As in the list.
    #[param(value_type = Option<shapes::SensorSort>)]
    sort: Option<String>,
    /// As in the list.
    #[param(value_type = Option<shapes::Order>)]
    order: Option<String>,
    /// Only these sensors: up to 1000 ids, with commas between them.
    ids: Option<String>,
}

impl ExportQuery {
    fn asked(self, caller: &Caller) -> Result<Asked, Problem> {
        let licenses = caller.role_allows(Permission::ReadLicenses);
        let (_, sort) = sort(self.sort.as_deref(), licenses)?;
        Ok(Asked {
            search: search(self.search)?,
            licenses,
            standing: self.standing.map(|standing| standing.parse::<Standing>()).transpose()?,
            only: self.ids.map(|text| ids(&text, MOST_IDS)).transpose()?,
            sort,
            descending: descending(self.order.as_deref())?,
            after: None,
            limit: PAGE,
        })
    }
}

/// Export sensors as CSV
///
/// The rows of the table, with a header of this API's names. A text that a spreadsheet would take for a formula has an
/// apostrophe in front of it.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/sensors.csv",
    tag = "sensors",
    params(("organization_id" = String, Path, description = "The organization"), ExportQuery),
    responses(
        (status = 200, body = String, content_type = "text/csv", description = "RFC 4180, UTF-8"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn sensors_csv(
    by: Member<access::ReadLicenses>,
    State(state): State<ApiState>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let asked = query.asked(&by.caller)?;
    let (today, _) = state.app.today(&by.ctx, by.organization).await?;
    let mut header = String::new();
    csv::record(&mut header, COLUMNS.map(|(name, _)| name));
    let begin = (Some(asked), Some(header));
    let pieces = stream::try_unfold(begin, move |(asked, header)| {
        let (app, ctx, caller, organization) =
            (state.app.clone(), by.ctx.clone(), by.caller.clone(), by.organization);
        async move {
            let Some(mut asked) = asked else { return Ok(None) };
            let (rows, place) = app.list_sensors(&ctx, organization, asked.clone()).await?;
            let mut piece = header.unwrap_or_default();
            for row in rows {
                let fields = Sensor::new(row, &caller).cells().map(|cell| cell.to_string());
                csv::record(&mut piece, fields.iter().map(String::as_str));
            }
            asked.after = place;
            let next = asked.after.is_some().then_some(asked);
            Ok::<_, tenure_app::AppError>(Some((piece, (next, None))))
        }
    });
    csv::file(&format!("sensors-{today}.csv"), pieces)
}

/// Export sensors as a workbook
///
/// The same rows and columns as in CSV, for spreadsheets (XLSX): dates are dates, numbers are numbers, and no text is a
/// formula. Instants are shown by the clocks of the organization's time zone.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/sensors.xlsx",
    tag = "sensors",
    params(("organization_id" = String, Path, description = "The organization"), ExportQuery),
    responses(
        (status = 200, body = shapes::Workbook,
            content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            description = "Office Open XML (ECMA-376)"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn sensors_xlsx(
    by: Member<access::ReadLicenses>,
    State(state): State<ApiState>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let mut asked = query.asked(&by.caller)?;
    let (today, zone) = state.app.today(&by.ctx, by.organization).await?;
    let table = Table { sheet: "Sensors", columns: &COLUMNS, zone };
    workbook::file(&format!("sensors-{today}.xlsx"), table, |sender| async move {
        loop {
            let (rows, place) = state.app.list_sensors(&by.ctx, by.organization, asked.clone()).await?;
            let cells = |row| Sensor::new(row, &by.caller).cells().to_vec();
            let writing = sender.send(rows.into_iter().map(cells).collect()).await;
            asked.after = place;
            // Whoever does not write any more has failed, and tells why.
            if asked.after.is_none() || writing.is_err() {
                return Ok(());
            }
        }
    })
}

/// Which measurements are exported.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MeasurementExportQuery {
    /// The channel's place in the sensor, 1 to 6; all when nothing is said.
    #[param(value_type = Option<u8>, minimum = 1, maximum = 6)]
    channel: Option<String>,
    /// From this instant on; all there is when nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<String>,
    /// Before this instant; all there is when nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<String>,
}

/// Export a sensor's measurements as CSV
///
/// Every sample, in the order of time. Where the sensor reported an error, `value` is empty. Also those of a sensor that
/// is not covered any more (R28).
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/measurements.csv",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
        MeasurementExportQuery,
    ),
    responses(
        (status = 200, body = String, content_type = "text/csv", description = "RFC 4180, UTF-8"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn measurements_csv(
    by: Member<access::ReadHistory>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
    Query(query): Query<MeasurementExportQuery>,
) -> Result<Response, Problem> {
    let channels = format!("a number from 1 to {MAX_CHANNELS}");
    let channel: Option<u8> = parsed("channel", query.channel.as_deref(), &channels)?;
    if channel.is_some_and(|channel| !(1..=MAX_CHANNELS).contains(&channel)) {
        return Err(Refusal::Invalid { field: "channel", expected: channels }.into());
    }
    let instant = "an instant such as 2028-02-29T12:00:00Z";
    let from = parsed("from", query.from.as_deref(), instant)?;
    let to = parsed("to", query.to.as_deref(), instant)?;
    let export = state.app.export_measurements(by.organization, id, channel, from, to).await?;
    let name = format!("measurements-{}.csv", export.serial);
    let mut header = String::new();
    csv::record(&mut header, ["at", "channel", "type", "unit", "value"]);
    let pieces = stream::try_unfold((export, Some(header)), move |(mut export, header)| {
        let app = state.app.clone();
        async move {
            let measured = app.next_measurements(&mut export).await?;
            let mut piece = match (header, &measured) {
                (None, None) => return Ok(None),
                (header, _) => header.unwrap_or_default(),
            };
            for Measured { at, channel, kind, reading } in measured.unwrap_or_default() {
                let value = match reading {
                    Reading::Value(raw) => kind.read(raw).value.to_string(),
                    Reading::Error(_) => String::new(),
                };
                let (at, channel) = (at.to_string(), channel.to_string());
                csv::record(&mut piece, [&at, &channel, kind.name(), kind.unit(), &value]);
            }
            Ok::<_, tenure_app::AppError>(Some((piece, (export, None))))
        }
    });
    csv::file(&name, pieces)
}
