//! The ports of the configuration: free, ours, or somebody else's.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, UdpSocket, lookup_host};

use super::{Finding, Level};
use crate::config::Config;
use crate::listen::{self, Wanted};

pub(super) async fn examine(config: &Config, runs: bool) -> Vec<Finding> {
    let ours: Vec<u16> = match runs {
        true => listen::known(&config.data_dir).iter().map(|(_, at)| at.port()).collect(),
        false => Vec::new(),
    };
    let mut found = Vec::new();
    for wanted in listen::wanted(config) {
        let tried = try_bind(&wanted).await;
        let values = [("key", wanted.key.to_owned()), ("port", wanted.port.to_string())];
        found.push(match tried {
            Ok(()) => Finding::new(Level::Ok, "doctor_port_free", values),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                match ours.contains(&wanted.port) {
                    true => Finding::new(Level::Ok, "doctor_port_ours", values),
                    false => Finding::new(Level::Fault, "doctor_port_taken", values),
                }
            }
            Err(error) => {
                let [key, port] = values;
                let values = [key, port, ("reason", error.to_string())];
                Finding::new(Level::Fault, "doctor_port_refused", values)
            }
        });
    }
    found
}

async fn try_bind(wanted: &Wanted) -> io::Result<()> {
    let addresses: Vec<SocketAddr> =
        lookup_host((wanted.host.as_str(), wanted.port)).await?.collect();
    // A host without IPv6 has `localhost` there all the same: one address that works is enough.
    let mut last = Err(io::Error::from(io::ErrorKind::AddrNotAvailable));
    for address in addresses {
        let bound = match wanted.udp {
            true => UdpSocket::bind(address).await.map(drop),
            false => TcpListener::bind(address).await.map(drop),
        };
        match bound {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Ok(()) => last = Ok(()),
            Err(error) if last.is_err() => last = Err(error),
            Err(_) => {}
        }
    }
    last
}
