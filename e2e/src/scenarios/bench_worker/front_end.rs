//! A front end made of single steps, that can do what fio's never does.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use bench_wire::ProtocolVersion;
use bench_wire::message::{FrontEndMessage, WorkerMessage};
use bench_wire::session::FrontEndSession;
use e2e::failure::{Failure, Verdict};
use e2e::process::PROMPTLY;

pub(super) struct FrontEnd {
    stream: TcpStream,
    session: FrontEndSession,
}

impl FrontEnd {
    pub(super) fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PROMPTLY))?;
        stream.set_write_timeout(Some(PROMPTLY))?;
        Ok(Self { stream, session: FrontEndSession::new(ProtocolVersion::NEWEST) })
    }

    pub(super) fn version(&self) -> ProtocolVersion {
        self.session.version()
    }

    pub(super) fn say(&mut self, message: &FrontEndMessage) -> Verdict {
        self.session.send(message);
        let bytes = self.session.pending_output().to_vec();
        self.session.transmitted(bytes.len());
        Ok(self.stream.write_all(&bytes)?)
    }

    /// All that the worker says, until it has said QUIT or closes the connection.
    pub(super) fn hear_all(&mut self) -> Result<Vec<WorkerMessage>, Failure> {
        let mut heard = Vec::new();
        let mut bytes = vec![0; 1 << 16];
        while !self.session.is_over() {
            let count = self.stream.read(&mut bytes)?;
            if count == 0 {
                break;
            }
            let mut input = &bytes[..count];
            while let Some(message) =
                self.session.next_message(&mut input).map_err(|fault| Failure::new(fault.to_string()))?
            {
                heard.push(message);
            }
        }
        Ok(heard)
    }

    /// The texts among messages.
    pub(super) fn texts(&self, heard: &[WorkerMessage]) -> String {
        let texts = heard.iter().filter_map(|message| match message {
            WorkerMessage::Text(text) => Some(String::from_utf8_lossy(text.text()).into_owned()),
            _ => None,
        });
        texts.collect()
    }
}
