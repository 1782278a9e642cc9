//! Handing accepted messages on: to a real HTTP receiver, and to a real MQTT broker.

mod broker;

use serde_json::{Value, json};
use tenure_domain::measurement::{Battery, Channel, ChannelType, PowerSource, Reading, Sample};
use tenure_domain::{Instant, SensorId, Serial};
use tenure_store::forwards::{self, NewForward, Standing};
use tenure_store::messages::{Fate, Status, body};
use tenure_store::on_both;
use tenure_store::testing::TestDb;

use super::webhooks::Server;
use super::{Customer, World, at};
use crate::forwarding::{Forwarder, MOST_AT_ONCE, Target, Turn};
use crate::{Clock, SystemClock};
use broker::Broker;

const SERIAL: &str = "282c02424eed";
const SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAI=";
const FIRST: Instant = Instant::from_seconds(1_772_360_000);

/// A world with a sensor, whose messages are written down to be handed on.
struct Scene {
    world: World,
    harbor: Customer,
    sensor: SensorId,
    number: i64,
}

async fn scene(test: TestDb) -> Scene {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "Europe/Warsaw").await;
    world.stock(&harbor, 1, "P1Y").await;
    let sensor = world.add(&harbor, 0x282c_0242_4eed).await;
    let mut tx = world.app.db.read().await.unwrap();
    let row = tenure_store::sensors::get(&mut tx, harbor.id, sensor).await.unwrap().unwrap();
    tx.roll_back().await.unwrap();
    Scene { world, harbor, sensor, number: row.number }
}

impl Scene {
    /// Writes down the messages with these numbers, each a second later than the one before, with so many samples.
    async fn arrive(&self, numbers: std::ops::RangeInclusive<i64>, samples: i64) {
        let sample = |number: i64| {
            move |place: i64| Sample {
                at: FIRST.plus_seconds(place * 60),
                reading: if place == 1 {
                    Reading::Error(8_388_557)
                } else {
                    Reading::Value(i32::try_from(number).unwrap())
                },
            }
        };
        let new = numbers.map(|number| {
            let channels = [Channel {
                position: 1,
                kind: ChannelType::Temperature,
                samples: (0..samples).map(sample(number)).collect(),
            }];
            let battery = Battery { low: false, centivolts: Some(305), source: Some(PowerSource::Battery) };
            let status = Status { battery, signal_dbm: Some(-71), next_transmission_at: None };
            let (fate, mut bytes) = (if number == 2 { Fate::SavedLate } else { Fate::Saved }, Vec::new());
            body(&status, fate, &channels, &mut bytes);
            let arrived = self.world.clock.now().plus_seconds(number);
            let serial: Serial = SERIAL.parse().unwrap();
            NewForward { number, sensor: self.number, serial, arrived, body: bytes }
        });
        let mut tx = self.world.app.db.begin().await.unwrap();
        forwards::append(&mut tx, new.collect()).await.unwrap();
        tx.commit().await.unwrap();
    }

    fn forwarder(&self, url: &str) -> Forwarder {
        let secret = url.starts_with("http").then_some(SECRET);
        self.world.app.forwarder(&Target::read(url, secret).unwrap()).unwrap()
    }

    async fn turn(&self, forwarder: &mut Forwarder) -> Turn {
        self.world.app.forward(forwarder).await.unwrap()
    }

    async fn standing(&self) -> Standing {
        let mut tx = self.world.app.db.read().await.unwrap();
        let standing = forwards::standing(&mut tx).await.unwrap();
        tx.roll_back().await.unwrap();
        standing
    }

    fn topic(&self) -> String {
        format!("tenure/{}/{SERIAL}", self.harbor.id)
    }
}

fn ids(request: &Value) -> Vec<i64> {
    let body: Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
    let messages = body["data"]["messages"].as_array().unwrap();
    messages.iter().map(|message| message["id"].as_str().unwrap().parse().unwrap()).collect()
}

