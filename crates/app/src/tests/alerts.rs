//! Alert rules as whole stories (R23, R27, R28).

use tenure_domain::alert::{Because, Condition, Kept, Threshold};
use tenure_domain::measurement::{Channel, ChannelType, Decimal, Reading, Sample};
use tenure_domain::{AlertId, AlertRuleId};
use tenure_store::alert_rules::{self, AlertRule, RuleInForce, Watched};
use tenure_store::alerts::{self, Alert, AlertQuery, NewAlert};
use tenure_store::on_both;

use super::*;
use crate::add_alert_rule::NewAlertRule;
use crate::change_alert_rule::AlertRuleChange;
use crate::judge_alerts::{Observed, Rules};

on_both!(
    an_alert_opens_gets_worse_and_closes_with_its_data,
    what_comes_late_opens_nothing_also_after_a_restart,
    what_is_not_committed_was_not_judged,
    a_rule_that_is_changed_or_removed_closes_its_alerts,
    a_rule_that_another_process_changed_counts_as_it_is_now,
    two_nodes_that_open_at_once_open_one_alert,
    alerts_of_a_removed_sensor_close_and_stay_readable,
    r28_pages_of_alerts_put_together_are_all_of_them,
    rules_that_cannot_be_are_refused,
);

pub(super) fn above(threshold: i64) -> Condition {
    let (threshold, hysteresis) = (Decimal::new(threshold, 0), Decimal::new(5, 1));
    Condition::Above(Threshold { channel_type: ChannelType::Temperature, threshold, hysteresis })
}

pub(super) const fn lost(after_minutes: u32) -> Condition {
    Condition::LostConnection { after_minutes }
}

impl World {
    pub(super) async fn rule(
        &self,
        customer: &Customer,
        condition: Condition,
        sensors: Watched,
    ) -> AlertRule {
        let new = NewAlertRule { name: "Watch", condition, sensors, recipients: Vec::new(), enabled: true };
        self.app.add_alert_rule(&self.ctx(), customer.id, new).await.unwrap()
    }

    async fn rules(&self) -> Vec<RuleInForce> {
        let mut tx = self.test.db.read().await.unwrap();
        let rules = alert_rules::in_force(&mut tx, None).await.unwrap();
        tx.roll_back().await.unwrap();
        rules
    }

    pub(super) async fn number(&self, customer: &Customer, sensor: SensorId) -> i64 {
        self.row(customer, sensor).await.sensor.number
    }

    /// A message that arrives now with temperatures in tenths, a minute apart from `from` on.
    pub(super) async fn observed(
        &self,
        customer: &Customer,
        sensor: SensorId,
        from: &str,
        tenths: &[i32],
    ) -> Observed {
        let sample = |(minute, raw): (i64, &i32)| Sample {
            at: at(from).plus_seconds(60 * minute),
            reading: Reading::Value(*raw),
        };
        let samples = (0..).zip(tenths).map(sample).collect();
        let channels = vec![Channel { position: 1, kind: ChannelType::Temperature, samples }];
        Observed {
            organization: customer.id,
            sensor: self.number(customer, sensor).await,
            arrived: self.clock.now(),
            kept: Kept::All,
            low_battery: false,
            channels,
        }
    }

