//! `theoremata keys`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use theoremata_store::Store;

use super::exit::Exit;
use super::output::Output;
use super::stored::exists;
use crate::failure::Failure;
use crate::server::keys::KeyFile;
use crate::server::quota::{Quota, Scope, usual};

/// What is done with keys.
#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key and show it, this once. From then on the server wants one.
    Add {
        /// A name by which people know it.
        name: String,
        /// What its holder may do: `read` pages and runs (every key may), `prove`, `reason` (ask the language model), `admin` (see
        /// and cancel the jobs of all keys); may be given several times [default: read, prove, reason].
        #[arg(long, value_enum, value_name = "SCOPE")]
        scope: Vec<Scope>,
        /// How much: `jobs=N` at a time, `jobs-a-day=N`, `tokens-a-day=N` written by the language model, `cpu-a-day=SECONDS` of the
        /// prover; may be given several times [default: no bound but those of the server].
        #[arg(long, value_name = "NAME=NUMBER")]
        quota: Vec<String>,
        #[command(flatten)]
        database: DatabaseArguments,
    },
    /// List the keys, not the secrets.
    List {
        #[command(flatten)]
        database: DatabaseArguments,
    },
    /// Take a key away; a running server knows within a second.
    Revoke {
        /// The id of the key, as `list` shows it.
        id: String,
        #[command(flatten)]
        database: DatabaseArguments,
    },
}

/// The database of the server.
#[derive(Args)]
pub(crate) struct DatabaseArguments {
    /// The database of the server.
    #[arg(long, value_name = "DIR", default_value = ".theoremata")]
    db: PathBuf,
}

/// `theoremata keys`.
pub(crate) fn run(command: &KeysCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        KeysCommand::Add { name, scope, quota, database: DatabaseArguments { db } } => {
            let mut bounds = Quota::default();
            quota.iter().try_for_each(|text| bounds.set(text)).map_err(Failure::Usage)?;
            let mut scopes: BTreeSet<Scope> = scope.iter().copied().collect();
            if scopes.is_empty() {
                scopes = usual();
            }
            scopes.insert(Scope::Read);
            if name.trim().is_empty() || name.len() > 200 {
                return Err(Failure::Usage("a key has a name of 1 to 200 bytes".to_owned()));
            }
            if !db.exists() {
                // A folder with keys in it and nothing else would not be taken for a database.
                drop(Store::open(db)?);
            }
            let (key, secret) = KeyFile::of(db).add(name, scopes, bounds)?;
            if output.is_json() {
                output.object(&json!({
                    "event": "key", "id": key.id, "name": key.name, "scopes": key.scopes, "quota": key.quota, "key": secret,
                }));
            } else {
                output.line(&secret);
                output.note(&format!("this is key {}; it is not shown again", key.id));
            }
        }
        KeysCommand::List { database: DatabaseArguments { db } } => {
            exists(db)?;
            for key in KeyFile::of(db).read()? {
                if output.is_json() {
                    output.object(&json!({
                        "event": "key", "id": key.id, "name": key.name, "created": key.created, "scopes": key.scopes, "quota": key.quota,
                    }));
                } else {
                    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.word()).collect();
                    let line = format!(
                        "{}  {}  {}  {}  {}",
                        key.id,
                        key.created,
                        key.name,
                        scopes.join(","),
                        key.quota.words()
                    );
                    output.line(line.trim_end());
                }
            }
        }
        KeysCommand::Revoke { id, database: DatabaseArguments { db } } => {
            exists(db)?;
            if !KeyFile::of(db).revoke(id)? {
                return Err(Failure::Usage(format!("there is no key {id}; `theoremata keys list` has all")));
            }
            output.note(&format!("key {id} opens nothing more"));
        }
    }
    Ok(Exit::Done)
}
