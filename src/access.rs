//! Who may come in, and how much of the server is theirs: tokens, the addresses of those without one, rates. Called by
//! the network doors for each connection and each run. Tokens are known by their digests only; none is ever logged.

use crate::config::access::{AccessConfig, TokenConfig};
use crate::job::{Client, Job, Owner};
use crate::lock::lock;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// Bytes are counted in pieces of this size.
const PIECE: usize = 1 << 10;
/// Addresses that are remembered, so that who goes and comes back is not new; beyond that those without a connection go.
const REMEMBERED: usize = 16 << 10;

/// Everything that a reload replaces.
struct Rules {
    tokens: HashMap<[u8; 32], Arc<Token>>,
    /// For each address, where no token is needed.
    anonymous: Option<TokenConfig>,
    origins: Vec<String>,
    proxies: Vec<IpAddr>,
    connections: usize,
}

/// What one token may do.
struct Token {
    config: TokenConfig,
    rates: Rates,
}

/// How often, and how much.
struct Rates {
    runs: Option<DefaultDirectRateLimiter>,
    bytes: Option<DefaultDirectRateLimiter>,
}

pub struct Access {
    rules: RwLock<Arc<Rules>>,
    addresses: Mutex<HashMap<IpAddr, Arc<Address>>>,
}

/// Who has no token is known by where they come from.
struct Address {
    token: Arc<Token>,
    connections: Mutex<usize>,
}

/// Who is asking. Kept by a connection, and looked up anew for each run: a token may be taken back meanwhile.
#[derive(Clone)]
pub struct Caller {
    token: Arc<Token>,
    /// None without a token.
    digest: Option<[u8; 32]>,
}

/// One connection of an address.
pub struct Seat(Arc<Address>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("a token is needed\nhint: send `authorization: Bearer …`, or `hello` with `token`")]
    NoToken,
    #[error("this token is not known here")]
    UnknownToken,
    #[error("too many connections from this address")]
    TooMany,
}

