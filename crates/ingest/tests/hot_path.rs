//! The hot path over real sockets and both engines: what sensors hear, and what is kept (R23 to R27).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod alerts;

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use tenure_app::create_user::NewUser;
use tenure_app::history::Asked;
use tenure_app::issue_code::Order;
use tenure_app::redeem_code::Attempt;
use tenure_app::sensors::Addition;
use tenure_app::{Actor, App, Caller, Ctx, ManualClock, Secret, SeededEntropy};
use tenure_domain::measurement::{
    Battery, Channel, ChannelType, Period, PowerSource, Reading, Sample, TransferReason, Uplink,
};
use tenure_domain::{Instant, OrganizationId, Role, SensorId, Serial, Zone};
use tenure_ingest::{GatewayOutcome, Ingest, Refuse, Settings};
use tenure_store::forwards::Forward;
use tenure_store::messages::Fate;
use tenure_store::testing::TestDb;
use tenure_wire::coap::client::{Post, Reply};
use tenure_wire::coap::{Code, Token};
use tenure_wire::gateway::Entry;
use tenure_wire::measurements;
use tokio::sync::watch;

tenure_store::on_both!(
    r23_covered_messages_are_saved_and_refused_ones_counted,
    r24_what_was_measured_before_the_end_is_saved_when_it_comes_late,
    r25_an_expired_sensor_is_heard_from_the_moment_of_its_renewal,
    r26_hold_keeps_the_samples_in_the_sensor,
    r26_a_database_that_is_away_is_told_and_nothing_is_acknowledged,
    a_resend_is_stored_once,
    a_gateway_hears_which_entries_were_saved,
    a_sensor_that_starts_is_asked_who_it_is_and_its_answer_is_kept,
    a_command_of_another_process_reaches_the_gate,
    r26_a_device_token_that_another_process_sets_reaches_the_gate,
    r21_a_removed_sensor_is_not_known_until_it_is_added_again,
    r20_a_replaced_sensor_is_heard_under_its_new_serial_number,
    r21_what_another_process_removes_and_replaces_reaches_the_gate,
    what_was_heard_is_committed_before_the_service_stops,
    r23_what_is_saved_is_written_down_to_be_handed_on_and_nothing_else,
    r26_what_is_not_committed_is_not_handed_on,
    nothing_is_written_down_where_nothing_is_handed_on,
);

mod of_alerts {
    use super::alerts::*;

    tenure_store::on_both!(
        a_rule_is_in_force_for_the_first_message_after_its_answer,
        r23_what_is_refused_starts_no_alert_and_r28_what_is_open_stays_open,
        a_batch_that_is_not_committed_opens_no_alert,
        a_rule_of_another_process_reaches_the_hot_path,
        what_was_open_is_still_open_after_a_restart,
    );
}

const SERIAL: Serial = Serial::from_number(0x282c_0242_4eed);
const START: &str = "2030-01-01T10:00:00Z";
/// The first instant after a license of a month that starts then.
const END: &str = "2030-02-02T00:00:00Z";

