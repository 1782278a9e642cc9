//! R18: the database itself keeps the audit trail as it was written.

use super::{START, make_organization};
use crate::audit::{self, Entry};
use crate::on_both;
use crate::testing::TestDb;

async fn r18_no_row_of_the_trail_is_changed_or_taken_away(test: TestDb) {
    let organization = make_organization(&test.db, 1).await;
    let entry = Entry {
        at: START,
        actor: "calendar".to_owned(),
        action: "license_ended".to_owned(),
        subject: "lic_0000000000000000000000000b".to_owned(),
        before: None,
        after: None,
    };
    let mut tx = test.db.begin().await.unwrap();
    audit::add_to_service(&mut tx, entry.clone()).await.unwrap();
    tx.commit().await.unwrap();
    let before = test.dump().await;
    assert_eq!(before["audit"].len(), 1);
    for statement in [
        "UPDATE audit SET actor = 'nobody'",
        "UPDATE audit SET seq = seq + 1 WHERE trail = 'service'",
        "UPDATE audit SET code_id = NULL, about = NULL",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE seq = 1",
    ] {
        let error = format!("{:?}", test.execute(statement).await.unwrap_err());
        assert!(error.contains("the audit trail is append-only"), "{statement}: {error}");
        assert_eq!(test.dump().await, before, "{statement}");
    }
    let mut tx = test.db.begin().await.unwrap();
    let mut row = crate::organizations::lock(&mut tx, organization).await.unwrap().unwrap();
    audit::add(&mut tx, &mut row, vec![entry.clone(), entry]).await.unwrap();
    crate::organizations::finish(&mut tx, &row).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(test.dump().await["audit"].len(), 3, "what is new is added");
}

on_both!(r18_no_row_of_the_trail_is_changed_or_taken_away);
