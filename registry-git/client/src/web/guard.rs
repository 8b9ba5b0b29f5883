//! Names that lead to private addresses lead nowhere: the addresses that a connection is tried at are the ones that were looked at.

use std::net::IpAddr;
use ureq::{
    Agent, Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};
use url::{Host, Url};

/// An agent that goes to public addresses only.
pub(super) fn agent(config: Config) -> Agent {
    Agent::with_parts(config, DefaultConnector::default(), PublicOnly(DefaultResolver::default()))
}

/// The IP address that a URL states itself.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// What [`PublicOnly`] says of a name that has only private addresses.
pub(super) const PRIVATE: &str = "the name leads to a private address";

#[derive(Debug)]
struct PublicOnly<R>(R);

impl<R: Resolver> Resolver for PublicOnly<R> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        // One private address among public ones is as bad: which one is taken is the network's choice.
        match found.iter().any(|address| mpp_policy::is_special(address.ip())) {
            true => Err(Error::Io(std::io::Error::new(std::io::ErrorKind::PermissionDenied, PRIVATE))),
            false => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PublicOnly;
    use std::net::SocketAddr;
    use ureq::{
        Agent, Error,
        config::Config,
        http::Uri,
        unversioned::{
            resolver::{ResolvedSocketAddrs, Resolver},
            transport::{NextTimeout, time::Duration},
        },
    };

    #[derive(Debug)]
    struct Says(&'static [&'static str]);

    impl Resolver for Says {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            let mut found = self.empty();
            self.0.iter().for_each(|address| found.push(address.parse::<SocketAddr>().unwrap()));
            Ok(found)
        }
    }

    #[track_caller]
    fn check(addresses: &'static [&'static str], accepted: bool) {
        let timeout = NextTimeout {
            after: Duration::NotHappening,
            reason: ureq::Timeout::Resolve,
            per_read: None,
            per_write: None,
        };
        let config = Agent::config_builder().build();
        let found = PublicOnly(Says(addresses)).resolve(&Uri::from_static("https://a.example/"), &config, timeout);
        assert_eq!(found.is_ok(), accepted, "{addresses:?}");
    }

    #[test]
    fn idx_56_one_private_address_is_enough_to_refuse_a_name() {
        check(&["93.184.216.34:443"], true);
        check(&["93.184.216.34:443", "[2606:4700::1111]:443"], true);
        for private in [&["127.0.0.1:443"][..], &["93.184.216.34:443", "10.0.0.7:443"], &["[::ffff:169.254.169.254]:1"]]
        {
            check(private, false);
        }
    }
}
