//! `tenure sensor` and `tenure serial`: an organization's sensors and their licenses, for whoever runs the service
//! (R11, R12, R19 to R22).
//!
//! Sensors are named by their serial numbers, licenses and codes by their identifiers: whoever runs the service sees no
//! license keys (R2).

mod arguments;

use serde_json::{Value, json};
use tenure_app::add_sensors::{Additions, Listed};
use tenure_app::ahead::Ending;
use tenure_app::list_sensors::{Asked, Row};
use tenure_app::preview_assignment::{AssignmentPreview, last};
use tenure_app::remove_sensor::Removal;
use tenure_app::sensors::{Addition, SensorChange};
use tenure_app::{Actor, App, Ctx};
use tenure_domain::{LicenseId, OrganizationId, Refusal, SensorId, Serial, Standing};

pub use arguments::Kept;
use arguments::Switch;

use crate::cli::SerialNumber;
use crate::{Failure, output};

/// Rows that are read at once.
const PAGE: u32 = 1_000;

/// A command on one organization.
struct Work<'a> {
    app: &'a App,
    ctx: Ctx,
    organization: OrganizationId,
    json: bool,
}

/// Runs a command on an organization's sensors.
pub async fn run(app: &App, command: Kept) -> Result<(), Failure> {
    let of = command.of();
    let organization = app.organization_named(&of.organization).await?.id;
    let work = Work { app, ctx: app.ctx(Actor::CommandLine), organization, json: of.json };
    match command {
        Kept::List { search, standing, .. } => work.list(search, standing).await,
        Kept::Show { which } => work.show(which.serial).await,
        Kept::Add { which, name, key, auto_renewal, dry_run } => {
            let auto_renewal = auto_renewal.map(Switch::is_on);
            work.add(which.serial, name.as_deref(), key.as_deref(), auto_renewal, dry_run).await
        }
        Kept::Assign { which, key, dry_run } => work.assign(which.serial, key.as_deref(), dry_run).await,
        Kept::TakeBack { which, license_id } => {
            let sensor = work.sensor(which.serial).await?;
            app.take_back(&work.ctx, organization, sensor, license_id).await?;
            work.tell(sensor, "The license is taken back.").await
        }
        Kept::AutoRenewal { which, switch, dry_run } => work.switch(which.serial, switch, dry_run).await,
        Kept::Rename { which, name } => {
            let sensor = work.sensor(which.serial).await?;
            let change = SensorChange { name: Some(&name), auto_renewal: None };
            app.change_sensor(&work.ctx, organization, sensor, change).await?;
            work.tell(sensor, "Renamed.").await
        }
        Kept::Replace { which, new_serial } => {
            let sensor = work.sensor(which.serial).await?;
            app.replace_sensor(&work.ctx, organization, sensor, new_serial).await?;
            work.tell(sensor, &format!("{} is replaced; no date has changed.", which.serial)).await
        }
        Kept::Remove { which, dry_run } => {
            let sensor = work.sensor(which.serial).await?;
            let removal = if dry_run {
                app.preview_removal(&work.ctx, organization, sensor).await?
            } else {
                app.remove_sensor(&work.ctx, organization, sensor).await?
            };
            told_removal(which.serial, &removal, dry_run, work.json);
            Ok(())
        }
        Kept::Removed { .. } => work.removed().await,
        Kept::GiveRest { which, license_id, dry_run } => {
            work.give_rest(which.serial, license_id, dry_run).await
        }
        Kept::EraseHistory { which, confirm } => {
            let removed = app.removed_with_serial(organization, which.serial).await?;
            app.erase_history(&work.ctx, organization, removed.id, &confirm).await?;
            let object = json!({ "id": removed.id, "serial": removed.serial, "name": removed.name });
            let text = format!("The history of {} is erased.", removed.serial);
            output::result(work.json, &object, &text);
            Ok(())
        }
    }
}

