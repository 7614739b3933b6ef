//! The allow list of hosts, and the addresses they may resolve to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Error, config::Config};

/// Hosts that may be called.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    /// `None` if all hosts are allowed.
    listed: Option<Vec<Host>>,
}

/// A host name or address, with a port.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Host {
    name: String,
    /// `None` for the default port of the scheme.
    port: Option<u16>,
}

impl Hosts {
    /// Any host, including this machine and the local network: for users who may run commands here anyway.
    #[must_use]
    pub fn any() -> Hosts {
        Hosts { listed: None }
    }

    /// These hosts: names or addresses, each with `:port` unless it is the default. A name may resolve to public
    /// addresses only; a local address is allowed only if it is listed itself, or as `localhost`.
    ///
    /// # Errors
    /// The text that is no host.
    pub fn these<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Hosts, String> {
        let listed: Result<Vec<Host>, String> = texts.into_iter().map(Host::read).collect();
        Ok(Hosts { listed: Some(listed?) })
    }

    /// Whether a URL may be called, judging by its host.
    ///
    /// # Errors
    /// A message: it is no URL, or its host is not listed.
    pub fn admit(&self, url: &str) -> Result<(), String> {
        let uri: Uri = url.parse().map_err(|error| format!("`{url}` is no address: {error}"))?;
        self.host(&uri).map(|_| ())
    }

    /// The host of a URL, if it is allowed.
    fn host(&self, uri: &Uri) -> Result<Host, String> {
        let usual = match uri.scheme_str() {
            Some("http") => 80,
            Some("https") => 443,
            _ => return Err(format!("`{uri}` does not begin with http:// or https://")),
        };
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
        let authority = authority.ok_or_else(|| format!("`{uri}` names no host, or a user, which is not taken"))?;
        let wanted = Host::read(authority.as_str())?;
        let port = |host: &Host| host.port.unwrap_or(usual);
        let is_listed = |host: &Host| host.name == wanted.name && port(host) == port(&wanted);
        if self.listed.as_ref().is_none_or(|listed| listed.iter().any(is_listed)) {
            return Ok(Host { port: Some(port(&wanted)), ..wanted });
        }
        Err(format!(
            "the host {authority} may not be called; the operator names those that may be: `serve --tool-host`"
        ))
    }

    /// Whether an allowed host may resolve to this address.
    fn connects(&self, host: &Host, address: IpAddr) -> bool {
        let Some(listed) = &self.listed else { return true };
        let port = host.port;
        let is_it = |known: &Host| {
            let named = known.name.parse() == Ok(address) || (known.name == "localhost" && address.is_loopback());
            named && known.port.or(port) == port
        };
        is_public(address) || listed.iter().any(is_it)
    }
}

impl Host {
    fn read(text: &str) -> Result<Host, String> {
        let wrong = || {
            format!("`{text}` names no host: a name or an address is needed, with `:port` if it is not the usual one")
        };
        let (name, port) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
            Some(Some((name, ""))) => (name, None),
            Some(Some((name, port))) => (name, Some(port.strip_prefix(':').ok_or_else(wrong)?)),
            Some(None) => return Err(wrong()),
            None if text.parse::<Ipv6Addr>().is_ok() => (text, None),
            None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
        };
        let port = port.map(str::parse).transpose().map_err(|_| wrong())?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if name.is_empty() || (name.parse::<Ipv6Addr>().is_err() && !name.bytes().all(plain)) {
            return Err(wrong());
        }
        // Canonical form of addresses.
        let name = name.parse::<IpAddr>().map_or_else(|_| name.to_ascii_lowercase(), |address| address.to_string());
        Ok(Host { name: name.trim_end_matches('.').to_owned(), port })
    }
}

/// Whether an address is public: not of this machine, a private network, or a special purpose. Source: the
/// special-purpose address registries of RFC 6890.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_4(address),
        IpAddr::V6(address) => is_public_6(address),
    }
}

fn is_public_4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 192 && second == 88 && third == 99)
        || (first == 198 && (second == 18 || second == 19));
    !special
}

fn is_public_6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let last = |at: usize| {
        let [high, low] = [segments[at], segments[at + 1]].map(u16::to_be_bytes);
        Ipv4Addr::new(high[0], high[1], low[0], low[1])
    };
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_4(inner);
    }
    match segments {
        // Translated and tunnelled addresses embed an IPv4 address, which decides.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_4(last(6)),
        [0x2002, ..] => is_public_4(last(1)),
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        // Global unicast; everything else is special purpose.
        [first, ..] => (0x2000..0x4000).contains(&first) && !(first == 0x3fff && segments[1] < 0x1000),
    }
}

/// A resolver that returns only addresses that may be connected to.
#[derive(Debug)]
pub(super) struct Guarded(pub(super) Hosts);

impl Resolver for Guarded {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let refused = |why: String| Error::Other(why.into());
        let host = self.0.host(uri).map_err(refused)?;
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        let mut left = self.empty();
        let may = |address: &&SocketAddr| self.0.connects(&host, address.ip());
        found.iter().filter(may).for_each(|address| left.push(*address));
        if left.is_empty() {
            let why = format!(
                "{} leads to an address of this machine or its network, which is called only if the operator lists the \
                 address itself",
                host.name
            );
            return Err(refused(why));
        }
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_hosts_are_called_at_their_ports() {
        let hosts = Hosts::these(["Example.org", "10.0.0.5:8000", "[::1]:9"]).expect("hosts");
        for url in ["http://example.org/x", "https://EXAMPLE.org.:443/", "http://10.0.0.5:8000", "http://[0::1]:9/a"] {
            assert_eq!(hosts.admit(url), Ok(()), "{url}");
        }
        for url in [
            "http://example.org:81/",
            "https://evil.org/",
            "http://example.org@evil.org/",
            "http://user@example.org/",
            "ftp://example.org/",
            "/x",
            "http://10.0.0.5/",
            "http://[::1]:10/",
            "http://example.org.evil.org/",
        ] {
            assert!(hosts.admit(url).is_err(), "{url}");
        }
        assert!(Hosts::default().listed.is_none() && Hosts::these([]).expect("none").admit("http://a.org").is_err());
        assert!(["", "a b", "a:x", "[::1", "[::1]9", "http://a"].iter().all(|text| Hosts::these([*text]).is_err()));
    }

    #[test]
    fn a_name_that_leads_into_the_own_network_opens_nothing() {
        let hosts = Hosts::these(["inside.example", "10.0.0.5", "10.0.0.6:81"]).expect("hosts");
        let connects = |address: &str| {
            let host = Host { name: "inside.example".into(), port: Some(80) };
            hosts.connects(&host, address.parse().expect("an address"))
        };
        assert!(connects("93.184.216.34") && connects("2606:2800::1") && connects("10.0.0.5"));
        for private in [
            "127.0.0.1",
            "10.0.0.6",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "ff02::1",
            "::127.0.0.1",
        ] {
            assert!(!connects(private), "{private}");
        }
        let own = Hosts::these(["localhost:8000"]).expect("hosts");
        let host = Host { name: "localhost".into(), port: Some(8000) };
        assert!(own.connects(&host, "127.0.0.1".parse().expect("an address")));
        assert!(!own.connects(&host, "10.0.0.1".parse().expect("an address")));
    }
}
