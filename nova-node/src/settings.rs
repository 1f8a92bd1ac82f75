//! Everything that a server of the voice API takes from the environment.

use std::collections::HashMap;
use std::time::Duration;

use bedrock_nova_server as server;
use bedrock_nova_server::settings::{Endpoint, LogLevel, Store};
use napi_derive::napi;

use crate::errors::raise;
use crate::pool::PoolSettings;

/// What was read. Secrets among it stay on this side.
#[napi]
pub struct Settings {
    pub(crate) settings: server::Settings,
}

#[napi]
impl Settings {
    /// Reads variables.
    #[napi(factory)]
    pub fn read(variables: HashMap<String, String>) -> napi::Result<Settings> {
        raise(server::Settings::read(|name| variables.get(name).cloned())).map(|settings| Settings { settings })
    }

    /// The address to listen at.
    #[napi(getter)]
    pub fn host(&self) -> String {
        self.settings.host.clone()
    }

    /// And the port.
    #[napi(getter)]
    pub fn port(&self) -> u16 {
        self.settings.port
    }

    /// What the log and `/health` call the service.
    #[napi(getter)]
    pub fn endpoint(&self) -> String {
        self.settings.endpoint_name().to_owned()
    }

    /// Whether the server starts an emulator of its own.
    #[napi(getter)]
    pub fn emulated(&self) -> bool {
        self.settings.endpoint == Endpoint::Emulator
    }

    /// What the emulator plays.
    #[napi(getter)]
    pub fn scenario(&self) -> String {
        self.settings.scenario.clone()
    }

    /// How many times faster than real time.
    #[napi(getter)]
    pub fn pace(&self) -> f64 {
        self.settings.pace
    }

    /// What the pool is to be.
    #[napi(getter)]
    pub fn pool(&self) -> PoolSettings {
        let settings = &self.settings;
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        PoolSettings {
            conversations: count(settings.sessions),
            per_owner: settings.sessions_per_owner.map(count),
            idle_ms: millis(settings.idle),
            owner_budget: None,
            owner_period_ms: None,
            store: match &settings.store {
                Store::Folder(folder) => Some(folder.to_string_lossy().into_owned()),
                Store::Redis(address) => Some(address.clone()),
                _ => None,
            },
            hint: settings.holder(),
            lease_ms: millis(settings.lease),
        }
    }

    /// How long calls may go on after SIGTERM.
    #[napi(getter)]
    pub fn drain_ms(&self) -> f64 {
        millis(self.settings.drain)
    }

    /// Whose pages may call.
    #[napi(getter)]
    pub fn cors_origins(&self) -> Vec<String> {
        self.settings.cors_origins.clone()
    }

    /// As loggers of JavaScript call it.
    #[napi(getter)]
    pub fn log_level(&self) -> &'static str {
        match self.settings.log_level {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warning => "warn",
            LogLevel::Error => "error",
        }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
