//! The radio as a service: one table of commands, and the fronts that they are given through.
