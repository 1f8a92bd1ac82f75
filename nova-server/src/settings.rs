//! Everything that can be set, from the environment: the last chapter of `docs/API.md`.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::sonic::store::{FolderStore, Holder, RedisStore, SnapshotStore};
use bedrock_nova::sonic::{AudioEnd, Config, ConversationPool, ModelId, SampleRate, Voice};
use bedrock_nova::{Error, ErrorKind, Result};

use crate::access::Owners;
use crate::bodies::ENDPOINTING;
use crate::desk::{Desk, DeskBuilder};
use crate::limits::RateLimit;
use crate::tickets::Tickets;

const PROMPT: &str = "You are a warm and friendly assistant. The user and you are talking to each other by voice. \
    Answer in two or three short sentences.";

/// What calls go to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// Amazon Bedrock, or wherever AWS's own variables lead.
    Aws {
        /// The address that they name.
        address: Option<String>,
    },
    /// An emulator that the server starts itself.
    Emulator,
    /// This address.
    At(String),
}

/// Where calls are kept.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Store {
    /// Nowhere: they end with the process.
    Memory,
    /// A folder, for the processes of one machine.
    Folder(PathBuf),
    /// A Redis, for a fleet; its address, which may hold a password.
    Redis(String),
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as everybody calls them")]
pub enum LogLevel {
    Debug,
    Info,
    Warning,
    Error,
}

/// What a server is to be.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// `HOST`: the address to listen at.
    pub host: String,
    /// `PORT`.
    pub port: u16,
    /// `BEDROCK_NOVA_ENDPOINT`.
    pub endpoint: Endpoint,
    /// `EMULATOR_SCENARIO`: a file, or the name of a shipped one.
    pub scenario: String,
    /// `EMULATOR_PACE`: how many times faster than real time answers come.
    pub pace: f64,
    /// What a call is where a client says nothing: `BEDROCK_MODEL_ID`, `SYSTEM_PROMPT`, `VOICE_ID` and so on.
    pub defaults: Config,
    /// `MAX_SESSIONS`.
    pub sessions: usize,
    /// `MAX_SESSIONS_PER_OWNER`; none: as many.
    pub sessions_per_owner: Option<usize>,
    /// `SESSION_TIMEOUT`: how long a call may be that nobody holds.
    pub idle: Duration,
    /// `DRAIN_SECONDS`: how long calls may go on after SIGTERM.
    pub drain: Duration,
    /// `SESSION_STORE`.
    pub store: Store,
    /// `SESSION_LEASE`: how long a dead process's calls are left alone.
    pub lease: Duration,
    /// `INSTANCE_URL`: how this process is reached.
    pub instance_url: Option<String>,
    /// `AUTH_TOKENS`.
    pub owners: Owners,
    /// `TICKET_SECRET` and `TICKET_SECONDS`.
    pub tickets: Tickets,
    /// `RATE_LIMIT`: requests a second and client; none: as many as it likes.
    pub rate: Option<f64>,
    /// `MAX_BODY_BYTES`.
    pub largest_body: usize,
    /// `CORS_ORIGINS`.
    pub cors_origins: Vec<String>,
    /// `LOG_LEVEL`.
    pub log_level: LogLevel,
}

impl Settings {
    /// Reads the environment of this process; an empty variable counts as not set.
    ///
    /// # Errors
    /// `Invalid`, code `configuration`: one sentence that names the variable which cannot be read.
    pub fn from_environment() -> Result<Self> {
        Settings::read(|name| std::env::var(name).ok())
    }

