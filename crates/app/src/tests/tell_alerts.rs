//! Mails about alerts: at once, then one every five minutes; never twice, and nothing is left out.

use std::collections::BTreeMap;

use tenure_domain::alert::{Because, Kept};
use tenure_domain::{AlertRuleId, UserId};
use tenure_store::alert_rules::{AlertRule, Watched};
use tenure_store::on_both;
use tenure_store::outbox::{self, Mail};
use tenure_store::untold::{self, Window};

use super::alerts::{above, harbor, lost};
use super::*;
use crate::add_sensors::{Additions, Listed};
use crate::change_alert_rule::AlertRuleChange;
use crate::judge_alerts::Observed;
use crate::me::checked_language;

on_both!(
    a_rules_first_mail_goes_at_once_and_the_next_after_five_minutes,
    each_recipient_reads_their_own_language_and_clock,
    a_thousand_alerts_are_one_mail,
    two_nodes_tell_of_each_alert_once,
    what_a_node_took_and_did_not_tell_is_told_by_another,
    nobody_is_told_of_a_rule_without_recipients,
    what_opened_and_closed_long_ago_is_not_told,
    a_removed_rule_tells_its_last_and_forgets_its_recipients,
    alerts_that_close_for_other_reasons_say_why,
    r27_a_lost_connection_is_told,
    a_clock_that_steps_back_does_not_silence_a_rule,
);

const PAUSE: i64 = 300_000_000;

impl World {
    async fn member(&self, name: &str, customer: &str, language: &str) -> UserId {
        let new = NewUser {
            email: format!("{name}@harbor.example"),
            organization: Some(customer.to_owned()),
            zone: "Europe/Warsaw".parse().unwrap(),
            role: Role::Analyst,
            password: None,
        };
        let id = self.app.create_user(&self.ctx(), new).await.unwrap().id;
        let mut tx = self.test.db.begin().await.unwrap();
        let mut user = tenure_store::users::get(&mut tx, id).await.unwrap().unwrap();
        user.language = checked_language(language).unwrap().to_owned();
        tenure_store::users::update(&mut tx, &user).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn change_rule(&self, customer: &Customer, rule: AlertRuleId, change: AlertRuleChange<'_>) {
        self.app.change_alert_rule(&self.ctx(), customer.id, rule, change).await.unwrap();
    }

    /// A rule above 8 °C whose alerts these users are told of.
    async fn told_rule(&self, customer: &Customer, users: &[UserId]) -> AlertRule {
        let rule = self.rule(customer, above(8), Watched::All).await;
        let recipients = Some(users.to_vec());
        self.change_rule(customer, rule.id, AlertRuleChange { recipients, ..Default::default() }).await;
        rule
    }

    /// A temperature in tenths that is measured and arrives now.
    async fn measure(&self, customer: &Customer, sensor: SensorId, tenths: i32) {
        let from = self.clock.now().to_string();
        self.judge(self.observed(customer, sensor, &from, &[tenths]).await).await;
    }

    async fn posted(&self) -> Vec<Mail> {
        let mut tx = self.test.db.read().await.unwrap();
        let posted = outbox::all::<Mail>(&mut tx).await.unwrap();
        tx.roll_back().await.unwrap();
        posted.into_iter().map(|posted| posted.post).collect()
    }

    /// To whom which mails went, in the order in which they were written.
    async fn subjects(&self) -> Vec<String> {
        let short = |mail: &Mail| {
            assert_eq!(mail.kind, "alerts");
            format!("{} {}", mail.recipient.split('@').next().unwrap(), mail.subject)
        };
        self.posted().await.iter().map(short).collect()
    }

    async fn tell_alerts(&self) -> usize {
        self.app.tell_alerts().await.unwrap()
    }
}

async fn a_rules_first_mail_goes_at_once_and_the_next_after_five_minutes(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 2).await;
    let other = world.add(&customer, 2).await;
    let ewa = world.member("ewa", "Harbor", "en").await;
    world.told_rule(&customer, &[ewa]).await;
    assert_eq!(world.tell_alerts().await, 0);
    world.set("2026-03-01T12:00:00Z");
    world.measure(&customer, sensor, 90).await;
    assert_eq!((world.tell_alerts().await, world.tell_alerts().await), (1, 0));
    let first = world.clock.now();
    assert_eq!(world.subjects().await, ["ewa Alert: 282c02000001, Watch"]);
    // It closes, another one opens and closes, and it opens again: one mail says all.
    for (minute, sensor, tenths) in [(1, sensor, 70), (2, other, 95), (3, other, 60), (4, sensor, 99)] {
        world.clock.set(first.plus_seconds(60 * minute));
        world.measure(&customer, sensor, tenths).await;
        assert_eq!(world.tell_alerts().await, 0);
    }
    world.clock.set(first.plus_micros(PAUSE - 1));
    assert_eq!(world.tell_alerts().await, 0);
    world.clock.set(first.plus_micros(PAUSE));
    assert_eq!((world.tell_alerts().await, world.tell_alerts().await), (1, 0));
    let mails = world.posted().await;
    assert_eq!(mails[1].subject, "3 alerts: Watch");
    assert!(mails[1].text.contains("1 alert is open, 2 are closed"), "{}", mails[1].text);
    // The pause counts from the last mail. What was told is not told again.
    world.clock.set(first.plus_micros(PAUSE + 1));
    world.measure(&customer, sensor, 60).await;
    world.clock.set(first.plus_micros(2 * PAUSE - 1));
    assert_eq!(world.tell_alerts().await, 0);
    world.clock.set(first.plus_micros(2 * PAUSE + 1));
    assert_eq!(world.tell_alerts().await, 1);
    assert_eq!(world.subjects().await[2], "ewa Back to normal: 282c02000001, Watch");
    // After a quiet time the next one goes at once.
    world.clock.set(first.plus_seconds(86_400));
    world.measure(&customer, sensor, 90).await;
    assert_eq!(world.tell_alerts().await, 1);
}

