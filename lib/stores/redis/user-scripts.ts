import type { Script } from './commands.ts'

// One hash for each user. Each field is the handle of a session, and its value is
//
//   state ends authenticatedAt entered names label
//
// - state: L (listed), E (being ended by somebody) or V (being ended because the user has too many sessions)
// - ends, authenticatedAt, entered: Unix times in milliseconds. `entered` is the time of the last ENTER
// - names: the names of the session's records, joined by commas. The key of a record is the prefix and its name
// - label: any bytes
//
// The field @ has the time of the last "end all", and until when to remember it. Each script uses one key, so it runs on
// a cluster. The clock of Redis decides what is over, because the clocks of the processes differ.

/** A record that was ended leaves this behind for a while. No record of the library has these bytes. */
export const BLOCKED = Buffer.from('\0starsessions.ended\0')
/** So long after ENTER a record can be created. */
const CREATE_MS = 30_000
/** So long an ended record blocks its key: longer than it could still be created, although the clocks of nodes differ. */
export const BLOCK_MS = 2 * CREATE_MS
const REMEMBER_MS = 3_600_000
/** A rotation adds one record and takes out another, so a session rarely has more than two. */
const MOST_RECORDS = 64

const TIME = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

const COMMON = `
local hash = KEYS[1]${TIME}
local function read(value)
  local state, ends, at, entered, names, label = string.match(value, '^(%u) (%d+) (%d+) (%d+) (%S*) (.*)$')
  return { state = state, ends = tonumber(ends), at = tonumber(at), entered = entered, names = names, label = label }
end
local function store(handle, e)
  redis.call('HSET', hash, handle,
    string.format('%s %.0f %.0f %.0f %s ', e.state, e.ends, e.at, e.entered, e.names) .. e.label)
end
local function keepUntil(ends)
  if redis.call('PTTL', hash) < ends - now then redis.call('PEXPIREAT', hash, string.format('%.0f', ends)) end
end
local reasons = { L = 'logout', E = 'ended', V = 'evicted', X = 'expired' }
local function tell(state, handles)
  if #handles > 0 then redis.pcall('PUBLISH', CHANNEL, reasons[state] .. ' ' .. table.concat(handles, ',')) end
end
local function eachEntry(visit)
  local all = redis.call('HGETALL', hash)
  for i = 1, #all, 2 do
    if all[i] ~= '@' then
      local e = read(all[i + 1])
      if e.ends <= now then redis.call('HDEL', hash, all[i]) else visit(all[i], e, all[i + 1]) end
    end
  end
end`

const script = (name: string, lua: string): Script => ({ name: `starsessions${name}`, lua })

/** @param channel the number of the argument that has the name of the channel */
const userScript = (name: string, channel: number, lua: string): Script =>
  script(name, `${COMMON.replace('CHANNEL', `ARGV[${channel}]`)}${lua}`)

/**
 * Enters a record into the list of a user, before the record is created. If there is no room, it returns the entries, so
 * that the caller can find the ones that are dead. If it is forced, it marks the oldest ones as being ended instead.
 *
 * Returns also the records of all entries that are being ended. They must be blocked before the new record is created,
 * because otherwise more than `max` sessions could be alive.
 */
export const ENTER = userScript(
  'Enter',
  11,
  `
local handle, name, ends, at = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local evicted, block = {}, {}
local value = redis.call('HGET', hash, handle)
local e = value and read(value)
if e and (e.state ~= 'L' or e.ends <= now) then return { 'ended' } end
if ARGV[7] == '1' and not e then return { 'ended' } end
if not e then
  local last = redis.call('HGET', hash, '@')
  if last and at < tonumber(string.match(last, '^%d+')) then return { 'ended' } end
  local listed, full = {}, { 'full', string.format('%.0f', now) }
  eachEntry(function(other, entry, raw)
    if entry.state == 'L' then
      table.insert(listed, { handle = other, entry = entry })
      table.insert(full, other)
      table.insert(full, raw)
    else table.insert(block, entry.names) end
  end)
  local surplus = #listed + 1 - tonumber(ARGV[8])
  if surplus > 0 then
    if ARGV[10] ~= '1' then return full end
    if ARGV[9] == 'refuse' then return { 'refused' } end
    table.sort(listed, function(a, b)
      if a.entry.at ~= b.entry.at then return a.entry.at < b.entry.at end
      return tonumber(a.entry.entered) < tonumber(b.entry.entered)
    end)
    for i = 1, math.min(surplus, #listed) do
      local oldest = listed[i]
      oldest.entry.state = 'V'
      store(oldest.handle, oldest.entry)
      table.insert(evicted, oldest.handle)
      table.insert(block, oldest.entry.names)
    end
  end
  e = { state = 'L', at = at, names = '', label = '' }
end
if name ~= '' and not string.find(',' .. e.names .. ',', ',' .. name .. ',', 1, true) then
  local _, count = string.gsub(e.names, ',', ',')
  if count + 2 > ${MOST_RECORDS} then return { 'ended' } end
  e.names = e.names == '' and name or e.names .. ',' .. name
end
e.ends, e.at, e.entered = ends, math.max(at, e.at), now
if ARGV[5] == '1' then e.label = ARGV[6] end
store(handle, e)
keepUntil(ends)
return { 'entered', string.format('%.0f', now + ${CREATE_MS}), table.concat(evicted, ','), table.concat(block, ',') }`
)

