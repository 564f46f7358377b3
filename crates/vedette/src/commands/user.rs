//! `vedette user`: people of the embedded store, beside a running server or without one.

use std::io::Read;
use std::process::ExitCode;

use access::accounts::{Accounts, Change, NewUser};
use access::password::Hasher;
use anyhow::{Context, bail};
use base::{Clock, Secret, SystemClock};
use catalog::{Agencies, People, Role};

use super::store::{Offline, note, remember_end};
use crate::cli::{UserAddArgs, say};
use crate::config::Config;
use crate::retention::block_on;

/// Names of a page.
const PAGE: u32 = 1_000;
const PASSWORD_LEN_MAX: u64 = 4_096;

/// Adds a person; prints the password that was made, unless one was given on standard input.
pub fn add(config: &Config, args: &UserAddArgs) -> anyhow::Result<ExitCode> {
    let role: Role = args.role.parse()?;
    let agencies = match (args.agencies.is_empty(), role) {
        (true, Role::Admin) => Agencies::All,
        _ => Agencies::from(args.agencies.clone()),
    };
    let password = args.password_stdin.then(password).transpose()?;
    block_on(async {
        let (store, accounts) = open(config).await?;
        let object = format!("user:{}", args.name);
        let note = note("user_add", object, &[("role", role.to_string())]);
        let new = NewUser { name: args.name.clone(), role, agencies, password };
        let (user, made) = accounts.add(new, note, SystemClock.wall()).await?;
        remember_end(config, &store.database).await?;
        say(&format!("{} added as {role}", user.name));
        told(made.as_ref());
        store.database.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Lists people: name, role, agencies, state, last sign-in.
pub fn list(config: &Config) -> anyhow::Result<ExitCode> {
    block_on(async {
        let store = Offline::open(config).await?;
        let mut cursor = None;
        loop {
            let page = store.database.users(None, PAGE, cursor.as_deref()).await?;
            for user in page.items {
                let agencies = Vec::<String>::from(user.agencies).join(",");
                let state = if user.enabled { "enabled" } else { "disabled" };
                let login = user.login_at.map_or("never".to_owned(), |at| at.to_string());
                say(&format!("{}\t{}\t{agencies}\t{state}\t{login}", user.name, user.role));
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        store.database.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Gives a person another password and signs it out everywhere; a running server follows in a second.
pub fn reset_password(config: &Config, name: &str, from_stdin: bool) -> anyhow::Result<ExitCode> {
    let given = from_stdin.then(password).transpose()?;
    block_on(async {
        let (store, accounts) = open(config).await?;
        let user = store.database.user_by_name(name).await?;
        let Some(user) = user else { bail!("there is no person named `{name}`") };
        let made = match given {
            Some(_) => None,
            None => Some(Secret::new(access::random::password()?)),
        };
        let password = given.or_else(|| made.clone()).context("no password")?;
        let note = note("password_reset", format!("user:{}", user.name), &[]);
        let change = Change { password: Some((password, made.is_some())), ..Change::default() };
        accounts.change(&user.id, change, (None, note), SystemClock.wall()).await?;
        remember_end(config, &store.database).await?;
        say(&format!("{} has a new password and is signed out everywhere", user.name));
        told(made.as_ref());
        store.database.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

async fn open(config: &Config) -> anyhow::Result<(Offline, Accounts)> {
    let store = Offline::open(config).await?;
    let master = crate::access_setup::master_key(config)?;
    let accounts = crate::access_setup::accounts(config, &store.database, &master, Hasher::new()?);
    Ok((store, accounts))
}

fn told(made: Option<&Secret>) {
    if let Some(password) = made {
        say(&format!("password: {}", password.reveal()));
    }
}

/// The first line of standard input.
fn password() -> anyhow::Result<Secret> {
    let mut text = String::new();
    std::io::stdin().take(PASSWORD_LEN_MAX).read_to_string(&mut text).context("standard input")?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        bail!("standard input holds no password");
    }
    Ok(Secret::new(line.to_owned()))
}
