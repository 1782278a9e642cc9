//! The database: one type for two engines.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Postgres, SqlSafeStr, Sqlite, Transaction};

use crate::args::{for_postgres, for_sqlite};
use crate::bulk::Array;
use crate::{Args, Row, StoreError};

/// Which engine a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded one: a file.
    Sqlite,
    /// A server.
    Postgres,
}

/// A database. Cloning it is cheap and shares its connections.
#[derive(Clone, Debug)]
pub enum Db {
    /// A file. One connection writes, since SQLite has one writer; others read beside it.
    Sqlite {
        /// The connection that writes.
        writer: SqlitePool,
        /// Those that read.
        readers: SqlitePool,
    },
    /// A PostgreSQL server.
    Postgres(PgPool),
}

/// A transaction. It is rolled back when it is dropped before [`Tx::commit`].
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// The channel on which PostgreSQL nodes tell each other that an organization's covers have changed.
const COVER_CHANNEL: &str = "tenure_cover";

impl Db {
    /// Opens the database at this address, `sqlite:FILE` or `postgres://…`; a missing file is made.
    ///
    /// # Errors
    ///
    /// [`StoreError::Address`] when the address cannot be read, [`StoreError::Database`] when it is away.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        let unreadable = |_| StoreError::Address(address.to_owned());
        if address.starts_with("postgres:") || address.starts_with("postgresql:") {
            let options =
                PgConnectOptions::from_str(address).map_err(unreadable)?.disable_statement_logging();
            let pool = PgPoolOptions::new()
                .max_connections(16)
                .acquire_timeout(Duration::from_secs(5))
                .connect_with(options)
                .await?;
            return Ok(Self::Postgres(pool));
        }
        if !address.starts_with("sqlite:") {
            return Err(StoreError::Address(address.to_owned()));
        }
        let options = SqliteConnectOptions::from_str(address)
            .map_err(unreadable)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .pragma("cache_size", "-65536")
            .pragma("wal_autocheckpoint", "8192")
            .pragma("journal_size_limit", "67108864")
            .statement_cache_capacity(200)
            .row_buffer_size(500)
            .disable_statement_logging();
        let timeout = Duration::from_secs(30);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(timeout)
            .connect_with(options.clone())
            .await?;
        let readers =
            SqlitePoolOptions::new().max_connections(4).acquire_timeout(timeout).connect_lazy_with(options);
        Ok(Self::Sqlite { writer, readers })
    }

    /// Which engine it is.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Begins a transaction that writes. On SQLite it holds the write lock from here on.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`] when the database is away.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction that only reads, and sees one state of the database throughout.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`] when the database is away.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres(pool) => {
                Tx::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }

    /// Closes all connections, after what they are doing.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// Copies a SQLite database into a new file while it is in use; PostgreSQL has `pg_dump` for that.
    ///
    /// # Errors
    ///
    /// [`StoreError::Address`] on PostgreSQL, [`StoreError::Database`] when the file exists or cannot be written.
    pub async fn backup(&self, file: &str) -> Result<(), StoreError> {
        let Self::Sqlite { readers, .. } = self else {
            return Err(StoreError::Address("postgres: back it up with pg_dump".to_owned()));
        };
        sqlx::query("VACUUM INTO $1").bind(file).execute(readers).await?;
        Ok(())
    }

    /// Listens for changes of covers that this process did not make.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`] when the database is away.
    pub async fn cover_feed(&self) -> Result<CoverFeed, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => {
                let connection = readers.acquire().await?;
                CoverFeed::Sqlite { connection, version: None }
            }
            Self::Postgres(pool) => {
                let mut listener = PgListener::connect_with(pool).await?;
                listener.listen(COVER_CHANNEL).await?;
                CoverFeed::Postgres(Box::new(listener))
            }
        })
    }
}

/// Tells when covers may have changed by another process's hand.
pub enum CoverFeed {
    /// SQLite counts the commits of other connections.
    Sqlite {
        /// A connection that does nothing else.
        connection: sqlx::pool::PoolConnection<Sqlite>,
        /// The last count.
        version: Option<i64>,
    },
    /// PostgreSQL notifies.
    Postgres(Box<PgListener>),
}

impl CoverFeed {
    /// Returns when something may have changed since the last call; at once on the first one.
    ///
    /// On PostgreSQL it waits for a notification, or for its connection to come back after a loss. On SQLite it
    /// looks once and returns whether there was a commit: the caller decides how often to look.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`] when the database is away: what changes meanwhile must be read again afterwards.
    pub async fn changed(&mut self) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite { connection, version } => {
                let now: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut **connection).await?;
                Ok(version.replace(now) != Some(now))
            }
            Self::Postgres(listener) => {
                listener.try_recv().await?;
                Ok(true)
            }
        }
    }
}

