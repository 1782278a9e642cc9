//! Alert rules in the hot path.

use tenure_app::add_alert_rule::NewAlertRule;
use tenure_app::rows::{Alert, AlertQuery, AlertRule, Watched};
use tenure_domain::alert::{Because, Condition, Threshold};
use tenure_domain::measurement::Decimal;

use super::*;

impl World {
    async fn rule(&self, condition: Condition) -> AlertRule {
        let new = NewAlertRule {
            name: "Watch",
            condition,
            sensors: Watched::All,
            recipients: Vec::new(),
            enabled: true,
        };
        self.app.add_alert_rule(&self.ctx(), self.organization, new).await.unwrap()
    }

    async fn alerts(&self) -> Vec<Alert> {
        let query = AlertQuery { limit: 100, ..AlertQuery::default() };
        self.app.list_alerts(self.organization, query).await.unwrap().0
    }

    /// When alerts opened and closed, newest first.
    async fn told(&self) -> Vec<(String, Option<String>)> {
        let text = |instant: Instant| instant.to_string();
        let alerts = self.alerts().await;
        alerts.iter().map(|alert| (text(alert.opened_at), alert.closed.map(|(at, _)| text(at)))).collect()
    }
}

fn above(threshold: i64) -> Condition {
    Condition::Above(Threshold {
        channel_type: ChannelType::Temperature,
        threshold: Decimal::new(threshold, 0),
        hysteresis: Decimal::new(0, 0),
    })
}

pub(super) async fn a_rule_is_in_force_for_the_first_message_after_its_answer(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    world.clock.set(at("2030-01-01T11:00:00Z"));
    assert_eq!(world.send(&message("2030-01-01T10:00:00Z", &[300])), Code::CREATED);
    let rule = world.rule(above(8)).await;
    world.rule(Condition::LowBattery).await;
    assert_eq!(world.send(&message("2030-01-01T10:01:00Z", &[79, 81, 95])), Code::CREATED);
    let alerts = world.alerts().await;
    assert_eq!(alerts.len(), 2);
    assert_eq!(
        (alerts[0].condition, alerts[0].opened_at),
        (Condition::LowBattery, at("2030-01-01T11:00:00Z"))
    );
    let opened = at("2030-01-01T10:02:00Z");
    assert_eq!((alerts[1].rule, alerts[1].opened_at, alerts[1].closed), (Some(rule.id), opened, None));
    assert_eq!(alerts[1].worst_value, Some(Decimal::new(95, 1)));
    // A resend changes nothing, and what comes next closes it.
    assert_eq!(world.send(&message("2030-01-01T10:01:00Z", &[79, 81, 95])), Code::CREATED);
    assert_eq!(world.alerts().await, alerts);
    assert_eq!(world.send(&message("2030-01-01T10:04:00Z", &[80])), Code::CREATED);
    let closed = Some((at("2030-01-01T10:04:00Z"), Because::BackToNormal));
    assert_eq!(world.alerts().await[1].closed, closed);
    world.app.remove_alert_rule(&world.ctx(), world.organization, rule.id).await.unwrap();
    assert_eq!(world.send(&message("2030-01-01T10:05:00Z", &[300])), Code::CREATED);
    assert_eq!(world.alerts().await.len(), 2);
    world.stop().await;
}

pub(super) async fn r23_what_is_refused_starts_no_alert_and_r28_what_is_open_stays_open(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    world.rule(above(8)).await;
    world.clock.set(at(END).plus_micros(-1));
    assert_eq!(world.send(&message("2030-02-01T23:50:00Z", &[90])), Code::CREATED);
    let open = [("2030-02-01T23:50:00Z".to_owned(), None)];
    assert_eq!(world.told().await, open);
    // Refused, it is no data: neither for closing nor for opening.
    world.clock.set(at(END).plus_seconds(3_600));
    assert_eq!(world.send(&message("2030-02-02T00:30:00Z", &[70, 90])), Code::CREATED);
    assert_eq!(world.told().await, open);
    // What was paid for closes it, and opens none (R24).
    assert_eq!(world.send(&message("2030-02-01T23:51:00Z", &[70, 90])), Code::CREATED);
    let closed = [("2030-02-01T23:50:00Z".to_owned(), Some("2030-02-01T23:51:00Z".to_owned()))];
    assert_eq!(world.told().await, closed);
    world.redeem(1, "P1M").await;
    assert_eq!(world.send(&message("2030-02-02T01:00:00Z", &[90])), Code::CREATED);
    assert_eq!(world.told().await.len(), 2);
    world.stop().await;
}

