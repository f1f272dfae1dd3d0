//! Looking a user and a group up.

use std::io;

use rustix::process::{Gid, Uid, getgid, getuid};
use thiserror::Error;

use super::UserSpecification;

/// A user and a group that exist, or are numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user's name, when the user database has one.
    pub name: Option<String>,
    /// The user.
    pub user: Uid,
    /// The group.
    pub group: Gid,
}

/// Why a specification names no account.
#[derive(Debug, Error)]
pub enum AccountError {
    /// There is no such user.
    #[error("user {0} not found, aborting.")]
    UserNotFound(String),
    /// There is no such group.
    #[error("group {0} not found, aborting.")]
    GroupNotFound(String),
    /// The group is neither the user's own nor lists the user.
    #[error("Invalid --user option {specification} (user {user} is not in group {group}), aborting.")]
    NotInGroup {
        /// What was typed.
        specification: UserSpecification,
        /// The user's name.
        user: String,
        /// The group's name.
        group: String,
    },
    /// A number without an entry in the user database, so nothing tells the group.
    #[error("Invalid --user option {0} (user {0} has no entry that names its group; write {0}:GROUP), aborting.")]
    GroupUnknown(Uid),
    /// The user database cannot be read.
    #[error("cannot look up {what} in the user database")]
    Database {
        /// The user or group.
        what: String,
        /// Why not.
        source: io::Error,
    },
}

/// An entry of the user database.
#[derive(Debug, Clone)]
struct User {
    name: String,
    id: Uid,
    group: Gid,
}

/// An entry of the group database.
#[derive(Debug, Clone)]
struct Group {
    name: String,
    id: Gid,
    members: Vec<String>,
}

/// Where users and groups are looked up.
trait Database {
    fn user_by_name(&self, name: &str) -> io::Result<Option<User>>;
    fn user_by_id(&self, id: Uid) -> io::Result<Option<User>>;
    fn group_by_name(&self, name: &str) -> io::Result<Option<Group>>;
    fn group_by_id(&self, id: Gid) -> io::Result<Option<Group>>;
}

/// The system's, as the C library reads it.
struct System;

impl System {
    fn user(found: nix::Result<Option<nix::unistd::User>>) -> io::Result<Option<User>> {
        let entry = found?;
        Ok(entry.map(|entry| User {
            name: entry.name,
            id: Uid::from_raw(entry.uid.as_raw()),
            group: Gid::from_raw(entry.gid.as_raw()),
        }))
    }

    fn group(found: nix::Result<Option<nix::unistd::Group>>) -> io::Result<Option<Group>> {
        let entry = found?;
        Ok(entry.map(|entry| Group { name: entry.name, id: Gid::from_raw(entry.gid.as_raw()), members: entry.mem }))
    }
}

impl Database for System {
    fn user_by_name(&self, name: &str) -> io::Result<Option<User>> {
        Self::user(nix::unistd::User::from_name(name))
    }

    fn user_by_id(&self, id: Uid) -> io::Result<Option<User>> {
        Self::user(nix::unistd::User::from_uid(id.as_raw().into()))
    }

    fn group_by_name(&self, name: &str) -> io::Result<Option<Group>> {
        Self::group(nix::unistd::Group::from_name(name))
    }

    fn group_by_id(&self, id: Gid) -> io::Result<Option<Group>> {
        Self::group(nix::unistd::Group::from_gid(id.as_raw().into()))
    }
}

impl UserSpecification {
    /// Looks user and group up in the system's user database. What is not given is this process's.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub fn look_up(&self) -> Result<Account, AccountError> {
        self.look_up_in(&System, getuid(), getgid())
    }

    fn look_up_in(&self, database: &dyn Database, own_user: Uid, own_group: Gid) -> Result<Account, AccountError> {
        let (entry, user) = match &self.user {
            Some(text) => find_user(database, text)?,
            None => (database.user_by_id(own_user).map_err(failed(&own_user.as_raw().to_string()))?, own_user),
        };
        let group = match (&self.group, &entry) {
            (Some(text), _) => self.find_group(database, text, entry.as_ref())?,
            (None, _) if self.user.is_none() => own_group,
            (None, Some(entry)) => entry.group,
            (None, None) => return Err(AccountError::GroupUnknown(user)),
        };
        Ok(Account { name: entry.map(|entry| entry.name), user, group })
    }

    fn find_group(&self, database: &dyn Database, text: &str, user: Option<&User>) -> Result<Gid, AccountError> {
        let named = database.group_by_name(text).map_err(failed(text))?;
        let (entry, id) = match (named, text.parse()) {
            (Some(entry), _) => (Some(entry.clone()), entry.id),
            (None, Ok(number)) if number != u32::MAX => {
                let id = Gid::from_raw(number);
                (database.group_by_id(id).map_err(failed(text))?, id)
            }
            (None, _) => return Err(AccountError::GroupNotFound(text.to_owned())),
        };
        let Some(user) = user else {
            // A number that no database knows is listed nowhere: who types it means it.
            return Ok(id);
        };
        let lists_user = entry.as_ref().is_some_and(|entry| entry.members.contains(&user.name));
        if id != user.group && !lists_user {
            return Err(AccountError::NotInGroup {
                specification: self.clone(),
                user: user.name.clone(),
                group: entry.map_or_else(|| text.to_owned(), |entry| entry.name),
            });
        }
        Ok(id)
    }
}