async fn each_recipient_reads_their_own_language_and_clock(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    let ewa = world.member("ewa", "Harbor", "pl").await;
    let jan = world.member("jan", "Harbor", "de").await;
    let mut tx = world.test.db.begin().await.unwrap();
    let mut user = tenure_store::users::get(&mut tx, jan).await.unwrap().unwrap();
    user.zone = Some("Asia/Tokyo".parse().unwrap());
    tenure_store::users::update(&mut tx, &user).await.unwrap();
    tx.commit().await.unwrap();
    world.told_rule(&customer, &[ewa, jan]).await;
    world.set("2026-03-01T12:30:00Z");
    world.measure(&customer, sensor, 90).await;
    assert_eq!(world.tell_alerts().await, 2);
    let mails = world.posted().await;
    let of = |language: &str| mails.iter().find(|mail| mail.language == language).unwrap();
    assert!(of("pl").text.contains("13:30") && of("pl").text.contains("Europe/Warsaw"), "{}", of("pl").text);
    assert!(of("de").text.contains("21:30") && of("de").text.contains("Asia/Tokyo"), "{}", of("de").text);
    assert_eq!(of("de").created_at, world.clock.now());
    assert_eq!(of("de").organization, Some(customer.id));
}

async fn a_thousand_alerts_are_one_mail(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1_001).await;
    let (ewa, jan) = (world.member("ewa", "Harbor", "en").await, world.member("jan", "Harbor", "en").await);
    let rule = world.told_rule(&customer, &[ewa, jan]).await;
    let serials: Vec<String> = (0..1_000).map(|place| serial_number(10 + place).to_string()).collect();
    let sensors: Vec<Listed<'_>> = serials.iter().map(|serial| Listed { serial, name: None }).collect();
    let additions = Additions { sensors: &sensors, key: None, auto_renewal: None };
    let ctx = world.app.ctx(customer.caller.actor());
    world.app.add_sensors(&ctx, customer.id, additions).await.unwrap();
    let from = world.clock.now().to_string();
    let first = world.observed(&customer, sensor, &from, &[90]).await;
    let message = |row: &Row| Observed { sensor: row.sensor.number, ..first.clone() };
    let rows = world.rows(&customer).await;
    let messages: Vec<Observed> = rows.iter().filter(|row| row.sensor.id != sensor).map(message).collect();
    assert_eq!(messages.len(), 1_000);
    world.judge_all(&messages).await;
    assert_eq!((world.tell_alerts().await, world.tell_alerts().await), (2, 0));
    let mails = world.posted().await;
    assert_eq!((mails.len(), mails[0].subject.as_str()), (2, "1,000 alerts: Watch"));
    let lines = mails[0].text.lines().filter(|line| line.contains("282c02")).count();
    assert_eq!(lines, 50, "{}", mails[0].text);
    assert!(mails[0].text.contains("950"), "{}", mails[0].text);
    world.app.remove_alert_rule(&world.ctx(), customer.id, rule.id).await.unwrap();
    assert_eq!(world.tell_alerts().await, 2, "and all are closed");
}

