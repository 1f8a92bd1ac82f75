//! A service of one's own with the voice API beside its own routes, and one tool of its own.

use axum::Router;
use axum::routing::get;
use bedrock_nova::sonic::Tool;
use bedrock_nova::transport::Bedrock;
use bedrock_nova_server::router::{page, router, serve};
use bedrock_nova_server::settings::Settings;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // As `bedrock-nova serve` has them: MAX_SESSIONS, AUTH_TOKENS, SESSION_STORE and so on. What is your own (its log, pages
    // of other origins) stays your own.
    let settings = Settings::from_environment()?;
    let desk =
        settings.desk(settings.pool().await?).transport(Bedrock::builder().build().await?).tool(weather()).build();
    let app = Router::new().route("/", get(about)).nest("/voice/", router(&desk).merge(page()));
    let listener = TcpListener::bind((settings.host.as_str(), settings.port)).await?;
    println!("Talk at http://{}/voice/; calls go to {}.", listener.local_addr()?, settings.endpoint_name());
    Ok(serve(listener, app, desk, settings.drain).await?)
}

async fn about() -> &'static str {
    "My service. It talks under /voice.\n"
}

/// A real one would ask somebody.
fn weather() -> Tool {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    Tool::new("get_weather", "Tells the temperature in a city.", schema, |arguments: Value| async move {
        let city = arguments["city"].as_str().ok_or("Which city?")?;
        Ok::<_, &str>(json!({"city": city, "temperature": 11}))
    })
    .idempotent()
}