    /// Judges a message on a node by these rules.
    async fn judge_on(&self, app: &App, rules: Vec<RuleInForce>, message: Observed) {
        let mut tx = app.db.begin().await.unwrap();
        app.judge_alerts(&mut tx, &Rules::of(rules), &[message]).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Judges messages that arrive together.
    pub(super) async fn judge_all(&self, messages: &[Observed]) {
        let mut tx = self.app.db.begin().await.unwrap();
        let rules = Rules::of(self.rules().await);
        self.app.judge_alerts(&mut tx, &rules, messages).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(super) async fn judge(&self, message: Observed) {
        self.judge_on(&self.app, self.rules().await, message).await;
    }

    pub(super) async fn alerts(&self, customer: &Customer) -> Vec<Alert> {
        let query = AlertQuery { limit: 1_000, ..AlertQuery::default() };
        self.app.list_alerts(customer.id, query).await.unwrap().0
    }

    /// The alerts, newest first, as short lines.
    pub(super) async fn told(&self, customer: &Customer) -> Vec<String> {
        let tell = |alert: &Alert| {
            let value =
                |value: Option<Decimal>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
            let (opened, worst) = (value(alert.opened_value), value(alert.worst_value));
            let closed =
                alert.closed.map_or_else(String::new, |(at, because)| format!(" {at} {}", because.name()));
            format!("{} {opened} {worst}{closed}", alert.opened_at)
        };
        self.alerts(customer).await.iter().map(tell).collect()
    }
}

pub(super) async fn harbor(test: TestDb, licenses: u32) -> (World, Customer, SensorId) {
    let world = World::new(test);
    let customer = world.customer("Harbor", "Europe/Warsaw").await;
    world.stock(&customer, licenses, "P1Y").await;
    let sensor = world.add(&customer, 1).await;
    (world, customer, sensor)
}

async fn an_alert_opens_gets_worse_and_closes_with_its_data(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 2).await;
    let other = world.add(&customer, 2).await;
    let rule = world.rule(&customer, above(8), Watched::Chosen(vec![sensor])).await;
    world.set("2026-03-01T13:00:00Z");
    world.judge(world.observed(&customer, sensor, "2026-03-01T12:00:00Z", &[70, 81, 80]).await).await;
    world.judge(world.observed(&customer, other, "2026-03-01T12:00:00Z", &[99]).await).await;
    assert_eq!(world.told(&customer).await, ["2026-03-01T12:01:00Z 8.1 8.1"]);
    assert_eq!(world.app.open_alerts(customer.id).await.unwrap(), 1);
    world
        .judge(world.observed(&customer, sensor, "2026-03-01T12:03:00Z", &[95, 76, 75, 90, 60, 90]).await)
        .await;
    let expected = [
        "2026-03-01T12:08:00Z 9.0 9.0",
        "2026-03-01T12:06:00Z 9.0 9.0 2026-03-01T12:07:00Z back_to_normal",
        "2026-03-01T12:01:00Z 8.1 9.5 2026-03-01T12:05:00Z back_to_normal",
    ];
    assert_eq!(world.told(&customer).await, expected);
    let open = AlertQuery { open: Some(true), rule: Some(rule.id), limit: 10, ..AlertQuery::default() };
    let (alerts, _) = world.app.list_alerts(customer.id, open).await.unwrap();
    assert_eq!(alerts.len(), 1);
    assert_eq!((alerts[0].rule, alerts[0].sensor), (Some(rule.id), sensor));
    let listed = world.app.alert_rule(customer.id, rule.id).await.unwrap();
    assert_eq!(listed.open_alerts, 1);
}

async fn what_comes_late_opens_nothing_also_after_a_restart(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    world.rule(&customer, above(8), Watched::All).await;
    world.set("2026-03-01T13:00:00Z");
    let message = world.observed(&customer, sensor, "2026-03-01T12:00:00Z", &[90, 70]).await;
    world.judge(message.clone()).await;
    let before = world.told(&customer).await;
    assert_eq!(before, ["2026-03-01T12:00:00Z 9.0 9.0 2026-03-01T12:01:00Z back_to_normal"]);
    let node = world.node().await;
    world.judge_on(&node, world.rules().await, message).await;
    let earlier = world.observed(&customer, sensor, "2026-03-01T11:00:00Z", &[99, 99]).await;
    world.judge_on(&node, world.rules().await, earlier).await;
    assert_eq!(world.told(&customer).await, before);
}

async fn what_is_not_committed_was_not_judged(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    world.rule(&customer, above(8), Watched::All).await;
    world.set("2026-03-01T13:00:00Z");
    let message = world.observed(&customer, sensor, "2026-03-01T12:00:00Z", &[90]).await;
    let before = world.test.dump().await;
    let mut tx = world.test.db.begin().await.unwrap();
    let rules = Rules::of(world.rules().await);
    world.app.judge_alerts(&mut tx, &rules, std::slice::from_ref(&message)).await.unwrap();
    tx.roll_back().await.unwrap();
    world.unchanged(&before).await;
    world.judge(message).await;
    assert_eq!(world.told(&customer).await, ["2026-03-01T12:00:00Z 9.0 9.0"]);
}

async fn a_rule_that_is_changed_or_removed_closes_its_alerts(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 2).await;
    let other = world.add(&customer, 2).await;
    let rule = world.rule(&customer, above(8), Watched::All).await;
    world.set("2026-03-01T13:00:00Z");
    let open_both = async |from: &str| {
        for sensor in [sensor, other] {
            world.judge(world.observed(&customer, sensor, from, &[90]).await).await;
        }
    };
    open_both("2026-03-01T12:00:00Z").await;
    let ctx = world.ctx();
    let change = async |change: AlertRuleChange<'_>| {
        world.app.change_alert_rule(&ctx, customer.id, rule.id, change).await.unwrap()
    };
    // Another name closes nothing.
    change(AlertRuleChange { name: Some("Too warm"), ..AlertRuleChange::default() }).await;
    assert_eq!(world.app.open_alerts(customer.id).await.unwrap(), 2);
    assert!(world.alerts(&customer).await.iter().all(|alert| alert.rule_name == "Too warm"));
    change(AlertRuleChange { sensors: Some(Watched::Chosen(vec![other])), ..AlertRuleChange::default() })
        .await;
    let alerts = world.alerts(&customer).await;
    let closed: Vec<_> = alerts.iter().filter(|alert| alert.closed.is_some()).collect();
    assert_eq!(closed.len(), 1);
    assert_eq!((closed[0].sensor, closed[0].closed), (sensor, Some((ctx.now, Because::RuleChanged))));
    change(AlertRuleChange { condition: Some(above(7)), ..AlertRuleChange::default() }).await;
    assert_eq!(world.app.open_alerts(customer.id).await.unwrap(), 0);
    open_both("2026-03-01T12:10:00Z").await;
    assert_eq!(world.app.open_alerts(customer.id).await.unwrap(), 1, "it watches one of them");
    change(AlertRuleChange { enabled: Some(false), ..AlertRuleChange::default() }).await;
    open_both("2026-03-01T12:20:00Z").await;
    assert_eq!(world.app.open_alerts(customer.id).await.unwrap(), 0);
    change(AlertRuleChange { enabled: Some(true), ..AlertRuleChange::default() }).await;
    open_both("2026-03-01T12:30:00Z").await;
    world.app.remove_alert_rule(&ctx, customer.id, rule.id).await.unwrap();
    let newest = world.alerts(&customer).await.remove(0);
    assert_eq!(newest.closed, Some((ctx.now, Because::RuleRemoved)));
    assert_eq!((newest.rule, newest.rule_name.as_str()), (None, "Too warm"));
    let gone = world.app.remove_alert_rule(&ctx, customer.id, rule.id).await;
    assert_eq!(refusal(gone), Refusal::NotFound { what: "alert rule" });
    let actions: Vec<String> =
        world.ledger(&customer).await.audit.into_iter().map(|entry| entry.action).collect();
    let of_rules: Vec<&str> =
        actions.iter().map(String::as_str).filter(|action| action.starts_with("alert_rule")).collect();
    assert_eq!(of_rules[0], "alert_rule_added");
    assert_eq!(of_rules[1..6], ["alert_rule_changed"; 5]);
    assert_eq!(of_rules[6..], ["alert_rule_removed"]);
}

