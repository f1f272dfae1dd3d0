//! What a command is: the opcodes, who sends them, and what they are called.

use std::fmt;

/// One of the two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Has the jobs and shows the results: `fio --client`.
    FrontEnd,
    /// Runs the jobs: `fio --server`.
    Worker,
}

impl Role {
    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::FrontEnd => Self::Worker,
            Self::Worker => Self::FrontEnd,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::FrontEnd => "front end",
            Self::Worker => "worker",
        })
    }
}

macro_rules! opcodes {
    ($( $(#[$attribute:meta])* $name:ident = $number:literal, $text:literal, $front_end:literal, $worker:literal; )*) => {
        /// A command's number. The same in all versions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Opcode {
            $( $(#[$attribute])* $name = $number, )*
        }

        impl Opcode {
            /// Every command, in order of number.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The command with this number; `None` for a number that means nothing.
            #[must_use]
            pub const fn from_number(number: u16) -> Option<Self> {
                match number {
                    $( $number => Some(Self::$name), )*
                    _ => None,
                }
            }

            /// fio's name of it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$name => $text, )* }
            }

            /// Whether `role` sends it.
            #[must_use]
            pub const fn is_sent_by(self, role: Role) -> bool {
                let (front_end, worker) = match self { $( Self::$name => ($front_end, $worker), )* };
                match role {
                    Role::FrontEnd => front_end,
                    Role::Worker => worker,
                }
            }
        }
    };
}

opcodes! {
    /// Front end: end all jobs. Worker: all is said.
    Quit = 1, "QUIT", true, true;
    /// The worker's process of this connection shall end.
    Exit = 2, "EXIT", true, false;
    /// A job file.
    Job = 3, "JOB", true, false;
    /// Command line arguments.
    JobLine = 4, "JOBLINE", true, false;
    /// A line for the front end's log.
    Text = 5, "TEXT", false, true;
    /// Statistics of a job, and of its group.
    JobStatistics = 6, "TS", false, true;
    /// Statistics of a group.
    GroupStatistics = 7, "GS", false, true;
    /// Asks for progress.
    SendEta = 8, "SEND_ETA", true, false;
    /// Progress.
    Eta = 9, "ETA", false, true;
    /// Who is there.
    Probe = 10, "PROBE", true, true;
    /// Jobs are understood.
    Start = 11, "START", false, true;
    /// The jobs have ended.
    Stop = 12, "STOP", false, true;
    /// What a disk did meanwhile.
    DiskUtilisation = 13, "DISK_UTIL", false, true;
    /// A job runs.
    ServerStart = 14, "SERVER_START", false, true;
    /// The options of a job that was understood.
    AddJob = 15, "ADD_JOB", false, true;
    /// Run what was sent.
    Run = 16, "RUN", true, false;
    /// A log.
    Log = 17, "IOLOG", false, true;
    /// Front end: other options for a job. Worker: whether they are taken.
    UpdateJob = 18, "UPDATE_JOB", true, true;
    /// Run a job file that the worker has.
    LoadFile = 19, "LOAD_FILE", true, false;
    /// Front end: save the verify state, stop and run a command. Worker: the verify state.
    VerifyTrigger = 20, "VTRIGGER", true, true;
    /// Worker: wants a file. Front end: the file.
    SendFile = 21, "SENDFILE", true, true;
    /// An option of a job, for the report.
    JobOption = 22, "JOB_OPT", false, true;
}

impl Opcode {
    /// As it stands in a frame.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }
}

/// fio's name.
impl fmt::Display for Opcode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_fio_and_each_has_a_sender() {
        for (index, opcode) in Opcode::ALL.iter().enumerate() {
            assert_eq!(usize::from(opcode.number()), index + 1);
            assert_eq!(Opcode::from_number(opcode.number()), Some(*opcode));
            assert!(opcode.is_sent_by(Role::FrontEnd) || opcode.is_sent_by(Role::Worker), "{opcode}");
        }
        assert_eq!((Opcode::from_number(0), Opcode::from_number(23)), (None, None));
        let both: Vec<_> = Opcode::ALL
            .iter()
            .filter(|opcode| opcode.is_sent_by(Role::FrontEnd) && opcode.is_sent_by(Role::Worker))
            .collect();
        assert_eq!(
            both,
            [&Opcode::Quit, &Opcode::Probe, &Opcode::UpdateJob, &Opcode::VerifyTrigger, &Opcode::SendFile]
        );
    }
}
