//! Notices: when they are due, to whom they go, and that each is told once (R29 to R32).

use tenure_domain::notice::Kind;
use tenure_domain::{Instant, Role, SensorId, Zone};
use tenure_store::on_both;
use tenure_store::outbox::{self, Mail, Posted};
use tenure_store::testing::TestDb;

use super::{Customer, World, at};
use crate::change_organization::OrganizationChange;
use crate::create_user::NewUser;
use crate::notice_outlook::ComingMail;
use crate::recipients::RecipientsChange;
use crate::{Actor, App};

impl World {
    /// Does what the scheduler does at this instant; returns the mails that came of it, as lines.
    async fn tell(&self, instant: &str) -> Vec<String> {
        self.tell_at(at(instant)).await
    }

    async fn tell_at(&self, instant: Instant) -> Vec<String> {
        self.clock.set(instant);
        self.tell_now(&self.app).await
    }

    async fn tell_now(&self, app: &App) -> Vec<String> {
        let before = self.mails().await.len();
        app.settle_due().await.unwrap();
        let written = app.tell_due().await.unwrap();
        let new = self.mails().await.split_off(before);
        assert_eq!(new.len(), written);
        new.iter().map(|posted| format!("{} {}", posted.post.kind, posted.post.recipient)).collect()
    }

    /// All mails of notices, in the order in which they were decided.
    pub(super) async fn mails(&self) -> Vec<Posted> {
        let mut tx = self.test.db.read().await.unwrap();
        let all = outbox::all::<Mail>(&mut tx).await.unwrap();
        tx.roll_back().await.unwrap();
        all
    }

    /// The last mail.
    async fn last_mail(&self) -> Mail {
        self.mails().await.pop().unwrap().post
    }

    /// What was told of a sensor: kind, end of the chain, when.
    async fn told_of(&self, sensor: SensorId) -> Vec<(String, String, Instant)> {
        let dump = self.test.dump().await;
        let mut told: Vec<_> = dump["notices"]
            .iter()
            .map(|row| row.replace('\'', ""))
            .filter(|row| row.contains(&sensor.to_string()))
            .map(|row| {
                let of = |column: &str| {
                    let (_, rest) = row.split_once(&format!("{column}=")).unwrap();
                    rest.split([',', ' ', ')']).next().unwrap().to_owned()
                };
                (of("kind"), of("expires_on"), Instant::from_micros(of("told_us").parse().unwrap()))
            })
            .collect();
        told.sort_by_key(|(_, _, at)| *at);
        told
    }

    /// An organization whose clerk is told of expirations, and of nothing else.
    async fn told_customer(&self, zone: &str) -> Customer {
        let customer = self.customer("Harbor", zone).await;
        let change = RecipientsChange { pool_low: Some(Vec::new()), ..RecipientsChange::default() };
        self.app.set_recipients(&self.ctx(), customer.id, change).await.unwrap();
        customer
    }
}

const MONTH: &str = "month_before clerk@harbor.example";
const DAY: &str = "expiration_day clerk@harbor.example";

async fn r29_a_month_before_and_on_the_day_to_the_microsecond(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("Europe/Warsaw").await;
    world.stock(&harbor, 1, "P1Y").await;
    let sensor = world.add(&harbor, 1).await;
    assert_eq!(world.tell("2027-02-01T06:59:59.999999Z").await, [""; 0]);
    assert_eq!(world.tell("2027-02-01T07:00:00Z").await, [MONTH]);
    assert_eq!(world.tell("2027-02-01T07:00:00.000001Z").await, [""; 0]);
    assert_eq!(world.tell("2027-03-01T06:59:59.999999Z").await, [""; 0]);
    assert_eq!(
        world.tell("2027-03-01T07:00:00Z").await,
        [DAY],
        "licenses that expire today are not left out"
    );
    assert_eq!(world.tell("2027-03-01T23:00:00Z").await, [""; 0]);
    assert_eq!(world.tell("2029-03-01T23:00:00Z").await, [""; 0]);
    let told = world.told_of(sensor).await;
    let expected = [
        ("month_before".to_owned(), "2027-03-01".to_owned(), at("2027-02-01T07:00:00Z")),
        ("expiration_day".to_owned(), "2027-03-01".to_owned(), at("2027-03-01T07:00:00Z")),
    ];
    assert_eq!(told, expected);
}

