//! Answers requests: the banner, a refusal, or a call.

use std::sync::Arc;

use http::StatusCode;
use tokio::sync::watch;
use tracing::debug;

use super::{
    admission::{Route, admit, unknown_operation},
    call::Call,
    exchange::Exchange,
    line::Line,
    outbox::Outbox,
    registry::{Registry, Ticket},
    report::Ended,
    settings::ServerSettings,
};

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Server {
    settings: ServerSettings,
    registry: Arc<Registry>,
    /// Turns true when the emulator stops; its sender goes with the emulator.
    stop: watch::Receiver<bool>,
}

impl Server {
    pub(crate) fn new(settings: ServerSettings, stop: watch::Receiver<bool>) -> Arc<Self> {
        Arc::new(Self { settings, registry: Registry::new(), stop })
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn streams_per_connection(&self) -> u32 {
        self.settings.streams_per_connection
    }

    /// Resolves when the emulator stops.
    pub(crate) async fn stopped(&self) {
        // An error means that the emulator is gone, which is the same.
        let _ = self.stop.clone().wait_for(|stop| *stop).await;
    }

    /// Answers one request to its end.
    pub(crate) async fn answer(self: Arc<Self>, exchange: Exchange) {
        let route = Route::of(&exchange.request);
        debug!(protocol = ?exchange.protocol, ?route, "request");
        match route {
            Route::Converse { model } => self.converse(exchange, &model).await,
            Route::Banner => self.plainly(exchange, |outbox| outbox.text(StatusCode::OK, BANNER.to_owned())).await,
            Route::Unknown => self.plainly(exchange, |outbox| outbox.fail(&unknown_operation())).await,
        }
    }

    async fn converse(&self, exchange: Exchange, model: &str) {
        let ticket = self.registry.enter(model, exchange.protocol);
        let live = *self.registry.watch().borrow();
        match admit(&self.settings, &exchange.request, model, live, ticket.number()) {
            Ok(admitted) => {
                let outbox = Outbox::new(Line::Held(exchange.reply), exchange.connection, admitted.split);
                Call::new(ticket, exchange.uplink, outbox, admitted).run(self.stopped()).await;
            }
            Err(failure) => {
                debug!(name = failure.name, "refused");
                ticket.entry().report.ended =
                    Some(Ended::Refused { status: failure.status.as_u16(), name: failure.name.clone() });
                let _counted: Ticket = ticket;
                self.plainly(exchange, |outbox| outbox.fail(&failure)).await;
            }
        }
    }

    async fn plainly(&self, exchange: Exchange, say: impl FnOnce(&mut Outbox)) {
        let mut outbox = Outbox::new(Line::Held(exchange.reply), exchange.connection, None);
        say(&mut outbox);
        super::call::finish(outbox, exchange.uplink, self.stopped()).await;
    }
}

const BANNER: &str = "bedrock-nova emulator: a local stand-in for Amazon Bedrock's Nova Sonic.\n\
    This is not Amazon's service. What it hears and says comes from a script; transcripts are scripted.\n\
    POST /model/{modelId}/invoke-with-bidirectional-stream\n";
