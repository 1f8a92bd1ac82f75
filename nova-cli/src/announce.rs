//! What a started emulator says about itself: to the person who reads along, or to the program that started it.
//!
//! A program wants one line that it can parse and nothing to guess: ports are often 0 on the command line, and the test CA
//! is in a folder that only the emulator knows. The line is the first one on standard output, and once it is there, clients
//! are let in.

use std::collections::BTreeMap;

use bedrock_nova_emulator::Emulator;
use clap::ValueEnum;
use serde_json::json;

/// To whom it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Words, with exports to copy into a shell
    Text,
    /// One line of JSON
    Json,
}

/// Where an emulator is found and what a client needs for it.
#[derive(Debug)]
pub(crate) struct Announcement {
    tls: String,
    h2c: String,
    ca: String,
    /// Variables that lead AWS's SDKs of any language there.
    environment: BTreeMap<&'static str, String>,
    scenario: String,
}

impl Announcement {
    /// Asks a started emulator for its addresses.
    pub(crate) fn of(emulator: &Emulator, scenario: &str) -> Self {
        let ca = emulator.ca_file();
        let ca = std::path::absolute(&ca).unwrap_or(ca).display().to_string();
        let tls = emulator.tls_url();
        let environment = [
            ("AWS_ACCESS_KEY_ID", emulator.access_key()),
            ("AWS_SECRET_ACCESS_KEY", emulator.secret_key()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", &tls),
            // The library asks for this one first, so one that was set for something else would lead elsewhere.
            ("BEDROCK_NOVA_ENDPOINT", &tls),
            ("AWS_CA_BUNDLE", &ca),
            ("NODE_EXTRA_CA_CERTS", &ca),
            ("SSL_CERT_FILE", &ca),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        Announcement {
            h2c: emulator.h2c_url(),
            environment: BTreeMap::from(environment),
            scenario: scenario.to_owned(),
            tls,
            ca,
        }
    }

    /// Returns what to print.
    pub(crate) fn print(&self, form: Form) -> String {
        match form {
            Form::Text => self.words(),
            Form::Json => self.line(),
        }
    }

    fn line(&self) -> String {
        let Announcement { tls, h2c, ca, environment, scenario } = self;
        json!({ "tls": tls, "h2c": h2c, "ca": ca, "environment": environment, "scenario": scenario }).to_string()
    }

    fn words(&self) -> String {
        let Announcement { tls, h2c, ca, environment, scenario } = self;
        let exports: Vec<String> = environment.iter().map(|(name, value)| format!("export {name}='{value}'")).collect();
        format!(
            "\
*** LOCAL EMULATOR of Amazon Bedrock for Nova Sonic: no model listens, transcripts are scripted ({scenario}). ***

  TLS        {tls}   HTTP/2 and HTTP/1.1
  cleartext  {h2c}   HTTP/2 by prior knowledge and HTTP/1.1
  test CA    {ca}

For clients in another terminal:

{exports}

Ready. Ctrl-C ends it.",
            exports = exports.join("\n"),
        )
    }
}