/// The service is off from one look to the next: what is still true is told, once, and nothing else.
async fn r29_a_late_server_tells_what_is_still_true_once(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.stock(&harbor, 1, "P1Y").await;
    world.add(&harbor, 1).await;
    assert_eq!(world.tell("2027-02-01T07:00:00Z").await, [""; 0]);
    // 13 hours, over the notice of the month before.
    assert_eq!(world.tell("2027-02-01T20:00:00Z").await, [MONTH]);
    assert_eq!(world.tell("2027-02-28T20:00:00Z").await, [""; 0]);
    // 4 days, over the expiration day: it has stopped, which is as true as that it would.
    assert_eq!(world.tell("2027-03-04T20:00:00Z").await, [DAY]);
    assert!(world.last_mail().await.text.contains("stopped"), "{}", world.last_mail().await.text);
    assert_eq!(world.tell("2027-03-05T20:00:00Z").await, [""; 0]);
}

async fn r29_an_outage_over_both_notices_tells_the_second_only(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.stock(&harbor, 1, "P1Y").await;
    let sensor = world.add(&harbor, 1).await;
    assert_eq!(world.tell("2027-01-25T12:00:00Z").await, [""; 0]);
    // 40 days.
    assert_eq!(world.tell("2027-03-06T12:00:00Z").await, [DAY]);
    assert_eq!(world.told_of(sensor).await.len(), 1);
    for day in 7..10 {
        assert_eq!(world.tell(&format!("2027-03-{day:02}T12:00:00Z")).await, [""; 0]);
    }
}

async fn r29_what_was_renewed_in_an_outage_is_not_told(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.stock(&harbor, 2, "P1Y").await;
    let sensor = world.add(&harbor, 1).await;
    world.tell("2027-01-25T12:00:00Z").await;
    assert_eq!(world.tell("2027-03-06T12:00:00Z").await, [""; 0], "it was renewed from the pool");
    assert_eq!(world.tell("2028-02-01T08:00:00Z").await, [MONTH], "the second year has its own notices");
    assert_eq!(world.tell("2028-03-01T08:00:00Z").await, [DAY]);
    let ends: Vec<String> = world.told_of(sensor).await.into_iter().map(|(_, on, _)| on).collect();
    assert_eq!(ends, ["2028-03-01", "2028-03-01"]);
}

async fn r29_a_license_by_hand_between_the_notices_ends_them(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.stock(&harbor, 2, "P1Y").await;
    let sensor = world.add(&harbor, 1).await;
    assert_eq!(world.tell("2027-02-01T08:00:00Z").await, [MONTH]);
    world.set("2027-02-10T12:00:00Z");
    world.assign(&harbor, sensor).await;
    assert_eq!(
        world.tell("2027-03-01T08:00:00Z").await,
        [""; 0],
        "a queue that goes on is not in the mail (R32)"
    );
    assert_eq!(world.tell("2028-02-01T08:00:00Z").await, [MONTH]);
}

