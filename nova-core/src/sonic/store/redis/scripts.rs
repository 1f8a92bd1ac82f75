//! The acts as scripts, so that check and act are one step of the server's.
//!
//! A call has two keys, of one cluster slot by the hash tag: a *lease* that the server lets expire, and the *call* with
//! the record and the last token, which so live equally long. The arguments of every script are listed above it. The
//! tokens' numbers are microseconds: far below 2^53, up to which Lua's numbers are exact.

use std::time::Duration;

use ::redis::{Script, ScriptInvocation};

use crate::ids::CallId;
use crate::sonic::store::{Holder, Lease};

/// Process, hint, nonce, life, life of the record. The nonce makes a claim that was sent twice, since its answer got
/// lost, one claim. A token is one more than the last or the clock's microseconds, whichever is more: so it grows also
/// where the last one is not known any more, because the call was removed, or a replica took over that had not heard of
/// it.
const CLAIM: &str = r"
local lease = redis.call('HMGET', KEYS[1], 'token', 'nonce', 'hint')
local token = lease[1]
if token and lease[2] ~= ARGV[3] then
  return {'held', lease[3] or '', redis.call('PTTL', KEYS[1])}
end
if not token then
  local clock = redis.call('TIME')
  local last = tonumber(redis.call('HGET', KEYS[2], 'token') or 0)
  token = string.format('%.0f', math.max(last + 1, clock[1] * 1000000 + clock[2]))
  redis.call('HSET', KEYS[2], 'token', token)
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
  redis.call('HSET', KEYS[1], 'token', token, 'nonce', ARGV[3], 'process', ARGV[1], 'hint', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return {'claimed', token, redis.call('HGET', KEYS[2], 'record')}
";

/// Token, life of the record, record.
const SAVE: &str = r"
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'token', ARGV[1], 'record', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
";

/// Token, life of the record, life.
const RENEW: &str = r"
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
";

/// Token.
const RELEASE: &str = r"
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if redis.call('HEXISTS', KEYS[2], 'record') == 0 then redis.call('DEL', KEYS[2]) end
return 1
";

/// Token.
const REMOVE: &str = r"
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
return 1
";

/// No arguments. A hash has either all of its fields or is gone.
const LOOK: &str = r"
local lease = redis.call('HMGET', KEYS[1], 'process', 'hint')
if lease[1] then return {'held', lease[1], lease[2], redis.call('PTTL', KEYS[1])} end
if redis.call('HEXISTS', KEYS[2], 'record') == 1 then return {'unheld', '', '', 0} end
return {'nothing', '', '', 0}
";

/// What a server takes for a time to live has an end.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// All scripts, with what their keys begin with.
#[derive(Clone, Debug)]
pub(super) struct Scripts {
    pub(super) prefix: String,
    claim: Script,
    save: Script,
    renew: Script,
    release: Script,
    remove: Script,
    look: Script,
}

impl Scripts {
    pub(super) fn new(prefix: &str) -> Self {
        Scripts {
            prefix: prefix.to_owned(),
            claim: Script::new(CLAIM),
            save: Script::new(SAVE),
            renew: Script::new(RENEW),
            release: Script::new(RELEASE),
            remove: Script::new(REMOVE),
            look: Script::new(LOOK),
        }
    }

    pub(super) fn claim(&self, id: &CallId, holder: &Holder, nonce: &str, times: Times) -> ScriptInvocation<'_> {
        let mut claim = self.on(&self.claim, id);
        claim.arg(&holder.process).arg(&holder.hint).arg(nonce).arg(times.lease()).arg(times.record());
        claim
    }

    pub(super) fn save(&self, lease: &Lease, record: &[u8], times: Times) -> ScriptInvocation<'_> {
        let mut save = self.under(&self.save, lease);
        save.arg(times.record()).arg(record);
        save
    }

    pub(super) fn renew(&self, lease: &Lease, times: Times) -> ScriptInvocation<'_> {
        let mut renew = self.under(&self.renew, lease);
        renew.arg(times.record()).arg(times.lease());
        renew
    }

    pub(super) fn release(&self, lease: &Lease) -> ScriptInvocation<'_> {
        self.under(&self.release, lease)
    }

    pub(super) fn remove(&self, lease: &Lease) -> ScriptInvocation<'_> {
        self.under(&self.remove, lease)
    }

    pub(super) fn look(&self, id: &CallId) -> ScriptInvocation<'_> {
        self.on(&self.look, id)
    }

    fn under<'a>(&self, script: &'a Script, lease: &Lease) -> ScriptInvocation<'a> {
        let mut act = self.on(script, &lease.id);
        act.arg(lease.token);
        act
    }

    fn on<'a>(&self, script: &'a Script, id: &CallId) -> ScriptInvocation<'a> {
        let mut act = script.prepare_invoke();
        act.key(format!("{}{{{id}}}:lease", self.prefix)).key(format!("{}{{{id}}}:call", self.prefix));
        act
    }
}

/// How long the keys of a call live, in the server's milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) life: Duration,
    pub(super) record_life: Duration,
}

impl Times {
    fn lease(self) -> u64 {
        millis(self.life)
    }

    /// The call holds the token, so it outlives the lease.
    fn record(self) -> u64 {
        millis(self.record_life.max(self.life).min(FOR_EVER)) + 1
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 2)
}
