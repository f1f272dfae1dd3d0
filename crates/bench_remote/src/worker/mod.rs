//! The worker: runs the jobs of front ends.
