//! Where calls are kept, in words that fit into a command line.

use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::sonic::ConversationPool;
use bedrock_nova::sonic::store::{FolderStore, Holder, SnapshotStore};

/// A short life, so that the test is: with a store that cannot know that a process is dead, a call waits for as long.
pub const LIFE: Duration = Duration::from_millis(1_500);

/// A folder's path, or a server's address.
pub async fn store(place: &str) -> Arc<dyn SnapshotStore> {
    #[cfg(feature = "redis")]
    if place.starts_with("redis://") {
        return Arc::new(bedrock_nova::sonic::store::RedisStore::connect(place).await.unwrap());
    }
    Arc::new(FolderStore::new(place))
}

/// A pool of this process, known to the others by a hint.
pub async fn pool(place: &str, hint: &str) -> ConversationPool {
    ConversationPool::builder().store_for(store(place).await, Holder::new(hint), LIFE).build().unwrap()
}