    /// The same with variables from elsewhere.
    ///
    /// # Errors
    /// As [`from_environment`](Self::from_environment).
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let read = Reader { variable };
        Ok(Settings {
            host: read.text("HOST").unwrap_or_else(|| "127.0.0.1".to_owned()),
            port: read.number("PORT", "a port")?.unwrap_or(8000),
            endpoint: match read.text("BEDROCK_NOVA_ENDPOINT") {
                None => Endpoint::Aws {
                    address: read.text("AWS_ENDPOINT_URL_BEDROCK_RUNTIME").or_else(|| read.text("AWS_ENDPOINT_URL")),
                },
                Some(name) if name == "emulator" => Endpoint::Emulator,
                Some(address) => Endpoint::At(address),
            },
            scenario: read.text("EMULATOR_SCENARIO").unwrap_or_else(|| "small_talk".to_owned()),
            pace: read.amount("EMULATOR_PACE")?.filter(|pace| *pace > 0.0).unwrap_or(4.0),
            defaults: read.defaults()?,
            sessions: read.number("MAX_SESSIONS", "a whole number")?.unwrap_or(100),
            sessions_per_owner: read.number("MAX_SESSIONS_PER_OWNER", "a whole number")?.filter(|most| *most > 0),
            idle: read.seconds("SESSION_TIMEOUT", 120.0)?,
            drain: read.seconds("DRAIN_SECONDS", 30.0)?,
            store: read.store(),
            lease: read.seconds("SESSION_LEASE", 15.0)?,
            instance_url: read.text("INSTANCE_URL"),
            owners: read.owners()?,
            tickets: read
                .text("TICKET_SECRET")
                .map_or_else(Tickets::default, Tickets::new)
                .life(read.seconds("TICKET_SECONDS", 60.0)?),
            rate: read.amount("RATE_LIMIT")?.filter(|rate| *rate > 0.0),
            largest_body: read.number("MAX_BODY_BYTES", "a whole number")?.unwrap_or(crate::desk::LARGEST_BODY),
            cors_origins: read.origins()?,
            log_level: read.one_of("LOG_LEVEL", &LOG_LEVELS)?.unwrap_or(LogLevel::Info),
        })
    }

    /// Returns what the log and `/health` call the service.
    #[must_use]
    pub fn endpoint_name(&self) -> &str {
        match &self.endpoint {
            Endpoint::Aws { address: None } => "aws",
            Endpoint::Emulator => "emulator",
            Endpoint::Aws { address: Some(address) } | Endpoint::At(address) => address,
        }
    }

    /// Makes the pool of calls. Inside a tokio runtime.
    ///
    /// # Errors
    /// The store cannot be reached, or leases are too short.
    pub async fn pool(&self) -> Result<ConversationPool> {
        let mut pool = ConversationPool::builder().conversations(self.sessions).idle(self.idle);
        if let Some(most) = self.sessions_per_owner {
            pool = pool.per_owner(most);
        }
        let store: Option<Arc<dyn SnapshotStore>> = match &self.store {
            Store::Memory => None,
            Store::Folder(folder) => Some(Arc::new(FolderStore::new(folder))),
            Store::Redis(address) => Some(Arc::new(RedisStore::connect(address).await?)),
        };
        if let Some(store) = store {
            pool = pool.store_for(store, Holder::new(self.holder()), self.lease);
        }
        pool.build()
    }

    /// Describes a desk over a pool; tools and the way to the service are added to it.
    pub fn desk(&self, pool: ConversationPool) -> DeskBuilder {
        let desk = Desk::builder(pool)
            .defaults(self.defaults.clone())
            .owners(self.owners.clone())
            .tickets(self.tickets.clone())
            .largest_body(self.largest_body)
            .endpoint(self.endpoint_name());
        match self.rate {
            Some(rate) => desk.rate(RateLimit::new(rate)),
            None => desk,
        }
    }

    /// Returns what this process is called where others look for a call: its address, or its number.
    #[must_use]
    pub fn holder(&self) -> String {
        // One without an address is named all the same, so that a log says which.
        let unnamed = || format!("process {} of this server", std::process::id());
        self.instance_url.clone().unwrap_or_else(unnamed)
    }
}

const LOG_LEVELS: [(&str, LogLevel); 4] =
    [("INFO", LogLevel::Info), ("DEBUG", LogLevel::Debug), ("WARNING", LogLevel::Warning), ("ERROR", LogLevel::Error)];

/// Reads variables one by one.
struct Reader<V> {
    variable: V,
}

