//! Covers out of the gate's memory, for systems that take in the data themselves.

use serde_json::{Value, json};

use crate::support::{Administrator, Manager, Nobody, Operator, ReadOnly, Stranger, World};

const SERIAL: &str = "282c02424eed";
const COVER: &str = "/api/v1/cover/282c02424eed";
/// The last microsecond that a license of a day covers which a sensor receives at the beginning of a scenario, and the
/// first two that it does not.
const LAST: &str = "2026-11-22T22:59:59.999999Z";
const END: &str = "2026-11-22T23:00:00Z";
const AFTER: &str = "2026-11-22T23:00:00.000001Z";

async fn r25_a_cover_is_told_to_the_microsecond(mut world: World) {
    world.open_gate().await;
    world.key(1, "P1D").await;
    world.sensor(SERIAL).await;
    let covered = world.by(Manager).get(COVER).await;
    assert_reads!(covered, @r#"
    200
    {
      "covered": true,
      "covered_until": "2026-11-22T23:00:00Z",
      "organization_id": "org_01m7yrrt80anf73gc6j3q45j8b",
      "serial": "282c02424eed",
      "standing": "covered"
    }
    "#);
    world.at(LAST);
    assert_eq!(world.by(Manager).get(COVER).await.body, covered.body);
    for instant in [END, AFTER] {
        world.at(instant);
        let expired = world.by(Manager).get(COVER).await;
        assert_eq!(expired.body["standing"], "expired", "{expired}");
        assert_eq!(expired.body["covered"], false);
        assert_eq!(expired.body["covered_until"], END);
    }
    // A clock that steps back re-opens nothing (R9).
    world.at(LAST);
    assert_eq!(world.by(Manager).get(COVER).await.body["standing"], "expired");
    world.at(AFTER);
    world.key(1, "P1Y").await;
    let renewed = world.by(Manager).get(COVER).await;
    assert_eq!(renewed.body["covered_until"], "2027-11-23T23:00:00Z", "{renewed}");
}

async fn r17_a_cover_that_has_just_ended_is_renewed_before_it_is_told(mut world: World) {
    world.open_gate().await;
    world.key(2, "P1D").await;
    world.sensor(SERIAL).await;
    for (instant, until) in [(LAST, END), (END, "2026-11-23T23:00:00Z"), (AFTER, "2026-11-23T23:00:00Z")] {
        world.at(instant);
        let many = world.by(Operator).post("/api/v1/cover", &json!({ "serials": [SERIAL] })).await;
        assert_eq!(many.body["items"][0]["covered_until"], until, "{many}");
        assert_eq!(many.body["items"][0]["standing"], "covered");
    }
    world.at("2026-11-23T23:00:00Z");
    assert_eq!(world.by(Operator).get(COVER).await.body["standing"], "expired");
}

async fn r21_a_removed_sensor_is_not_known_any_more(mut world: World) {
    world.open_gate().await;
    world.key(1, "P1Y").await;
    let sensor = world.sensor(SERIAL).await;
    let replacement = json!({ "serial": "282c02424eee" });
    let path = format!("…/sensors/{sensor}/replacement");
    assert_eq!(world.by(Manager).post(&path, &replacement).await.status, 200);
    assert_eq!(world.by(Manager).get(COVER).await.refusal(), (404, "not_found"));
    let new = "/api/v1/cover/28-2C-02-42-4E-EE";
    assert_eq!(world.by(Manager).get(new).await.body["standing"], "covered");
    assert_eq!(world.by(Manager).delete(&format!("…/sensors/{sensor}")).await.status, 200);
    assert_eq!(world.by(Operator).get(new).await.refusal(), (404, "not_found"));
}

async fn a_cover_may_be_remembered_until_it_ends(mut world: World) {
    world.open_gate().await;
    world.key(1, "P1D").await;
    world.sensor(SERIAL).await;
    let reads = |instant: &'static str| {
        world.at(instant);
        let world = &world;
        async move { world.by(ReadOnly).get(COVER).await }
    };
    let first = reads("2026-11-21T10:00:00Z").await;
    assert_eq!(first.header("cache-control"), "private, max-age=300");
    assert_eq!(reads("2026-11-22T22:58:00.5Z").await.header("cache-control"), "private, max-age=119");
    let last = reads(LAST).await;
    assert_eq!(last.header("cache-control"), "private, max-age=0");
    assert_eq!(last.header("etag"), first.header("etag"));
    let ended = reads(END).await;
    assert_eq!(ended.header("cache-control"), "private, no-cache");
    assert_ne!(ended.header("etag"), first.header("etag"));
    let known = world.by(ReadOnly).get_with(COVER, "If-None-Match", ended.header("etag")).await;
    assert_eq!((known.status, known.body), (304, Value::String(String::new())));
    assert_eq!(known.headers["cache-control"], "private, no-cache");
    let changed = world.by(ReadOnly).get_with(COVER, "If-None-Match", first.header("etag")).await;
    assert_eq!(changed.status, 200);
    let absent = world.by(ReadOnly).get("/api/v1/cover/000000000000").await;
    assert_eq!((absent.refusal(), absent.header("cache-control")), ((404, "not_found"), "no-store"));
}