impl Tx {
    /// Which engine it is on.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Commits; the changes are durable when it returns.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`] when the database did not confirm it.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Rolls back. Dropping does the same a little later, when the connection is used next.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`] when the database is away.
    pub async fn roll_back(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await?,
            Self::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }

    pub(crate) async fn execute(&mut self, sql: &'static str, args: Args) -> Result<u64, StoreError> {
        self.execute_any(sql, args).await
    }

    pub(crate) async fn execute_text(&mut self, sql: &Arc<str>, args: Args) -> Result<u64, StoreError> {
        self.execute_any(AssertSqlSafe(Arc::clone(sql)), args).await
    }

    /// Runs a statement whose arguments are arrays, one for each column: PostgreSQL's bulk form.
    pub(crate) async fn execute_arrays(
        &mut self,
        sql: &Arc<str>,
        arrays: Vec<Array>,
    ) -> Result<u64, StoreError> {
        let Self::Postgres(tx) = self else {
            let error = "SQLite has no arrays".into();
            return Err(StoreError::Database(sqlx::Error::Encode(error)));
        };
        let mut bound = PgArguments::default();
        for array in arrays {
            array.bind(&mut bound)?;
        }
        let sql = AssertSqlSafe(Arc::clone(sql));
        Ok(sqlx::query_with::<Postgres, _>(sql, bound).execute(&mut **tx).await?.rows_affected())
    }

    async fn execute_any(&mut self, sql: impl SqlSafeStr, args: Args) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => sqlx::query_with::<Sqlite, _>(sql, for_sqlite(args)?)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            Self::Postgres(tx) => sqlx::query_with::<Postgres, _>(sql, for_postgres(args)?)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
        })
    }

    /// Runs several statements without arguments: migrations.
    pub(crate) async fn execute_script(&mut self, sql: String) -> Result<(), StoreError> {
        let script = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Sqlite(tx) => script.execute(&mut **tx).await.map(drop)?,
            Self::Postgres(tx) => script.execute(&mut **tx).await.map(drop)?,
        }
        Ok(())
    }

    pub(crate) async fn all(&mut self, sql: &'static str, args: Args) -> Result<Vec<Row>, StoreError> {
        self.all_any(sql, args).await
    }

    /// As [`Tx::all`], for a text that is put together from constant parts.
    pub(crate) async fn all_text(&mut self, sql: String, args: Args) -> Result<Vec<Row>, StoreError> {
        self.all_any(AssertSqlSafe(sql), args).await
    }

    async fn all_any(&mut self, sql: impl SqlSafeStr, args: Args) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => {
                let rows = sqlx::query_with::<Sqlite, _>(sql, for_sqlite(args)?).fetch(&mut **tx);
                rows.map_ok(Row::Sqlite).try_collect().await?
            }
            Self::Postgres(tx) => {
                let rows = sqlx::query_with::<Postgres, _>(sql, for_postgres(args)?).fetch(&mut **tx);
                rows.map_ok(Row::Postgres).try_collect().await?
            }
        })
    }

    pub(crate) async fn one_or_none(
        &mut self,
        sql: &'static str,
        args: Args,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.all(sql, args).await?.into_iter().next())
    }

    pub(crate) async fn one(&mut self, sql: &'static str, args: Args) -> Result<Row, StoreError> {
        self.one_or_none(sql, args).await?.ok_or(StoreError::Database(sqlx::Error::RowNotFound))
    }

    /// Tells other nodes, when this transaction commits, that covers have changed. SQLite has no other nodes.
    pub(crate) async fn notify_cover(&mut self) -> Result<(), StoreError> {
        if let Self::Postgres(tx) = self {
            sqlx::query("SELECT pg_notify($1, '')").bind(COVER_CHANNEL).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Has PostgreSQL plan each statement of this transaction anew, for one that fills tables: the plan that it would
    /// keep is one for tables that are empty, which looks through all of them when they are not any more. (Measured: a
    /// file of 100,000 sensors took 228 s instead of 41.) SQLite has no such plans.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn plan_anew(&mut self) -> Result<(), StoreError> {
        if let Self::Postgres(tx) = self {
            sqlx::query("SET LOCAL plan_cache_mode = force_custom_plan").execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Keeps other processes from migrating at the same time, until this transaction ends.
    pub(crate) async fn lock_migrations(&mut self) -> Result<(), StoreError> {
        if let Self::Postgres(tx) = self {
            sqlx::query("SELECT pg_advisory_xact_lock(7526751)").execute(&mut **tx).await?;
        }
        Ok(())
    }
}
