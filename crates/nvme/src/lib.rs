//! NVMe wire structures and protocol.
#![no_std]