async fn messages_are_posted_together_signed_and_in_their_order(test: TestDb) {
    let scene = scene(test).await;
    let server = Server::start(None);
    let mut forwarder = scene.forwarder(&server.url("200?key=abc"));
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Nothing);
    scene.arrive(1..=3, 2).await;
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Moved);
    let request = server.next();
    assert_eq!((&request["path"], ids(&request)), (&json!("/200?key=abc"), vec![1, 2, 3]));
    assert_eq!(request["headers"]["webhook-id"], "messages_1_3_3");
    let body: Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&body["type"], &body["timestamp"]),
        (&json!("messages.accepted"), &json!("2026-03-01T11:00:00Z"))
    );
    let message = |id: &str, late: bool, arrived: &str, value: f64| {
        json!({
            "id": id,
            "organization_id": scene.harbor.id,
            "sensor_id": scene.sensor,
            "serial": SERIAL,
            "arrived_at": arrived,
            "late": late,
            "battery": { "low": false, "volts": 3.05, "source": "battery" },
            "signal_dbm": -71,
            "next_transmission_at": null,
            "channels": [{
                "channel": 1,
                "type": "temperature",
                "unit": "°C",
                "points": [
                    { "at": "2026-03-01T10:13:20Z", "value": value },
                    { "at": "2026-03-01T10:14:20Z", "value": null, "error": 8_388_557 },
                ],
            }],
        })
    };
    let expected = [
        message("1", false, "2026-03-01T11:00:01Z", 0.1),
        message("2", true, "2026-03-01T11:00:02Z", 0.2),
        message("3", false, "2026-03-01T11:00:03Z", 0.3),
    ];
    assert_eq!(body["data"]["messages"], json!(expected));
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Nothing);
    assert_eq!(
        (scene.standing().await.waiting, scene.standing().await.last_taken),
        (0, Some(at("2026-03-01T11:00:00Z")))
    );
    server.is_quiet();

    // The library of the standard takes no signature of long ago.
    scene.world.clock.set(SystemClock.now());
    scene.arrive(4..=4, 1).await;
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Moved);
    let request = server.next();
    assert!(server.verifies(SECRET, &request));
    assert!(!server.verifies("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &request));
}

async fn what_is_not_taken_stays_first_in_line_and_is_told(test: TestDb) {
    let scene = scene(test).await;
    let server = Server::start(None);
    scene.arrive(1..=2, 1).await;
    for (path, reply) in [
        ("500", "500 Internal Server Error: done"),
        ("401", "401 Unauthorized: done"),
        ("410", "410 Gone: done"),
        ("429", "429 Too Many Requests: done"),
        ("drop", "connection closed before message completed"),
    ] {
        let mut forwarder = scene.forwarder(&server.url(path));
        assert_eq!(scene.turn(&mut forwarder).await, Turn::Trouble, "{path}");
        assert_eq!(ids(&server.next()), [1, 2]);
        let standing = scene.standing().await;
        assert_eq!(standing.trouble, Some((at("2026-03-01T11:00:00Z"), reply.to_owned())));
        assert_eq!((standing.waiting, standing.put_back), (2, 0));
        scene.world.app.release_forwarding(&forwarder).await.unwrap();
    }
    let mut forwarder = scene.forwarder(&server.url("flaky"));
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Trouble);
    let first = server.next();
    scene.arrive(3..=3, 1).await;
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Moved);
    let second = server.next();
    assert_eq!((ids(&first), ids(&second)), (vec![1, 2], vec![1, 2, 3]));
    let standing = scene.standing().await;
    assert_eq!((standing.waiting, standing.trouble), (0, None));
}

