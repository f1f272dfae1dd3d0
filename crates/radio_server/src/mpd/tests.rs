//! Commands over a library and a station without sound.
