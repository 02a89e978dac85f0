//! Opening a store, its lock, its schema, its transactions.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use tokio::sync::{Mutex, MutexGuard};

use super::ledger::{self, Ledger};
use super::terms::{Interned, Terms};
use super::{Cause, Connection, StoreError};

/// An open store.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    reader: Mutex<Connection>,
    interned: Mutex<Interned>,
    writer: Option<Writer>,
}

#[derive(Debug)]
struct Writer {
    connection: Mutex<(Connection, Terms)>,
    /// Held as long as the store is open.
    _lock: File,
}

/// Changes that are committed together. Dropped without [`Transaction::commit`], nothing of it happened.
pub struct Transaction<'a> {
    guard: MutexGuard<'a, (Connection, Terms)>,
    path: &'a Path,
    cause: Cause,
    /// The number of this change, once something was changed.
    pub(super) change: Option<i64>,
    /// What it has written so far.
    pub(super) ledger: Ledger,
}

impl Store {
    /// Opens for writing: takes the lock, makes the database if there is none, brings its schema up to date.
    ///
    /// # Errors
    /// Another process writes, the file or folder cannot be written, the disk is full, a newer schema.
    pub async fn open_writer(url: &str) -> Result<Self, StoreError> {
        let path = path_of(url)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_folder(folder).map_err(|source| io_error(folder, source))?;
        }
        let lock = take_lock(&path)?;
        let options = options(&path).create_if_missing(true).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let at = |error: StoreError| error.at(&path);
        let mut connection = Connection::connect_with(&options).await.map_err(|e| at(e.into()))?;
        check_version(&mut connection, &path).await?;
        migrator().run_direct(None, &mut connection, false).await?;
        // A folder that cannot be written is found out here, not in the middle of a harvest.
        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.map_err(|e| at(e.into()))?;
        sqlx::query("ROLLBACK").execute(&mut connection).await.map_err(|e| at(e.into()))?;
        let reader = Connection::connect_with(&self::options(&path).read_only(true)).await.map_err(|e| at(e.into()))?;
        let writer = Writer { connection: Mutex::new((connection, Terms::default())), _lock: lock };
        Ok(Self { path, reader: Mutex::new(reader), interned: Mutex::default(), writer: Some(writer) })
    }

    /// Opens for reading; works while another process writes. A store that does not exist yet reads as an empty one.
    ///
    /// # Errors
    /// It cannot be read, or its schema is another.
    pub async fn open_reader(url: &str) -> Result<Self, StoreError> {
        let path = path_of(url)?;
        let at = |error: StoreError| error.at(&path);
        if !path.exists() {
            let mut connection = Connection::connect_with(&SqliteConnectOptions::new().in_memory(true)).await.map_err(|e| at(e.into()))?;
            migrator().run_direct(None, &mut connection, false).await?;
            return Ok(Self { path, reader: Mutex::new(connection), interned: Mutex::default(), writer: None });
        }
        let mut connection = match Connection::connect_with(&options(&path).read_only(true)).await {
            Ok(connection) => connection,
            // In a folder that cannot be written there is no way to share a write-ahead log; then nobody writes either.
            Err(_) => Connection::connect_with(&options(&path).read_only(true).immutable(true)).await.map_err(|e| at(e.into()))?,
        };
        let version = match schema_version(&mut connection).await {
            Ok(version) => version,
            Err(_) => {
                connection = Connection::connect_with(&options(&path).read_only(true).immutable(true)).await.map_err(|e| at(e.into()))?;
                schema_version(&mut connection).await.map_err(at)?
            }
        };
        if version < newest() {
            drop(connection);
            drop(Self::open_writer(url).await?);
            connection = Connection::connect_with(&options(&path).read_only(true)).await.map_err(|e| at(e.into()))?;
        } else if version > newest() {
            return Err(StoreError::TooNew { path, found: version, known: newest() });
        }
        Ok(Self { path, reader: Mutex::new(connection), interned: Mutex::default(), writer: None })
    }

    /// Closes the store, its write-ahead log brought home, so that the one file is all of it.
    ///
    /// # Errors
    /// The database fails; what was committed is safe all the same.
    pub async fn close(self) -> Result<(), StoreError> {
        let Self { path, reader, writer, .. } = self;
        reader.into_inner().close().await.map_err(|e| StoreError::from(e).at(&path))?;
        if let Some(Writer { connection, _lock }) = writer {
            connection.into_inner().0.close().await.map_err(|e| StoreError::from(e).at(&path))?;
        }
        Ok(())
    }

    /// The database's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a transaction, which changes things for this cause; waits for the one before it.
    ///
    /// # Errors
    /// Opened for reading only, or the database fails.
    pub async fn begin(&self, cause: Cause) -> Result<Transaction<'_>, StoreError> {
        let writer = self.writer.as_ref().ok_or(StoreError::NotWriter)?;
        let mut guard = writer.connection.lock().await;
        // A transaction that was dropped half-way left this to us, as dropping cannot wait.
        let (connection, terms) = &mut *guard;
        if terms.abandoned {
            let _ = sqlx::query("ROLLBACK").execute(&mut *connection).await;
            *terms = Terms::default();
        }
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await.map_err(|e| StoreError::from(e).at(&self.path))?;
        terms.abandoned = true;
        Ok(Transaction { guard, path: &self.path, cause, change: None, ledger: Ledger::default() })
    }

    /// A connection to read with.
    pub(super) async fn reading(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().await
    }

    /// Texts and items that were read before; to be asked for while a connection to read with is held.
    pub(super) async fn interned(&self) -> MutexGuard<'_, Interned> {
        self.interned.lock().await
    }

    pub(super) fn named(&self, error: impl Into<StoreError>) -> StoreError {
        error.into().at(&self.path)
    }
}

