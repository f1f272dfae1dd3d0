//! NVMe/TCP: PDUs, digests and the sans-IO state machines of host and controller.