async fn r29_a_term_too_short_has_no_notice_of_the_month_before(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.stock(&harbor, 1, "P20D").await;
    let short = world.add(&harbor, 1).await;
    // At 11:00 one month before 1 April, 08:00 of that day is over.
    world.stock(&harbor, 3, "P1M").await;
    let monthly = world.add(&harbor, 2).await;
    for day in 1..=31 {
        world.tell(&format!("2026-03-{day:02}T12:00:00Z")).await;
    }
    world.tell("2026-04-01T08:00:00Z").await;
    // Renewed by itself at the end of 1 April, for a month again.
    world.tell("2026-04-02T00:00:00Z").await;
    world.tell("2026-04-15T12:00:00Z").await;
    world.tell("2026-05-01T08:00:00Z").await;
    let kinds = |told: Vec<(String, String, Instant)>| -> Vec<String> {
        told.into_iter().map(|(kind, on, _)| format!("{kind} {on}")).collect()
    };
    // Renewed by one of a month, which came at the end of 21 March.
    assert_eq!(kinds(world.told_of(short).await), ["expiration_day 2026-03-21", "expiration_day 2026-04-21"]);
    assert_eq!(
        kinds(world.told_of(monthly).await),
        ["expiration_day 2026-04-01", "expiration_day 2026-05-01"]
    );
}

async fn r29_a_chain_of_short_terms_has_both_notices(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.stock(&harbor, 3, "P2W").await;
    let sensor = world.add(&harbor, 1).await;
    world.assign(&harbor, sensor).await;
    world.assign(&harbor, sensor).await;
    assert_eq!(world.tell("2026-03-12T07:59:59.999999Z").await, [""; 0]);
    assert_eq!(world.tell("2026-03-12T08:00:00Z").await, [MONTH], "it ends on 12 April");
    // An outage over the begin of its last license changes nothing.
    assert_eq!(world.tell("2026-04-12T08:00:00Z").await, [DAY]);
}

async fn r29_an_outage_over_the_begin_of_the_last_license_changes_nothing(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.stock(&harbor, 2, "P1M").await;
    let sensor = world.add(&harbor, 1).await;
    world.assign(&harbor, sensor).await;
    world.tell("2026-03-31T12:00:00Z").await;
    // It ends on 1 May; on 1 April the first license was active, on 4 April the second is.
    assert_eq!(world.tell("2026-04-04T12:00:00Z").await, [MONTH]);
}

async fn r29_leap_days_and_the_ends_of_months(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.set("2027-02-28T12:00:00Z");
    world.stock(&harbor, 1, "P1Y").await;
    world.stock(&harbor, 1, "P366D").await;
    world.stock(&harbor, 1, "P397D").await;
    let mut sensors = Vec::new();
    for serial in 1..=3 {
        sensors.push(world.add(&harbor, serial).await);
    }
    let mut told = Vec::new();
    let mut day: tenure_domain::Date = "2028-01-20".parse().unwrap();
    while day < "2028-04-10".parse().unwrap() {
        world.tell(&format!("{day}T08:00:00Z")).await;
        day = day.tomorrow().unwrap();
    }
    for sensor in sensors {
        for (kind, on, at) in world.told_of(sensor).await {
            told.push(format!("{on} {kind} {at}"));
        }
    }
    let expected = [
        "2028-02-28 month_before 2028-01-28T08:00:00Z",
        "2028-02-28 expiration_day 2028-02-28T08:00:00Z",
        "2028-02-29 month_before 2028-01-29T08:00:00Z",
        "2028-02-29 expiration_day 2028-02-29T08:00:00Z",
        "2028-03-31 month_before 2028-02-29T08:00:00Z",
        "2028-03-31 expiration_day 2028-03-31T08:00:00Z",
    ];
    assert_eq!(told, expected);
}

async fn r29_zones_that_skip_midnights_and_whole_days(test: TestDb) {
    let world = World::new(test);
    let cairo = world.told_customer("Africa/Cairo").await;
    world.set("2026-04-20T12:00:00Z");
    world.stock(&cairo, 1, "P4D").await;
    world.add(&cairo, 1).await;
    // 24 April has no midnight; from its jump on, clocks are three hours ahead of UTC.
    assert_eq!(world.tell("2026-04-24T04:59:59.999999Z").await, [""; 0]);
    assert_eq!(world.tell("2026-04-24T05:00:00Z").await, [DAY]);
}