async fn two_nodes_tell_of_each_alert_once(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    let (ewa, jan) = (world.member("ewa", "Harbor", "en").await, world.member("jan", "Harbor", "en").await);
    let mut rules = Vec::new();
    for _ in 0..20 {
        rules.push(world.told_rule(&customer, &[ewa, jan]).await);
    }
    world.set("2026-03-01T12:00:00Z");
    world.measure(&customer, sensor, 90).await;
    // Some are removed while they are told of.
    let (other, ctx) = (world.node().await, world.ctx());
    let removing = async {
        for rule in &rules[..5] {
            world.app.remove_alert_rule(&ctx, customer.id, rule.id).await.unwrap();
        }
    };
    let (here, there, ()) = tokio::join!(world.app.tell_alerts(), other.tell_alerts(), removing);
    let mut written = here.unwrap() + there.unwrap();
    for _ in 0..2 {
        let (here, there) = tokio::join!(world.app.tell_alerts(), other.tell_alerts());
        written += here.unwrap() + there.unwrap();
    }
    let mails = world.posted().await;
    assert_eq!(mails.len(), written);
    let mut by_subject: BTreeMap<(String, String), usize> = BTreeMap::new();
    for mail in &mails {
        *by_subject.entry((mail.recipient.clone(), mail.subject.clone())).or_default() += 1;
    }
    for user in ["ewa@harbor.example", "jan@harbor.example"] {
        let count = |subject: &str| {
            by_subject
                .get(&(user.to_owned(), format!("{subject}: 282c02000001, Watch")))
                .copied()
                .unwrap_or(0)
        };
        // Of a removed rule, opening and closing are one mail or two.
        let (opened, closed) = (count("Alert"), count("Closed"));
        assert!((15..=20).contains(&opened), "{by_subject:?}");
        assert_eq!(closed, 5, "{by_subject:?}");
    }
}

async fn what_a_node_took_and_did_not_tell_is_told_by_another(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    let ewa = world.member("ewa", "Harbor", "en").await;
    let rule = world.told_rule(&customer, &[ewa]).await;
    world.measure(&customer, sensor, 90).await;
    let before = world.test.dump().await;
    let mut tx = world.test.db.begin().await.unwrap();
    let window = Window { before: world.clock.now(), after: world.clock.now().plus_micros(PAUSE) };
    let taken = untold::take(&mut tx, rule.id, window).await.unwrap().unwrap();
    assert_eq!((taken.untold.len(), taken.untold[0].opened, taken.untold[0].closed), (1, true, None));
    assert_eq!(untold::take(&mut tx, rule.id, window).await.unwrap(), None);
    // It dies before it commits.
    tx.roll_back().await.unwrap();
    world.unchanged(&before).await;
    let other = world.node().await;
    assert_eq!(other.tell_alerts().await.unwrap(), 1);
    assert_eq!(world.tell_alerts().await, 0);
}

