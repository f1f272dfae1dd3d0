//! The front end: has the jobs and shows the results of many workers.