/// Runs a command on a serial number, whichever organization has it.
pub async fn serial(app: &App, command: SerialNumber) -> Result<(), Failure> {
    let ctx = app.ctx(Actor::CommandLine);
    match command {
        SerialNumber::Show { serial, json } => {
            let owner = app.serial_owner(serial).await?;
            let object = json!({
                "serial": serial, "organization_id": owner.organization, "organization": owner.name,
                "added_at": owner.added_at,
            });
            let text =
                format!("{serial} is in {} ({}) since {}.", owner.name, owner.organization, owner.added_at);
            output::result(json, &object, &text);
        }
        SerialNumber::Free { serial, dry_run, json } => {
            let removal = if dry_run {
                let owner = app.serial_owner(serial).await?;
                let sensor = app.sensor_with_serial(owner.organization, serial).await?;
                app.preview_removal(&ctx, owner.organization, sensor).await?
            } else {
                app.free_serial(&ctx, serial).await?
            };
            told_removal(serial, &removal, dry_run, json);
        }
    }
    Ok(())
}

impl Work<'_> {
    async fn sensor(&self, serial: Serial) -> Result<SensorId, Failure> {
        Ok(self.app.sensor_with_serial(self.organization, serial).await?)
    }

    /// Says that something is done, and how the sensor is now.
    async fn tell(&self, sensor: SensorId, done: &str) -> Result<(), Failure> {
        let row = self.app.sensor(&self.ctx, self.organization, sensor).await?;
        output::result(self.json, &object(&row), &format!("{done}\n{}", line(&row)));
        Ok(())
    }

    async fn list(&self, search: String, standing: Option<Standing>) -> Result<(), Failure> {
        let mut asked = Asked { search, standing, limit: PAGE, ..Asked::default() };
        let mut items = Vec::new();
        loop {
            let (rows, end) = self.app.list_sensors(&self.ctx, self.organization, asked.clone()).await?;
            if self.json {
                items.extend(rows.iter().map(object));
            } else {
                rows.iter().for_each(|row| output::line(&line(row)));
            }
            if end.is_none() {
                break;
            }
            asked.after = end;
        }
        if self.json {
            output::line(&json!({ "items": items }).to_string());
        }
        Ok(())
    }

    async fn show(&self, serial: Serial) -> Result<(), Failure> {
        let sensor = self.sensor(serial).await?;
        let row = self.app.sensor(&self.ctx, self.organization, sensor).await?;
        let licenses = self.app.sensor_licenses(&self.ctx, self.organization, sensor).await?;
        let mut text = line(&row);
        let mut items = Vec::new();
        for on in licenses {
            let cover = on.placed.cover;
            let (id, code, term) = (on.license.id, on.license.code, on.license.term);
            let (from, to) = (cover.activation_date, cover.expires_on);
            text.push_str(&format!("\n{id}  {}  {from} to {to}  {term} of {code}", on.state));
            items.push(json!({
                "license_id": id, "activation_code_id": code, "term": term, "state": on.state,
                "activation_date": from, "expires_on": to, "starts_at": cover.starts, "expires_at": cover.ends,
            }));
        }
        let mut object = object(&row);
        if let Some(fields) = object.as_object_mut() {
            fields.insert("licenses".to_owned(), items.into());
        }
        output::result(self.json, &object, &text);
        Ok(())
    }

    async fn add(
        &self,
        serial: Serial,
        name: Option<&str>,
        key: Option<&str>,
        auto_renewal: Option<bool>,
        dry_run: bool,
    ) -> Result<(), Failure> {
        if !dry_run {
            let addition = Addition { serial, name, key, auto_renewal };
            let sensor = self.app.add_sensor(&self.ctx, self.organization, addition).await?;
            return self.tell(sensor, "Added.").await;
        }
        let written = serial.to_string();
        let sensors = [Listed { serial: &written, name }];
        let additions = Additions { sensors: &sensors, key, auto_renewal };
        let outlook = self.app.preview_additions(&self.ctx, self.organization, additions).await?;
        let planned = outlook.sensors.into_iter().next();
        let planned = planned.ok_or_else(|| Failure::Failed("nothing was planned".to_owned()))?;
        let placed = planned.outcome?;
        let object = json!({
            "serial": serial, "name": planned.name, "comes_back": placed.comes_back, "term": placed.term,
            "activation_date": placed.activation_date, "expires_on": placed.expires_on,
            "licenses_needed": outlook.licenses_needed, "licenses_left": outlook.licenses_left,
        });
        let how = if placed.comes_back {
            "would come back with what it left behind".to_owned()
        } else {
            format!("would take one of {} licenses", outlook.licenses_left)
        };
        let text = format!("{serial} {how}, and be covered to {}. Nothing is changed.", placed.expires_on);
        output::result(self.json, &object, &text);
        Ok(())
    }

    async fn assign(&self, serial: Serial, key: Option<&str>, dry_run: bool) -> Result<(), Failure> {
        let sensor = self.sensor(serial).await?;
        if dry_run {
            let preview = self.app.preview_assignment(&self.ctx, self.organization, sensor, key).await?;
            return self.told_assignment(serial, &preview);
        }
        self.app.assign_license(&self.ctx, self.organization, sensor, key).await?;
        self.tell(sensor, "The license is given.").await
    }

    async fn give_rest(&self, serial: Serial, license: LicenseId, dry_run: bool) -> Result<(), Failure> {
        let sensor = self.sensor(serial).await?;
        if dry_run {
            let preview = self.app.preview_released(&self.ctx, self.organization, sensor, license).await?;
            return self.told_assignment(serial, &preview);
        }
        self.app.give_released(&self.ctx, self.organization, sensor, license).await?;
        self.tell(sensor, "The rest of the license is given.").await
    }

    fn told_assignment(&self, serial: Serial, preview: &AssignmentPreview) -> Result<(), Failure> {
        let (active, held) = last(&preview.sensor.chain).ok_or(Refusal::NotFound { what: "license" })?;
        let cover = held.cover;
        let object = json!({
            "serial": serial, "license_id": held.license.id, "activation_code_id": held.license.code,
            "term": held.license.term, "state": if active { "active" } else { "queued" },
            "activation_date": cover.activation_date, "expires_on": cover.expires_on,
            "licenses_left": preview.licenses_left, "goes_without": preview.goes_without.iter().map(ending).collect::<Vec<_>>(),
        });
        let (from, to) = (cover.activation_date, cover.expires_on);
        let mut text = format!(
            "{serial} would be covered by {} from {from} to {to}; {} licenses would be left.",
            held.license.id, preview.licenses_left
        );
        for without in &preview.goes_without {
            text.push_str(&format!(
                "\nBecause of it {} would go without after {}.",
                without.sensor.name, without.on
            ));
        }
        text.push_str("\nNothing is changed.");
        output::result(self.json, &object, &text);
        Ok(())
    }

    async fn switch(&self, serial: Serial, switch: Switch, dry_run: bool) -> Result<(), Failure> {
        let sensor = self.sensor(serial).await?;
        let on = switch.is_on();
        if !dry_run {
            self.app.set_auto_renewal(&self.ctx, self.organization, &[sensor], on).await?;
            let done = if on { "Auto renewal is on." } else { "Auto renewal is off." };
            return self.tell(sensor, done).await;
        }
        let preview = self.app.preview_auto_renewal(&self.ctx, self.organization, &[sensor], on).await?;
        let stops = preview.stops.first();
        let object = json!({
            "serial": serial, "changed": preview.changed, "renewed_now": preview.renewed_now.len(),
            "stops": preview.stops.iter().map(ending).collect::<Vec<_>>(),
            "goes_without": preview.goes_without.iter().map(ending).collect::<Vec<_>>(),
        });
        let text = match (preview.changed, preview.renewed_now.is_empty(), stops) {
            (0, ..) => format!("{serial} is so already."),
            (_, false, _) => format!("{serial} would be renewed at once."),
            (_, true, Some(stops)) => format!("{serial} would stop after {}.", stops.on),
            (_, true, None) => format!("{serial} would be switched."),
        };
        output::result(self.json, &object, &format!("{text} Nothing is changed."));
        Ok(())
    }

    async fn removed(&self) -> Result<(), Failure> {
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let page = self.app.removed_sensors(&self.ctx, self.organization, after, PAGE).await?;
            after = page.last().map(|(sensor, _)| (sensor.removed_at, sensor.id));
            if page.is_empty() {
                break;
            }
            for (sensor, released) in page {
                let mut text = format!("{}  removed {}  {}", sensor.serial, sensor.removed_at, sensor.name);
                if let Some(left) = &released {
                    text.push_str(&format!("  left behind {} to {}", left.license, left.expires_on));
                }
                if self.json {
                    items.push(json!({
                        "id": sensor.id, "serial": sensor.serial, "name": sensor.name, "removed_at": sensor.removed_at,
                        "released": released.as_ref().map(left_behind),
                    }));
                } else {
                    output::line(&text);
                }
            }
        }
        if self.json {
            output::line(&json!({ "items": items }).to_string());
        }
        Ok(())
    }
}