impl<V: Fn(&str) -> Option<String>> Reader<V> {
    fn text(&self, name: &str) -> Option<String> {
        let text = (self.variable)(name)?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn number<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| wrong(name, what, &text))
    }

    fn amount(&self, name: &str) -> Result<Option<f64>> {
        let what = "a number, 0 or more";
        let number = self.number::<f64>(name, what)?;
        match number.filter(|number| !number.is_finite() || *number < 0.0) {
            None => Ok(number),
            Some(number) => Err(wrong(name, what, &number.to_string())),
        }
    }

    fn share(&self, name: &str) -> Result<Option<f64>> {
        let number = self.amount(name)?;
        match number.filter(|number| *number > 1.0) {
            None => Ok(number),
            Some(number) => Err(wrong(name, "a number from 0 to 1", &number.to_string())),
        }
    }

    fn seconds(&self, name: &str, usual: f64) -> Result<Duration> {
        let seconds = self.amount(name)?.unwrap_or(usual);
        Duration::try_from_secs_f64(seconds).map_err(|_| wrong(name, "a number of seconds", &seconds.to_string()))
    }

    fn list(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    fn one_of<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text));
        let what = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or ");
        found.map(|(_, meant)| Some(*meant)).ok_or_else(|| wrong(name, &what(), &text))
    }

    fn rate(&self, name: &str) -> Result<Option<SampleRate>> {
        let what = "8000, 16000 or 24000";
        let Some(hz) = self.number::<u32>(name, what)? else { return Ok(None) };
        SampleRate::try_from(hz).map(Some).map_err(|_| wrong(name, what, &hz.to_string()))
    }

    /// What is not set is the library's own.
    fn defaults(&self) -> Result<Config> {
        let mut config = Config::default();
        config.system = self.text("SYSTEM_PROMPT").unwrap_or_else(|| PROMPT.to_owned());
        config.model = self.text("BEDROCK_MODEL_ID").map_or(config.model, ModelId::from);
        config.voice = self.text("VOICE_ID").map_or(config.voice, Voice::from);
        config.regions = self.list("AWS_REGIONS");
        config.inference.temperature = self.share("TEMPERATURE")?.or(config.inference.temperature);
        config.inference.top_p = self.share("TOP_P")?.or(config.inference.top_p);
        config.inference.max_tokens = self.number("MAX_TOKENS", "a whole number")?.or(config.inference.max_tokens);
        config.endpointing = self.one_of("TURN_DETECTION", &ENDPOINTING)?;
        config.input_rate = self.rate("INPUT_SAMPLE_RATE")?.unwrap_or(config.input_rate);
        config.output_rate = self.rate("OUTPUT_SAMPLE_RATE")?.unwrap_or(config.output_rate);
        let ends = [("silence", AudioEnd::Silence), ("close", AudioEnd::Close)];
        config.audio_end = self.one_of("AUDIO_END", &ends)?.unwrap_or_default();
        Ok(config)
    }

    fn store(&self) -> Store {
        match self.text("SESSION_STORE") {
            None => Store::Memory,
            Some(place) if place == "memory" => Store::Memory,
            Some(place) if place.starts_with("redis://") || place.starts_with("rediss://") => Store::Redis(place),
            Some(place) => Store::Folder(place.into()),
        }
    }

    fn origins(&self) -> Result<Vec<String>> {
        let origins = self.list("CORS_ORIGINS");
        let host =
            |origin: &str| origin.split_once("://").is_some_and(|(_, host)| !host.is_empty() && !host.contains('/'));
        match origins.iter().find(|origin| *origin != "*" && !(origin.is_ascii() && host(origin))) {
            None => Ok(origins),
            Some(wrong_one) => Err(wrong("CORS_ORIGINS", "origins such as https://example.org", wrong_one)),
        }
    }

    /// `token=owner` pairs; a token may have an equals sign in it.
    fn owners(&self) -> Result<Owners> {
        let pairs = self.list("AUTH_TOKENS");
        if pairs.is_empty() {
            return Ok(Owners::everybody());
        }
        let split = |pair: &String| pair.rsplit_once('=').map(|(token, owner)| (token.to_owned(), owner.to_owned()));
        let pairs: Option<Vec<(String, String)>> = pairs.iter().map(split).collect();
        // A token is a secret: the sentence does not repeat it.
        let sentence = "AUTH_TOKENS must be pairs: token=owner,token=owner.";
        pairs.map(Owners::tokens).ok_or_else(|| Error::new(ErrorKind::Invalid, sentence).with_code("configuration"))
    }
}