fn find_user(database: &dyn Database, text: &str) -> Result<(Option<User>, Uid), AccountError> {
    if let Some(entry) = database.user_by_name(text).map_err(failed(text))? {
        let id = entry.id;
        return Ok((Some(entry), id));
    }
    // The kernel takes the greatest number for "no change".
    match text.parse() {
        Ok(number) if number != u32::MAX => {
            let id = Uid::from_raw(number);
            Ok((database.user_by_id(id).map_err(failed(text))?, id))
        }
        _ => Err(AccountError::UserNotFound(text.to_owned())),
    }
}

fn failed(what: &str) -> impl FnOnce(io::Error) -> AccountError {
    let what = what.to_owned();
    move |source| AccountError::Database { what, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// root (0, group 0), ann (7, group 7), a user whose name is a number (8, group 8); group disk (70) lists ann.
    struct Small;

    impl Small {
        fn users() -> [User; 3] {
            [("root", 0), ("ann", 7), ("99", 8)].map(|(name, id)| User {
                name: name.into(),
                id: Uid::from_raw(id),
                group: Gid::from_raw(id),
            })
        }

        fn groups() -> [Group; 3] {
            [("root", 0, None), ("ann", 7, None), ("disk", 70, Some("ann"))].map(|(name, id, member)| Group {
                name: name.into(),
                id: Gid::from_raw(id),
                members: member.into_iter().map(Into::into).collect(),
            })
        }
    }

    impl Database for Small {
        fn user_by_name(&self, name: &str) -> io::Result<Option<User>> {
            if name == "broken" {
                return Err(io::Error::from_raw_os_error(libc::EIO));
            }
            Ok(Self::users().into_iter().find(|user| user.name == name))
        }

        fn user_by_id(&self, id: Uid) -> io::Result<Option<User>> {
            Ok(Self::users().into_iter().find(|user| user.id == id))
        }

        fn group_by_name(&self, name: &str) -> io::Result<Option<Group>> {
            Ok(Self::groups().into_iter().find(|group| group.name == name))
        }

        fn group_by_id(&self, id: Gid) -> io::Result<Option<Group>> {
            Ok(Self::groups().into_iter().find(|group| group.id == id))
        }
    }

    fn look_up(text: &str) -> Result<(u32, u32), String> {
        let specification: UserSpecification = text.parse().unwrap();
        specification
            .look_up_in(&Small, Uid::ROOT, Gid::from_raw(3))
            .map(|account| (account.user.as_raw(), account.group.as_raw()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn d01_what_each_form_means() {
        for (text, account) in [
            ("", (0, 3)),
            (":", (0, 3)),
            ("ann", (7, 7)),
            ("ann:", (7, 7)),
            ("ann:disk", (7, 70)),
            ("ann:70", (7, 70)),
            ("7", (7, 7)),
            ("7:7", (7, 7)),
            (":root", (0, 0)),
            ("99", (8, 8)),
            ("4242:1", (4242, 1)),
            ("4242:disk", (4242, 70)),
        ] {
            assert_eq!(look_up(text), Ok(account), "{text}");
        }
    }

    #[test]
    fn d01_the_words_of_what_is_refused() {
        for (text, words) in [
            ("bob", "user bob not found, aborting."),
            ("-1", "user -1 not found, aborting."),
            ("4294967295:1", "user 4294967295 not found, aborting."),
            ("4294967296", "user 4294967296 not found, aborting."),
            ("ann:bob", "group bob not found, aborting."),
            ("ann:4294967295", "group 4294967295 not found, aborting."),
            (":disk", "Invalid --user option :disk (user root is not in group disk), aborting."),
            ("ann:root", "Invalid --user option ann:root (user ann is not in group root), aborting."),
            ("ann:0", "Invalid --user option ann:0 (user ann is not in group root), aborting."),
            ("ann:71", "Invalid --user option ann:71 (user ann is not in group 71), aborting."),
            (
                "4242",
                "Invalid --user option 4242 (user 4242 has no entry that names its group; write 4242:GROUP), aborting.",
            ),
            ("broken", "cannot look up broken in the user database"),
        ] {
            assert_eq!(look_up(text), Err(words.to_owned()), "{text}");
        }
    }
}
