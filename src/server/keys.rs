//! API keys of a server that is not only local. A key is random, shown once, and stored as a hash.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use super::quota::{self, Quota, Scope};
use crate::failure::Failure;
use crate::time::now;

/// Prefix of every key, so that a leaked one can be recognised.
const PREFIX: &str = "theo_";
/// Lifetime of the cached key file.
const FRESH: Duration = Duration::from_secs(1);

/// A key as stored.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Key {
    /// Its identifier, which is no secret.
    pub(crate) id: String,
    /// Its name for people.
    pub(crate) name: String,
    /// Time of creation, in UTC.
    pub(crate) created: String,
    /// Its permissions.
    #[serde(default = "quota::usual")]
    pub(crate) scopes: BTreeSet<Scope>,
    /// Its limits.
    #[serde(default)]
    pub(crate) quota: Quota,
    /// blake3 of the key, in hexadecimal.
    hash: String,
}

impl Key {
    /// Checks that the key has a scope.
    ///
    /// # Errors
    /// If it has not.
    pub(crate) fn lets(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        let why = format!(
            "this key may not do that: it lacks the scope `{}`; `theoremata keys add NAME --scope {}` makes one that has it",
            scope.word(),
            scope.word()
        );
        Err(Problem::new(403, "not-in-scope", why).saying("scope", scope.word()))
    }
}

/// The key file of a database, one JSON object per line.
pub(crate) struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The key file of a database.
    pub(crate) fn of(database: &Path) -> KeyFile {
        KeyFile { path: database.join("KEYS") }
    }

    /// All keys, the oldest first.
    ///
    /// # Errors
    /// If the file cannot be read, or a line is malformed: then nobody is admitted.
    pub(crate) fn read(&self) -> Result<Vec<Key>, Failure> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Failure::world("read", &self.path, &error)),
        };
        let key = |(place, line): (usize, &str)| {
            let wrong = |error| Failure::World(format!("{}, line {}: {error}", self.path.display(), place + 1));
            serde_json::from_str(line).map_err(wrong)
        };
        text.lines().enumerate().map(key).collect()
    }

    /// Creates a key. Also returns the secret, which cannot be recovered later.
    ///
    /// # Errors
    /// If the system gives no random bytes, or the file cannot be written.
    pub(crate) fn add(&self, name: &str, scopes: BTreeSet<Scope>, quota: Quota) -> Result<(Key, String), Failure> {
        let mut random = [0; 36];
        getrandom::fill(&mut random)
            .map_err(|error| Failure::World(format!("the system gives no random bytes: {error}")))?;
        let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let id = digits(&random[..4]);
        let secret = format!("{PREFIX}{id}_{}", digits(&random[4..]));
        let key = Key { id, name: name.to_owned(), created: now(), scopes, quota, hash: hash(&secret) };
        let mut keys = self.read()?;
        keys.push(key.clone());
        self.write(&keys)?;
        Ok((key, secret))
    }

    /// Revokes a key; false if there is none with this id.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub(crate) fn revoke(&self, id: &str) -> Result<bool, Failure> {
        let keys = self.read()?;
        let left: Vec<Key> = keys.iter().filter(|key| key.id != id).cloned().collect();
        if left.len() == keys.len() {
            return Ok(false);
        }
        self.write(&left)?;
        Ok(true)
    }

    /// Replaces the file atomically, readable by its owner only.
    fn write(&self, keys: &[Key]) -> Result<(), Failure> {
        let failed = |error: io::Error| Failure::world("write", &self.path, &error);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        for key in keys {
            writeln!(file, "{}", serde_json::to_string(key).expect("plain data")).map_err(failed)?;
        }
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

fn hash(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}

/// The keys of a running server. Changes to the file take effect within a second.
pub(crate) struct Doors {
    file: KeyFile,
    read: Mutex<Read>,
}

struct Read {
    at: Option<Instant>,
    changed: Option<SystemTime>,
    keys: Result<Vec<Key>, String>,
}

impl Doors {
    pub(crate) fn new(file: KeyFile) -> Doors {
        Doors { file, read: Mutex::new(Read { at: None, changed: None, keys: Ok(Vec::new()) }) }
    }

    /// The current keys.
    fn keys(&self) -> Result<Vec<Key>, String> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.at.is_none_or(|at| at.elapsed() > FRESH) {
            let changed = fs::metadata(&self.file.path).and_then(|data| data.modified()).ok();
            if read.at.is_none() || changed != read.changed {
                read.keys = self.file.read().map_err(|failure| failure.to_string());
                read.changed = changed;
            }
            read.at = Some(Instant::now());
        }
        read.keys.clone()
    }

    /// Whether a key is required. An unreadable file locks everybody out.
    pub(crate) fn are_locked(&self) -> bool {
        self.keys().map_or(true, |keys| !keys.is_empty())
    }

    /// The key with this id.
    pub(crate) fn known(&self, id: &str) -> Option<Key> {
        self.keys().ok()?.into_iter().find(|key| key.id == id)
    }

    /// The key with this secret.
    pub(crate) fn open(&self, secret: &str) -> Option<Key> {
        let hash = hash(secret);
        let keys = self.keys().ok()?;
        // All are compared, in constant time, against timing attacks.
        let is_it = |key: &Key| bool::from(key.hash.as_bytes().ct_eq(hash.as_bytes()));
        keys.into_iter().fold(None, |found, key| if is_it(&key) { Some(key) } else { found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_until_it_is_revoked_and_is_nowhere_in_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = KeyFile::of(folder.path());
        assert!(!Doors::new(KeyFile::of(folder.path())).are_locked());
        let (key, secret) = file.add("laptop", quota::usual(), Quota::default()).expect("added");
        let (other, _) = file.add("phone", quota::usual(), Quota::default()).expect("added");
        let doors = Doors::new(KeyFile::of(folder.path()));
        assert!(doors.are_locked());
        assert_eq!(doors.open(&secret), Some(key.clone()));
        assert_eq!(doors.open(&secret[..secret.len() - 1]), None);
        assert_eq!(doors.open(""), None);
        let text = fs::read_to_string(folder.path().join("KEYS")).expect("the file");
        assert!(!text.contains(&secret[PREFIX.len() + 9..]));
        assert!(file.revoke(&key.id).expect("revoked") && !file.revoke(&key.id).expect("read"));
        assert_eq!(file.read().expect("read"), [other]);
        assert_eq!(Doors::new(KeyFile::of(folder.path())).open(&secret), None);
        // A key from before scopes were introduced keeps its permissions.
        let old = format!("{{\"id\":\"1\",\"name\":\"old\",\"created\":\"\",\"hash\":\"{}\"}}\n", hash("theo_old"));
        fs::write(folder.path().join("KEYS"), old).expect("written");
        let old = Doors::new(KeyFile::of(folder.path())).open("theo_old").expect("a key");
        assert!(old.lets(Scope::Prove).is_ok() && old.lets(Scope::Admin).is_err());
        fs::write(folder.path().join("KEYS"), "damage").expect("written");
        assert!(Doors::new(KeyFile::of(folder.path())).are_locked(), "damage opened the door");
    }
}