/// Why a run may not be started by this caller.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    #[error("this token is not known here any more")]
    TakenBack,
    #[error("`{0}` is not among the languages of this token")]
    Language(String),
    #[error("`limits.{field}`: {given} is asked for, the most that this token has is {limit}")]
    Limit { field: &'static str, limit: u64, given: u64 },
    #[error("too many {what} in this minute")]
    Rate { what: &'static str, wait: Duration },
}

impl Access {
    pub fn new(config: &AccessConfig) -> Self {
        Self { rules: RwLock::new(Arc::new(Rules::new(config))), addresses: Mutex::default() }
    }

    /// Other rules from now on; connections stay.
    pub fn replace(&self, config: &AccessConfig) {
        let rules = Arc::new(Rules::new(config));
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
        // Who comes without a token gets the new shares with the next connection.
        lock(&self.addresses).clear();
    }

    fn rules(&self) -> Arc<Rules> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether somebody without a token may do nothing at all.
    pub fn needs_token(&self) -> bool {
        self.rules().anonymous.is_none()
    }

    /// Who that is. Where there are no tokens, one that is given says nothing.
    pub fn caller(&self, token: Option<&str>, address: IpAddr) -> Result<Caller, Refused> {
        let rules = self.rules();
        if rules.anonymous.is_some() {
            return Ok(Caller { token: self.address(&rules, address).token.clone(), digest: None });
        }
        let token = token.ok_or(Refused::NoToken)?;
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let token = rules.tokens.get(&digest).cloned().ok_or(Refused::UnknownToken)?;
        Ok(Caller { token, digest: Some(digest) })
    }

    /// One more connection from an address.
    pub fn sit(&self, address: IpAddr) -> Result<Seat, Refused> {
        let rules = self.rules();
        let address = self.address(&rules, address);
        let mut connections = lock(&address.connections);
        if rules.connections > 0 && *connections >= rules.connections {
            return Err(Refused::TooMany);
        }
        *connections += 1;
        drop(connections);
        Ok(Seat(address))
    }

    fn address(&self, rules: &Rules, address: IpAddr) -> Arc<Address> {
        let mut all = lock(&self.addresses);
        if let Some(known) = all.get(&address) {
            return known.clone();
        }
        if all.len() >= REMEMBERED {
            all.retain(|_, known| Arc::strong_count(known) > 1);
        }
        let config = TokenConfig { name: format!("address {address}"), ..rules.anonymous.clone().unwrap_or_default() };
        let new = Arc::new(Address { token: Arc::new(Token::new(&config)), connections: Mutex::new(0) });
        all.insert(address, new.clone());
        new
    }

    /// Whether a page of this origin may talk to us, who is asked under `host`.
    pub fn allows(&self, origin: &str, host: Option<&str>) -> bool {
        let same = origin.split_once("://").map(|(_, rest)| rest);
        let rules = self.rules();
        same.is_some() && same == host || rules.origins.iter().any(|allowed| allowed == "*" || allowed.trim_end_matches('/') == origin)
    }

    /// Whether what this address says of where a request came from counts.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.rules().proxies.contains(&address)
    }

    /// Makes the job the caller's, where the caller may have it run. `bytes` is what it took to ask.
    pub fn admit(&self, caller: &Caller, job: &mut Job, bytes: usize) -> Result<(), Denied> {
        let token = self.token_now(caller)?;
        let config = &token.config;
        if let Some(languages) = &config.languages
            && !languages.iter().any(|name| job.toolchain.is_called(name))
        {
            return Err(Denied::Language(job.toolchain.name.clone()));
        }
        let limits = &job.limits;
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        for (field, limit, given) in [
            ("time_ms", config.most.time_ms, milliseconds(limits.time)),
            ("wall_ms", config.most.wall_ms, milliseconds(limits.wall)),
            ("memory_mb", config.most.memory_mb, limits.memory_bytes >> 20),
            ("output_kb", config.most.output_kb, limits.output_bytes >> 10),
        ] {
            if let Some(limit) = limit.filter(|limit| given > *limit) {
                return Err(Denied::Limit { field, limit, given });
            }
        }
        token.rates.admit(bytes)?;
        job.client = Client { key: token.config.name.as_str().into(), live: config.live, queue: config.queue };
        if caller.digest.is_some() {
            job.owner = Owner::Token(token.config.name.as_str().into());
        }
        Ok(())
    }

    /// Whether the caller may send so many bytes that are no run yet.
    pub fn admit_bytes(&self, caller: &Caller, bytes: usize) -> Result<(), Denied> {
        let wait = self.token_now(caller)?.rates.bytes_wait(bytes);
        wait.map_or(Ok(()), |wait| Err(Denied::Rate { what: "bytes", wait }))
    }

    /// The caller's rules as they are now.
    fn token_now(&self, caller: &Caller) -> Result<Arc<Token>, Denied> {
        match caller.digest {
            Some(digest) => self.rules().tokens.get(&digest).cloned().ok_or(Denied::TakenBack),
            None if self.needs_token() => Err(Denied::TakenBack),
            None => Ok(caller.token.clone()),
        }
    }
}

impl Caller {
    /// Whose workspaces it may use.
    pub fn owner(&self, otherwise: Owner) -> Owner {
        if self.digest.is_some() { Owner::Token(self.token.config.name.as_str().into()) } else { otherwise }
    }

    /// What is logged of it.
    pub fn name(&self) -> &str {
        &self.token.config.name
    }

    /// Waits until so many bytes may go out.
    pub async fn pass(&self, bytes: usize) {
        while let Some(wait) = self.token.rates.bytes_wait(bytes) {
            tokio::time::sleep(wait).await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        *lock(&self.0.connections) -= 1;
    }
}

impl Rules {
    fn new(config: &AccessConfig) -> Self {
        let token = |token: &TokenConfig| Some((token.digest()?, Arc::new(Token::new(&token.over(config.each)))));
        Self {
            tokens: config.tokens.iter().filter_map(token).collect(),
            anonymous: config.tokens.is_empty().then(|| TokenConfig::default().over(config.each)),
            origins: config.origins.clone(),
            proxies: config.proxies.clone(),
            connections: config.connections,
        }
    }
}

impl Token {
    fn new(config: &TokenConfig) -> Self {
        Self { config: config.clone(), rates: Rates::new(config) }
    }
}

impl Rates {
    fn new(config: &TokenConfig) -> Self {
        let per_minute = |most: Option<u32>| most.and_then(NonZeroU32::new).map(|most| RateLimiter::direct(Quota::per_minute(most)));
        let pieces = |mb: u32| mb.saturating_mul(1 << 10);
        Self { runs: per_minute(config.runs_per_minute), bytes: per_minute(config.mb_per_minute.map(pieces)) }
    }

