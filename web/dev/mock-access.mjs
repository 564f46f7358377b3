// What the stand-in answers about access: login, people, keys, sessions, audit; the rows are in mock-people.mjs.
// LOGIN=open: nobody signs in; LOGIN=oidc: a provider is offered too (its own pages are not there).

import { randomBytes, randomUUID } from "node:crypto";
import { begin, iso, key, keys, note, sessions, trail, users } from "./mock-people.mjs";

const MODE = process.env.LOGIN ?? "password";

const WORDS = {
  unauthenticated: [401, "Sign in first.", "سجّل الدخول أولًا."],
  login_failed: [401, "The user name or the password is wrong.", "اسم المستخدم أو كلمة المرور غير صحيحة."],
  login_locked: [429, "Too many wrong passwords.", "كلمات مرور خاطئة كثيرة."],
  forbidden: [403, "Your role may not do this.", "لا يسمح دورك بذلك."],
  password_weak: [400, "A password has 8 to 1024 characters.", "كلمة المرور من 8 إلى 1024 حرفًا."],
  user_exists: [409, "There is a user of this name.", "يوجد مستخدم بهذا الاسم."],
  last_admin: [409, "Somebody has to stay administrator.", "يجب أن يبقى مدير واحد على الأقل."],
  not_found: [404, "There is nothing here.", "لا يوجد شيء هنا."],
};

const LOGIN = { password: MODE !== "open", oidc: MODE === "oidc" ? "City Directory" : null };

/** A page of a list: the cursor is where the next begins. */
function paged(noun, rows, url) {
  const limit = Number(url.searchParams.get("limit") ?? 50);
  const from = Number(url.searchParams.get("cursor") ?? 0);
  const next = from + limit < rows.length ? `${from + limit}` : null;
  return { [noun]: rows.slice(from, from + limit), next_cursor: next };
}

const shownUser = ({ password, must_change, ...user }) => ({ ...user, must_change_password: must_change });
const shownSession =
  (own) =>
  ({ token, user, ...session }) => ({
    ...session,
    user: user.name,
    user_id: user.id,
    role: user.role,
    current: session.id === own?.id,
  });

function find(rows, id) {
  const row = rows.find((candidate) => candidate.id === id);
  if (row === undefined) {
    throw "not_found";
  }
  return row;
}

const failures = new Map();

function login({ body, request }) {
  const count = failures.get(body.username) ?? 0;
  if (count >= 10) {
    note({ id: "", name: body.username, kind: "nobody" }, "login", "", { result: "login_locked" });
    throw "login_locked";
  }
  const user = users.find(
    (one) => one.name === body.username && one.password === body.password && one.enabled,
  );
  if (user === undefined) {
    failures.set(body.username, count + 1);
    note({ id: "", name: body.username, kind: "nobody" }, "login", "", { result: "login_failed" });
    throw "login_failed";
  }
  user.login_at = iso(Date.now());
  const session = begin(user, "127.0.0.1", request.headers["user-agent"] ?? "");
  note(user, "login");
  return {
    cookie: `session=${session.token}; Path=/; HttpOnly; SameSite=Strict`,
    body: {
      user: user.name,
      user_id: user.id,
      role: user.role,
      roles: [user.role],
      agencies: user.agencies,
      must_change_password: user.must_change,
      expires_at: session.expires_at,
    },
  };
}

const SOMEBODY = { id: "", name: "", role: "admin", agencies: ["*"], must_change: false };

function me({ own }) {
  const user = MODE === "open" ? SOMEBODY : own.user;
  return {
    user: user.name,
    user_id: user.id,
    kind: MODE === "open" ? "open" : "user",
    role: user.role,
    roles: [user.role],
    agencies: user.agencies,
    scopes: [],
    session: own?.id ?? null,
    must_change_password: user.must_change,
    login: LOGIN,
  };
}

function drop(rows, row) {
  rows.splice(rows.indexOf(row), 1);
}

function endSessions(gone) {
  for (const session of sessions.filter(gone)) {
    drop(sessions, session);
  }
}

