//! Run with `cargo run -p enfilade-auth --example auth_own_users`, test with `cargo test -p enfilade-auth --examples`.
//!
//! Users of your own, from a database say: one async method finds a user by name.

use std::collections::HashMap;

use enfilade_auth::{
    Auth, Basic, ConfigError, Principal, Rejection, StoreError, User, UserStore, hash_password,
};

/// A row of a table `users(name, password_hash, team)`.
struct Row {
    password_hash: String,
    team: &'static str,
}

/// Stands for a database.
#[derive(Default)]
struct Database(HashMap<&'static str, Row>);

impl Database {
    async fn user_by_name(&self, name: &str) -> Result<Option<&Row>, std::io::Error> {
        tokio::task::yield_now().await; // a query over the network
        match name {
            "unplugged" => Err(std::io::Error::other("the connection is lost")),
            name => Ok(self.0.get(name)),
        }
    }
}

impl UserStore for Database {
    async fn find(&self, name: &str) -> Result<Option<User>, StoreError> {
        let row = self.user_by_name(name).await.map_err(StoreError::new)?;
        let user = row.map(|row| User::new(name, &row.password_hash)).transpose()?;
        Ok(user.zip(row).map(|(user, row)| user.with_roles([row.team])))
    }
}

fn database() -> Result<Database, ConfigError> {
    let ada = Row { password_hash: hash_password("correct horse")?, team: "sales" };
    Ok(Database(HashMap::from([("ada", ada)])))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ConfigError> {
    let basic = Basic::new(database()?);
    // In a chain: `Auth::new(basic)`. A sign-in form asks it directly:
    show(basic.verify("ada", "correct horse").await);
    show(basic.verify("ada", "battery staple").await);
    show(basic.verify("unplugged", "correct horse").await);
    let _link = Auth::new(basic).with_realm("sales");
    Ok(())
}

#[allow(clippy::print_stdout)] // an example shows what it does
fn show(answer: Result<Principal, Rejection>) {
    match answer {
        Ok(who) => println!("{} of {}", who.subject(), who.roles().collect::<String>()),
        Err(refused) => println!("{refused}: {}", refused.detail()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_store_decides_who_there_is() {
        let basic = Basic::new(database().unwrap());
        let ada = basic.verify("ada", "correct horse").await.unwrap();
        assert!(ada.subject() == "ada" && ada.has_role("sales"));
        for (name, password, code) in [
            ("ada", "battery staple", "auth.bad-credentials"),
            ("bob", "correct horse", "auth.bad-credentials"),
            ("unplugged", "correct horse", "auth.store-failed"),
        ] {
            assert_eq!(basic.verify(name, password).await.unwrap_err().code(), code, "{name}");
        }
    }
}