async fn r29_a_change_of_zone_tells_nothing_twice_and_forgets_nothing(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("Pacific/Auckland").await;
    world.stock(&harbor, 2, "P1Y").await;
    world.add(&harbor, 1).await;
    world.set("2026-03-05T11:00:00Z");
    world.add(&harbor, 2).await;
    assert_eq!(world.tell("2027-01-31T19:00:00Z").await, [""; 0]);
    assert_eq!(world.tell("2027-02-01T19:00:00Z").await, [MONTH], "8 o'clock of 2 February in Auckland");
    let change = OrganizationChange {
        zone: Some("Pacific/Honolulu".parse().unwrap()),
        ..OrganizationChange::default()
    };
    world.app.change_organization(&world.ctx(), harbor.id, change).await.unwrap();
    for hour in 0..24 {
        assert_eq!(world.tell(&format!("2027-02-02T{hour:02}:30:00Z")).await, [""; 0]);
    }
    assert_eq!(world.tell("2027-02-06T17:59:59.999999Z").await, [""; 0]);
    assert_eq!(world.tell("2027-02-06T18:00:00Z").await, [MONTH], "8 o'clock of 6 February in Honolulu");
}

async fn r29_a_chain_that_gets_shorter_is_told_when_it_has(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.stock(&harbor, 2, "P1Y").await;
    let sensor = world.add(&harbor, 1).await;
    world.assign(&harbor, sensor).await;
    world.set("2027-02-10T12:00:00Z");
    let queued = super::license_of(&world.ledger(&harbor).await, sensor, "queued");
    world.app.set_auto_renewal(&world.ctx(), harbor.id, &[sensor], false).await.unwrap();
    world.app.take_back(&world.ctx(), harbor.id, sensor, queued).await.unwrap();
    assert_eq!(world.tell_now(&world.app).await, [MONTH], "it ends in less than a month now");
    assert_eq!(world.tell("2027-03-01T08:00:00Z").await, [DAY]);
}

async fn r9_a_clock_that_steps_back_tells_nothing_twice(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.stock(&harbor, 1, "P1Y").await;
    world.add(&harbor, 1).await;
    assert_eq!(world.tell("2027-02-01T08:00:00Z").await, [MONTH]);
    assert_eq!(world.tell("2027-01-01T08:00:00Z").await, [""; 0]);
    assert_eq!(world.tell("2027-02-01T08:00:00Z").await, [""; 0]);
    assert_eq!(world.tell("2027-03-01T08:00:00Z").await, [DAY]);
    assert_eq!(world.tell("2027-02-01T08:00:00Z").await, [""; 0]);
}

async fn r30_who_is_ticked_when_it_is_decided_is_told(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    let late = world.customer("Harbor", "UTC").await;
    assert_eq!(late.id, harbor.id);
    world.stock(&harbor, 1, "P1Y").await;
    world.add(&harbor, 1).await;
    let all = world.app.list_users(harbor.id, None, 9).await.unwrap().0;
    let tick = async |users: Vec<tenure_domain::UserId>| {
        let change = RecipientsChange { license_expiration: Some(users), ..RecipientsChange::default() };
        world.app.set_recipients(&world.ctx(), harbor.id, change).await.unwrap();
    };
    tick(Vec::new()).await;
    assert_eq!(world.tell("2027-02-01T08:00:00Z").await, [""; 0]);
    tick(all.iter().map(|member| member.id).collect()).await;
    assert_eq!(world.tell("2027-02-01T08:00:01Z").await, [""; 0], "who comes late is told of the next");
    assert_eq!(world.tell("2027-03-01T08:00:00Z").await, [DAY]);
}