/**
 * Creates a record, unless its key has something already, or too much time has passed since ENTER. If an earlier attempt
 * of the same call has arrived, the key has these bytes.
 */
export const CREATE = script(
  'Create',
  `
local current = redis.call('GET', KEYS[1])
if current then return current == ARGV[1] and 1 or 0 end${TIME}
if now > tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`
)

/** Ends a record, whatever it is. Returns 1 if there was one. */
export const BLOCK = script(
  'Block',
  `
local current = redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ${BLOCK_MS})
return (current and current ~= ARGV[1]) and 1 or 0`
)

/** Returns for how many milliseconds a record lives, or -1 if there is none. */
export const LEFT = script(
  'Left',
  `
local left = redis.call('PTTL', KEYS[1])
if left < 0 or redis.call('GET', KEYS[1]) == ARGV[1] then return -1 end
return left`
)

/**
 * Marks sessions as being ended, and drops the marked ones whose records the caller has blocked. Returns the others that
 * are marked, each with its records, and whether this call has asked for it.
 */
export const MARK = userScript(
  'Mark',
  1,
  `
local mode, target = ARGV[2], ARGV[3]
if mode == 'all' then
  local last = redis.call('HGET', hash, '@')
  local at = math.max(tonumber(ARGV[4]), last and tonumber(string.match(last, '^%d+')) or 0)
  redis.call('HSET', hash, '@', string.format('%.0f %.0f', at, now + ${REMEMBER_MS}))
  keepUntil(now + ${REMEMBER_MS})
end
local blocked = {}
for name in string.gmatch(ARGV[5], '[^,]+') do blocked[name] = true end
local marked, dropped = {}, { E = {}, V = {} }
eachEntry(function(handle, e)
  local isWanted = (mode == 'one' and handle == target) or (mode == 'all' and handle ~= target)
  if isWanted and e.state == 'L' then
    e.state = 'E'
    store(handle, e)
  end
  if e.state == 'L' then return end
  local isDone = mode == 'none'
  for name in string.gmatch(e.names, '[^,]+') do isDone = isDone and blocked[name] end
  if isDone then
    redis.call('HDEL', hash, handle)
    table.insert(dropped[e.state], handle)
  else
    table.insert(marked, handle)
    table.insert(marked, isWanted and '1' or '0')
    table.insert(marked, e.names)
  end
end)
tell('E', dropped.E)
tell('V', dropped.V)
return marked`
)

/** Takes a record out of its entry. The entry goes with its last record. */
export const SETTLE = userScript(
  'Settle',
  1,
  `
local handle, name = ARGV[2], ARGV[3]
local value = redis.call('HGET', hash, handle)
if not value then return 0 end
local e = read(value)
local names = {}
for other in string.gmatch(e.names, '[^,]+') do
  if other ~= name then table.insert(names, other) end
end
e.names = table.concat(names, ',')
if e.names ~= '' then
  store(handle, e)
  return 0
end
redis.call('HDEL', hash, handle)
tell(e.state, { handle })
return 1`
)

/** Drops an entry whose records are gone, unless it has changed meanwhile. */
export const DROP = userScript(
  'Drop',
  1,
  `
if redis.call('HGET', hash, ARGV[2]) ~= ARGV[3] then return 0 end
redis.call('HDEL', hash, ARGV[2])
tell('X', { ARGV[2] })
return 1`
)

/** Returns the time, and each listed handle with its entry. */
export const LIST = userScript(
  'List',
  1,
  `
local listed = { string.format('%.0f', now) }
eachEntry(function(handle, e, raw)
  if e.state ~= 'L' then return end
  table.insert(listed, handle)
  table.insert(listed, raw)
end)
return listed`
)

/** Whether a handle is listed. */
export const IS_LISTED = userScript(
  'IsListed',
  1,
  `
local value = redis.call('HGET', hash, ARGV[2])
if not value then return 0 end
local e = read(value)
return (e.state == 'L' and e.ends > now) and 1 or 0`
)

/** For clients that need to know the scripts beforehand. */
export const USER_SCRIPTS: readonly Script[] = [ENTER, CREATE, BLOCK, LEFT, MARK, SETTLE, DROP, LIST, IS_LISTED]