async fn nobody_is_told_of_a_rule_without_recipients(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    let (ewa, jan) = (world.member("ewa", "Harbor", "en").await, world.member("jan", "Harbor", "en").await);
    let rule = world.told_rule(&customer, &[]).await;
    world.measure(&customer, sensor, 90).await;
    assert_eq!(world.tell_alerts().await, 0);
    // Who is told from now on is told of what happens from now on.
    let told = async |users: &[UserId]| {
        let recipients = Some(users.to_vec());
        world.change_rule(&customer, rule.id, AlertRuleChange { recipients, ..Default::default() }).await;
    };
    told(&[ewa]).await;
    assert_eq!(world.tell_alerts().await, 0);
    assert_eq!(world.app.open_alerts(customer.id).await.unwrap(), 1, "it went on");
    world.set("2026-03-01T12:00:00Z");
    world.measure(&customer, sensor, 60).await;
    assert_eq!(world.tell_alerts().await, 1);
    // The mail has an address that stops its kind.
    let stop = world.posted().await.pop().unwrap().unsubscribe.unwrap();
    let token = stop.rsplit('/').next().unwrap();
    let what = async |told: bool| {
        let subscription = world.app.subscription(token).await.unwrap();
        assert_eq!((subscription.what, subscription.subscribed), ("alert_rule", told));
    };
    what(true).await;
    world.app.unsubscribe(token).await.unwrap();
    what(false).await;
    world.set("2026-03-01T12:30:00Z");
    world.measure(&customer, sensor, 90).await;
    world.measure(&customer, sensor, 60).await;
    assert_eq!(world.tell_alerts().await, 0);
    world.app.subscribe_again(token).await.unwrap();
    // Who was told no more before the mail was written gets none, and neither does who comes after.
    world.set("2026-03-01T13:00:00Z");
    world.measure(&customer, sensor, 90).await;
    told(&[]).await;
    assert_eq!(world.tell_alerts().await, 0);
    told(&[jan]).await;
    assert_eq!(world.tell_alerts().await, 0);
    // So it is with who leaves.
    world.measure(&customer, sensor, 60).await;
    world.set("2026-03-01T14:00:00Z");
    world.measure(&customer, sensor, 60).await;
    world.app.remove_user(&world.ctx(), customer.id, jan).await.unwrap();
    assert_eq!(world.tell_alerts().await, 0);
    assert_eq!(world.subjects().await, ["ewa Back to normal: 282c02000001, Watch"]);
}

async fn what_opened_and_closed_long_ago_is_not_told(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    let ewa = world.member("ewa", "Harbor", "en").await;
    world.told_rule(&customer, &[ewa]).await;
    // A sensor delivers what it measured while it was out of reach: over at 12:01, a day ago.
    let late = async |now: &str, from: &str, tenths: &[i32]| {
        world.set(now);
        world.judge(world.observed(&customer, sensor, from, tenths).await).await;
        world.tell_alerts().await
    };
    assert_eq!(late("2026-03-02T12:01:00Z", "2026-03-01T12:00:00Z", &[90, 60]).await, 0);
    assert_eq!(world.alerts(&customer).await.len(), 1, "it is on record");
    assert_eq!(late("2026-03-02T12:10:59.999999Z", "2026-03-01T12:10:00Z", &[90, 60]).await, 1);
    // What opened long ago and goes on is told, and its end as well.
    assert_eq!(late("2026-03-05T12:00:00Z", "2026-03-02T12:00:00Z", &[90]).await, 1);
    world.set("2026-03-05T12:30:00Z");
    assert_eq!(late("2026-03-05T12:30:00Z", "2026-03-02T12:01:00Z", &[60]).await, 1);
    assert_eq!(
        world.subjects().await,
        [
            "ewa Back to normal: 282c02000001, Watch",
            "ewa Alert: 282c02000001, Watch",
            "ewa Back to normal: 282c02000001, Watch"
        ]
    );
}

async fn a_removed_rule_tells_its_last_and_forgets_its_recipients(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 2).await;
    let other = world.add(&customer, 2).await;
    let ewa = world.member("ewa", "Harbor", "en").await;
    let rule = world.told_rule(&customer, &[ewa]).await;
    let quiet = world.told_rule(&customer, &[ewa]).await;
    world
        .change_rule(&customer, quiet.id, AlertRuleChange { enabled: Some(false), ..Default::default() })
        .await;
    world.measure(&customer, sensor, 90).await;
    assert_eq!(world.tell_alerts().await, 1);
    let (name, enabled) = (Some("Too warm"), Some(true));
    world.change_rule(&customer, rule.id, AlertRuleChange { name, enabled, ..Default::default() }).await;
    world.measure(&customer, other, 90).await;
    for rule in [rule.id, quiet.id] {
        world.app.remove_alert_rule(&world.ctx(), customer.id, rule).await.unwrap();
    }
    let recipients = async || {
        let mut tx = world.test.db.read().await.unwrap();
        let mut told = Vec::new();
        for rule in [rule.id, quiet.id] {
            told.push(untold::recipients(&mut tx, customer.id, rule).await.unwrap().len());
        }
        tx.roll_back().await.unwrap();
        told
    };
    assert_eq!(recipients().await, [1, 0], "of the quiet one nothing is to be told");
    assert_eq!(
        (world.tell_alerts().await, world.tell_alerts().await),
        (1, 0),
        "at once: no rule is there to be silent"
    );
    assert_eq!(recipients().await, [0, 0]);
    let mail = world.posted().await.pop().unwrap();
    // The name that stands in the last alert.
    assert_eq!(mail.subject, "Closed: 2 alerts, Too warm");
    assert!(mail.text.contains("its rule was removed"), "{}", mail.text);
}