struct World {
    app: Arc<App>,
    clock: Arc<ManualClock>,
    ingest: Ingest,
    organization: OrganizationId,
    caller: Caller,
    sensor: SensorId,
    socket: UdpSocket,
    next_id: u16,
    stop: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<()>,
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// A service with one sensor that is covered for a month.
async fn world(db: &TestDb, refuse: Refuse) -> World {
    world_of(db, refuse, false).await
}

/// The same, which hands on what it accepts.
async fn world_of(db: &TestDb, refuse: Refuse, forward: bool) -> World {
    let clock = Arc::new(ManualClock::at(at(START)));
    let app = Arc::new(App::new(
        db.db.clone(),
        clock.clone(),
        Arc::new(SeededEntropy::new(1)),
        Secret::new([1; 32]),
    ));
    let ctx = app.ctx(Actor::CommandLine);
    let email = "maria@harbor.example".to_owned();
    let organization = Some("Harbor Foods".to_owned());
    let new =
        NewUser { email: email.clone(), organization, zone: Zone::UTC, role: Role::Manager, password: None };
    let organization = app.create_user(&ctx, new).await.unwrap().organization.unwrap();
    let token = app.create_token(&ctx, organization, &email, false).await.unwrap().secret;
    let caller = app.authenticate(&token).await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let settings = Settings {
        address: ([127, 0, 0, 1], 0).into(),
        late_window_us: 7 * 86_400 * 1_000_000,
        refuse,
        forward,
    };
    let (ingest, ended) = Ingest::start(app.clone(), settings, stopped).await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(ingest.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let sensor = SensorId::from_bits(0);
    let mut world =
        World { app, clock, ingest, organization, caller, sensor, socket, next_id: 0, stop, ended };
    world.redeem(1, "P1M").await;
    let addition = Addition { serial: SERIAL, name: None, key: None, auto_renewal: None };
    world.sensor = world.app.add_sensor(&world.ctx(), organization, addition).await.unwrap();
    world
}

impl World {
    fn ctx(&self) -> Ctx {
        self.app.ctx(Actor::CommandLine)
    }

    async fn redeem(&self, licenses: u32, term: &str) {
        let order = Order { licenses, term: term.parse().unwrap(), order: None, redeem_by: None };
        let code = self.app.issue_code(&self.ctx(), order).await.unwrap().code.to_string();
        let attempt = Attempt { organization: self.organization, code: &code, address: "test" };
        self.app.redeem_code(&self.ctx(), &self.caller, attempt).await.unwrap();
    }

    /// Posts a body and returns the answer's code, Max-Age and payload.
    fn post(&mut self, path: &str, payload: &[u8]) -> (Code, Option<u32>, Vec<u8>) {
        self.next_id += 1;
        let mut datagram = Vec::new();
        let token = Token::new(b"t").unwrap();
        Post { confirmable: true, id: self.next_id, token, path, block: None, payload }.encode(&mut datagram);
        let mut buffer = [0; 2_048];
        // A worker of the runtime that waits here would keep what it has to do next from the others.
        let length = tokio::task::block_in_place(|| {
            self.socket.send(&datagram).unwrap();
            self.socket.recv(&mut buffer).unwrap()
        });
        let reply = Reply::parse(&buffer[..length]).unwrap();
        assert_eq!(reply.id, self.next_id);
        (reply.code, reply.max_age, reply.payload.to_vec())
    }

    fn send(&mut self, uplink: &Uplink) -> Code {
        let body = measurements::encode(uplink).unwrap();
        self.post("m", &body).0
    }

    async fn values(&self) -> Vec<f64> {
        let (from, to) = (Some(at("2029-01-01T00:00:00Z")), Some(at("2031-01-01T00:00:00Z")));
        let asked = Asked { channel: None, from, to, points: 1_000 };
        let channels =
            self.app.measurements(&self.ctx(), self.organization, self.sensor, asked).await.unwrap();
        channels.iter().flat_map(|channel| channel.points.iter().filter_map(|point| point.value)).collect()
    }

    async fn refused(&self) -> (i64, Option<Instant>, Option<Instant>) {
        let row = self.app.sensor(&self.ctx(), self.organization, self.sensor).await.unwrap();
        let state = row.state.unwrap();
        (state.refused, state.refused_since, Some(state.last_seen))
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        self.ended.await.unwrap();
    }
}

/// A message with temperatures in tenths, a minute apart.
fn message(from: &str, tenths: &[i32]) -> Uplink {
    let from = at(from);
    let sample = |(index, tenths): (i64, &i32)| Sample {
        at: from.plus_seconds(60 * index),
        reading: Reading::Value(*tenths),
    };
    Uplink {
        serial: SERIAL,
        device_token: None,
        battery: Battery { low: true, centivolts: Some(312), source: Some(PowerSource::Battery) },
        signal_dbm: Some(-80),
        next_transmission_at: None,
        period: Period { base_seconds: 60, factor: 1 },
        configuration_hash: None,
        extended_configuration_hash: None,
        transfer_reason: TransferReason(0),
        channels: vec![Channel {
            position: 1,
            kind: ChannelType::Temperature,
            samples: (0..).zip(tenths).map(sample).collect(),
        }],
    }
}

async fn r23_covered_messages_are_saved_and_refused_ones_counted(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    assert_eq!(world.send(&message(START, &[200, 201])), Code::CREATED);
    world.clock.set(at(END).plus_micros(-1));
    assert_eq!(world.send(&message("2030-02-01T23:59:00Z", &[202])), Code::CREATED);
    let expired = at(END).plus_seconds(10 * 86_400);
    world.clock.set(expired);
    for _ in 0..3 {
        assert_eq!(world.send(&message("2030-02-12T00:00:00Z", &[203])), Code::CREATED);
    }
    assert_eq!(world.values().await, [20.0, 20.1, 20.2]);
    assert_eq!(world.refused().await, (3, Some(expired), Some(expired)));
    world.stop().await;
}

async fn r24_what_was_measured_before_the_end_is_saved_when_it_comes_late(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    let window = 7 * 86_400 * 1_000_000;
    world.clock.set(at(END).plus_micros(window - 1));
    assert_eq!(world.send(&message("2030-02-01T23:58:00Z", &[200, 201, 202])), Code::CREATED);
    assert_eq!(world.values().await, [20.0, 20.1], "the third was measured at the end");
    world.clock.set(at(END).plus_micros(window));
    assert_eq!(world.send(&message("2030-02-01T23:50:00Z", &[203])), Code::CREATED);
    assert_eq!(world.values().await, [20.0, 20.1]);
    assert_eq!(world.refused().await.0, 1);
    world.stop().await;
}

async fn r25_an_expired_sensor_is_heard_from_the_moment_of_its_renewal(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    world.clock.set(at(END).plus_seconds(20 * 86_400));
    assert_eq!(world.send(&message("2030-02-22T00:00:00Z", &[200])), Code::CREATED);
    world.redeem(1, "P1M").await;
    assert_eq!(world.send(&message("2030-02-22T00:01:00Z", &[201])), Code::CREATED);
    assert_eq!(world.values().await, [20.1]);
    assert_eq!(world.refused().await.0, 0, "counted since it was last covered");
    world.stop().await;
}

async fn r26_hold_keeps_the_samples_in_the_sensor(db: TestDb) {
    let mut world = world(&db, Refuse::Hold).await;
    world.clock.set(at(END).plus_seconds(20 * 86_400));
    let kept = measurements::encode(&message("2030-02-22T00:00:00Z", &[200])).unwrap();
    let (code, max_age, _) = world.post("m", &kept);
    assert_eq!((code, max_age), (Code::SERVICE_UNAVAILABLE, Some(3_600)));
    world.redeem(1, "P1M").await;
    assert_eq!(world.post("m", &kept).0, Code::CREATED);
    assert_eq!(world.values().await, [20.0]);
    world.stop().await;
}

async fn r26_a_database_that_is_away_is_told_and_nothing_is_acknowledged(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    assert_eq!(world.send(&message(START, &[200])), Code::CREATED);
    db.db.close().await;
    let lost = measurements::encode(&message("2030-01-01T10:01:00Z", &[201])).unwrap();
    let (code, max_age, _) = world.post("m", &lost);
    assert_eq!((code, max_age), (Code::SERVICE_UNAVAILABLE, Some(60)));
    // What needs no database is still told.
    assert_eq!(world.post("m", b"broken").0, Code::BAD_REQUEST);
    let stranger = Uplink { serial: Serial::from_number(1), ..message(START, &[1]) };
    assert_eq!(world.send(&stranger), Code::NOT_FOUND);
    assert_eq!(world.post("t", b"").0, Code::CONTENT);
    world.stop().await;
}

async fn a_resend_is_stored_once(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    for retries in 0..3 {
        // Each try says how often it was tried before.
        let again = Uplink { transfer_reason: TransferReason(retries << 3), ..message(START, &[200, 201]) };
        assert_eq!(world.send(&again), Code::CREATED);
    }
    let mut tx = db.db.read().await.unwrap();
    assert_eq!(tenure_store::messages::count(&mut tx).await.unwrap(), 1);
    tx.roll_back().await.unwrap();
    assert_eq!(world.values().await, [20.0, 20.1]);
    world.stop().await;
}

async fn a_gateway_hears_which_entries_were_saved(db: TestDb) {
    let world = world(&db, Refuse::Acknowledge).await;
    let entry = |response_handle, uplink| Entry { response_handle, uplink };
    let entries = || {
        let stranger = Uplink { serial: Serial::from_number(1), ..message(START, &[1]) };
        vec![entry(7, message(START, &[200])), entry(8, stranger)]
    };
    let done = world.ingest.deliver(None, entries(), at(START)).await;
    assert_eq!(done, GatewayOutcome::Done { accepted: vec![7], refused: vec![8] });
    let expired = at(END).plus_seconds(20 * 86_400);
    world.clock.set(expired);
    let done = world.ingest.deliver(None, entries(), expired).await;
    assert_eq!(done, GatewayOutcome::Done { accepted: vec![], refused: vec![8, 7] });
    let change = tenure_app::change_organization::OrganizationChange {
        device_token: Some(Some("open-sesame".to_owned())),
        ..Default::default()
    };
    world.app.change_organization(&world.ctx(), world.organization, change).await.unwrap();
    assert_eq!(world.ingest.deliver(None, entries(), expired).await, GatewayOutcome::WrongToken);
    let token = Some("open-sesame".to_owned());
    assert!(matches!(world.ingest.deliver(token, entries(), expired).await, GatewayOutcome::Done { .. }));
    db.db.close().await;
    let token = Some("open-sesame".to_owned());
    assert_eq!(world.ingest.deliver(token, entries(), expired).await, GatewayOutcome::Unavailable);
    world.stop().await;
}

async fn a_sensor_that_starts_is_asked_who_it_is_and_its_answer_is_kept(db: TestDb) {
    use tenure_store::device::Document;
    let mut world = world(&db, Refuse::Acknowledge).await;
    let first = Uplink { transfer_reason: TransferReason(1), ..message(START, &[200]) };
    let (code, _, payload) = world.post("m", &measurements::encode(&first).unwrap());
    assert_eq!(code, Code::CREATED);
    assert!(!payload.is_empty(), "it is told the time and asked for its device info");
    // Serial number, firmware 06.10.
    let info = [&[0x0a, 6][..], &SERIAL.bytes(), &[0x18, 0x8a, 0x0c]].concat();
    assert_eq!(world.post("i", &info).0, Code::CREATED);
    let kept = world.app.device_document(world.organization, world.sensor, Document::Info).await.unwrap();
    let (received, json) = kept.unwrap();
    assert_eq!(received, at(START));
    assert!(json.contains(r#""sw_version":1546"#), "{json}");
    // A configuration in two parts: a transmission interval, then a supervision period.
    let serial = [&[0xca, 0x01, 6][..], &SERIAL.bytes()].concat();
    let part = |field: &[u8], split: &[u8]| [&serial[..], field, split].concat();
    assert_eq!(world.post("c", &part(&[0x18, 120], &[0xe0, 0x02, 0x01])).0, Code::CREATED);
    assert_eq!(world.post("c", &part(&[0xe8, 0x01, 0xa0, 0x38], &[0xe0, 0x02, 0x04])).0, Code::CREATED);
    let kept =
        world.app.device_document(world.organization, world.sensor, Document::Configuration).await.unwrap();
    let json = kept.unwrap().1;
    assert!(
        json.contains(r#""transmission_interval":120"#) && json.contains(r#""supervision_period":7200"#),
        "{json}"
    );
    world.stop().await;
}

async fn a_command_of_another_process_reaches_the_gate(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    // Another process over the same database: its commands tell this one's gate nothing directly.
    let clock = world.clock.clone();
    let other = App::new(db.again().await, clock, Arc::new(SeededEntropy::new(2)), Secret::new([1; 32]));
    let codes = other.list_codes(None, 10).await.unwrap();
    assert_eq!(world.send(&message(START, &[200])), Code::CREATED);
    world.clock.set(at(START).plus_seconds(60));
    other.revoke_code(&world.ctx(), codes[0].id, true).await.unwrap();
    // Each message is another one; the first that comes after the gate has heard is not saved any more.
    let mut sent = 0;
    while world.refused().await.0 == 0 {
        sent += 60;
        let from = at(START).plus_seconds(sent).to_string();
        assert_eq!(world.send(&message(&from, &[201])), Code::CREATED);
        assert!(sent < 60 * 100_000, "the gate does not hear of the revocation");
    }
    world.stop().await;
}

async fn r26_a_device_token_that_another_process_sets_reaches_the_gate(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    let other = App::new(
        db.again().await,
        world.clock.clone(),
        Arc::new(SeededEntropy::new(2)),
        Secret::new([1; 32]),
    );
    let change = tenure_app::change_organization::OrganizationChange {
        device_token: Some(Some("open-sesame".to_owned())),
        ..Default::default()
    };
    other.change_organization(&world.ctx(), world.organization, change).await.unwrap();
    let mut sent = 0;
    while world.send(&message(START, &[200])) != Code::UNAUTHORIZED {
        sent += 1;
        assert!(sent < 100_000, "the gate does not hear of the token");
    }
    world.stop().await;
}

/// The serial number of the device that takes the sensor's place.
const NEXT: Serial = Serial::from_number(0x282c_0242_4eee);

fn message_of(serial: Serial, from: &str, tenths: &[i32]) -> Uplink {
    Uplink { serial, ..message(from, tenths) }
}

async fn r21_a_removed_sensor_is_not_known_until_it_is_added_again(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    assert_eq!(world.send(&message(START, &[200])), Code::CREATED);
    world.app.remove_sensor(&world.ctx(), world.organization, world.sensor).await.unwrap();
    assert_eq!(world.send(&message("2030-01-01T10:01:00Z", &[201])), Code::NOT_FOUND);
    let addition = Addition { serial: SERIAL, name: None, key: None, auto_renewal: None };
    let back = world.app.add_sensor(&world.ctx(), world.organization, addition).await.unwrap();
    assert_eq!(back, world.sensor);
    assert_eq!(world.send(&message("2030-01-01T10:02:00Z", &[202])), Code::CREATED);
    assert_eq!(world.values().await, [20.0, 20.2], "and its history goes on");
    world.stop().await;
}

async fn r20_a_replaced_sensor_is_heard_under_its_new_serial_number(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    assert_eq!(world.send(&message(START, &[200])), Code::CREATED);
    world.app.replace_sensor(&world.ctx(), world.organization, world.sensor, NEXT).await.unwrap();
    assert_eq!(world.send(&message("2030-01-01T10:01:00Z", &[201])), Code::NOT_FOUND);
    assert_eq!(world.send(&message_of(NEXT, "2030-01-01T10:02:00Z", &[202])), Code::CREATED);
    assert_eq!(world.values().await, [20.0, 20.2], "in one history");
    world.redeem(1, "P1M").await;
    let addition = Addition { serial: SERIAL, name: None, key: None, auto_renewal: None };
    world.sensor = world.app.add_sensor(&world.ctx(), world.organization, addition).await.unwrap();
    assert_eq!(world.send(&message("2030-01-01T10:03:00Z", &[203])), Code::CREATED);
    assert_eq!(world.values().await, [20.3], "the old serial number begins anew");
    world.stop().await;
}

async fn r21_what_another_process_removes_and_replaces_reaches_the_gate(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    let (clock, entropy) = (world.clock.clone(), Arc::new(SeededEntropy::new(2)));
    let other = App::new(db.again().await, clock, entropy, Secret::new([1; 32]));
    let mut minute = 0;
    let mut until = |world: &mut World, serial: Serial, code: Code| {
        for _ in 0..100_000 {
            minute += 1;
            let from = at(START).plus_seconds(minute * 60).to_string();
            if world.send(&message_of(serial, &from, &[200])) == code {
                return;
            }
        }
        panic!("the gate does not hear that {serial} is to be answered {code:?}");
    };
    until(&mut world, SERIAL, Code::CREATED);
    other.replace_sensor(&world.ctx(), world.organization, world.sensor, NEXT).await.unwrap();
    until(&mut world, SERIAL, Code::NOT_FOUND);
    until(&mut world, NEXT, Code::CREATED);
    other.remove_sensor(&world.ctx(), world.organization, world.sensor).await.unwrap();
    until(&mut world, NEXT, Code::NOT_FOUND);
    let addition = Addition { serial: NEXT, name: None, key: None, auto_renewal: None };
    other.add_sensor(&world.ctx(), world.organization, addition).await.unwrap();
    until(&mut world, NEXT, Code::CREATED);
    // Who starts now knows only what is there.
    world.stop().await;
}

async fn what_was_heard_is_committed_before_the_service_stops(db: TestDb) {
    let world = world(&db, Refuse::Acknowledge).await;
    let deliver = |handle: i64| {
        let ingest = world.ingest.clone();
        let from = at(START).plus_seconds(handle * 60).to_string();
        tokio::spawn(async move {
            let entry = Entry { response_handle: handle, uplink: message(&from, &[200]) };
            ingest.deliver(None, vec![entry], at(START)).await
        })
    };
    let deliveries: Vec<_> = (0..50).map(deliver).collect();
    let mut saved = 0;
    for (handle, delivery) in (0..).zip(deliveries) {
        if handle == 10 {
            world.stop.send(true).unwrap();
        }
        if delivery.await.unwrap() == (GatewayOutcome::Done { accepted: vec![handle], refused: vec![] }) {
            saved += 1;
        }
    }
    assert!(saved >= 10);
    assert!(world.values().await.len() >= saved, "what was acknowledged is there");
}

/// What waits to be handed on.
async fn forwards(world: &World) -> Vec<Forward> {
    let mut tx = world.app.db.read().await.unwrap();
    let waiting = tenure_store::forwards::in_line(&mut tx, 100).await.unwrap();
    tx.roll_back().await.unwrap();
    waiting
}

async fn r23_what_is_saved_is_written_down_to_be_handed_on_and_nothing_else(db: TestDb) {
    let mut world = world_of(&db, Refuse::Acknowledge, true).await;
    let covered = message(START, &[200, 201]);
    assert_eq!(world.send(&covered), Code::CREATED);
    assert_eq!(world.send(&covered), Code::CREATED, "a resend is acknowledged");
    let end = at(END);
    // A message that begins before the end of the cover and goes on behind it, and one of behind it.
    world.clock.set(end.plus_seconds(30));
    let across = message(&end.plus_seconds(-60).to_string(), &[202, 203]);
    assert_eq!(world.send(&across), Code::CREATED);
    assert_eq!(world.send(&message(END, &[204])), Code::CREATED, "refused, and acknowledged");
    let waiting = forwards(&world).await;
    let seen: Vec<_> =
        waiting.iter().map(|forward| (forward.arrived, forward.fate, forward.serial)).collect();
    assert_eq!(seen, [(at(START), Fate::Saved, SERIAL), (end.plus_seconds(30), Fate::SavedLate, SERIAL)]);
    assert_eq!(waiting[0].channels, covered.channels);
    let samples = &waiting[1].channels[0].samples;
    assert_eq!(samples.iter().map(|sample| sample.at).collect::<Vec<_>>(), [end.plus_seconds(-60)]);
    assert_eq!((waiting[0].organization, waiting[0].sensor), (world.organization, world.sensor));
    world.stop().await;
}

async fn r26_what_is_not_committed_is_not_handed_on(db: TestDb) {
    let mut world = world_of(&db, Refuse::Acknowledge, true).await;
    db.execute("ALTER TABLE messages RENAME TO away").await.unwrap();
    assert_eq!(world.send(&message(START, &[200])), Code::SERVICE_UNAVAILABLE);
    db.execute("ALTER TABLE away RENAME TO messages").await.unwrap();
    assert_eq!(forwards(&world).await, []);
    assert_eq!(world.send(&message(START, &[200])), Code::CREATED);
    assert_eq!(forwards(&world).await.len(), 1);
    world.stop().await;
}

async fn nothing_is_written_down_where_nothing_is_handed_on(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    assert_eq!(world.send(&message(START, &[200])), Code::CREATED);
    assert_eq!(forwards(&world).await, []);
    world.stop().await;
}
