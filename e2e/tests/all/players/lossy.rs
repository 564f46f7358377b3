//! A network that loses one datagram in twenty.
