//! Publishers whose packets are our own packetisers'.
