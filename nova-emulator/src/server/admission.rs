//! Decides whether a request becomes a session (reference §1.1, §1.8).

use std::{num::NonZeroUsize, sync::Arc, time::SystemTime};

use http::{Method, StatusCode, request::Parts};

use super::{failure::Failure, settings::ServerSettings};
use crate::{
    ExceptionKind, Fault, Scenario, Settings,
    model::{Generation, Model},
    sigv4::{Chain, percent_decode},
    switches::ModelV1,
};

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `GET /`.
    Banner,
    /// The operation, with the model id of the path.
    Converse { model: String },
    /// Nothing that is here.
    Unknown,
}

impl Route {
    pub(crate) fn of(request: &Parts) -> Self {
        let path = request.uri.path();
        let model = path.strip_prefix("/model/").and_then(|rest| rest.strip_suffix(OPERATION));
        match (&request.method, model) {
            (&Method::POST, Some(model)) if !model.is_empty() && !model.contains('/') => {
                Self::Converse { model: percent_decode(model) }
            }
            (&Method::GET, _) if path == "/" => Self::Banner,
            _ => Self::Unknown,
        }
    }
}

/// A request that may become a session.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) chain: Chain,
    pub(crate) session: Settings,
    pub(crate) split: Option<NonZeroUsize>,
}

/// Judges a request to the operation, in the order signature, model, number of streams, our own headers.
pub(crate) fn admit(
    settings: &ServerSettings,
    request: &Parts,
    model: &str,
    live: usize,
    number: u64,
) -> Result<Admitted, Failure> {
    let chain = settings.verifier.verify(request, SystemTime::now())?;
    let mut session = settings.session.clone();
    let model = known_model(model, &session)?;
    if live > settings.streams_in_all {
        let text = "Too many requests, please wait before trying again.";
        return Err(Failure::new(ExceptionKind::Throttling, text));
    }
    session.model = model.id.to_owned();
    session.session_seed = session.session_seed.wrapping_add(number);
    let split = wishes(request, &mut session, settings.split)?;
    Ok(Admitted { chain, session, split })
}

fn known_model(id: &str, session: &Settings) -> Result<Model, Failure> {
    // The ARN of a foundation model names it behind the last slash.
    let name = if id.starts_with("arn:") { id.rsplit("foundation-model/").next().unwrap_or(id) } else { id };
    let model = Model::find(name)
        .ok_or_else(|| Failure::new(ExceptionKind::Validation, "The provided model identifier is invalid."))?;
    if model.generation == Generation::V1 && session.switches.model_v1 == ModelV1::Retired {
        let text = "This model version has reached the end of its life. Please refer to the AWS documentation for more details.";
        return Err(Failure::new(ExceptionKind::ResourceNotFound, text));
    }
    Ok(model)
}

/// Reads the emulator's own headers: a scenario, switches and faults for this one stream.
fn wishes(
    request: &Parts,
    session: &mut Settings,
    mut split: Option<NonZeroUsize>,
) -> Result<Option<NonZeroUsize>, Failure> {
    let wish = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let refuse = |why: String| Failure::new(ExceptionKind::Validation, format!("bedrock-nova emulator: {why}"));
    if let Some(name) = wish(SCENARIO_HEADER) {
        let scenario = Scenario::named(name.trim());
        session.scenario = Arc::new(scenario.ok_or_else(|| refuse(format!("there is no scenario {name:?}")))?);
    }
    for switch in wish(SWITCH_HEADER).unwrap_or_default().split(',').filter(|text| !text.trim().is_empty()) {
        session.switches.set(switch.trim()).map_err(|error| refuse(error.to_string()))?;
    }
    for fault in wish(FAULT_HEADER).unwrap_or_default().split(',').map(str::trim).filter(|text| !text.is_empty()) {
        match fault.strip_prefix("split=") {
            Some(size) => split = Some(size.parse().map_err(|_| refuse(format!("{fault:?} is not split=BYTES")))?),
            None => session.faults.push(fault.parse::<Fault>().map_err(|error| refuse(error.to_string()))?),
        }
    }
    Ok(split)
}

/// The answer to a path that is not here, as restJson1 has it.
pub(crate) fn unknown_operation() -> Failure {
    let text = "The emulator knows POST /model/{modelId}/invoke-with-bidirectional-stream and GET / only.";
    Failure::unmodelled(StatusCode::NOT_FOUND, "UnknownOperationException", text)
}

const OPERATION: &str = "/invoke-with-bidirectional-stream";
const SCENARIO_HEADER: &str = "x-bedrock-nova-scenario";
const SWITCH_HEADER: &str = "x-bedrock-nova-switch";
const FAULT_HEADER: &str = "x-bedrock-nova-fault";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use http::Request;

    use super::*;

    #[test]
    fn paths_find_their_way() {
        let route = |method: &str, path: &str| {
            Route::of(&Request::builder().method(method).uri(path).body(()).unwrap().into_parts().0)
        };
        let v2 = || Route::Converse { model: "amazon.nova-2-sonic-v1:0".to_owned() };
        assert_eq!(route("POST", "/model/amazon.nova-2-sonic-v1%3A0/invoke-with-bidirectional-stream"), v2());
        assert_eq!(route("POST", "/model/amazon.nova-2-sonic-v1:0/invoke-with-bidirectional-stream?"), v2());
        assert_eq!(route("GET", "/"), Route::Banner);
        assert_eq!(route("GET", "/model/x/invoke-with-bidirectional-stream"), Route::Unknown);
        assert_eq!(route("POST", "/model//invoke-with-bidirectional-stream"), Route::Unknown);
        assert_eq!(route("POST", "/model/a/b/invoke-with-bidirectional-stream"), Route::Unknown);
        assert_eq!(route("POST", "/model/x/converse"), Route::Unknown);
    }

    #[test]
    fn models_are_known_by_id_and_by_arn() {
        let mut session = Settings::default();
        let known = |id: &str, session: &Settings| known_model(id, session).map(|model| model.id).map_err(|e| e.status);
        assert_eq!(known("amazon.nova-2-5-sonic", &session), Ok("amazon.nova-2-5-sonic"));
        let arn = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-2-sonic-v1:0";
        assert_eq!(known(arn, &session), Ok("amazon.nova-2-sonic-v1:0"));
        assert_eq!(known("us.amazon.nova-2-sonic-v1:0", &session), Err(StatusCode::BAD_REQUEST));
        assert_eq!(known("amazon.nova-sonic-v1:0", &session), Ok("amazon.nova-sonic-v1:0"));
        session.switches.model_v1 = ModelV1::Retired;
        assert_eq!(known("amazon.nova-sonic-v1:0", &session), Err(StatusCode::NOT_FOUND));
    }
}