async fn alerts_that_close_for_other_reasons_say_why(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 2).await;
    let other = world.add(&customer, 2).await;
    let ewa = world.member("ewa", "Harbor", "en").await;
    let rule = world.told_rule(&customer, &[ewa]).await;
    for sensor in [sensor, other] {
        world.measure(&customer, sensor, 90).await;
    }
    assert_eq!(world.tell_alerts().await, 1);
    world.set("2026-03-01T12:00:00Z");
    world.app.remove_sensor(&world.ctx(), customer.id, other).await.unwrap();
    assert_eq!(world.tell_alerts().await, 1);
    world.set("2026-03-01T13:00:00Z");
    let condition = Some(above(20));
    world.change_rule(&customer, rule.id, AlertRuleChange { condition, ..Default::default() }).await;
    assert_eq!(world.tell_alerts().await, 1);
    let mails = world.posted().await;
    assert_eq!(mails[1].subject, "Closed: 282c02000002, Watch");
    let because: Vec<_> = world.alerts(&customer).await.iter().map(|alert| alert.closed.unwrap().1).collect();
    assert_eq!(because, [Because::SensorRemoved, Because::RuleChanged]);
    assert!(mails[1].text.contains("its sensor was removed"), "{}", mails[1].text);
    assert!(mails[2].text.contains("its rule was changed"), "{}", mails[2].text);
}

async fn r27_a_lost_connection_is_told(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    let ewa = world.member("ewa", "Harbor", "en").await;
    let rule = world.rule(&customer, lost(60), Watched::All).await;
    let recipients = Some(vec![ewa]);
    world.change_rule(&customer, rule.id, AlertRuleChange { recipients, ..Default::default() }).await;
    world.hear(&customer, sensor).await;
    assert_eq!(world.look(at("2026-03-01T12:00:30Z"), Instant::EPOCH).await, 1);
    assert_eq!(world.tell_alerts().await, 1);
    world.set("2026-03-01T13:00:00Z");
    let mut heard = world.observed(&customer, sensor, "2026-03-01T13:00:00Z", &[]).await;
    heard.kept = Kept::Nothing;
    world.judge(heard).await;
    assert_eq!(world.tell_alerts().await, 1);
    let subjects = ["ewa Alert: 282c02000001, Watch", "ewa Back to normal: 282c02000001, Watch"];
    assert_eq!(world.subjects().await, subjects);
}

async fn a_clock_that_steps_back_does_not_silence_a_rule(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    let ewa = world.member("ewa", "Harbor", "en").await;
    world.told_rule(&customer, &[ewa]).await;
    world.set("2027-02-28T12:00:00Z");
    world.measure(&customer, sensor, 90).await;
    assert_eq!(world.tell_alerts().await, 1);
    // A node whose clock is behind by a little waits with the others.
    let told = world.clock.now();
    world.measure(&customer, sensor, 60).await;
    world.clock.set(told.plus_micros(-PAUSE));
    let other = world.node().await;
    world.clock.set(told.plus_micros(1));
    world.measure(&customer, sensor, 60).await;
    world.clock.set(told.plus_micros(-PAUSE));
    assert_eq!(other.tell_alerts().await.unwrap(), 0);
    // One that steps back by more does not wait for the time to come round again.
    world.clock.set(told.plus_micros(-PAUSE - 1));
    assert_eq!(other.tell_alerts().await.unwrap(), 1);
}
