//! Which routes there are.

use crate::answer::Failure;

/// A route of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the table says what each is")]
pub enum Route {
    SendAudio,
    EndAudio,
    SendText,
    SendToolResult,
    Interrupt,
    SayPlayed,
    StartSession,
    GetSession,
    EndSession,
    GetSnapshot,
    StreamEvents,
    Talk,
    IssueTicket,
    Health,
    Metrics,
    Description,
    Docs,
}

/// The methods that routes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as HTTP has them")]
pub enum Method {
    Get,
    Post,
    Delete,
}

/// How a route is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At once and whole, by [`Desk::answer`](crate::Desk::answer).
    Plain,
    /// By server-sent events, [`Desk::events`](crate::Desk::events).
    Events,
    /// By a WebSocket, [`Desk::talk`](crate::Desk::talk).
    Socket,
}

/// Who may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Anybody, uncounted.
    Open,
    /// The owner.
    Caller,
    /// The owner, also by a ticket: browsers cannot set headers here.
    Listener,
}

struct Row {
    method: Method,
    path: &'static str,
    kind: Kind,
    admission: Admission,
}

/// Where the id of a call stands in a path.
const SESSION: &str = "{session_id}";

impl Route {
    /// Every route. Audio comes fifty times a second, so it stands first.
    pub const ALL: [Route; 17] = [
        Route::SendAudio,
        Route::EndAudio,
        Route::SendText,
        Route::SendToolResult,
        Route::Interrupt,
        Route::SayPlayed,
        Route::StartSession,
        Route::GetSession,
        Route::EndSession,
        Route::GetSnapshot,
        Route::StreamEvents,
        Route::Talk,
        Route::IssueTicket,
        Route::Health,
        Route::Metrics,
        Route::Description,
        Route::Docs,
    ];

    const fn row(self) -> Row {
        use Admission::{Caller, Listener, Open};
        use Kind::{Events, Plain, Socket};
        use Method::{Delete, Get, Post};
        let (method, path, kind, admission) = match self {
            Route::SendAudio => (Post, "/audio/chunk", Plain, Caller),
            Route::EndAudio => (Post, "/audio/end", Plain, Caller),
            Route::SendText => (Post, "/text", Plain, Caller),
            Route::SendToolResult => (Post, "/tool/result", Plain, Caller),
            Route::Interrupt => (Post, "/interrupt", Plain, Caller),
            Route::SayPlayed => (Post, "/played", Plain, Caller),
            Route::StartSession => (Post, "/session/start", Plain, Caller),
            Route::GetSession => (Get, "/session/{session_id}", Plain, Caller),
            Route::EndSession => (Delete, "/session/{session_id}", Plain, Caller),
            Route::GetSnapshot => (Get, "/session/{session_id}/snapshot", Plain, Caller),
            Route::StreamEvents => (Get, "/events/stream/{session_id}", Events, Listener),
            Route::Talk => (Get, "/ws/{session_id}", Socket, Listener),
            Route::IssueTicket => (Post, "/ticket", Plain, Caller),
            Route::Health => (Get, "/health", Plain, Open),
            Route::Metrics => (Get, "/metrics", Plain, Open),
            Route::Description => (Get, "/openapi.json", Plain, Open),
            Route::Docs => (Get, "/docs", Plain, Open),
        };
        Row { method, path, kind, admission }
    }

    /// Returns the route's method.
    #[must_use]
    pub const fn method(self) -> Method {
        self.row().method
    }

    /// Returns the route's path, with `{session_id}` where the id of a call stands.
    #[must_use]
    pub const fn path(self) -> &'static str {
        self.row().path
    }

    /// Returns how the route is answered.
    #[must_use]
    pub const fn kind(self) -> Kind {
        self.row().kind
    }

    /// Returns who may come in.
    #[must_use]
    pub const fn admission(self) -> Admission {
        self.row().admission
    }

    /// Finds the route of a request, and the id of a call in its path, still encoded as it is there.
    ///
    /// # Errors
    /// 404 `no-such-route`, 405 `method`.
    pub fn find<'p>(method: &str, path: &'p str) -> Result<(Route, &'p str), Failure> {
        let there: Vec<_> =
            Route::ALL.into_iter().filter_map(|route| Some((route, session(route.path(), path)?))).collect();
        match there.iter().find(|(route, _)| route.method().as_str() == method) {
            Some(found) => Ok(*found),
            None if there.is_empty() => Err(Failure::no_such_route()),
            None => Err(Failure::method(there.iter().map(|(route, _)| route.method()))),
        }
    }
}

impl Method {
    /// Returns the method as HTTP spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        }
    }
}

/// Returns what stands in a path for the id of a call, nothing where the template has none; none if they do not match.
fn session<'p>(template: &str, path: &'p str) -> Option<&'p str> {
    let Some((before, after)) = template.split_once(SESSION) else { return (template == path).then_some("") };
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    (!id.is_empty() && !id.contains('/')).then_some(id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn every_route_is_found_by_its_method_and_path() {
        for route in Route::ALL {
            let path = route.path().replace(SESSION, "a-1");
            let id = if path == route.path() { "" } else { "a-1" };
            assert_eq!(Route::find(route.method().as_str(), &path).unwrap(), (route, id));
        }
    }

    #[test]
    fn what_is_not_there_is_said() {
        let refused = |method, path| Route::find(method, path).unwrap_err();
        assert_eq!(refused("GET", "/nowhere").status(), 404);
        assert_eq!(refused("GET", "/session/").code(), "no-such-route");
        let other = refused("PUT", "/session/a").answer();
        assert_eq!(other.status, 405);
        assert!(other.headers.contains(&("allow", "GET, DELETE".to_owned())), "{other:?}");
    }
}
