//! R30: who is told.

use serde_json::{Value, json};

use crate::support::{Administrator, Manager, Stranger, World};

/// Who has done something in the organization: its people, by their names.
async fn id_of(world: &World, name: &str) -> String {
    let trail = world.by(Administrator).get("…/audit?action=user_added&limit=200").await;
    let rows = trail.body["items"].as_array().unwrap();
    let row = rows.iter().find(|row| row["after"]["email"] == format!("{name}@harbor.example"));
    row.unwrap()["subject"]["id"].as_str().unwrap().to_owned()
}

async fn r30_the_creator_is_told_until_others_are(world: World) {
    let (creator, manager) = (id_of(&world, "administrator").await, id_of(&world, "manager").await);
    let path = "…/notification-recipients";
    let told = world.by(Manager).get(path).await;
    let first = json!({ "license_expiration": [creator], "pool_low": [creator] });
    assert_eq!(told.body, first, "a later member is not ticked");
    let wish = json!({ "license_expiration": [manager, creator, manager] });
    let mut both = [creator.clone(), manager.clone()];
    both.sort();
    let put = world.by(Manager).call("PUT", path, Some(&wish)).await;
    assert_eq!((put.status, &put.body), (200, &json!({ "license_expiration": both, "pool_low": [creator] })));
    assert_eq!(world.by(Manager).get(path).await.body, put.body);
    let trail = world.by(Manager).get("…/audit?limit=1").await.body;
    assert_eq!(trail["items"][0]["action"], "notification_recipients_changed");
    assert_eq!(trail["items"][0]["subject"]["name"], "Harbor");
    assert_eq!(trail["items"][0]["before"], first);
    world.by(Manager).call("PUT", path, Some(&wish)).await;
    assert_eq!(world.by(Manager).get("…/audit?limit=1").await.body, trail, "nothing has changed");
    let nobody = json!({ "license_expiration": [], "pool_low": [] });
    assert_eq!(world.by(Manager).call("PUT", path, Some(&nobody)).await.body, nobody);
    assert_eq!(world.by(Manager).get(path).await.body, nobody);
}

async fn r34_a_stranger_cannot_be_told(world: World) {
    let own = format!("/api/v1/organizations/{}/notification-recipients", world.elsewhere);
    let stranger = world.by(Stranger).get(&own).await.body["license_expiration"][0].clone();
    assert!(stranger.is_string(), "{stranger}");
    let before = world.by(Manager).get("…/notification-recipients").await.body;
    for wish in [json!([stranger]), json!(["usr_0000000000000000000000000c"])] {
        let wish = json!({ "license_expiration": wish });
        let put = world.by(Manager).call("PUT", "…/notification-recipients", Some(&wish)).await;
        assert_eq!(put.refusal(), (404, "not_found"));
    }
    assert_eq!(world.by(Manager).get("…/notification-recipients").await.body, before);
    let put = world.by(Manager).call("PUT", "…/notification-recipients", Some(&Value::Null)).await;
    assert_eq!(put.status, 400);
}

on_both_engines!(r30_the_creator_is_told_until_others_are, r34_a_stranger_cannot_be_told);
