//! Migrations: one directory for both engines.

use crate::args::args;
use crate::{Db, Engine, StoreError, Tx};

/// A migration's name and text.
pub(crate) type Migration = (&'static str, &'static str);

/// Every migration, in order: its number is its place, from 1.
pub(crate) const MIGRATIONS: &[Migration] = &[
    ("base", include_str!("../../../migrations/0001_base.sql")),
    ("accounts", include_str!("../../../migrations/0002_accounts.sql")),
    ("sensor_life", include_str!("../../../migrations/0003_sensor_life.sql")),
    ("manager", include_str!("../../../migrations/0004_manager.sql")),
    ("alerts", include_str!("../../../migrations/0005_alerts.sql")),
    ("notices", include_str!("../../../migrations/0006_notices.sql")),
    ("idempotency", include_str!("../../../migrations/0007_idempotency.sql")),
    ("gate", include_str!("../../../migrations/0008_gate.sql")),
    ("ledger", include_str!("../../../migrations/0009_ledger.sql")),
    ("forwarding", include_str!("../../../migrations/0010_forwarding.sql")),
];

/// What refuses to change or take away a row of the audit trail.
const SQLITE_APPEND_ONLY: &str = "
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT raise(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
    BEGIN SELECT raise(ABORT, 'the audit trail is append-only'); END;
";

/// The same on PostgreSQL, for whole statements: also for one that finds no row, and for `TRUNCATE`.
const POSTGRES_APPEND_ONLY: &str = "
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
";

impl Db {
    /// Brings the schema up to date; returns the names of the migrations that it ran.
    ///
    /// Each runs in a transaction of its own together with its entry in `migrations`, and two processes that start
    /// at once run each of them once.
    ///
    /// # Errors
    ///
    /// [`StoreError::Newer`] when the database has a migration that this program does not know.
    pub async fn migrate(&self) -> Result<Vec<&'static str>, StoreError> {
        self.migrate_to(MIGRATIONS).await
    }

    /// Brings the schema to the last of these migrations.
    pub(crate) async fn migrate_to(&self, migrations: &[Migration]) -> Result<Vec<&'static str>, StoreError> {
        let mut done = Vec::new();
        for (place, (name, sql)) in (1_i64..).zip(migrations) {
            let mut tx = self.begin().await?;
            if applied(&mut tx).await? < place {
                tx.execute_script(self.dialect(sql)).await?;
                tx.execute("INSERT INTO migrations (number, name) VALUES ($1, $2)", args![place, *name])
                    .await?;
                done.push(*name);
            }
            tx.commit().await?;
        }
        let mut tx = self.begin().await?;
        let latest = applied(&mut tx).await?;
        tx.commit().await?;
        let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
        if latest > known { Err(StoreError::Newer(latest)) } else { Ok(done) }
    }

    /// The text of a migration with the words that the engines do not share.
    fn dialect(&self, sql: &str) -> String {
        let (blob, row_number, append_only) = match self.engine() {
            Engine::Sqlite => ("blob", "integer", SQLITE_APPEND_ONLY),
            Engine::Postgres => ("bytea", "bigint", POSTGRES_APPEND_ONLY),
        };
        sql.replace("{blob}", blob).replace("{row_number}", row_number).replace("{append_only}", append_only)
    }
}

async fn applied(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.lock_migrations().await?;
    let table = "CREATE TABLE IF NOT EXISTS migrations (number bigint PRIMARY KEY, name text NOT NULL)";
    tx.execute(table, args![]).await?;
    tx.one("SELECT coalesce(max(number), 0) AS latest FROM migrations", args![]).await?.int("latest")
}