async fn r34_covers_of_others_are_unknown(mut world: World) {
    world.open_gate().await;
    world.key(1, "P1Y").await;
    world.sensor(SERIAL).await;
    world.sensors(2).await;
    let question = json!({ "serials": ["28:2C:02:42:4E:ED", "ffffffffffff", "282c02424eed"] });
    let standings = |reply: &Value| -> Vec<String> {
        let items = reply["items"].as_array().unwrap();
        items.iter().map(|item| format!("{} {}", item["standing"], item["organization_id"])).collect()
    };
    let own = world.by(Administrator).post("/api/v1/cover", &question).await;
    let harbor = format!("\"covered\" \"{}\"", world.harbor);
    assert_eq!(standings(&own.body), [harbor.as_str(), "\"unknown\" null", harbor.as_str()]);
    assert_eq!(own.body["items"][0]["serial"], SERIAL);
    let operator = world.by(Operator).post("/api/v1/cover", &question).await;
    assert_eq!(operator.body, own.body);
    let stranger = world.by(Stranger).post("/api/v1/cover", &question).await;
    assert_eq!(standings(&stranger.body), ["\"unknown\" null"; 3]);
    world.at("2027-11-22T23:00:00Z");
    assert_eq!(
        world.by(Stranger).get(COVER).await.refusal(),
        (404, "not_found"),
        "not even when it has ended"
    );
}

async fn what_is_asked_for_has_limits(mut world: World) {
    world.open_gate().await;
    let manager = world.by(Manager);
    let ask = async |serials: Value| manager.post("/api/v1/cover", &json!({ "serials": serials })).await;
    assert_eq!(ask(json!([])).await.refusal(), (422, "invalid"));
    assert_eq!(ask(json!(vec![SERIAL; 1_001])).await.refusal(), (422, "invalid"));
    assert_eq!(ask(json!(vec![SERIAL; 1_000])).await.body["items"].as_array().unwrap().len(), 1_000);
    assert_eq!(ask(json!(["282c0242"])).await.refusal(), (422, "serial_malformed"));
    assert_eq!(manager.get("/api/v1/cover/282c0242").await.refusal(), (422, "serial_malformed"));
}

/// The requests that the brokers' documentation shows.
async fn an_mqtt_broker_is_answered_in_its_own_words(mut world: World) {
    const HOOK: &str = "/api/v1/cover/mqtt-authorization";
    world.open_gate().await;
    world.key(1, "P1D").await;
    world.sensor(SERIAL).await;
    let manager = world.by(Manager);
    let emqx = json!({ "username": SERIAL, "topic": "sensors/282c02424eed/data", "action": "publish" });
    let covered = manager.post(HOOK, &emqx).await;
    assert_reads!(covered, @r#"
    200
    {
      "error": "",
      "ok": true,
      "result": "allow"
    }
    "#);
    let next = manager.post(&format!("{HOOK}?covered=ignore"), &emqx).await;
    assert_eq!(next.body["result"], "ignore");
    let mosquitto = json!({ "username": "ana", "clientid": SERIAL, "topic": "t", "acc": 2 });
    assert_eq!(manager.post(&format!("{HOOK}?by=clientid"), &mosquitto).await.body["ok"], true);
    let said = |reply: &Value| (reply["result"].clone(), reply["ok"].clone(), reply["error"].clone());
    let denied = |why: &str| (json!("deny"), json!(false), json!(why));
    for body in [mosquitto, json!({}), json!({ "username": null })] {
        let reply = manager.post(HOOK, &body).await;
        assert_eq!((reply.status, said(&reply.body)), (200, denied("no serial number")));
    }
    let unknown = manager.post(HOOK, &json!({ "username": "000000000000" })).await;
    assert_eq!(said(&unknown.body), denied("unknown"));
    assert_eq!(said(&world.by(Stranger).post(HOOK, &emqx).await.body), denied("unknown"));
    world.at(LAST);
    assert_eq!(manager.post(HOOK, &emqx).await.body["result"], "allow");
    for instant in [END, AFTER] {
        world.at(instant);
        for query in ["", "?covered=ignore"] {
            let reply = manager.post(&format!("{HOOK}{query}"), &emqx).await;
            assert_eq!((reply.status, said(&reply.body)), (200, denied("expired")));
        }
    }
    assert_eq!(manager.post(&format!("{HOOK}?by=x"), &emqx).await.refusal(), (422, "query_malformed"));
}

/// Another system's gate asks for each message.
async fn whoever_is_known_may_ask_as_often_as_they_like(mut world: World) {
    world.open_limited_gate(Some(3)).await;
    let manager = world.by(Manager);
    for _ in 0..5 {
        assert_eq!(manager.get(COVER).await.refusal(), (404, "not_found"));
        let hook = manager.post("/api/v1/cover/mqtt-authorization", &json!({ "username": SERIAL })).await;
        assert_eq!(hook.status, 200);
    }
    assert_eq!(world.by(Manager).get("…").await.status, 200);
    assert_eq!(world.by(Manager).get("…").await.status, 429, "other things are counted");
    assert_eq!(world.by(Nobody).get(COVER).await.status, 401);
    assert_eq!(world.by(Nobody).get(COVER).await.status, 429, "and who is not known");
}

async fn without_a_gate_no_cover_is_told(world: World) {
    assert_eq!(world.by(Manager).get(COVER).await.refusal(), (503, "unavailable"));
}

on_both_engines!(
    r25_a_cover_is_told_to_the_microsecond,
    r17_a_cover_that_has_just_ended_is_renewed_before_it_is_told,
    r21_a_removed_sensor_is_not_known_any_more,
    a_cover_may_be_remembered_until_it_ends,
    r34_covers_of_others_are_unknown,
    what_is_asked_for_has_limits,
    an_mqtt_broker_is_answered_in_its_own_words,
    whoever_is_known_may_ask_as_often_as_they_like,
    without_a_gate_no_cover_is_told,
);