pub(super) async fn a_batch_that_is_not_committed_opens_no_alert(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    world.rule(above(8)).await;
    db.execute("ALTER TABLE alerts RENAME TO elsewhere").await.unwrap();
    let lost = measurements::encode(&message(START, &[90])).unwrap();
    assert_eq!(world.post("m", &lost).0, Code::SERVICE_UNAVAILABLE);
    db.execute("ALTER TABLE elsewhere RENAME TO alerts").await.unwrap();
    assert_eq!(world.values().await, [0.0; 0], "nothing of the batch is kept");
    // The sensor sends again, and it is as if it was the first time.
    assert_eq!(world.post("m", &lost).0, Code::CREATED);
    assert_eq!(world.told().await, [(START.to_owned(), None)]);
    world.stop().await;
}

pub(super) async fn a_rule_of_another_process_reaches_the_hot_path(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    let clock = world.clock.clone();
    let other = App::new(db.again().await, clock, Arc::new(SeededEntropy::new(2)), Secret::new([1; 32]));
    let new = NewAlertRule {
        name: "Watch",
        condition: above(8),
        sensors: Watched::All,
        recipients: Vec::new(),
        enabled: true,
    };
    other.add_alert_rule(&world.ctx(), world.organization, new).await.unwrap();
    // Each message is another one; the first that comes after the hot path has heard opens an alert.
    world.clock.set(at(START).plus_seconds(1_000_000));
    let mut sent = 0;
    while world.alerts().await.is_empty() {
        sent += 1;
        let from = at(START).plus_seconds(sent).to_string();
        assert_eq!(world.send(&message(&from, &[90])), Code::CREATED);
        assert!(sent < 100_000, "the hot path does not hear of the rule");
    }
    world.stop().await;
}

pub(super) async fn what_was_open_is_still_open_after_a_restart(db: TestDb) {
    let mut world = world(&db, Refuse::Acknowledge).await;
    world.rule(above(8)).await;
    assert_eq!(world.send(&message(START, &[90])), Code::CREATED);
    let World { clock, organization, caller, sensor, socket: _, stop, ended, .. } = world;
    stop.send(true).unwrap();
    ended.await.unwrap();
    let (entropy, secret) = (Arc::new(SeededEntropy::new(3)), Secret::new([1; 32]));
    let app = Arc::new(App::new(db.again().await, clock.clone(), entropy, secret));
    let (stop, stopped) = watch::channel(false);
    let settings = Settings {
        address: ([127, 0, 0, 1], 0).into(),
        late_window_us: 7 * 86_400 * 1_000_000,
        refuse: Refuse::Acknowledge,
        forward: false,
    };
    let (ingest, ended) = Ingest::start(app.clone(), settings, stopped).await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(ingest.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut world =
        World { app, clock, ingest, organization, caller, sensor, socket, next_id: 0, stop, ended };
    world.clock.set(at("2030-01-01T10:10:00Z"));
    assert_eq!(world.send(&message("2030-01-01T10:01:00Z", &[95, 70, 90])), Code::CREATED);
    let expected = [
        ("2030-01-01T10:03:00Z".to_owned(), None),
        (START.to_owned(), Some("2030-01-01T10:02:00Z".to_owned())),
    ];
    assert_eq!(world.told().await, expected);
    assert_eq!(world.alerts().await[1].worst_value, Some(Decimal::new(95, 1)));
    world.stop().await;
}