    fn admit(&self, bytes: usize) -> Result<(), Denied> {
        if let Some(wait) = self.runs.as_ref().and_then(|runs| wait(runs, 1)) {
            return Err(Denied::Rate { what: "runs", wait });
        }
        match self.bytes_wait(bytes) {
            Some(wait) => Err(Denied::Rate { what: "bytes", wait }),
            None => Ok(()),
        }
    }

    /// How long to wait until so many bytes may pass; None, and they count, where it is now.
    fn bytes_wait(&self, bytes: usize) -> Option<Duration> {
        let pieces = u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX);
        wait(self.bytes.as_ref()?, pieces)
    }
}

fn wait(rate: &DefaultDirectRateLimiter, cells: u32) -> Option<Duration> {
    let cells = NonZeroU32::new(cells)?;
    match rate.check_n(cells) {
        Ok(Ok(())) => None,
        Ok(Err(not_until)) => Some(not_until.wait_time_from(DefaultClock::default().now())),
        // More at once than a whole minute has: it takes all there is.
        Err(most) => match rate.check_n(NonZeroU32::new(most.0)?) {
            Ok(Err(not_until)) => Some(not_until.wait_time_from(DefaultClock::default().now())),
            Ok(Ok(())) | Err(_) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn config(tokens: &[(&str, TokenConfig)]) -> AccessConfig {
        let tokens = tokens.iter().map(|(token, config)| TokenConfig {
            name: (*token).to_owned(),
            sha256: Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect(),
            ..config.clone()
        });
        AccessConfig { tokens: tokens.collect(), ..AccessConfig::default() }
    }

    #[test]
    fn tokens_are_known_by_their_digest() {
        let access = Access::new(&config(&[("ann", TokenConfig::default())]));
        assert!(access.needs_token());
        assert_eq!(access.caller(None, HERE).err(), Some(Refused::NoToken));
        assert_eq!(access.caller(Some("bob"), HERE).err(), Some(Refused::UnknownToken));
        let ann = access.caller(Some("ann"), HERE).unwrap();
        assert_eq!(ann.owner(Owner::Connection(1)), Owner::Token("ann".into()));
        access.replace(&config(&[("bob", TokenConfig::default())]));
        assert!(matches!(access.token_now(&ann), Err(Denied::TakenBack)));
        assert!(access.caller(Some("bob"), HERE).is_ok());
        access.replace(&config(&[]));
        assert!(access.caller(None, HERE).is_ok() && !access.needs_token());
        assert!(access.caller(Some("bob"), HERE).is_ok(), "nobody needs one");
    }

    #[test]
    fn addresses_have_so_many_connections() {
        let access = Access::new(&AccessConfig { connections: 2, ..AccessConfig::default() });
        let seats = [access.sit(HERE).ok().unwrap(), access.sit(HERE).ok().unwrap()];
        assert_eq!(access.sit(HERE).err(), Some(Refused::TooMany));
        assert!(access.sit(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))).is_ok());
        drop(seats);
        assert!(access.sit(HERE).is_ok());
    }

    #[test]
    fn rates_are_held() {
        let rates = Rates::new(&TokenConfig { runs_per_minute: Some(3), mb_per_minute: Some(1), ..TokenConfig::default() });
        assert!((0..3).all(|_| rates.admit(100).is_ok()));
        assert!(matches!(rates.admit(100), Err(Denied::Rate { what: "runs", wait }) if wait > Duration::from_secs(5)));
        let rates = Rates::new(&TokenConfig { mb_per_minute: Some(1), ..TokenConfig::default() });
        assert!(rates.admit(900 << 10).is_ok());
        assert!(matches!(rates.admit(900 << 10), Err(Denied::Rate { what: "bytes", .. })));
        assert!(rates.bytes_wait(1 << 30).is_some());
        let free = Rates::new(&TokenConfig::default());
        assert!((0..1000).all(|_| free.admit(1 << 20).is_ok()));
    }

    #[test]
    fn origins_are_the_same_or_listed() {
        let access = Access::new(&AccessConfig { origins: vec!["https://ide.example".to_owned()], ..AccessConfig::default() });
        assert!(access.allows("http://127.0.0.1:8080", Some("127.0.0.1:8080")));
        assert!(access.allows("https://ide.example", Some("run.example")));
        for foreign in ["https://evil.example", "null", "https://ide.example.evil", "http://127.0.0.1:8081"] {
            assert!(!access.allows(foreign, Some("127.0.0.1:8080")), "{foreign}");
        }
    }
}