async fn a_message_that_is_never_taken_holds_up_no_other(test: TestDb) {
    let scene = scene(test).await;
    let server = Server::start(None);
    let mut forwarder = scene.forwarder(&server.url("without-5"));
    scene.arrive(1..=8, 1).await;
    let mut taken = Vec::new();
    while scene.turn(&mut forwarder).await == Turn::Moved {
        let ids = ids(&server.next());
        if !ids.contains(&5) {
            taken.extend(ids);
        }
    }
    assert_eq!(taken, [1, 2, 3, 4, 6, 7, 8]);
    let standing = scene.standing().await;
    assert_eq!((standing.waiting, standing.put_back, standing.trouble), (1, 1, None));
    // It is tried again a minute later, then after two.
    let put_back = scene.world.clock.now();
    for (seconds, turn) in
        [(59, Turn::Nothing), (60, Turn::Moved), (60 + 119, Turn::Nothing), (60 + 120, Turn::Moved)]
    {
        scene.world.clock.set(put_back.plus_seconds(seconds));
        assert_eq!(scene.turn(&mut forwarder).await, turn, "{seconds}");
    }
    assert_eq!((ids(&server.next()), ids(&server.next())), (vec![5], vec![5]));
    // A receiver that has learned it takes it.
    scene.world.clock.set(put_back.plus_seconds(60 + 120 + 240));
    let mut forwarder = scene.forwarder(&server.url("200"));
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Moved);
    assert_eq!((ids(&server.next()), scene.standing().await.waiting), (vec![5], 0));
}

async fn a_receiver_that_refuses_everything_is_in_trouble_and_loses_nothing(test: TestDb) {
    let scene = scene(test).await;
    let server = Server::start(None);
    let mut forwarder = scene.forwarder(&server.url("400"));
    scene.arrive(1..=40, 1).await;
    let mut turns = Vec::new();
    for _ in 0..20 {
        turns.push(scene.turn(&mut forwarder).await);
        server.next();
    }
    // Fewer and fewer (40, 20, 10, 5, 2), nine alone, and from the tenth on it is the receiver's fault.
    let moved = turns.iter().take_while(|turn| **turn == Turn::Moved).count();
    assert_eq!(moved, 5 + 9);
    assert!(turns[moved..].iter().all(|turn| *turn == Turn::Trouble), "{turns:?}");
    let standing = scene.standing().await;
    assert_eq!(standing.waiting, 40);
    assert_eq!(standing.trouble.unwrap().1, "one message after the other is refused: 400 Bad Request: done");
}

async fn a_long_line_goes_in_parts_and_one_worker_hands_on(test: TestDb) {
    let scene = scene(test).await;
    let server = Server::start(None);
    let most = i64::from(MOST_AT_ONCE);
    scene.arrive(1..=most + 1, 1).await;
    let (mut one, mut two) = (scene.forwarder(&server.url("200")), scene.forwarder(&server.url("200")));
    assert_eq!(scene.turn(&mut one).await, Turn::Moved);
    assert_eq!(ids(&server.next()), (1..=most).collect::<Vec<_>>());
    assert_eq!(scene.turn(&mut two).await, Turn::Nothing, "the other one does it");
    scene.world.clock.set(scene.world.clock.now().plus_seconds(30));
    assert_eq!(scene.turn(&mut two).await, Turn::Moved, "that has not been heard of for half a minute");
    assert_eq!(ids(&server.next()), [most + 1]);

    // What is long in bytes goes in parts, too, and what is too long goes alone.
    scene.arrive(1..=3, 8_000).await;
    for id in 1..=3 {
        assert_eq!(scene.turn(&mut two).await, Turn::Moved);
        let request = server.next();
        assert_eq!(ids(&request), [id]);
        assert!(request["body"].as_str().unwrap().len() > 300_000);
    }
}

async fn after_seven_days_messages_are_given_up(test: TestDb) {
    let scene = scene(test).await;
    scene.arrive(1..=2, 1).await;
    let second = scene.world.clock.now().plus_seconds(7 * 86_400 + 2);
    scene.world.clock.set(second);
    scene.world.app.keep_house_now().await.unwrap();
    let standing = scene.standing().await;
    assert_eq!((standing.waiting, standing.given_up), (1, 1));
    scene.world.clock.set(second.plus_micros(1));
    scene.world.app.keep_house_now().await.unwrap();
    let standing = scene.standing().await;
    assert_eq!((standing.waiting, standing.given_up), (0, 2));
}