async fn r31_nodes_at_once_tell_once(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.stock(&harbor, 5, "P1Y").await;
    for serial in 1..=5 {
        world.add(&harbor, serial).await;
    }
    let nodes = [world.node().await, world.node().await, world.node().await];
    for (instant, kind) in
        [("2027-02-01T08:00:00Z", "month_before"), ("2027-03-01T09:00:00Z", "expiration_day")]
    {
        world.set(instant);
        let before = world.mails().await.len();
        let looks: Vec<_> = nodes
            .iter()
            .cloned()
            .map(|node| {
                tokio::spawn(async move {
                    node.settle_due().await.unwrap();
                    node.tell_due().await.unwrap()
                })
            })
            .collect();
        let mut written = 0;
        for look in looks {
            written += look.await.unwrap();
        }
        let new = world.mails().await.split_off(before);
        assert_eq!((written, new.len(), new[0].post.kind.as_str()), (1, 1, kind));
    }
    assert_eq!(world.test.dump().await["notices"].len(), 10);
}

async fn r31_one_mail_of_a_kind_a_day(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("Europe/Warsaw").await;
    world.stock(&harbor, 4, "P1Y").await;
    let sensors = [world.add(&harbor, 1).await, world.add(&harbor, 2).await];
    world.assign(&harbor, sensors[1]).await;
    assert_eq!(world.tell("2027-02-01T07:00:00Z").await, [MONTH]);
    // The other's queue goes: it ends in a month as well. Today's mail is written already.
    let queued = super::license_of(&world.ledger(&harbor).await, sensors[1], "queued");
    world.app.take_back(&world.ctx(), harbor.id, sensors[1], queued).await.unwrap();
    assert_eq!(world.tell("2027-02-01T15:00:00Z").await, [""; 0]);
    assert_eq!(world.tell("2027-02-02T06:59:59.999999Z").await, [""; 0]);
    assert_eq!(world.tell("2027-02-02T07:00:00Z").await, [MONTH]);
    assert_eq!(world.tell("2027-03-01T07:00:00Z").await, [DAY]);
    let digests = world.test.dump().await["digests"].join("\n");
    assert!(digests.contains("2027-02-01") && digests.contains("2027-02-02"), "{digests}");
}

async fn r31_a_notice_is_told_again_only_when_the_end_is_another(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.stock(&harbor, 2, "P1Y").await;
    let sensor = world.add(&harbor, 1).await;
    assert_eq!(world.tell("2027-02-01T08:00:00Z").await, [MONTH]);
    world.assign(&harbor, sensor).await;
    assert_eq!(world.tell("2027-02-02T08:00:00Z").await, [""; 0]);
    let queued = super::license_of(&world.ledger(&harbor).await, sensor, "queued");
    world.app.take_back(&world.ctx(), harbor.id, sensor, queued).await.unwrap();
    assert_eq!(world.tell("2027-02-03T08:00:00Z").await, [""; 0], "that it ends on 1 March was told");
    assert_eq!(world.tell("2027-03-01T08:00:00Z").await, [DAY]);
}

async fn r32_the_mail_names_who_goes_without(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.stock(&harbor, 4, "P1Y").await;
    let mut sensors = Vec::new();
    for serial in 1..=3 {
        sensors.push(world.add(&harbor, serial).await);
        world.clock.set(at(super::START).plus_seconds(i64::try_from(serial).unwrap()));
    }
    world.app.set_auto_renewal(&world.ctx(), harbor.id, &[sensors[2]], false).await.unwrap();
    assert_eq!(world.tell("2027-02-01T08:00:00Z").await, [MONTH]);
    let mail = world.last_mail().await;
    assert_eq!(mail.subject, "2 sensors stop sending on 1 March 2027; 1 license is left");
    let line = |serial: &str| mail.text.lines().find(|line| line.contains(serial)).unwrap().to_owned();
    assert!(line("282c02000001").contains("will be renewed automatically from the pool"), "{}", mail.text);
    assert!(line("282c02000002").contains("no license left for it"), "{}", mail.text);
    assert!(line("282c02000003").contains("auto renewal is off"), "{}", mail.text);
    assert!(mail.attachment.is_some());
}

