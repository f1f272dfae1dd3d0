//! Workers behind `ssh://[USER@]HOST[:PORT][/PROGRAM]`: the stock `ssh` starts `PROGRAM bench --server=stdio` there, and the protocol
//! goes through its standard streams. Nothing listens on a port. Whom to trust and how to log in are ssh's own configuration.

use std::process::Command;

/// What [`SshTarget::parse`] begins with.
const SCHEME: &str = "ssh://";
/// The port of ssh.
const PORT_DEFAULT: u16 = 22;
/// The program that is started there, from the search path of the user.
const PROGRAM_DEFAULT: &str = "tidegate";
/// The program that reaches the host.
const COMMAND_DEFAULT: &str = "ssh";

/// A worker that is started through ssh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshTarget {
    /// The host, or what ssh's configuration calls it.
    pub host: String,
    /// The user, when it is not ssh's choice.
    pub user: Option<String>,
    /// The port, when it is not ssh's choice.
    pub port: Option<u16>,
    /// The program there.
    pub program: String,
}

/// What is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text}: {problem}; expected ssh://USER@HOST:PORT/PATH/OF/tidegate, of which USER@, :PORT and the path may be left out"
)]
pub struct SshAddressError {
    /// All of it.
    pub text: String,
    /// What is wrong.
    pub problem: &'static str,
}

impl SshTarget {
    /// Reads an address; `None` when it does not begin with `ssh://`.
    ///
    /// # Errors
    /// [`SshAddressError`].
    pub fn parse(text: &str) -> Option<Result<Self, SshAddressError>> {
        let rest = text.strip_prefix(SCHEME)?;
        Some(Self::parse_rest(rest).map_err(|problem| SshAddressError { text: text.to_owned(), problem }))
    }

    fn parse_rest(rest: &str) -> Result<Self, &'static str> {
        let (place, program) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let (user, place) = place.rsplit_once('@').map_or((None, place), |(user, place)| (Some(user), place));
        let (host, port) = match place.strip_prefix('[') {
            Some(literal) => {
                let (host, after) = literal.split_once(']').ok_or("a [ without its ]")?;
                (host, after.strip_prefix(':'))
            }
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            None => None,
            Some(port) => Some(port.parse().ok().filter(|&port| port > 0).ok_or("the port is not 1 to 65535")?),
        };
        // ssh would take it for an option, or a shell for more than a word.
        let is_name = |name: &str| !name.is_empty() && !name.starts_with('-') && !name.contains(char::is_whitespace);
        if !is_name(host) {
            return Err("the host is no name");
        }
        if user.is_some_and(|user| !is_name(user)) {
            return Err("the user is no name");
        }
        Ok(Self {
            host: host.to_owned(),
            user: user.map(str::to_owned),
            port,
            program: if matches!(program, "" | "/") { PROGRAM_DEFAULT.to_owned() } else { program.to_owned() },
        })
    }

    /// The port that is shown.
    #[must_use]
    pub fn shown_port(&self) -> u16 {
        self.port.unwrap_or(PORT_DEFAULT)
    }

    /// What reaches it. `command` stands for `ssh` when it is given: a program and words before its other arguments.
    #[must_use]
    pub fn command(&self, command: Option<&str>) -> Command {
        let mut words = command.unwrap_or(COMMAND_DEFAULT).split_whitespace();
        let mut ssh = Command::new(words.next().unwrap_or(COMMAND_DEFAULT));
        ssh.args(words);
        if let Some(port) = self.port {
            ssh.args(["-p", &port.to_string()]);
        }
        if let Some(user) = &self.user {
            ssh.args(["-l", user]);
        }
        // No terminal: it would change bytes.
        ssh.args(["-T", "--", &self.host, &format!("{} bench --server=stdio", quoted(&self.program))]);
        ssh
    }
}

/// A word for the shell at the other end.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte);
    if word.bytes().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(address: &str, command: Option<&str>) -> String {
        let command = SshTarget::parse(address).unwrap().unwrap().command(command);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn addresses_become_commands() {
        assert_eq!(words("ssh://h", None), "ssh|-T|--|h|tidegate bench --server=stdio");
        assert_eq!(
            words("ssh://me@h:2222/opt/tide gate", Some("ssh -F my.conf")),
            "ssh|-F|my.conf|-p|2222|-l|me|-T|--|h|'/opt/tide gate' bench --server=stdio"
        );
        assert_eq!(words("ssh://[fe80::1%eth0]:5/", None), "ssh|-p|5|-T|--|fe80::1%eth0|tidegate bench --server=stdio");
        assert_eq!(quoted("/a'b"), "'/a'\\''b'");
        assert_eq!(SshTarget::parse("host,22"), None);
    }

    #[test]
    fn what_ssh_would_misunderstand_is_refused() {
        for (address, problem) in [
            ("ssh://", "the host is no name"),
            ("ssh://-oProxyCommand=x", "the host is no name"),
            ("ssh://-l@h", "the user is no name"),
            ("ssh://@h", "the user is no name"),
            ("ssh://h:0", "the port is not 1 to 65535"),
            ("ssh://h:ssh", "the port is not 1 to 65535"),
            ("ssh://[::1", "a [ without its ]"),
        ] {
            let error = SshTarget::parse(address).unwrap().unwrap_err();
            assert_eq!(error.problem, problem, "{address}");
        }
    }
}
