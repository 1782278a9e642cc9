//! R33: the outbox as people see it.

use serde_json::json;
use tenure_store::outbox::{self, Mail, State};

use crate::support::{Administrator, Manager, Stranger, World};

async fn r33_what_has_become_of_mail_is_seen(world: World) {
    let failed = world.failed_notice().await;
    world.at("2026-11-21T10:00:01Z");
    let test = world.by(Manager).call("POST", "…/notices/test", None).await;
    assert_eq!(test.status, 202, "{test}");
    let list = world.by(Manager).get("…/notices").await;
    assert_eq!(
        list.body,
        json!({
            "items": [
                {
                    "id": test.body["id"], "kind": "test", "subject": "Test mail from Tenure",
                    "recipient": "manager@harbor.example", "state": "queued",
                    "created_at": "2026-11-21T10:00:01Z", "settled_at": null, "attempts": 0,
                    "next_try_at": "2026-11-21T10:00:01Z", "last_reply": null,
                },
                {
                    "id": failed, "kind": "month_before", "subject": "3 sensors stop sending",
                    "recipient": "bob@harbor.example", "state": "failed",
                    "created_at": "2026-11-21T10:00:00Z", "settled_at": "2026-11-21T10:00:00Z", "attempts": 1,
                    "next_try_at": null, "last_reply": "550 no such person",
                },
            ],
            "next_cursor": null,
        })
    );
    assert_eq!(test.body, list.body["items"][0]);
    for (query, ids) in [
        ("state=failed", vec![failed.as_str()]),
        ("state=queued&kind=test", vec![test.body["id"].as_str().unwrap()]),
        ("state=sent", vec![]),
        ("kind=pool_low", vec![]),
    ] {
        assert_eq!(world.by(Manager).get(&format!("…/notices?{query}")).await.ids(), ids, "{query}");
    }
    for query in ["state=lost", "kind=gossip"] {
        let refused = world.by(Manager).get(&format!("…/notices?{query}")).await;
        assert_eq!(refused.refusal(), (422, "invalid"), "{query}");
    }
    let own = format!("/api/v1/organizations/{}/notices", world.elsewhere);
    assert_eq!(world.by(Stranger).get(&own).await.body["items"], json!([]));
}

async fn r33_mail_is_listed_page_by_page(world: World) {
    let mut ids = Vec::new();
    for second in 0..5 {
        world.at(&format!("2026-11-21T11:00:0{second}Z"));
        ids.insert(0, world.failed_notice().await);
    }
    let (mut found, mut path) = (Vec::new(), "…/notices?limit=2".to_owned());
    loop {
        let page = world.by(Administrator).get(&path).await;
        found.extend(page.ids());
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("…/notices?limit=2&cursor={cursor}");
    }
    assert_eq!(found, ids);
}

async fn r33_what_has_failed_is_sent_again_when_somebody_says_so(world: World) {
    let failed = world.failed_notice().await;
    let path = format!("…/notices/{failed}/retry");
    world.at("2026-11-22T10:00:00Z");
    let again = world.by(Manager).call("POST", &path, None).await;
    assert_eq!((again.status, &again.body["state"]), (200, &json!("queued")), "{again}");
    assert_eq!((&again.body["attempts"], &again.body["settled_at"]), (&json!(0), &json!(null)));
    assert_eq!(again.body["next_try_at"], "2026-11-22T10:00:00Z");
    assert_eq!(again.body["last_reply"], "550 no such person");
    assert_eq!(world.mails().await[0].text, "Which", "what it says is still there");
    assert_eq!(world.by(Manager).call("POST", &path, None).await.refusal(), (409, "notice_not_failed"));
    let trail = world.by(Manager).get("…/audit?limit=1").await.body["items"][0].clone();
    assert_eq!((&trail["action"], &trail["subject"]["id"]), (&json!("notice_retried"), &json!(failed)));
    assert_eq!(trail["before"]["state"], "failed");
    assert_eq!(trail["after"]["recipient"], "bob@harbor.example");

    let mut tx = world.app.db.begin().await.unwrap();
    let now = world.app.clock.now();
    let leased = outbox::lease::<Mail>(&mut tx, "worker", now, now.plus_seconds(60), 100).await.unwrap();
    outbox::settle(&mut tx, "worker", leased[0].post.id, (State::Sent, now), now, "250 OK").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.by(Manager).call("POST", &path, None).await.refusal(), (409, "notice_not_failed"));
    let sent = world.by(Manager).get("…/notices?state=sent").await.body["items"][0].clone();
    assert_eq!((&sent["settled_at"], &sent["attempts"]), (&json!("2026-11-22T10:00:00Z"), &json!(1)));

    let unknown = "…/notices/mai_0000000000000000000000000c/retry";
    assert_eq!(world.by(Manager).call("POST", unknown, None).await.refusal(), (404, "not_found"));
    let theirs = format!("/api/v1/organizations/{}/notices/{failed}/retry", world.elsewhere);
    assert_eq!(world.by(Stranger).call("POST", &theirs, None).await.refusal(), (404, "not_found"));
}

async fn r33_five_test_mails_an_hour_and_user(world: World) {
    let send = async |name: &str| world.by_name(name).call("POST", "…/notices/test", None).await;
    for _ in 0..5 {
        assert_eq!(send("manager").await.status, 202);
    }
    let refused = send("manager").await;
    assert_eq!(refused.refusal(), (429, "too_many_test_mails"));
    assert_eq!(refused.header("retry-after"), "3600");
    assert_eq!(send("administrator").await.status, 202, "another user");
    let trail = world.by(Manager).get("…/audit?action=test_mail_sent").await;
    assert_eq!(trail.body["items"].as_array().unwrap().len(), 6);
    world.at("2026-11-21T10:59:59.999999Z");
    assert_eq!(send("manager").await.status, 429);
    world.at("2026-11-21T11:00:00Z");
    assert_eq!(send("manager").await.status, 202);
}

on_both_engines!(
    r33_what_has_become_of_mail_is_seen,
    r33_mail_is_listed_page_by_page,
    r33_what_has_failed_is_sent_again_when_somebody_says_so,
    r33_five_test_mails_an_hour_and_user,
);
