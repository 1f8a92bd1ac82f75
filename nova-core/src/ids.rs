//! Identifiers, each its own type, so that one cannot be taken for another.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Defines an identifier: a shared string, cheap to clone, that serialises as the string alone.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Returns the identifier's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                $name(text.into())
            }
        }
    };
}

id! {
    /// Names the one prompt of a session; made by this side (reference §2.0).
    PromptName
}
id! {
    /// Names a content block that this side sends; never used twice (reference §2.0).
    ContentName
}
id! {
    /// Names a content block that the service sends (reference §2.0).
    ContentId
}
id! {
    /// Names one use of a tool; made by the service, echoed with the result (reference §2.0).
    ToolUseId
}
id! {
    /// Names a call, over all of its sessions and processes; made by this side.
    CallId
}
id! {
    /// Names whom a call belongs to: a user, a tenant. Nobody else is told that the call exists.
    Owner
}
id! {
    /// Names a session; made by the service, seen on output only (reference §2.0).
    SessionId
}
