// The stand-in's people, keys, sessions and audit. Sign in as anna (admin), omar (viewer) or sara (supervisor)
// with the password correct-horse; lina has to choose a new one.

import { randomBytes, randomUUID } from "node:crypto";

export const iso = (ms) => new Date(ms).toISOString();
const MINUTE = 60_000;
const DAY = 86_400_000;
const begun = Date.now();
const PASSWORD = "correct-horse";
const PEOPLE = [
  ["anna", "admin", ["*"], {}],
  ["omar", "viewer", ["METRO"], { login_at: iso(begun - 3 * DAY) }],
  ["sara", "supervisor", ["METRO", "DUBAI_POLICE"], { login_at: iso(begun - 40 * MINUTE) }],
  ["lina", "operator", ["OTHER"], { must_change: true }],
  ["فاطمة الهاشمي", "operator", ["DUBAI_POLICE"], { login_at: iso(begun - 5 * MINUTE) }],
  ["maximilian.von-der-hohenstaufen@operations.example", "viewer", [], {}],
  ["night-shift", "viewer", ["METRO", "RTA", "OTHER", "DUBAI_POLICE", "DUBAI_AIRPORTS"], { enabled: false }],
];

export const users = PEOPLE.map(([name, role, agencies, extra], index) => ({
  id: randomUUID(),
  name,
  role,
  agencies,
  enabled: true,
  created_at: iso(begun - (90 - index) * DAY),
  updated_at: iso(begun - DAY),
  login_at: null,
  password: PASSWORD,
  must_change: false,
  ...extra,
}));

export const key = (name, role, agencies, scopes, extra = {}) => ({
  id: randomUUID(),
  name,
  role,
  agencies,
  scopes,
  created_by: "anna",
  created_at: iso(begun - 30 * DAY),
  expires_at: iso(begun + 335 * DAY),
  revoked_at: null,
  used_at: iso(begun - 2 * MINUTE),
  ...extra,
});

export const keys = [
  key("Traffic dashboard", "viewer", ["RTA"], []),
  key("كاميرات الحافلات", null, [], ["publish:bus-*", "publish:depot/**"], { expires_at: null }),
  key("old integration", "operator", ["*"], [], { revoked_at: iso(begun - 4 * DAY), used_at: null }),
  key("pilot", "viewer", ["METRO"], [], { expires_at: iso(begun - 2 * DAY) }),
];

const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1",
  "curl/8.5.0",
];

export const sessions = [];

export function begin(user, address, agent) {
  const now = Date.now();
  const session = {
    id: randomUUID(),
    token: randomBytes(16).toString("hex"),
    user,
    created_at: iso(now),
    seen_at: iso(now),
    expires_at: iso(now + 7 * DAY),
    address,
    agent,
  };
  sessions.unshift(session);
  return session;
}
for (const [index, agent] of AGENTS.entries()) {
  const session = begin(
    users[index],
    ["10.20.0.17", "2001:db8:85a3::8a2e:370:7334", "192.168.1.9"][index],
    agent,
  );
  session.created_at = iso(begun - (index + 1) * 5 * 3_600_000);
  session.seen_at = iso(begun - (index + 1) * 7 * MINUTE);
}

export const trail = [];

export function note(
  who,
  action,
  object = "",
  { result = "ok", agency = null, detail = {}, at = Date.now() } = {},
) {
  const asker = who
    ? { kind: who.kind ?? "user", id: who.id, name: who.name }
    : { kind: "nobody", id: "", name: "" };
  trail.unshift({
    seq: trail.length + 1,
    at: iso(at),
    who: asker,
    action,
    object,
    agency,
    address: "10.20.0.17",
    request_id: randomUUID(),
    result,
    detail,
    hash: randomBytes(32).toString("hex"),
    previous: trail[0]?.hash ?? "0".repeat(64),
  });
}

const PAST = [
  [0, "login", "", {}],
  [1, "watch_live", "camera:warehouse-east", { agency: "METRO" }],
  [1, "user_change", "user:omar", { result: "forbidden", agency: "METRO" }],
  [
    4,
    "play_recordings",
    "camera:arabic-gate",
    { agency: "DUBAI_POLICE", detail: { start: iso(begun - DAY) } },
  ],
  [
    0,
    "user_change",
    "user:sara",
    { detail: { role: "viewer → supervisor", agencies: "METRO, DUBAI_POLICE" } },
  ],
  [2, "login", "", { result: "login_failed" }],
  [0, "sign_address", "camera:yard", { agency: "OTHER", detail: { purpose: "live", until: iso(begun) } }],
  [0, "key_add", "key:01a1fdd7-adb2-75f7-bf76-8629a8c75f6f", { detail: { name: "Traffic dashboard" } }],
  [0, "audit_export", "", { detail: { format: "csv" } }],
  [1, "something_new", "thing:7", {}],
];
for (let index = 0; index < 130; index += 1) {
  const [who, action, object, more] = PAST[index % PAST.length];
  note(users[who], action, object, { ...more, at: begun - (130 - index) * 47 * MINUTE });
}
note({ id: "", name: "", kind: "nobody" }, "login", "", { result: "login_locked", detail: { name: "root" } });
note({ id: "", name: "", kind: "server" }, "erase_recordings", "camera:yard", { agency: "OTHER" });
