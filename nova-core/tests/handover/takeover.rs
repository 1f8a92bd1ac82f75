//! Another process goes on, through a folder and through a Redis server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bedrock_nova::ids::{CallId, Owner};
use bedrock_nova::sonic::store::Standing;
use bedrock_nova::sonic::{ConversationPool, Event, Pooled, ReadFrom, RenewReason};
use bedrock_nova::transport::Transport;
use bedrock_nova_emulator::Emulator;

use crate::caller::{DEADLINE, Way, ask, scenario};
use crate::place;
use crate::process::Process;

/// From the death of a process to the new session of its call.
const WITHIN: Duration = Duration::from_secs(2);

/// A process, its call in the middle of the second answer, and another process's pool.
struct Scene {
    process: Process,
    id: CallId,
    pool: ConversationPool,
    transport: Arc<dyn Transport>,
    emulator: Emulator,
}

impl Scene {
    async fn set(place: &str) -> Scene {
        let emulator = Emulator::builder().scenario(scenario()).start().await.unwrap();
        let way = Way::to(&emulator);
        let mut process = Process::start(place, &way);
        let id = CallId::from(process.says());
        assert_eq!(process.says(), "in the middle");
        let pool = place::pool(place, "http://the-one-that-lives").await;
        // It would be there in a process that serves others already.
        let transport = way.transport().await;
        Scene { process, id, pool, transport, emulator }
    }

    /// Asks for the call with a pool until it can be had.
    async fn take_over(&self) -> Pooled {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let transport = Arc::clone(&self.transport);
            match self.pool.resume(&self.id, &Owner::from("ann"), |call| call.transport(transport)).await {
                Ok(call) => return call,
                Err(error) => {
                    assert_eq!(error.code(), "held-elsewhere", "{error}");
                    assert!(error.hint().unwrap_or_default().contains("http://the-one-that-dies"), "{error}");
                    assert!(Instant::now() < deadline, "nobody gets the call");
                    // As a client does that is told to come back.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
}

/// What was said, a line each.
async fn said(call: &Pooled) -> Vec<String> {
    call.snapshot().await.unwrap().lines.into_iter().map(|line| line.text).collect()
}

async fn a_call_outlives_its_process(place: &str) {
    let scene = Scene::set(place).await;
    let died = Instant::now();
    scene.process.signal("KILL");
    let call = scene.take_over().await;
    let took = died.elapsed();
    println!("{place}: from the death to the new session {:.3} s", took.as_secs_f64());
    assert!(took <= WITHIN, "{took:?}");
    let mut events = call.reader(ReadFrom::Oldest);
    let resumed = |event: &Event| matches!(event, Event::Renewed { reason: RenewReason::Resumed, .. });
    while !resumed(&events.next().await.unwrap().event) {}
    let lines = said(&call).await;
    let whole = scenario_answer();
    assert_eq!(lines[..3], ["Good morning.", "Good morning to you.", "Tell me something about the sea."]);
    assert!(lines[3].len() > 10 && whole.starts_with(&lines[3]), "{lines:?}");
    assert!(lines[3].len() < whole.len() * 3 / 4, "of an answer that was heard in part: {lines:?}");
    ask(&call, "And now?").await;
    let lines = said(&call).await;
    assert!(lines.len() == 6 && !lines[5].is_empty(), "{lines:?}");
    let told = scene.emulator.sessions().len();
    assert_eq!(told, 2, "one session before, one after");
}

async fn a_process_that_slept_too_long_has_lost_its_call(place: &str) {
    let mut scene = Scene::set(place).await;
    scene.process.signal("STOP");
    let call = scene.take_over().await;
    scene.process.signal("CONT");
    assert_eq!(scene.process.says(), "lease-lost");
    ask(&call, "And now?").await;
    assert_eq!(said(&call).await.len(), 6, "and has written nothing into it");
}

async fn of_two_that_want_a_call_one_gets_it(place: &str) {
    let scene = Scene::set(place).await;
    let other = place::pool(place, "http://another-one").await;
    scene.process.signal("KILL");
    // Until the store knows of the death.
    let wait = async {
        loop {
            let standing = place::store(place).await.look(&scene.id).await.unwrap();
            if standing == Some(Standing::Unheld) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, wait).await.unwrap();
    let owner = Owner::from("ann");
    let resume = |pool: &ConversationPool| {
        let (pool, transport) = (pool.clone(), Arc::clone(&scene.transport));
        let (id, owner) = (scene.id.clone(), owner.clone());
        async move { pool.resume(&id, &owner, |call| call.transport(transport)).await }
    };
    let (one, two) = tokio::join!(resume(&scene.pool), resume(&other));
    let codes: Vec<_> =
        [&one, &two].into_iter().filter_map(|got| got.as_ref().err()).map(bedrock_nova::Error::code).collect();
    assert_eq!(codes, ["held-elsewhere"]);
}

fn scenario_answer() -> String {
    [
        "The sea covers most of the earth.",
        "Its water is salty, because rivers carry salt into it.",
        "The moon pulls on it, and that makes the tides.",
        "Whales cross it from one end to the other.",
        "And nobody has ever seen all of it.",
    ]
    .join(" ")
}

/// Each rule, kept in a folder and in a Redis server.
macro_rules! everywhere {
    ($($rule:ident),*) => {
        mod in_a_folder {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                let folder = tempfile::tempdir().unwrap();
                super::$rule(folder.path().to_str().unwrap()).await;
            })*
        }

        #[cfg(feature = "redis")]
        mod in_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                let server = crate::server::Server::start();
                super::$rule(&server.url()).await;
            })*
        }
    };
}

everywhere!(
    a_call_outlives_its_process,
    a_process_that_slept_too_long_has_lost_its_call,
    of_two_that_want_a_call_one_gets_it
);
