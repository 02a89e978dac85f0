//! What can go wrong with a store, said so that somebody can mend it.

use std::path::PathBuf;

/// Why the store could not do it. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not a URL that this version knows.
    #[error("[store] url is '{0}': this version knows sqlite:// only; write it as sqlite:///var/lib/avling/avling.db")]
    UnknownUrl(String),
    /// Another process writes.
    #[error("{} is being written by another avling process ({holder}); wait for it or stop it. Reading commands work meanwhile", path.display())]
    Locked {
        /// The database.
        path: PathBuf,
        /// Who holds the lock.
        holder: String,
    },
    /// The file or its folder cannot be written.
    #[error("{} cannot be written ({what}); give the user that runs avling the right to write it and its folder", path.display())]
    ReadOnly {
        /// The database or its folder.
        path: PathBuf,
        /// What the system said.
        what: String,
    },
    /// The disk is full.
    #[error("the disk of {} is full; nothing was changed. Make room and run the same command again", path.display())]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// Made by a newer version.
    #[error("{} has schema {found}, this avling knows schemas up to {known}; use the newer avling that made it", path.display())]
    TooNew {
        /// The database.
        path: PathBuf,
        /// Its schema's version.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// Opened for reading only.
    #[error("the store was opened for reading only")]
    NotWriter,
    /// What somebody counted does not fit.
    #[error("{0} is more than can be counted (2^63)")]
    TooLarge(u64),
    /// Something in it is not as avling writes it.
    #[error("the store holds what avling would not write: {0}. Run `avling verify`, and restore a backup if it finds more")]
    Corrupt(String),
    /// Migrating failed.
    #[error("the schema of the store could not be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Anything else that the database said.
    #[error("the database {} failed: {source}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What it said.
        #[source]
        source: sqlx::Error,
    },
    /// The file system failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl From<sqlx::Error> for StoreError {
    /// Sorts by SQLite's result code; the path is filled in by [`StoreError::at`].
    fn from(source: sqlx::Error) -> Self {
        let path = PathBuf::new();
        if matches!(source, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) {
            return Self::Corrupt(source.to_string());
        }
        let code = match &source {
            sqlx::Error::Database(error) => error.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff),
            _ => None,
        };
        match code {
            Some(8) => Self::ReadOnly { path, what: source.to_string() },
            Some(13) => Self::Full { path },
            Some(5 | 6) => Self::Locked { path, holder: "unknown".into() },
            Some(11 | 26) => Self::Corrupt(source.to_string()),
            _ => Self::Database { path, source },
        }
    }
}

impl StoreError {
    /// The same error, naming the database.
    #[must_use]
    pub fn at(mut self, database: &std::path::Path) -> Self {
        if let Self::ReadOnly { path, .. } | Self::Full { path } | Self::Locked { path, .. } | Self::Database { path, .. } = &mut self
            && path.as_os_str().is_empty()
        {
            database.clone_into(path);
        }
        self
    }
}
