//! The files of a job.
