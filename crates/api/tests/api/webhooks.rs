//! Webhooks, as an Administrator keeps them.

use serde_json::{Value, json};

use crate::support::{Administrator, World};

fn new(url: &str) -> Value {
    json!({ "url": url, "events": ["license.expired"] })
}

async fn a_webhook_shows_its_secret_once(world: World) {
    let administrator = world.by(Administrator);
    let made = administrator
        .post(
            "…/webhooks",
            &json!({
                "url": "https://Hooks.harbor.example/tenure?key=abc",
                "description": " Stores ",
                "events": ["sensor.refused", "license.expiring", "sensor.refused"],
            }),
        )
        .await;
    assert_eq!(made.status, 201, "{made}");
    let secret = made.body["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    let id = made.body["id"].as_str().unwrap().to_owned();
    let mut row = made.body.clone();
    row.as_object_mut().unwrap().remove("secret");
    assert_eq!(
        row,
        json!({
            "id": id,
            "url": "https://hooks.harbor.example/tenure?key=abc",
            "description": "Stores",
            "events": ["license.expiring", "sensor.refused"],
            "enabled": true,
            "created_at": "2026-11-21T10:00:00Z",
            "failing_since": null,
            "disabled_because": null,
            "etag": row["etag"],
        })
    );
    assert_eq!(administrator.get("…/webhooks").await.body, json!({ "items": [row], "next_cursor": null }));

    let change = json!({ "events": ["pool.low"], "description": "", "url": "https://192.0.3.7:8443/" });
    let changed = administrator.patch(&format!("…/webhooks/{id}"), &change).await;
    assert_eq!(changed.body["url"], "https://192.0.3.7:8443/");
    assert_eq!((&changed.body["events"], &changed.body["description"]), (&json!(["pool.low"]), &json!("")));
    let renewed = administrator.call("POST", &format!("…/webhooks/{id}/secret"), None).await;
    let other = renewed.body["secret"].as_str().unwrap().to_owned();
    assert_ne!(other, secret);

    let trail = administrator.get("…/audit?limit=3").await;
    let actions: Vec<&Value> =
        trail.body["items"].as_array().unwrap().iter().map(|row| &row["action"]).collect();
    assert_eq!(actions, ["webhook_secret_renewed", "webhook_changed", "webhook_added"]);
    assert_eq!(trail.body["items"][2]["after"]["url"], "https://hooks.harbor.example");
    let text = trail.body.to_string();
    assert!(!text.contains("key=abc") && !text.contains(&secret) && !text.contains(&other), "{text}");
    assert_eq!(administrator.delete(&format!("…/webhooks/{id}")).await.status, 204);
    assert_eq!(administrator.delete(&format!("…/webhooks/{id}")).await.refusal(), (404, "not_found"));
}

async fn an_address_inside_is_refused(world: World) {
    let administrator = world.by(Administrator);
    for (url, expected) in [
        ("https://inside.harbor.example/", "webhook_not_public"),
        ("https://10.0.0.7/", "webhook_not_public"),
        ("https://0x7f.1/", "webhook_not_public"),
        ("https://[::ffff:127.0.0.1]/", "webhook_not_public"),
        ("http://hooks.harbor.example/", "invalid"),
        ("hooks.harbor.example", "invalid"),
        ("https://ana:secret@hooks.harbor.example/", "invalid"),
    ] {
        assert_eq!(administrator.post("…/webhooks", &new(url)).await.refusal(), (422, expected), "{url}");
    }
    let made = administrator.post("…/webhooks", &new("https://hooks.harbor.example/")).await;
    let path = format!("…/webhooks/{}", made.body["id"].as_str().unwrap());
    let inside = json!({ "url": "https://inside.harbor.example/" });
    assert_eq!(administrator.patch(&path, &inside).await.refusal(), (422, "webhook_not_public"));
    for events in [json!([]), json!(["license.forgotten"]), json!(["webhook.test"])] {
        let wish = json!({ "events": events });
        assert_eq!(administrator.patch(&path, &wish).await.refusal(), (422, "invalid"), "{events}");
    }
    let long = json!({ "description": "x".repeat(201) });
    assert_eq!(administrator.patch(&path, &long).await.refusal(), (422, "invalid"));
}

async fn an_organization_has_twenty_webhooks_at_the_most(world: World) {
    let administrator = world.by(Administrator);
    for _ in 0..20 {
        assert_eq!(administrator.post("…/webhooks", &new("https://hooks.harbor.example/")).await.status, 201);
    }
    let one_more = administrator.post("…/webhooks", &new("https://hooks.harbor.example/")).await;
    assert_eq!(one_more.refusal(), (409, "too_many_webhooks"));
    let first = administrator.get("…/webhooks?limit=15").await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = administrator.get(&format!("…/webhooks?limit=15&cursor={cursor}")).await;
    assert_eq!((first.ids().len(), second.ids().len(), &second.body["next_cursor"]), (15, 5, &Value::Null));
}

async fn a_delivery_that_was_given_up_is_sent_again(world: World) {
    let administrator = world.by(Administrator);
    let made = administrator.post("…/webhooks", &new("https://hooks.harbor.example/")).await;
    let path = format!("…/webhooks/{}", made.body["id"].as_str().unwrap());
    let tested = administrator.call("POST", &format!("{path}/test"), None).await;
    assert_eq!((tested.status, &tested.body["event"]), (202, &json!("webhook.test")));
    let id = tested.body["id"].as_str().unwrap();
    assert_eq!(
        tested.body,
        json!({
            "id": id, "event": "webhook.test", "state": "queued", "created_at": "2026-11-21T10:00:00Z",
            "settled_at": null, "attempts": 0, "next_try_at": "2026-11-21T10:00:00Z", "last_reply": null,
        })
    );
    let retry = format!("{path}/deliveries/{id}/retry");
    let again = administrator.call("POST", &retry, None).await;
    assert_eq!(again.refusal(), (409, "delivery_not_failed"));
    administrator.patch(&path, &json!({ "enabled": false })).await;
    let again = administrator.call("POST", &retry, None).await;
    assert_eq!(again.refusal(), (409, "webhook_disabled"));
    let tested_again = administrator.call("POST", &format!("{path}/test"), None).await;
    assert_eq!(tested_again.refusal(), (409, "webhook_disabled"));
    let failed = administrator.get(&format!("{path}/deliveries?state=failed")).await.body["items"][0].clone();
    assert_eq!((&failed["state"], &failed["settled_at"]), (&json!("failed"), &json!("2026-11-21T10:00:00Z")));
    assert_eq!(failed["last_reply"], "the webhook was switched off");
    assert_eq!(failed["next_try_at"], Value::Null);
    administrator.patch(&path, &json!({ "enabled": true })).await;
    let again = administrator.call("POST", &retry, None).await;
    assert_eq!(
        (again.status, &again.body["state"], &again.body["attempts"]),
        (200, &json!("queued"), &json!(0))
    );
    assert!(administrator.get(&format!("{path}/deliveries?state=failed")).await.ids().is_empty());
    assert_eq!(administrator.get(&format!("{path}/deliveries")).await.ids(), [id]);
    let odd = administrator.get(&format!("{path}/deliveries?state=lost")).await;
    assert_eq!(odd.refusal(), (422, "invalid"));
}

on_both_engines!(
    a_webhook_shows_its_secret_once,
    an_address_inside_is_refused,
    an_organization_has_twenty_webhooks_at_the_most,
    a_delivery_that_was_given_up_is_sent_again,
);