impl Transaction<'_> {
    /// Makes it all happen.
    ///
    /// # Errors
    /// The database fails (a full disk); then nothing happened.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let (connection, terms) = &mut *self.guard;
        if let Some(change) = self.change {
            ledger::close(connection, change, self.ledger).await.map_err(|e| e.at(self.path))?;
        }
        sqlx::query("COMMIT").execute(&mut *connection).await.map_err(|e| StoreError::from(e).at(self.path))?;
        terms.abandoned = false;
        Ok(())
    }

    /// Undoes it all.
    ///
    /// # Errors
    /// The database fails.
    pub async fn roll_back(mut self) -> Result<(), StoreError> {
        let (connection, terms) = &mut *self.guard;
        *terms = Terms::default();
        terms.abandoned = true;
        sqlx::query("ROLLBACK").execute(&mut *connection).await.map_err(|e| StoreError::from(e).at(self.path))?;
        terms.abandoned = false;
        Ok(())
    }

    /// When this transaction changes things: RFC 3339 in UTC.
    #[must_use]
    pub fn at(&self) -> String {
        self.cause.at.clone()
    }

    /// Why this transaction changes things.
    pub(super) fn cause(&self) -> &Cause {
        &self.cause
    }

    pub(super) fn parts(&mut self) -> (&mut Connection, &mut Terms) {
        let (connection, terms) = &mut *self.guard;
        (connection, terms)
    }

    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.guard.0
    }

    pub(super) fn named(&self, error: impl Into<StoreError>) -> StoreError {
        error.into().at(self.path)
    }
}

fn path_of(url: &str) -> Result<PathBuf, StoreError> {
    match url.strip_prefix("sqlite://") {
        Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => {
            // A password may stand in the URL of a database server.
            let shown = url.split_once("://").map_or_else(|| url.to_owned(), |(scheme, _)| format!("{scheme}://…"));
            Err(StoreError::UnknownUrl(shown))
        }
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(Duration::from_secs(10))
        .pragma("cache_size", "-16000")
        .pragma("temp_store", "memory")
        .statement_cache_capacity(200)
}

/// Makes the folder of the store, not for everybody's eyes.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o750);
    builder.create(folder)
}

fn io_error(path: &Path, source: std::io::Error) -> StoreError {
    match source.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly { path: path.to_owned(), what: source.to_string() }
        }
        std::io::ErrorKind::StorageFull => StoreError::Full { path: path.to_owned() },
        _ => StoreError::Io { path: path.to_owned(), source },
    }
}

/// One process writes. The lock ends with the process, however it ends.
fn take_lock(database: &Path) -> Result<File, StoreError> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    let mut file =
        OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).map_err(|source| io_error(&path, source))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = holder.trim();
            let holder = if holder.is_empty() { "unknown".into() } else { format!("process {holder}") };
            return Err(StoreError::Locked { path: database.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(io_error(&path, source)),
    }
    // Who holds it is a courtesy: a full disk does not keep anybody from the lock.
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

fn migrator() -> Migrator {
    let sql = |text: &'static str| sqlx::SqlStr::from_static(text);
    let migrations = [
        (1, "first", include_str!("sqlite/0001_first.sql")),
        (2, "keys and changes", include_str!("sqlite/0002_keys_and_changes.sql")),
        (3, "findings", include_str!("sqlite/0003_findings.sql")),
        (4, "files and logs", include_str!("sqlite/0004_files_and_logs.sql")),
    ];
    let migration = |(version, name, text): (i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql(text), false)
    };
    Migrator::with_migrations(migrations.map(migration).into())
}

fn newest() -> i64 {
    migrator().iter().map(|migration| migration.version).max().unwrap_or(0)
}

async fn schema_version(connection: &mut Connection) -> Result<i64, StoreError> {
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'").fetch_one(&mut *connection).await?;
    if tables == 0 {
        return Ok(0);
    }
    Ok(sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations").fetch_one(connection).await?)
}

async fn check_version(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found = schema_version(connection).await.map_err(|e| e.at(path))?;
    if found > newest() {
        return Err(StoreError::TooNew { path: path.to_owned(), found, known: newest() });
    }
    Ok(())
}