fn wrong(name: &str, what: &str, text: &str) -> Error {
    Error::new(ErrorKind::Invalid, format!("{name} must be {what}, not {text:?}.")).with_code("configuration")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::access::Caller;

    fn read(variables: &[(&str, &str)]) -> Result<Settings> {
        Settings::read(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn nothing_need_be_set() {
        let settings = read(&[("HOST", " "), ("MAX_SESSIONS", "")]).unwrap();
        assert_eq!((settings.endpoint_name(), settings.sessions, settings.port), ("aws", 100, 8000));
        assert!(settings.store == Store::Memory && settings.rate.is_none() && settings.cors_origins.is_empty());
        let mut usual = Config::default();
        usual.system = PROMPT.to_owned();
        assert_eq!(settings.defaults, usual);
    }

    #[test]
    fn everything_can_be_set() {
        let settings = read(&[
            ("BEDROCK_NOVA_ENDPOINT", "emulator"),
            ("BEDROCK_MODEL_ID", "amazon.nova-sonic-v1:0"),
            ("AWS_REGIONS", "us-east-1, us-west-2"),
            ("TEMPERATURE", "0"),
            ("TURN_DETECTION", "HIGH"),
            ("AUTH_TOKENS", "a=b=ann,c=bob"),
            ("SESSION_STORE", "redis://localhost:6379/0"),
            ("SESSION_TIMEOUT", "1.5"),
            ("CORS_ORIGINS", "https://example.org"),
            ("RATE_LIMIT", "12.5"),
            ("AUDIO_END", "close"),
        ])
        .unwrap();
        assert_eq!(
            (settings.endpoint_name(), settings.defaults.model.as_str()),
            ("emulator", "amazon.nova-sonic-v1:0")
        );
        assert_eq!(settings.defaults.regions, ["us-east-1", "us-west-2"]);
        assert_eq!(settings.defaults.inference.temperature, Some(0.0));
        assert_eq!(settings.defaults.audio_end, AudioEnd::Close);
        assert!(settings.defaults.endpointing.is_some() && settings.store != Store::Memory);
        assert_eq!((settings.idle, settings.rate), (Duration::from_millis(1500), Some(12.5)));
        let caller = Caller { authorization: Some("Bearer a=b"), ..Caller::default() };
        assert_eq!(settings.owners.by_header(&caller).unwrap().owner.as_str(), "ann");
    }

    #[test]
    fn an_address_of_aws_is_named() {
        let settings = read(&[("AWS_ENDPOINT_URL", "http://a"), ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://b")]);
        assert_eq!(settings.unwrap().endpoint_name(), "http://b");
        assert_eq!(read(&[("BEDROCK_NOVA_ENDPOINT", "http://c")]).unwrap().endpoint_name(), "http://c");
    }

    #[test]
    fn what_cannot_be_read_is_named_in_one_sentence() {
        for (name, value, sentence) in [
            ("PORT", "70000", r#"PORT must be a port, not "70000"."#),
            ("MAX_SESSIONS", "many", r#"MAX_SESSIONS must be a whole number, not "many"."#),
            ("SESSION_TIMEOUT", "-1", r#"SESSION_TIMEOUT must be a number, 0 or more, not "-1"."#),
            ("SESSION_TIMEOUT", "1e300", "SESSION_TIMEOUT must be a number of seconds, not"),
            ("RATE_LIMIT", "NaN", r#"RATE_LIMIT must be a number, 0 or more, not "NaN"."#),
            ("TOP_P", "1.5", r#"TOP_P must be a number from 0 to 1, not "1.5"."#),
            ("INPUT_SAMPLE_RATE", "44100", r#"INPUT_SAMPLE_RATE must be 8000, 16000 or 24000, not "44100"."#),
            ("AUDIO_END", "never", r#"AUDIO_END must be silence or close, not "never"."#),
            ("LOG_LEVEL", "LOUD", r#"LOG_LEVEL must be INFO or DEBUG or WARNING or ERROR, not "LOUD"."#),
            (
                "CORS_ORIGINS",
                "https://a.org/",
                r#"CORS_ORIGINS must be origins such as https://example.org, not "https://a.org/"."#,
            ),
            ("AUTH_TOKENS", "token", "AUTH_TOKENS must be pairs: token=owner,token=owner."),
        ] {
            let refused = read(&[(name, value)]).err().unwrap();
            assert!(refused.message().starts_with(sentence), "{refused}");
            assert_eq!(refused.code(), "configuration");
        }
    }
}
