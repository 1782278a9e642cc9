//! Invitations.

use serde_json::{Value, json};
use tenure_domain::Role;

use crate::support::{Administrator, Nobody, PASSWORD, Reply, World};

const LOOK_UP: &str = "/api/v1/invitations/look-up";
const ACCEPTANCE: &str = "/api/v1/invitations/acceptance";
const BOB: &str = "bob@harbor.example";

async fn invite(world: &World, email: &str, role: &str) -> Reply {
    world.by(Administrator).post("…/invitations", &json!({ "email": email, "role": role })).await
}

fn token(invitation: &Reply) -> String {
    invitation.body["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned()
}

async fn accept(world: &World, token: &str, password: &str) -> Reply {
    world.by(Nobody).post(ACCEPTANCE, &json!({ "token": token, "password": password, "name": "Bob" })).await
}

async fn somebody_new_is_invited_and_comes(world: World) {
    let made = invite(&world, BOB, "manager").await;
    assert_eq!(made.status, 201, "{made}");
    let link = made.body["link"].as_str().unwrap();
    assert!(link.starts_with("https://tenure.harbor.example/invitation#"), "{link}");
    let mails = world.mails().await;
    assert!(mails[0].text.contains(link), "{}", mails[0].text);
    assert_eq!((mails[0].recipient.as_str(), mails[0].organization), (BOB, Some(world.harbor)));
    let listed = world.by(Administrator).get("…/invitations").await;
    assert!(!listed.to_string().contains(link), "the link is shown once");
    assert_reads!(listed.body["items"], @r#"[{"created_at":"2026-11-21T10:00:00Z","email":"bob@harbor.example","expires_at":"2026-11-28T10:00:00Z","id":"inv_01m7yrrt80faqjfkazkv4cd56c","invited_by":"administrator@harbor.example","role":"manager"}]"#);
    let shown = world.by(Nobody).post(LOOK_UP, &json!({ "token": token(&made) })).await;
    assert_eq!(
        shown.body,
        json!({
            "organization_name": "Harbor", "email": BOB, "role": "manager",
            "invited_by": "administrator@harbor.example", "has_account": false,
        })
    );
    assert_eq!(accept(&world, &token(&made), "short").await.refusal(), (422, "invalid"));
    let accepted = accept(&world, &token(&made), PASSWORD).await;
    assert_eq!(accepted.status, 201, "{accepted}");
    assert_eq!(accepted.body["user"]["name"], "Bob");
    let bob = world.with_cookie(&accepted.cookie());
    assert_eq!(bob.get("…/license-summary").await.status, 200);
    for gone in [
        world.by(Nobody).post(LOOK_UP, &json!({ "token": token(&made) })).await,
        accept(&world, &token(&made), PASSWORD).await,
        world.by(Nobody).post(LOOK_UP, &json!({ "token": "x" })).await,
    ] {
        assert_eq!(gone.refusal(), (410, "link_expired"));
    }
    assert_eq!(world.by(Administrator).get("…/invitations").await.body["items"], json!([]));
    assert_eq!(invite(&world, "BOB@harbor.example", "analyst").await.refusal(), (409, "already_member"));
}

async fn an_invitation_ends_after_seven_days_is_replaced_or_withdrawn(world: World) {
    let first = invite(&world, BOB, "manager").await;
    let second = invite(&world, "Bob@Harbor.example", "analyst").await;
    let look_up =
        async |made: &Reply| world.by(Nobody).post(LOOK_UP, &json!({ "token": token(made) })).await.status;
    assert_eq!((look_up(&first).await, look_up(&second).await), (410, 200));
    for (instant, status, listed) in [
        ("2026-11-28T09:59:59.999999Z", 200, 1),
        ("2026-11-28T10:00:00Z", 410, 0),
        ("2026-11-28T10:00:00.000001Z", 410, 0),
    ] {
        world.at(instant);
        assert_eq!(look_up(&second).await, status, "{instant}");
        assert_eq!(world.by(Administrator).get("…/invitations").await.ids().len(), listed, "{instant}");
    }
    assert_eq!(accept(&world, &token(&second), PASSWORD).await.refusal(), (410, "link_expired"));
    let third = invite(&world, BOB, "analyst").await;
    let path = format!("…/invitations/{}", third.body["id"].as_str().unwrap());
    assert_eq!(world.by(Administrator).delete(&path).await.status, 204);
    assert_eq!(world.by(Administrator).delete(&path).await.refusal(), (404, "not_found"));
    assert_eq!(look_up(&third).await, 410);
    for (email, role) in [("bob", "analyst"), (BOB, "operator")] {
        assert_eq!(invite(&world, email, role).await.refusal(), (422, "invalid"), "{email} {role}");
    }
}

async fn who_has_an_account_accepts_as_themselves(world: World) {
    world.user(BOB, Some("Elsewhere"), Role::Administrator).await;
    world.user("eve@harbor.example", Some("Elsewhere"), Role::Analyst).await;
    let made = invite(&world, BOB, "analyst").await;
    let shown = world.by(Nobody).post(LOOK_UP, &json!({ "token": token(&made) })).await;
    assert_eq!(shown.body["has_account"], true);
    let wrong = accept(&world, &token(&made), "not the password").await;
    assert_eq!(wrong.refusal(), (401, "credentials_wrong"));
    let none = world.by(Nobody).post(ACCEPTANCE, &json!({ "token": token(&made) })).await;
    assert_eq!(none.refusal(), (401, "credentials_wrong"));
    // Being logged in as somebody else does not help.
    let eve = world.log_in("eve@harbor.example").await;
    let as_eve = eve.post(ACCEPTANCE, &json!({ "token": token(&made) })).await;
    assert_eq!(as_eve.refusal(), (401, "credentials_wrong"));
    // Being logged in as the invited does.
    let bob = world.log_in(BOB).await;
    let accepted = bob.post(ACCEPTANCE, &json!({ "token": token(&made) })).await;
    let names = |reply: &Reply| -> Vec<Value> {
        let list = reply.body["organizations"].as_array().unwrap();
        list.iter().map(|membership| json!([membership["name"], membership["role"]])).collect()
    };
    assert_eq!(names(&accepted), [json!(["Elsewhere", "administrator"]), json!(["Harbor", "analyst"])]);
    assert_eq!(accepted.body["user"]["name"], "", "an account is not changed by an invitation");
}

/// Who invites sees the link; with it they must not get into an account that has no password yet.
async fn an_account_without_a_password_is_not_taken_over_by_an_invitation(world: World) {
    world.user_without_password(BOB, "Elsewhere", Role::Administrator).await;
    let made = invite(&world, BOB, "analyst").await;
    assert_eq!(accept(&world, &token(&made), PASSWORD).await.refusal(), (401, "credentials_wrong"));
    world.by(Nobody).post("/api/v1/password-resets", &json!({ "email": BOB })).await;
    let redemption = json!({ "token": world.mailed_token("reset").await, "password": PASSWORD });
    let reset = world.by(Nobody).post("/api/v1/password-resets/redemption", &redemption).await;
    assert_eq!(reset.status, 204, "the mail goes to them alone: {reset}");
    assert_eq!(accept(&world, &token(&made), PASSWORD).await.status, 201);
}

on_both_engines!(
    somebody_new_is_invited_and_comes,
    an_invitation_ends_after_seven_days_is_replaced_or_withdrawn,
    who_has_an_account_accepts_as_themselves,
    an_account_without_a_password_is_not_taken_over_by_an_invitation,
);