async fn a_removed_sensor_is_not_told_of_and_one_that_comes_back_is(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    world.stock(&harbor, 1, "P1Y").await;
    let sensor = world.add(&harbor, 1).await;
    world.set("2027-01-10T12:00:00Z");
    world.app.remove_sensor(&world.ctx(), harbor.id, sensor).await.unwrap();
    assert_eq!(world.tell("2027-02-01T08:00:00Z").await, [""; 0]);
    world.set("2027-02-10T12:00:00Z");
    assert_eq!(world.add(&harbor, 1).await, sensor, "it comes back with the rest");
    assert_eq!(world.tell("2027-02-10T12:00:01Z").await, [""; 0], "what is left is too short for the first");
    assert_eq!(world.tell("2027-03-01T08:00:00Z").await, [DAY]);
}

async fn the_pool_is_told_of_once_each_time_that_it_runs_low(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let only_pool = RecipientsChange { license_expiration: Some(Vec::new()), ..RecipientsChange::default() };
    world.app.set_recipients(&world.ctx(), harbor.id, only_pool).await.unwrap();
    world.stock(&harbor, 3, "P1Y").await;
    for serial in 1..=2 {
        world.add(&harbor, serial).await;
    }
    let low = ["pool_low clerk@harbor.example"];
    // Two end on 1 March; 60 days before that is 31 December, which begins for notices at eight o'clock.
    assert_eq!(world.tell("2026-12-30T08:00:00Z").await, [""; 0]);
    assert_eq!(world.tell("2026-12-31T07:59:59.999999Z").await, [""; 0]);
    assert_eq!(world.tell("2026-12-31T08:00:00Z").await, low);
    assert_eq!(world.tell("2027-01-01T08:00:00Z").await, [""; 0]);
    world.stock(&harbor, 1, "P1Y").await;
    assert_eq!(world.tell("2027-01-02T08:00:00Z").await, [""; 0], "it is enough");
    let third = world.add(&harbor, 3).await;
    assert_eq!(world.tell("2027-01-03T08:00:00Z").await, low, "it is not, again");
    world.app.set_auto_renewal(&world.ctx(), harbor.id, &[third], true).await.unwrap();
    assert_eq!(world.tell("2027-01-04T08:00:00Z").await, [""; 0]);
}

async fn r5_administrators_are_mailed_what_a_revocation_has_done(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("UTC").await;
    let code = world.issue(3, "P1Y").await;
    world.redeem(&harbor, &code.code.to_string()).await.unwrap();
    let sensor = world.add(&harbor, 1).await;
    world.assign(&harbor, sensor).await;
    let administrator = NewUser {
        email: "ana@harbor.example".to_owned(),
        organization: Some("Harbor".to_owned()),
        zone: Zone::UTC,
        role: Role::Administrator,
        password: None,
    };
    world.app.create_user(&world.ctx(), administrator).await.unwrap();
    let sent = async || -> Vec<String> {
        let mails = world.mails().await;
        mails
            .iter()
            .map(|Posted { post, .. }| format!("{} {} {}", post.kind, post.recipient, post.subject))
            .collect()
    };
    world.app.revoke_code(&world.ctx(), code.id, false).await.unwrap();
    assert_eq!(sent().await.len(), 1, "the clerk is a Manager");
    let text = world.last_mail().await.text;
    assert!(text.contains(&code.code.to_string()) && !text.contains("282c02000001"), "{text}");
    world.app.revoke_code(&world.ctx(), code.id, false).await.unwrap();
    assert_eq!(sent().await.len(), 1, "it changed nothing");
    world.set("2026-03-01T11:00:01Z");
    world.app.revoke_code(&world.ctx(), code.id, true).await.unwrap();
    let last = sent().await.pop().unwrap();
    assert!(
        last.starts_with("code_revoked ana@harbor.example ")
            && last.ends_with("282c02000001 has no license now"),
        "{last}"
    );
    assert!(world.last_mail().await.text.contains("282c02000001"));
    // That it has stopped is told as well, to those who are ticked.
    assert_eq!(world.tell("2026-03-01T12:00:00Z").await, [DAY]);
}