fn told_removal(serial: Serial, removal: &Removal, dry_run: bool, json: bool) {
    let object = json!({
        "serial": serial, "returned_to_pool": removal.returned_to_pool,
        "released": removal.released.as_ref().map(left_behind),
    });
    let (is, go) = if dry_run { ("would be", "would go") } else { ("is", "went") };
    let mut text = format!(
        "{serial} {is} removed; {} licenses of its queue {go} back to the pool.",
        removal.returned_to_pool
    );
    if let Some(left) = &removal.released {
        text.push_str(&format!("\nIt leaves {} behind, which ends on {}.", left.license, left.expires_on));
    }
    if dry_run {
        text.push_str("\nNothing is changed.");
    }
    output::result(json, &object, &text);
}

fn left_behind(left: &tenure_app::remove_sensor::Released) -> Value {
    json!({
        "license_id": left.license, "term": left.term, "expires_on": left.expires_on, "expires_at": left.expires_at,
    })
}

fn ending(ending: &Ending) -> Value {
    json!({ "id": ending.sensor.id, "serial": ending.sensor.serial, "name": ending.sensor.name, "on": ending.on })
}

fn object(row: &Row) -> Value {
    let sensor = &row.sensor;
    let shown = sensor.shown.as_ref();
    json!({
        "id": sensor.id, "serial": sensor.serial, "name": sensor.name, "standing": row.standing,
        "license_id": sensor.active, "activation_code_id": shown.map(|shown| shown.code),
        "activation_date": shown.map(|shown| shown.activation_date),
        "expires_on": shown.map(|shown| shown.expires_on), "expires_at": shown.map(|shown| shown.expires_at),
        "days_remaining": row.days_remaining, "auto_renewal": sensor.auto_renewal,
        "queued": row.queued.iter().map(|queued| json!({
            "license_id": queued.license, "term": queued.term, "activation_date": queued.activation_date,
            "expires_on": queued.expires_on,
        })).collect::<Vec<_>>(),
    })
}

fn line(row: &Row) -> String {
    let sensor = &row.sensor;
    let mut text = format!("{}  {}", sensor.serial, row.standing);
    if let Some(shown) = &sensor.shown {
        text.push_str(&format!("  {} to {}", shown.activation_date, shown.expires_on));
    }
    if let Some(queued) = row.queued.last() {
        text.push_str(&format!("  {} queued, to {}", row.queued.len(), queued.expires_on));
    }
    if !sensor.auto_renewal {
        text.push_str("  auto renewal off");
    }
    format!("{text}  {}", sensor.name)
}
