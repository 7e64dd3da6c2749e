r"""What Redis does in one step, in Lua: each script runs whole, and nothing in between.

An entry is a hash: `v` its bytes, `g` its guard, which is the epoch of everything and of each of
its tags at the time when it began to be made. Epochs are random names, not counts:

```text
{gatecore:NAME}:e          epoch of everything: <run id of the server>:<random>
{gatecore:NAME}:t:<tag>    epoch of a tag: <random>
{gatecore:NAME}:v:<key>    entry: v, g = [epoch, tag, its epoch, tag, its epoch, …]
{gatecore:NAME}:l:<key>    its mark: who makes it, `-<who>` nothing came of it, `!` deleted
```

To invalidate a tag is to delete its epoch. An entry is given only if every epoch of its guard is
there and the same, so an epoch that Redis evicts, loses or makes anew makes misses, never a stale
answer.

What is made is kept and told only if the mark is still the one under which it was begun.

The run id is for a server that restarts from an old file and so forgets invalidations: each
connection first compares it, and where it is another one the epoch of everything ends.

What is forgotten or replaced is published on `{gatecore:NAME}:c`, for those who keep copies:
`d<key>` an entry, `t<tag>\0<tag>…` tags, `a` everything, each after the 16 bytes of who did it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

__all__ = ["BEGIN", "CLEAR", "DELETE", "GET", "INVALIDATE", "RELEASE", "RENEW", "REPLACE", "STORE"]
__all__ += ["Script"]


@dataclass(frozen=True)
class Script:
    """A script and what Redis calls it by."""

    source: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "digest", digest)


# 0 nothing · 1 value, remaining ms, tags … · 2 not an entry
_READ: Final = """
local function read(value, epoch, prefix)
  local kind = redis.call('TYPE', value).ok
  if kind == 'none' then return {0} end
  if kind ~= 'hash' then redis.call('UNLINK', value); return {2} end
  local f = redis.call('HMGET', value, 'v', 'g')
  local ok, guard
  if f[1] and f[2] then ok, guard = pcall(cmsgpack.unpack, f[2]) end
  if not ok or type(guard) ~= 'table' or not guard[1] then
    redis.call('UNLINK', value)
    return {2}
  end
  local alive = redis.call('GET', epoch) == guard[1]
  local reply = {1, f[1], redis.call('PTTL', value)}
  for i = 2, #guard, 2 do
    alive = alive and redis.call('GET', prefix .. guard[i]) == guard[i + 1]
    reply[#reply + 1] = guard[i]
  end
  if alive then return reply end
  redis.call('UNLINK', value)
  return {0}
end
"""

_RUN_ID: Final = """
local function run_id() return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') end
"""

# The epochs of now, made where there are none: [epoch, tag, its epoch, …].
_GUARD: Final = (
    _RUN_ID
    + """
local function guard(epoch, prefix, fresh, ttl, first)
  local e = redis.call('GET', epoch)
  if not e then e = run_id() .. ':' .. fresh; redis.call('SET', epoch, e) end
  local all = {e}
  for i = first, #ARGV do
    local name = prefix .. ARGV[i]
    local t = redis.call('GET', name)
    if not t then
      t = fresh .. ':' .. i
      redis.call('SET', name, t)
    end
    if ttl > 0 then redis.call('PEXPIRE', name, ttl) else redis.call('PERSIST', name) end
    all[#all + 1] = ARGV[i]
    all[#all + 1] = t
  end
  return all
end
"""
)

# Whether what was made is right for who asks now: nothing was deleted, set or invalidated since.
_IS_CURRENT: Final = """
local function is_current(lock, mark, epoch, prefix, guard)
  if redis.call('GET', lock) ~= mark then return false end
  if redis.call('GET', epoch) ~= guard[1] then return false end
  for i = 2, #guard, 2 do
    if redis.call('GET', prefix .. guard[i]) ~= guard[i + 1] then return false end
  end
  return true
end

local function guard_from(first)
  local guard = {}
  for i = first, #ARGV do guard[#guard + 1] = ARGV[i] end
  return guard
end
"""

#: value, epoch | tag prefix
GET: Final = Script(_READ + "return read(KEYS[1], KEYS[2], ARGV[1])")

#: value, lock, epoch | tag prefix, mine, lock ms, fresh, tags' ms, tags …
#: As GET, or 3 another one makes it, ms, corrupt · 4 make it, corrupt, mark, guard …
#: · 5 make it, but others may too, corrupt, mark, guard …
BEGIN: Final = Script(
    _READ
    + _GUARD
    + """
local reply = read(KEYS[1], KEYS[3], ARGV[1])
if reply[1] == 1 then return reply end
local corrupt = reply[1] == 2 and 1 or 0
local lock = redis.call('GET', KEYS[2])
if lock and lock ~= ARGV[2] and lock ~= '!' and string.sub(lock, 1, 1) ~= '-' then
  return {3, redis.call('PTTL', KEYS[2]), corrupt}
end
local mode, mark = 5, lock
if not lock or string.sub(lock, 1, 1) ~= '-' then
  redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
  mode, mark = 4, ARGV[2]
end
local all = guard(KEYS[3], ARGV[1], ARGV[4], tonumber(ARGV[5]), 6)
table.insert(all, 1, mark)
table.insert(all, 1, corrupt)
table.insert(all, 1, mode)
return all
"""
)

#: value, lock, epoch | tag prefix, mark, bytes, ms, guard …; 1 if it is kept
STORE: Final = Script(
    _IS_CURRENT
    + """
local guard, mark = guard_from(5), ARGV[2]
local alive = is_current(KEYS[2], mark, KEYS[3], ARGV[1], guard)
if alive then
  local kind = redis.call('TYPE', KEYS[1]).ok
  if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
  redis.call('HSET', KEYS[1], 'v', ARGV[3], 'g', cmsgpack.pack(guard))
  local ttl = tonumber(ARGV[4])
  if ttl > 0 then redis.call('PEXPIRE', KEYS[1], ttl) else redis.call('PERSIST', KEYS[1]) end
end
if string.sub(mark, 1, 1) ~= '-' and redis.call('GET', KEYS[2]) == mark then
  redis.call('DEL', KEYS[2])
end
return alive and 1 or 0
"""
)

#: lock, epoch | tag prefix, mark, ms, guard …; 1 if what was made may be told
RELEASE: Final = Script(
    _IS_CURRENT
    + """
local mark = ARGV[2]
local alive = is_current(KEYS[1], mark, KEYS[2], ARGV[1], guard_from(4))
if string.sub(mark, 1, 1) ~= '-' and redis.call('GET', KEYS[1]) == mark then
  redis.call('SET', KEYS[1], '-' .. mark, 'PX', ARGV[3])
end
return alive and 1 or 0
"""
)

#: value, lock, epoch | tag prefix, mine, ms, fresh, tags' ms, channel, message, tags …
#: The guard of what is about to be set by STORE; what was there is gone.
REPLACE: Final = Script(
    _GUARD
    + """
redis.call('UNLINK', KEYS[1])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('PUBLISH', ARGV[6], ARGV[7])
return guard(KEYS[3], ARGV[1], ARGV[4], tonumber(ARGV[5]), 8)
"""
)

#: value, lock | lock ms, channel, message
DELETE: Final = Script("""
local count = redis.call('UNLINK', KEYS[1])
redis.call('SET', KEYS[2], '!', 'PX', ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return count
""")

#: the tags' epochs … | channel, message
INVALIDATE: Final = Script("""
redis.call('UNLINK', unpack(KEYS))
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 0
""")

#: epoch | channel, message
CLEAR: Final = Script("""
redis.call('UNLINK', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 0
""")

#: epoch; for each new connection
RENEW: Final = Script(
    _RUN_ID
    + """
local e, id = redis.call('GET', KEYS[1]), run_id()
if e and string.sub(e, 1, #id) ~= id then redis.call('UNLINK', KEYS[1]) end
return 0
"""
)