async fn a_rule_that_another_process_changed_counts_as_it_is_now(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    let rule = world.rule(&customer, above(8), Watched::All).await;
    let known_before = world.rules().await;
    let node = world.node().await;
    let change = AlertRuleChange { condition: Some(above(20)), ..AlertRuleChange::default() };
    node.change_alert_rule(&world.ctx(), customer.id, rule.id, change).await.unwrap();
    world.set("2026-03-01T13:00:00Z");
    let message = world.observed(&customer, sensor, "2026-03-01T12:00:00Z", &[90, 210]).await;
    world.judge_on(&world.app, known_before.clone(), message).await;
    assert_eq!(world.told(&customer).await, ["2026-03-01T12:01:00Z 21.0 21.0"]);
    node.remove_alert_rule(&world.ctx(), customer.id, rule.id).await.unwrap();
    let message = world.observed(&customer, sensor, "2026-03-01T12:02:00Z", &[90, 70, 90]).await;
    world.judge_on(&world.app, known_before, message).await;
    assert_eq!(world.app.open_alerts(customer.id).await.unwrap(), 0);
    assert_eq!(world.alerts(&customer).await.len(), 1);
}

async fn two_nodes_that_open_at_once_open_one_alert(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    world.rule(&customer, above(8), Watched::All).await;
    world.set("2026-03-01T13:00:00Z");
    let rules = world.rules().await;
    let mut nodes = Vec::new();
    for minute in 0..4 {
        let from = format!("2026-03-01T12:0{minute}:00Z");
        let (message, rules) = (world.observed(&customer, sensor, &from, &[90]).await, rules.clone());
        let (world, node) = (world.clone(), world.node().await);
        nodes.push(tokio::spawn(async move { world.judge_on(&node, rules, message).await }));
    }
    for node in nodes {
        node.await.unwrap();
    }
    assert_eq!(world.alerts(&customer).await.len(), 1);
}

