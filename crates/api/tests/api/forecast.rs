//! The forecast, what somebody might do, and what to buy.

use serde_json::{Value, json};

use crate::support::{Manager, ReadOnly, World};

async fn sensor(world: &World, serial: u64, key: &str, auto_renewal: bool) -> String {
    let serial = format!("{serial:012x}");
    let body = json!({ "serial": serial, "key": key, "auto_renewal": auto_renewal });
    let reply = world.by(Manager).post("…/sensors", &body).await;
    assert_eq!(reply.status, 201, "{reply}");
    reply.body["id"].as_str().unwrap().to_owned()
}

/// Three sensors of a month that renew themselves, one that does not, one of a year; a license of two months and one of
/// a month in the pool.
async fn furnish(world: &World) -> Vec<String> {
    let (month, year) = (world.key(4, "P1M").await, world.key(1, "P1Y").await);
    let mut ids = Vec::new();
    for (serial, key, on) in
        [(1, &month, true), (2, &month, true), (3, &month, true), (4, &month, false), (5, &year, true)]
    {
        ids.push(sensor(world, serial, key, on).await);
    }
    world.at("2026-11-21T10:01:00Z");
    world.key(1, "P2M").await;
    world.at("2026-11-21T10:02:00Z");
    world.key(1, "P1M").await;
    ids
}

fn month(body: &Value, month: &str) -> Value {
    let months = body["months"].as_array().unwrap();
    months.iter().find(|row| row["month"] == month).unwrap_or(&Value::Null).clone()
}

async fn r14_the_forecast_tells_months_days_and_what_to_buy(world: World) {
    let ids = furnish(&world).await;
    let reply = world.by(Manager).get("…/forecast?until=2027-03-31").await;
    let month = |month: &str, [expirations, renewals, goes_without, stops, left, covered]: [u32; 6]| {
        json!({
            "month": month, "expirations": expirations, "renewals": renewals, "queue_starts": 0,
            "goes_without": goes_without, "stops": stops, "licenses_left": left, "covered": covered,
        })
    };
    let buy = |by: &str, licenses: u32, cumulative: u32| json!({ "by": by, "licenses": licenses, "term": "P1M", "cumulative": cumulative });
    assert_eq!(
        reply.body,
        json!({
            "from": "2026-11-21",
            "until": "2027-03-31",
            "term": "P1M",
            "licenses_left": 2,
            "covered": 5,
            "waiting": 0,
            "renewed_now": 0,
            "months": [
                month("2026-11", [0, 0, 0, 0, 2, 5]),
                month("2026-12", [4, 2, 1, 1, 0, 3]),
                month("2027-01", [1, 0, 1, 0, 0, 2]),
                month("2027-02", [1, 0, 1, 0, 0, 1]),
                month("2027-03", [0, 0, 0, 0, 0, 1]),
            ],
            "days": [
                { "date": "2026-12-21", "ends": 4, "renews": 2, "goes_without": 1, "stops": 1 },
                { "date": "2027-01-21", "ends": 1, "renews": 0, "goes_without": 1, "stops": 0 },
                { "date": "2027-02-21", "ends": 1, "renews": 0, "goes_without": 1, "stops": 0 },
            ],
            "to_buy": [
                buy("2026-12-21", 1, 1),
                buy("2027-01-21", 2, 3),
                buy("2027-02-21", 3, 6),
                buy("2027-03-21", 3, 9),
            ],
            "lapses": { "count": 3, "first_on": "2026-12-21" },
            "compared": null,
        })
    );
    // A year ahead when nothing is said, and another term.
    let year = world.by(ReadOnly).get("…/forecast?term=P1Y").await.body;
    assert_eq!((&year["until"], &year["months"][12]["month"]), (&json!("2027-11-21"), &json!("2027-11")));
    assert_eq!(
        year["to_buy"],
        json!([
            { "by": "2026-12-21", "licenses": 1, "term": "P1Y", "cumulative": 1 },
            { "by": "2027-01-21", "licenses": 1, "term": "P1Y", "cumulative": 2 },
            { "by": "2027-02-21", "licenses": 1, "term": "P1Y", "cumulative": 3 },
            { "by": "2027-11-21", "licenses": 1, "term": "P1Y", "cumulative": 4 },
        ])
    );
    let list = world.by(Manager).get("…/forecast/sensors?until=2027-03-31&limit=3").await;
    assert_eq!(list.ids(), ids[..3]);
    let mut first = list.body["items"][0].clone();
    assert!(first["renewals"][0]["key"].take().is_string(), "{first}");
    assert_eq!(
        first,
        json!({
            "id": ids[0],
            "serial": "000000000001",
            "name": "000000000001",
            "ends_on": "2026-12-21",
            "ends_at": "2026-12-21T23:00:00Z",
            "outcome": "goes_without",
            "renewal_count": 1,
            "renewals": [{
                "at": "2026-12-21T23:00:00Z",
                "activation_date": "2026-12-22",
                "expires_on": "2027-02-21",
                "term": "P2M",
                "key": null,
            }],
            "lapses_on": "2027-02-21",
        })
    );
    let cursor = list.body["next_cursor"].as_str().unwrap();
    let rest =
        world.by(Manager).get(&format!("…/forecast/sensors?until=2027-03-31&limit=3&cursor={cursor}")).await;
    assert_eq!(rest.ids(), [ids[3].clone()]);
    assert_eq!(
        (&rest.body["items"][0]["outcome"], &rest.body["next_cursor"]),
        (&json!("stops"), &Value::Null)
    );
    for (query, found) in [
        ("outcome=goes_without", &ids[..3]),
        ("outcome=stops", &ids[3..4]),
        ("outcome=renews", &ids[..0]),
        ("search=000000000002", &ids[1..2]),
        ("outcome=stops&search=000000000002", &ids[..0]),
    ] {
        let list = world.by(Manager).get(&format!("…/forecast/sensors?until=2027-03-31&{query}")).await;
        assert_eq!(list.ids(), found, "{query}");
    }
}

