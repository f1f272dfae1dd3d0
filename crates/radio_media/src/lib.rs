//! Audio formats: where their frames are, and how they are sent on without decoding.