function keepAdmin(user, change) {
  const stays = (change.role ?? user.role) === "admin" && (change.enabled ?? user.enabled);
  if (!stays && users.every((one) => one === user || one.role !== "admin" || !one.enabled)) {
    throw "last_admin";
  }
}

function changePassword({ own, body }) {
  if (own.user.password !== body.current) {
    throw "login_failed";
  }
  if ([...body.new].length < 8) {
    throw "password_weak";
  }
  own.user.password = body.new;
  own.user.must_change = false;
}

function addUser({ own, body }) {
  if (users.some((one) => one.name === body.name)) {
    throw "user_exists";
  }
  const now = iso(Date.now());
  const made = body.password ? undefined : randomBytes(15).toString("base64url");
  const user = {
    id: randomUUID(),
    enabled: true,
    created_at: now,
    updated_at: now,
    login_at: null,
    must_change: true,
    ...body,
    password: body.password ?? made,
  };
  users.push(user);
  note(own?.user, "user_add", `user:${user.name}`);
  return { status: 201, body: { ...shownUser(user), ...(made ? { password: made } : {}) } };
}

function addKey({ own, body }) {
  const row = key(body.name, body.role, body.agencies, body.scopes, {
    created_by: own?.user.name ?? "",
    created_at: iso(Date.now()),
    expires_at: body.expires,
    used_at: null,
  });
  keys.unshift(row);
  note(own?.user, "key_add", `key:${row.id}`, { detail: { name: row.name } });
  return { status: 201, body: { ...row, key: `vk_${randomBytes(24).toString("base64url")}` } };
}

function audit({ own, url }) {
  const ask = (name) => url.searchParams.get(name);
  const within = own?.user.role === "supervisor" ? own.user.agencies : null;
  const rows = trail.filter(
    (row) =>
      (!ask("start") || row.at >= ask("start")) &&
      (!ask("end") || row.at < ask("end")) &&
      (!ask("who") || [row.who.name, row.who.id].includes(ask("who"))) &&
      (!ask("action") || row.action === ask("action")) &&
      (!ask("object") || row.object === ask("object")) &&
      (!ask("agency") || row.agency === ask("agency")) &&
      (!ask("result") ||
        row.result === ask("result") ||
        (ask("result") === "refused" && row.result !== "ok")) &&
      (within === null || within.includes(row.agency)),
  );
  const format = ask("format");
  if (format === "csv") {
    return { type: "text/csv", text: rows.map((row) => `${row.seq},${row.at},${row.action}`).join("\n") };
  }
  if (format === "jsonl") {
    return { type: "application/jsonl", text: rows.map((row) => JSON.stringify(row)).join("\n") };
  }
  return { body: paged("rows", rows, url) };
}