/// What is bought by its days keeps everybody covered.
async fn r15_what_is_bought_as_told_is_enough(world: World) {
    furnish(&world).await;
    let told = world.by(Manager).get("…/forecast?until=2027-06-30").await.body;
    assert_eq!(told["term"], "P1M", "most licenses are of it");
    for group in told["to_buy"].as_array().unwrap() {
        world.at(&format!("{}T12:00:00Z", group["by"].as_str().unwrap()));
        world.key(u32::try_from(group["licenses"].as_u64().unwrap()).unwrap(), "P1M").await;
    }
    let expired = world.by(Manager).get("…/sensors?standing=expired").await;
    assert_eq!(expired.ids().len(), 1, "only the one whose auto renewal is off: {expired}");
    let again = world.by(Manager).get("…/forecast?until=2027-06-30").await.body;
    assert_eq!((&again["to_buy"], &again["lapses"]["count"]), (&json!([]), &json!(0)));
    world.at("2027-07-01T12:00:00Z");
    let expired = world.by(Manager).get("…/sensors?standing=expired").await;
    assert_eq!(expired.ids().len(), 1, "{expired}");
}

async fn r16_what_if_is_compared_with_doing_nothing(world: World) {
    let ids = furnish(&world).await;
    world.at("2027-01-25T10:00:00Z");
    // The third is expired since December, the second since January; the first is covered until February.
    let nothing = world.by(Manager).get("…/forecast?until=2027-03-31").await.body;
    assert_eq!((&nothing["waiting"], &nothing["compared"]), (&json!(2), &Value::Null));
    let ask = async |steps: Value| {
        let body = json!({ "until": "2027-03-31", "what_if": steps });
        let reply = world.by(ReadOnly).post("…/forecast", &body).await;
        assert_eq!(reply.status, 200, "{reply}");
        reply.body
    };
    let audit = world.by(Manager).get("…/audit").await.body;
    let redeemed = ask(json!([{ "do": "redeem", "licenses": 3, "term": "P2Y" }])).await;
    assert_eq!(
        (&redeemed["renewed_now"], &redeemed["waiting"], &redeemed["licenses_left"]),
        (&json!(2), &json!(0), &json!(1))
    );
    assert_eq!(
        redeemed["compared"],
        json!({ "goes_without_before": 3, "goes_without_after": 0, "saved": 3, "lost": 0 })
    );
    let manual = ask(json!([{ "do": "auto_renewal", "sensor_ids": [ids[2]], "on": false }])).await;
    assert_eq!(
        manual["compared"],
        json!({ "goes_without_before": 3, "goes_without_after": 2, "saved": 0, "lost": 0 })
    );
    let switched = ask(json!([
        { "do": "redeem", "licenses": 3, "term": "P1M" },
        { "do": "auto_renewal", "sensor_ids": [ids[3]], "on": true },
        { "do": "remove", "sensor_ids": [ids[4]] },
    ]))
    .await;
    assert_eq!(switched["renewed_now"], 3, "the one that had stopped renews at once (R12)");
    let replaced = ask(json!([{ "do": "replace", "sensor_id": ids[0], "serial": "0000000000ff" }])).await;
    for part in ["months", "days", "to_buy", "lapses"] {
        assert_eq!(replaced[part], nothing[part], "no date changes (R20)");
    }
    assert_eq!(world.by(Manager).get("…/audit").await.body, audit, "nothing has happened");
    let body = json!({
        "until": "2027-03-31",
        "what_if": [
            { "do": "redeem", "licenses": 3, "term": "P1M" },
            { "do": "replace", "sensor_id": ids[2], "serial": "0000000000ff" },
        ],
        "outcome": "goes_without",
        "limit": 3,
    });
    let list = world.by(ReadOnly).post("…/forecast/sensors", &body).await;
    let items = list.body["items"].as_array().unwrap();
    let serials: Vec<&Value> = items.iter().map(|item| &item["serial"]).collect();
    assert_eq!(json!(serials), json!(["000000000001", "000000000002", "0000000000ff"]), "{list}");
    let last: Vec<&Value> = items.iter().map(|item| &item["lapses_on"]).collect();
    assert_eq!(json!(last), json!(["2027-03-21", "2027-02-25", "2027-02-25"]), "{list}");
    assert_eq!(items[0]["renewals"][0]["key"], Value::Null, "it is only supposed");
    assert_eq!(list.body["next_cursor"], Value::Null);
    assert_eq!(month(&nothing, "2027-02")["goes_without"], 1);
    for (steps, refusal) in [
        (json!([{ "do": "assign", "sensor_ids": [ids[0]] }]), (409, "no_license_left")),
        (json!([{ "do": "assign", "sensor_ids": [] }]), (422, "invalid")),
        (json!([{ "do": "remove", "sensor_ids": [ids[0], ids[0]] }]), (422, "invalid")),
        (json!([{ "do": "redeem", "licenses": 0, "term": "P1Y" }]), (422, "invalid")),
        (
            json!([{ "do": "replace", "sensor_id": ids[0], "serial": "000000000002" }]),
            (409, "serial_already_added"),
        ),
        (json!([{ "do": "assign", "sensor_ids": [ids[0]], "key": "nothing" }]), (404, "not_found")),
        (json!([{ "do": "sell" }]), (400, "body_malformed")),
    ] {
        for path in ["…/forecast", "…/forecast/sensors"] {
            let reply = world.by(Manager).post(path, &json!({ "what_if": steps })).await;
            assert_eq!(reply.refusal(), refusal, "{steps}");
        }
    }
    for (query, code) in [
        ("until=2027-01-24", "invalid"),
        ("until=2030-02-01", "invalid"),
        ("until=soon", "invalid"),
        ("outcome=sold", "invalid"),
        ("limit=0", "invalid"),
        ("cursor=x", "invalid"),
        ("days=3", "query_malformed"),
    ] {
        let reply = world.by(Manager).get(&format!("…/forecast/sensors?{query}")).await;
        assert_eq!(reply.refusal(), (422, code), "{query}");
    }
    let reply = world.by(Manager).get("…/forecast?term=PT1H").await;
    assert_eq!(reply.refusal(), (422, "term_malformed"));
}

on_both_engines!(
    r14_the_forecast_tells_months_days_and_what_to_buy,
    r15_what_is_bought_as_told_is_enough,
    r16_what_if_is_compared_with_doing_nothing,
);
