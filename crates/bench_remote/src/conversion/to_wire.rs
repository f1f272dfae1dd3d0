//! Results as messages.