async fn messages_are_published_to_a_broker_in_their_order(test: TestDb) {
    let scene = scene(test).await;
    let broker = Broker::start("");
    let heard = broker.subscribe();
    let mut forwarder = scene.forwarder(&broker.url());
    scene.arrive(1..=250, 1).await;
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Moved);
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Moved);
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Nothing);
    for id in 1..=250 {
        let (topic, message) = heard.next();
        assert_eq!((topic, &message["id"]), (scene.topic(), &json!(id.to_string())));
        assert_eq!(message["channels"][0]["points"][0]["value"], f64::from(id) / 10.0);
    }
    assert_eq!(scene.standing().await.waiting, 0);
}

async fn a_broker_that_is_away_is_waited_for(test: TestDb) {
    let scene = scene(test).await;
    let broker = Broker::start("");
    let mut forwarder = scene.forwarder(&broker.url());
    scene.arrive(1..=1, 1).await;
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Moved);
    let port = broker.stop();
    scene.arrive(2..=3, 1).await;
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Trouble);
    let standing = scene.standing().await;
    assert_eq!(standing.waiting, 2);
    assert!(standing.trouble.unwrap().1.contains("onnection"), "it says why");
    let broker = Broker::start_at(port, "");
    let heard = broker.subscribe();
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Moved);
    assert_eq!((&heard.next().1["id"], &heard.next().1["id"]), (&json!("2"), &json!("3")));
    assert_eq!(scene.standing().await.trouble, None);
}

async fn what_a_broker_does_not_allow_is_told_and_kept(test: TestDb) {
    let scene = scene(test).await;
    let broker = Broker::start("acl_file FOLDER/acl\n");
    let mut forwarder = scene.forwarder(&broker.url());
    scene.arrive(1..=2, 1).await;
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Trouble);
    let standing = scene.standing().await;
    assert_eq!((standing.waiting, standing.put_back), (2, 0));
    assert_eq!(standing.trouble.unwrap().1, "the broker says: NotAuthorized");
    scene.world.app.release_forwarding(&forwarder).await.unwrap();

    let stranger = Broker::start("password_file FOLDER/passwords\nallow_anonymous false\n");
    let mut forwarder = scene.forwarder(&stranger.url());
    assert_eq!(scene.turn(&mut forwarder).await, Turn::Trouble);
    let said = scene.standing().await.trouble.unwrap().1;
    assert!(said.contains("NotAuthorized") || said.contains("BadUserNamePassword"), "{said}");
}

async fn a_message_that_is_too_large_for_a_broker_holds_up_no_other(test: TestDb) {
    let scene = scene(test).await;
    let broker = Broker::start("max_packet_size 2000\n");
    let heard = broker.subscribe();
    let mut forwarder = scene.forwarder(&broker.url());
    scene.arrive(1..=1, 1).await;
    scene.arrive(2..=2, 500).await;
    scene.arrive(3..=4, 1).await;
    let mut turns = Vec::new();
    while turns.last() != Some(&Turn::Nothing) && turns.len() < 5 {
        turns.push(scene.turn(&mut forwarder).await);
    }
    assert!(!turns.contains(&Turn::Trouble), "{turns:?} {:?}", scene.standing().await);
    let mut ids = Vec::new();
    while ids.last() != Some(&json!("4")) {
        ids.push(heard.next().1["id"].clone());
    }
    // What was on the same way as the large one may come twice.
    ids.dedup();
    assert_eq!(ids, ["1", "3", "4"]);
    let standing = scene.standing().await;
    assert_eq!((standing.waiting, standing.put_back), (1, 1));
}

on_both!(
    messages_are_posted_together_signed_and_in_their_order,
    what_is_not_taken_stays_first_in_line_and_is_told,
    a_message_that_is_never_taken_holds_up_no_other,
    a_receiver_that_refuses_everything_is_in_trouble_and_loses_nothing,
    a_long_line_goes_in_parts_and_one_worker_hands_on,
    after_seven_days_messages_are_given_up,
    messages_are_published_to_a_broker_in_their_order,
    a_broker_that_is_away_is_waited_for,
    what_a_broker_does_not_allow_is_told_and_kept,
    a_message_that_is_too_large_for_a_broker_holds_up_no_other,
);
