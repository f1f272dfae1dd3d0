//! Messages from client to client. Parity: MPD's channels.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::limits::{MESSAGES_MAX, SUBSCRIPTIONS_MAX};
use super::refusal::{Code, Refusal};

fn check_name(channel: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if channel.is_empty() || !channel.chars().all(fits) {
        return Err(Refusal::argument("invalid channel name"));
    }
    Ok(())
}

/// The channels of a server. Copies are of the same channels.
#[derive(Debug, Clone, Default)]
pub(super) struct Channels(Arc<Mutex<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    /// Who hears each channel.
    subscribers: BTreeMap<String, BTreeSet<u64>>,
    /// Channel and text of what waits for each client.
    waiting: HashMap<u64, Vec<(String, String)>>,
}

impl Channels {
    /// # Errors
    /// When the name is none, or the client has it or too many.
    pub(super) fn subscribe(&self, client: u64, channel: &str) -> Result<(), Refusal> {
        check_name(channel)?;
        let mut shared = self.lock();
        if shared.subscribers.values().filter(|clients| clients.contains(&client)).count() >= SUBSCRIPTIONS_MAX {
            return Err(Refusal::new(Code::Exist, "subscription list is full"));
        }
        if !shared.subscribers.entry(channel.to_owned()).or_default().insert(client) {
            return Err(Refusal::new(Code::Exist, "already subscribed to this channel"));
        }
        Ok(())
    }

    /// # Errors
    /// When the client does not have it.
    pub(super) fn unsubscribe(&self, client: u64, channel: &str) -> Result<(), Refusal> {
        let mut shared = self.lock();
        let left = shared.subscribers.get_mut(channel).is_some_and(|clients| clients.remove(&client));
        shared.subscribers.retain(|_, clients| !clients.is_empty());
        if left { Ok(()) } else { Err(Refusal::no_exist("not subscribed to this channel")) }
    }

    /// A client is gone.
    pub(super) fn forget(&self, client: u64) {
        let mut shared = self.lock();
        for clients in shared.subscribers.values_mut() {
            clients.remove(&client);
        }
        shared.subscribers.retain(|_, clients| !clients.is_empty());
        shared.waiting.remove(&client);
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.lock().subscribers.keys().cloned().collect()
    }

    /// # Errors
    /// When the name is none, or nobody hears the channel.
    pub(super) fn send(&self, channel: &str, text: &str) -> Result<(), Refusal> {
        check_name(channel)?;
        let mut shared = self.lock();
        let Some(clients) = shared.subscribers.get(channel).cloned() else {
            return Err(Refusal::no_exist("nobody is subscribed to this channel"));
        };
        for client in clients {
            let waiting = shared.waiting.entry(client).or_default();
            if waiting.len() < MESSAGES_MAX {
                waiting.push((channel.to_owned(), text.to_owned()));
            }
        }
        Ok(())
    }

    /// What waits for a client; it waits no more.
    pub(super) fn take(&self, client: u64) -> Vec<(String, String)> {
        self.lock().waiting.remove(&client).unwrap_or_default()
    }

    pub(super) fn any_for(&self, client: u64) -> bool {
        self.lock().waiting.contains_key(&client)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_is_gone_leaves_nothing() {
        let channels = Channels::default();
        channels.subscribe(1, "room").unwrap();
        channels.subscribe(2, "room").unwrap();
        channels.send("room", "hello").unwrap();
        channels.forget(1);
        assert!(!channels.any_for(1) && channels.any_for(2));
        channels.forget(2);
        assert!(channels.names().is_empty() && channels.lock().waiting.is_empty());
    }

    #[test]
    fn names_subscriptions_and_messages_have_limits() {
        let channels = Channels::default();
        assert!(channels.subscribe(1, "a b").is_err() && channels.subscribe(1, "").is_err());
        for number in 0..SUBSCRIPTIONS_MAX {
            channels.subscribe(1, &format!("c{number}")).unwrap();
        }
        assert_eq!(channels.subscribe(1, "more").unwrap_err().message, "subscription list is full");
        (0..MESSAGES_MAX + 5).for_each(|_| channels.send("c0", "x").unwrap());
        assert_eq!(channels.take(1).len(), MESSAGES_MAX);
    }
}