/// What is said of the next mails is what then comes.
async fn the_outlook_is_what_then_happens(test: TestDb) {
    let world = World::new(test);
    let harbor = world.told_customer("Europe/Warsaw").await;
    world.stock(&harbor, 4, "P40D").await;
    world.stock(&harbor, 4, "P3W").await;
    world.stock(&harbor, 4, "P50D").await;
    for serial in 1..=7 {
        world.clock.set(world.app.clock.now().plus_seconds(86_400));
        let sensor = world.add(&harbor, serial).await;
        let on = serial % 3 != 0;
        world.app.set_auto_renewal(&world.ctx(), harbor.id, &[sensor], on).await.unwrap();
    }
    for serial in [3, 6] {
        let sensor = world
            .rows(&harbor)
            .await
            .into_iter()
            .find(|row| row.sensor.serial == super::serial_number(serial));
        world.assign(&harbor, sensor.unwrap().sensor.id).await;
    }
    let now = world.app.clock.now();
    world.tell_at(now).await;
    let outlook = world.app.notice_outlook(&world.ctx(), harbor.id).await.unwrap();
    assert_eq!((outlook.recipients, outlook.last_run), (1, Some(now)));
    assert_eq!(Some(outlook.next_run), outlook.next.first().map(|mail| mail.at).min(Some(outlook.next_run)));
    assert!(outlook.next.len() > 4, "{outlook:?}");
    // Renewed chains have notices of their own, of which nothing is said before: those that come first are looked at.
    for ComingMail { kind, at, sensors, .. } in &outlook.next[..4] {
        assert_eq!(world.tell_at(at.plus_micros(-1)).await, [""; 0], "{at}");
        let expected = if *kind == Kind::MonthBefore { MONTH } else { DAY };
        assert_eq!(world.tell_at(*at).await, [expected], "{at}");
        let dump = world.test.dump().await["notices"].join("\n").replace('\'', "");
        assert_eq!(dump.matches(&format!("told_us={}", at.as_micros())).count(), *sensors, "{at}");
    }
    let ctx = world.app.ctx(Actor::Service);
    assert!(world.app.notice_outlook(&ctx, harbor.id).await.unwrap().pool.needed > 0);
}

on_both!(
    r29_a_month_before_and_on_the_day_to_the_microsecond,
    r29_a_late_server_tells_what_is_still_true_once,
    r29_an_outage_over_both_notices_tells_the_second_only,
    r29_what_was_renewed_in_an_outage_is_not_told,
    r29_a_license_by_hand_between_the_notices_ends_them,
    r29_a_term_too_short_has_no_notice_of_the_month_before,
    r29_a_chain_of_short_terms_has_both_notices,
    r29_an_outage_over_the_begin_of_the_last_license_changes_nothing,
    r29_leap_days_and_the_ends_of_months,
    r29_zones_that_skip_midnights_and_whole_days,
    r29_a_change_of_zone_tells_nothing_twice_and_forgets_nothing,
    r29_a_chain_that_gets_shorter_is_told_when_it_has,
    r9_a_clock_that_steps_back_tells_nothing_twice,
    r30_who_is_ticked_when_it_is_decided_is_told,
    r31_nodes_at_once_tell_once,
    r31_one_mail_of_a_kind_a_day,
    r31_a_notice_is_told_again_only_when_the_end_is_another,
    r32_the_mail_names_who_goes_without,
    r5_administrators_are_mailed_what_a_revocation_has_done,
    a_removed_sensor_is_not_told_of_and_one_that_comes_back_is,
    the_pool_is_told_of_once_each_time_that_it_runs_low,
    the_outlook_is_what_then_happens,
);
