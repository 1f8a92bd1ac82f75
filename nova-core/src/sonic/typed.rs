//! The order of a session as types: what comes too early, too late or twice does not compile.
