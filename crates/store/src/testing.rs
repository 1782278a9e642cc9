//! Databases for tests: a fresh one for each test, on each engine, gone at its end.
//!
//! A test is written once, as an `async fn` that takes a [`TestDb`], and [`on_both!`](crate::on_both) makes two
//! of it:
//!
//! ```text
//! async fn r3_a_code_is_redeemed_once(db: TestDb) { … }
//! tenure_store::on_both!(r3_a_code_is_redeemed_once);
//! ```
//!
//! A body that is in no list is dead code, which the lints refuse.

#![allow(clippy::unwrap_used, clippy::panic, reason = "only tests use it, and a test fails by panicking")]

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};

use crate::args::args;
use crate::{Db, Engine, StoreError};

/// Makes a test on each engine of every named body, over a migrated database.
#[macro_export]
macro_rules! on_both {
    ($($body:ident),* $(,)?) => {$(
        mod $body {
            #[test]
            fn sqlite() {
                $crate::testing::run($crate::Engine::Sqlite, true, super::$body);
            }

            #[test]
            fn postgres() {
                $crate::testing::run($crate::Engine::Postgres, true, super::$body);
            }
        }
    )*};
}

/// Every table's rows as text, sorted.
pub type Dump = BTreeMap<String, Vec<String>>;

/// A test's own database.
#[derive(Clone, Debug)]
pub struct TestDb {
    /// The database.
    pub db: Db,
    address: String,
    directory: Option<PathBuf>,
}

impl TestDb {
    /// The database once more, with connections of its own: another process's stand-in.
    pub async fn again(&self) -> Db {
        Db::open(&self.address).await.unwrap()
    }

    /// Where the database is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The contents of SQLite's files; none on PostgreSQL.
    #[must_use]
    pub fn files(&self) -> Vec<Vec<u8>> {
        let entries = self.directory.iter().flat_map(|directory| std::fs::read_dir(directory).unwrap());
        entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
    }

    /// Runs statements as they stand, and commits them.
    ///
    /// # Errors
    ///
    /// What the database says to them.
    pub async fn execute(&self, sql: &str) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.execute_script(sql.to_owned()).await?;
        tx.commit().await
    }

    /// All that is in the database.
    pub async fn dump(&self) -> Dump {
        let (catalog, quote) = match self.db.engine() {
            Engine::Sqlite => (
                "SELECT t.name AS of_table, c.name AS of_column
                 FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY t.name, c.cid",
                "quote",
            ),
            Engine::Postgres => (
                "SELECT CAST(table_name AS text) AS of_table, CAST(column_name AS text) AS of_column
                 FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position",
                "quote_nullable",
            ),
        };
        let mut tx = self.db.read().await.unwrap();
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in tx.all(catalog, args![]).await.unwrap() {
            let column = format!("'{0}=' || {quote}({0})", row.text("of_column").unwrap());
            tables.entry(row.text("of_table").unwrap()).or_default().push(column);
        }
        let mut dump = Dump::new();
        for (table, columns) in tables {
            let sql = format!("SELECT {} AS line FROM {table}", columns.join(" || ' ' || "));
            let rows = tx.all_text(sql, args![]).await.unwrap();
            let mut lines: Vec<String> = rows.iter().map(|row| row.text("line").unwrap()).collect();
            lines.sort_unstable();
            dump.insert(table, lines);
        }
        tx.roll_back().await.unwrap();
        dump
    }
}

/// Runs a test's body over a database that is made for it, and takes the database away however the body ended.
/// Returns what the body does.
///
/// # Panics
///
/// When the body does, and where no database can be made.
pub fn run<Done>(engine: Engine, migrated: bool, body: impl FnOnce(TestDb) -> Done) -> Done::Output
where
    Done: Future<Output: Send> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let outcome = runtime.block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let name = format!("tenure_test_{:016x}", RandomState::new().build_hasher().finish());
        let mut server = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Server::connect().await),
        };
        let address = match &mut server {
            None => format!("sqlite:{}", directory.path().join("tenure.db").display()),
            Some(server) => server.create(&name).await,
        };
        let db = Db::open(&address).await.unwrap();
        if migrated {
            db.migrate().await.unwrap();
        }
        let directory_path = (engine == Engine::Sqlite).then(|| directory.path().to_owned());
        let test = TestDb { db: db.clone(), address, directory: directory_path };
        let outcome = tokio::spawn(body(test)).await;
        if let Some(mut server) = server {
            server.execute(format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
        outcome
    });
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// The PostgreSQL server of the tests.
struct Server {
    address: String,
    connection: PgConnection,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "tests have no other configuration")]
    async fn connect() -> Self {
        let Ok(address) = std::env::var("TENURE_TEST_POSTGRES") else {
            panic!(
                "TENURE_TEST_POSTGRES names no PostgreSQL server. It is set by `make test`, and by \
                 `scripts/with-postgres cargo nextest run …`"
            );
        };
        let options = PgConnectOptions::from_str(&address).unwrap();
        let connection = options.disable_statement_logging().connect().await.unwrap();
        Self { address, connection }
    }

    async fn execute(&mut self, sql: String) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection).await.unwrap();
    }

    /// Makes a database; returns its address.
    async fn create(&mut self, name: &str) -> String {
        self.execute(format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        let (address, query) = self.address.split_once('?').unwrap_or((&self.address, ""));
        let (server, _) = address.rsplit_once('/').unwrap();
        format!("{server}/{name}?{query}")
    }
}