const admin = { needs: ["admin"] };
const ROUTES = {
  "POST /api/login": { free: true, act: login },
  "POST /api/logout": {
    free: true,
    act: ({ own }) => {
      endSessions((one) => one === own);
      return { status: 204, cookie: "session=; Path=/; Max-Age=0" };
    },
  },
  "GET /api/me": { act: (context) => ({ body: me(context) }) },
  "POST /api/me/password": { act: (context) => changePassword(context) },
  "GET /api/users": {
    ...admin,
    act: ({ url }) => {
      const q = (url.searchParams.get("q") ?? "").toLowerCase();
      const found = users.filter((user) => user.name.toLowerCase().includes(q));
      return { body: paged("users", found.map(shownUser), url) };
    },
  },
  "POST /api/users": { ...admin, act: addUser },
  "PATCH /api/users/:id": {
    ...admin,
    act: ({ id, body, own }) => {
      const user = find(users, id);
      keepAdmin(user, body);
      Object.assign(user, body, body.password ? { must_change: true } : {});
      note(own?.user, "user_change", `user:${user.name}`);
      return { body: shownUser(user) };
    },
  },
  "DELETE /api/users/:id": {
    ...admin,
    act: ({ id, own }) => {
      const user = find(users, id);
      keepAdmin(user, { enabled: false });
      drop(users, user);
      endSessions((one) => one.user === user);
      note(own?.user, "user_remove", `user:${user.name}`);
    },
  },
  "GET /api/keys": { ...admin, act: ({ url }) => ({ body: paged("keys", keys, url) }) },
  "POST /api/keys": { ...admin, act: addKey },
  "DELETE /api/keys/:id": {
    ...admin,
    act: ({ id, own }) => {
      const row = find(keys, id);
      row.revoked_at = iso(Date.now());
      note(own?.user, "key_revoke", `key:${id}`, { detail: { name: row.name } });
    },
  },
  "GET /api/sessions": {
    act: ({ own, url }) => {
      const ofAll = url.searchParams.get("all") === "true" && own?.user.role === "admin";
      const seen = sessions.filter((one) => ofAll || one.user === own?.user);
      return { body: paged("sessions", seen.map(shownSession(own)), url) };
    },
  },
  "DELETE /api/sessions/:id": { act: ({ id }) => drop(sessions, find(sessions, id)) },
  "GET /api/audit": { needs: ["admin", "supervisor"], act: audit },
};

function routeOf(method, path) {
  const [, noun, id] = /^(\/api\/(?:users|keys|sessions))\/([^/]+)$/.exec(path) ?? [];
  const route = ROUTES[`${method} ${id === undefined ? path : `${noun}/:id`}`];
  return route && { ...route, id: id && decodeURIComponent(id) };
}

async function bodyOf(request) {
  let text = "";
  for await (const piece of request) {
    text += piece;
  }
  return text === "" ? {} : JSON.parse(text);
}

/** Whose session a request shows. */
export function sessionOf(request) {
  const token = /(?:^|;\s*)session=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
  return sessions.find((session) => session.token === token) ?? null;
}

function check(route, own) {
  if (MODE === "open" || route.free) {
    return;
  }
  if (own === null) {
    throw "unauthenticated";
  }
  if (route.needs && !route.needs.includes(own.user.role)) {
    throw "forbidden";
  }
}

/** Whether cameras and pictures may be had. */
export function mayWatch(request, url) {
  const isSigned = url.searchParams.get("token")?.startsWith("v1.") === true;
  return MODE === "open" || isSigned || sessionOf(request) !== null;
}

/** Sends what a refusal has to say. */
export function refuse(response, code) {
  const [status, en, ar] = WORDS[code];
  const request_id = randomUUID();
  const more =
    code === "login_locked"
      ? { minutes: 10 }
      : code === "unauthenticated"
        ? { login: LOGIN }
        : code === "password_weak"
          ? { len: 8 }
          : {};
  const words = { title: en, detail: en, message_en: en, message_ar: ar };
  response.writeHead(status, {
    "content-type": "application/problem+json",
    "x-request-id": request_id,
    ...(status === 429 ? { "retry-after": "600" } : {}),
  });
  response.end(
    JSON.stringify({ type: `urn:vedette:problem:${code}`, status, code, request_id, ...words, ...more }),
  );
}

function answer(response, { status, body, cookie, type, text } = {}) {
  response.writeHead(status ?? (body || text ? 200 : 204), {
    ...(body ? { "content-type": "application/json" } : {}),
    ...(type ? { "content-type": type } : {}),
    ...(cookie ? { "set-cookie": cookie } : {}),
  });
  response.end(body ? JSON.stringify(body) : text);
}

/** Answers requests about access; false for others. */
export function access(request, response, url) {
  const route = routeOf(request.method, url.pathname);
  if (route === undefined) {
    return false;
  }
  const run = async () => {
    const own = sessionOf(request);
    try {
      check(route, own);
      const body = await bodyOf(request);
      answer(response, (await route.act({ own, body, url, request, id: route.id })) ?? {});
    } catch (code) {
      refuse(response, WORDS[code] ? code : "not_found");
    }
  };
  void run();
  return true;
}