async fn alerts_of_a_removed_sensor_close_and_stay_readable(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    world.rule(&customer, above(8), Watched::All).await;
    world.set("2026-03-01T13:00:00Z");
    world.judge(world.observed(&customer, sensor, "2026-03-01T12:00:00Z", &[90]).await).await;
    let mut tx = world.test.db.begin().await.unwrap();
    let now = world.clock.now();
    let closed = alerts::close_of_sensor(&mut tx, sensor, now, Because::SensorRemoved).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(closed, 1);
    let expected = ["2026-03-01T12:00:00Z 9.0 9.0 2026-03-01T13:00:00Z sensor_removed"];
    assert_eq!(world.told(&customer).await, expected);
}

async fn r28_pages_of_alerts_put_together_are_all_of_them(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    world.rule(&customer, above(8), Watched::All).await;
    let rules = world.rules().await;
    let number = world.number(&customer, sensor).await;
    let mut tx = world.test.db.begin().await.unwrap();
    // Several opened at one instant: then their identifiers decide.
    let alert = |place: u32| NewAlert {
        closed_at: Some(at(START).plus_seconds(90)),
        ..NewAlert::opened(
            AlertId::from_bits(place.into()),
            &rules[0],
            number,
            tenure_domain::alert::Open {
                since: at(START).plus_seconds(i64::from(place / 3)),
                over: tenure_domain::alert::Positions::from_bits(1),
                worst: Some(Decimal::new(90, 1)),
            },
        )
    };
    alerts::insert(&mut tx, &(0..10).map(alert).collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    // The cover ends, and nothing of it is hidden.
    world.set("2028-01-01T00:00:00Z");
    world.app.settle_due().await.unwrap();
    let whole: Vec<AlertId> = world.alerts(&customer).await.iter().map(|alert| alert.id).collect();
    let expected: Vec<AlertId> = (0..10_u32).rev().map(|place| AlertId::from_bits(place.into())).collect();
    assert_eq!(whole, expected);
    for filter in [
        AlertQuery::default(),
        AlertQuery { open: Some(false), ..AlertQuery::default() },
        AlertQuery { sensor: Some(sensor), ..AlertQuery::default() },
        AlertQuery { rule: Some(rules[0].id), open: Some(false), ..AlertQuery::default() },
    ] {
        let (mut put_together, mut after) = (Vec::new(), None);
        loop {
            let query = AlertQuery { after, limit: 3, ..filter };
            let (page, end) = world.app.list_alerts(customer.id, query).await.unwrap();
            put_together.extend(page.iter().map(|alert| alert.id));
            after = end;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(put_together, whole, "{filter:?}");
    }
    let elsewhere = world.customer("Elsewhere", "UTC").await;
    assert_eq!(world.alerts(&elsewhere).await, []);
}

async fn rules_that_cannot_be_are_refused(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    let elsewhere = world.customer("Elsewhere", "UTC").await;
    let add = async |customer: &Customer, name: &str, condition, sensors| {
        let new = NewAlertRule { name, condition, sensors, recipients: Vec::new(), enabled: true };
        world.app.add_alert_rule(&world.ctx(), customer.id, new).await
    };
    let chosen = |count: u32| Watched::Chosen((0..count).map(|id| SensorId::from_bits(id.into())).collect());
    for (name, condition, sensors, field) in [
        (" ", lost(60), Watched::All, "name"),
        ("Watch", lost(0), Watched::All, "after_minutes"),
        ("Watch", lost(60), chosen(0), "sensors"),
        ("Watch", lost(60), chosen(1_001), "sensors"),
    ] {
        let refusal = refusal(add(&customer, name, condition, sensors).await);
        assert!(matches!(refusal, Refusal::Invalid { field: named, .. } if named == field), "{refusal}");
    }
    let others = Watched::Chosen(vec![sensor]);
    assert_eq!(
        refusal(add(&elsewhere, "Watch", lost(60), others).await),
        Refusal::NotFound { what: "sensor" }
    );
    let rule = world.rule(&customer, lost(60), Watched::Chosen(vec![sensor, sensor])).await;
    assert_eq!(rule.sensors, Watched::Chosen(vec![sensor]));
    let gone = world.app.alert_rule(elsewhere.id, rule.id).await;
    assert_eq!(refusal(gone), Refusal::NotFound { what: "alert rule" });
    let none = world.app.alert_rule(customer.id, AlertRuleId::from_bits(1)).await;
    assert_eq!(refusal(none), Refusal::NotFound { what: "alert rule" });
    for _ in 1..100 {
        world.rule(&customer, lost(60), Watched::All).await;
    }
    assert_eq!(refusal(add(&customer, "Watch", lost(60), Watched::All).await), Refusal::TooManyAlertRules);
}
