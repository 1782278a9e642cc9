//! Several sensors that get other names.

use serde_json::{Value, json};

use crate::support::{Manager, Stranger, World};

async fn names(world: &World) -> Vec<String> {
    let list = world.by(Manager).get("…/sensors?sort=serial").await;
    let items = list.body["items"].as_array().unwrap();
    items.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

async fn sensors_are_renamed_together_or_not_at_all(world: World) {
    world.key(2, "P1Y").await;
    let (first, second) = (world.sensor("282c02424ee1").await, world.sensor("282c02424ee2").await);
    let body = |names: [&str; 2]| json!({ "items": [{ "sensor_id": first, "name": names[0] }, { "sensor_id": second, "name": names[1] }] });
    let reply = world.by(Manager).post("…/sensors/names", &body(["Hall 1", " Hall 2 "])).await;
    assert_eq!((reply.status, &reply.body), (200, &json!({ "renamed": 2 })), "{reply}");
    assert_eq!(names(&world).await, ["Hall 1", "Hall 2"]);
    // They are found by their new names, and by nothing else.
    assert_eq!(world.by(Manager).get("…/sensors?search=hall").await.ids().len(), 2);
    let reply = world.by(Manager).post("…/sensors/names", &body(["Hall 1", "Cellar"])).await;
    assert_eq!(reply.body, json!({ "renamed": 1 }));
    assert_eq!(world.by(Manager).get("…/sensors?search=hall%202").await.ids().len(), 0);
    let trail = world.by(Manager).get("…/audit?action=sensor_renamed").await;
    let rows = trail.body["items"].as_array().unwrap();
    assert_eq!(rows.len(), 3, "{trail}");
    assert_eq!(
        (&rows[0]["before"], &rows[0]["after"]),
        (&json!({ "name": "Hall 2" }), &json!({ "name": "Cellar" }))
    );

    let unknown = second.replace(&second[second.len() - 4..], "0000");
    for (items, refused) in [
        (json!([]), (422, "invalid")),
        (json!([{ "sensor_id": first, "name": "a" }, { "sensor_id": first, "name": "b" }]), (422, "invalid")),
        (
            json!([{ "sensor_id": first, "name": "a" }, { "sensor_id": second, "name": " " }]),
            (422, "invalid"),
        ),
        (
            json!([{ "sensor_id": first, "name": "a" }, { "sensor_id": unknown, "name": "b" }]),
            (404, "not_found"),
        ),
        (Value::from(vec![json!({ "sensor_id": first, "name": "a" }); 10_001]), (422, "invalid")),
    ] {
        let reply = world.by(Manager).post("…/sensors/names", &json!({ "items": items })).await;
        assert_eq!(reply.refusal(), refused, "{reply}");
    }
    let path = format!("/api/v1/organizations/{}/sensors/names", world.elsewhere);
    assert_eq!(world.by(Stranger).post(&path, &body(["x", "y"])).await.refusal(), (404, "not_found"));
    assert_eq!(names(&world).await, ["Hall 1", "Cellar"]);
}

async fn ten_thousand_sensors_get_long_names(world: World) {
    let ids = world.sensors(10_000).await;
    let item = |(place, id): (usize, &String)| json!({ "sensor_id": id, "name": format!("N {place:04} {:𝄞<93}", "") });
    let items: Vec<Value> = ids.iter().enumerate().map(item).collect();
    let reply = world.by(Manager).post("…/sensors/names", &json!({ "items": items })).await;
    assert_eq!(reply.body, json!({ "renamed": 10_000 }));
    let found = world.by(Manager).get("…/sensors?search=N%209999").await;
    assert_eq!(found.ids(), [ids[9_999].clone()]);
}

on_both_engines!(sensors_are_renamed_together_or_not_at_all, ten_thousand_sensors_get_long_names);
