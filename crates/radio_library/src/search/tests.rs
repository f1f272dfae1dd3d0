//! Searches against what a plain look at every song finds.
