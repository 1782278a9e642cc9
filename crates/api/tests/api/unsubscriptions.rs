//! R30: being told no more, by the address in a mail (RFC 8058).

use serde_json::json;
use tenure_app::unsubscribe::Topic;
use tenure_domain::{AlertRuleId, UserId};
use tenure_store::recipients::Notification;
use tenure_store::{subscriptions, users};

use crate::support::{Administrator, Manager, Nobody, World};

async fn told(world: &World) -> serde_json::Value {
    world.by(Manager).get("…/notification-recipients").await.body["license_expiration"].clone()
}

async fn r30_one_click_takes_the_tick_away_and_another_sets_it(world: World) {
    let creator = told(&world).await;
    let path = format!("/api/v1/unsubscriptions/{}", world.unsubscription().await);
    let shown = |subscribed: bool| {
        json!({
            "what": "license_expiration", "rule": null, "organization": "Harbor",
            "email": "administrator@harbor.example", "subscribed": subscribed,
        })
    };
    let nobody = world.by(Nobody);
    assert_eq!(nobody.get(&path).await.body, shown(true));
    assert_eq!(told(&world).await, creator, "looking changes nothing");
    let form = Some("application/x-www-form-urlencoded");
    for _ in 0..2 {
        let reply = nobody.call_raw("POST", &path, form, Some("List-Unsubscribe=One-Click".to_owned())).await;
        assert_eq!((reply.status, reply.body), (200, shown(false)));
    }
    assert_eq!((told(&world).await, nobody.get(&path).await.body), (json!([]), shown(false)));
    let trail = world.by(Manager).get("…/audit?action=unsubscribed_by_mail").await.body["items"].clone();
    assert_eq!(trail.as_array().unwrap().len(), 1, "only what has changed something");
    assert_eq!(trail[0]["actor"]["email"], "administrator@harbor.example");
    assert_eq!(trail[0]["before"], json!({ "what": "license_expiration" }));
    for _ in 0..2 {
        let reply = nobody.call("POST", &format!("{path}/undo"), None).await;
        assert_eq!((reply.status, reply.body), (200, shown(true)));
    }
    assert_eq!(told(&world).await, creator);
    let trail = world.by(Manager).get("…/audit?action=subscribed_again_by_mail").await.body["items"].clone();
    assert_eq!(trail.as_array().unwrap().len(), 1);
    assert_eq!(nobody.call("POST", &path, None).await.body, shown(false), "without a body");
}

async fn r30_only_our_own_addresses_open(world: World) {
    let token = world.unsubscription().await;
    let (claim, signature) = token.rsplit_once('.').unwrap();
    let other = claim.replace("license_expiration", "pool_low");
    let mut wrong = signature.to_owned();
    let last = if wrong.pop() == Some('A') { 'E' } else { 'A' };
    wrong.push(last);
    for token in [
        format!("{other}.{signature}"),
        format!("{claim}.{wrong}"),
        format!("{claim}."),
        claim.to_owned(),
        token.replacen('1', "2", 1),
        format!("{token}="),
        "x".to_owned(),
        "%ff".to_owned(),
    ] {
        for (method, end) in [("GET", ""), ("POST", ""), ("POST", "/undo")] {
            let path = format!("/api/v1/unsubscriptions/{token}{end}");
            let reply = world.by(Nobody).call(method, &path, None).await;
            assert_eq!(reply.refusal(), (404, "not_found"), "{method} {path}");
        }
    }
    assert_eq!(told(&world).await.as_array().unwrap().len(), 1);
}

async fn r30_who_has_left_is_not_told_again(world: World) {
    let email = "bob@harbor.example";
    let user = world.user_without_password(email, "Harbor", tenure_domain::Role::Manager).await;
    let id: UserId = user.parse().unwrap();
    for notification in Notification::ALL {
        let address = world.app.unsubscribe_address(world.harbor, id, Topic::Notification(notification));
        let path = address.strip_prefix("https://tenure.harbor.example").unwrap();
        let undo = format!("{path}/undo");
        let ticked = world.by(Nobody).call("POST", &undo, None).await;
        assert_eq!(ticked.body["subscribed"], true, "{ticked}");
        assert_eq!(ticked.body["what"], notification.name());
    }
    assert_eq!(world.by(Administrator).delete(&format!("…/users/{user}")).await.status, 204);
    for notification in Notification::ALL {
        let address = world.app.unsubscribe_address(world.harbor, id, Topic::Notification(notification));
        let path = address.strip_prefix("https://tenure.harbor.example").unwrap();
        assert_eq!(world.by(Nobody).get(path).await.body["subscribed"], false);
        assert_eq!(world.by(Nobody).call("POST", path, None).await.status, 200);
        let again = world.by(Nobody).call("POST", &format!("{path}/undo"), None).await;
        assert_eq!(again.refusal(), (404, "not_found"));
    }
}

async fn r30_the_alerts_of_a_rule_are_stopped_alone(world: World) {
    let rule = json!({ "name": "Batteries", "condition": { "kind": "low_battery" }, "sensors": "all" });
    let rule = world.by(Administrator).post("…/alert-rules", &rule).await.body["id"].clone();
    let rule = rule.as_str().unwrap().to_owned();
    let id: AlertRuleId = rule.parse().unwrap();
    let mut tx = world.app.db.begin().await.unwrap();
    let manager = users::by_email(&mut tx, "manager@harbor.example").await.unwrap().unwrap().id;
    subscriptions::tick(&mut tx, world.harbor, manager, Topic::AlertRule(id)).await.unwrap();
    tx.commit().await.unwrap();
    let address = world.app.unsubscribe_address(world.harbor, manager, Topic::AlertRule(id));
    let path = address.strip_prefix("https://tenure.harbor.example").unwrap();
    let shown = world.by(Nobody).get(path).await.body;
    assert_eq!((&shown["what"], &shown["rule"]), (&json!("alert_rule"), &json!("Batteries")));
    assert_eq!(shown["subscribed"], true);
    assert_eq!(world.by(Nobody).call("POST", path, None).await.body["subscribed"], false);
    let undo = format!("{path}/undo");
    assert_eq!(world.by(Nobody).call("POST", &undo, None).await.body["subscribed"], true);
    // The same rule, said to be of another organization, is nobody's.
    let elsewhere = world.app.unsubscribe_address(world.elsewhere, manager, Topic::AlertRule(id));
    let elsewhere = elsewhere.strip_prefix("https://tenure.harbor.example").unwrap();
    assert_eq!(world.by(Nobody).call("POST", elsewhere, None).await.body["rule"], json!(null));
    assert_eq!(world.by(Nobody).get(path).await.body["subscribed"], true);
    assert_eq!(world.by(Administrator).delete(&format!("…/alert-rules/{rule}")).await.status, 204);
    let gone = world.by(Nobody).call("POST", path, None).await;
    assert_eq!(
        (gone.status, &gone.body["rule"], &gone.body["subscribed"]),
        (200, &json!(null), &json!(false))
    );
    assert_eq!(world.by(Nobody).call("POST", &undo, None).await.refusal(), (404, "not_found"));
}

on_both_engines!(
    r30_one_click_takes_the_tick_away_and_another_sets_it,
    r30_only_our_own_addresses_open,
    r30_who_has_left_is_not_told_again,
    r30_the_alerts_of_a_rule_are_stopped_alone,
);
