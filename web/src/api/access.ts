// Who may do what: login, people, keys, sessions and the audit.

import { get, order, type Query, send, withQuery } from "./request";
import type {
  AuditPage,
  Key,
  KeyPage,
  Me,
  NewKey,
  NewUser,
  Purpose,
  SessionPage,
  SignedLink,
  User,
  UserChange,
  UserPage,
} from "./types";

/** Rows that one page of a list has. */
const PAGE_ROWS = 50;

type Cursor = string | null;

const pageQuery = (cursor: Cursor): Query =>
  cursor === null ? { limit: PAGE_ROWS } : { limit: PAGE_ROWS, cursor };

const one = (noun: string, id: string) => `/api/${noun}/${encodeURIComponent(id)}`;

export function getMe(signal: AbortSignal): Promise<Me> {
  return get("/api/me", {}, signal);
}

export function login(username: string, password: string): Promise<void> {
  return order("POST", "/api/login", { username, password });
}

export function logout(): Promise<void> {
  return order("POST", "/api/logout");
}

/** Where a login with the organisation's account begins. */
export function oidcLoginUrl(returnPath: string): string {
  return withQuery("/api/oidc/login", { return: returnPath });
}

export function changePassword(current: string, next: string): Promise<void> {
  return order("POST", "/api/me/password", { current, new: next });
}

export function getUsers(q: string, cursor: Cursor, signal: AbortSignal): Promise<UserPage> {
  return get("/api/users", q === "" ? pageQuery(cursor) : { ...pageQuery(cursor), q }, signal);
}

export function createUser(user: NewUser): Promise<User> {
  return send("POST", "/api/users", user);
}

export function changeUser(id: string, change: UserChange): Promise<User> {
  return send("PATCH", one("users", id), change);
}

export function deleteUser(id: string): Promise<void> {
  return order("DELETE", one("users", id));
}

export function getKeys(cursor: Cursor, signal: AbortSignal): Promise<KeyPage> {
  return get("/api/keys", pageQuery(cursor), signal);
}

export function createKey(key: NewKey): Promise<Key> {
  return send("POST", "/api/keys", key);
}

export function revokeKey(id: string): Promise<void> {
  return order("DELETE", one("keys", id));
}

/** One's own sessions, or those of everybody. */
export function getSessions(ofAll: boolean, cursor: Cursor, signal: AbortSignal): Promise<SessionPage> {
  return get("/api/sessions", ofAll ? { ...pageQuery(cursor), all: true } : pageQuery(cursor), signal);
}

export function endSession(id: string): Promise<void> {
  return order("DELETE", one("sessions", id));
}

export function getAudit(query: Query, cursor: Cursor, signal: AbortSignal): Promise<AuditPage> {
  return get("/api/audit", { ...query, ...pageQuery(cursor) }, signal);
}

/** Where all rows of a question can be downloaded. */
export function auditFileUrl(query: Query, format: "csv" | "jsonl"): string {
  return withQuery("/api/audit", { ...query, format });
}

/** Addresses of a camera that open without a login, for so many seconds. */
export function signLink(camera: string, purpose: Purpose, expires_in: number): Promise<SignedLink> {
  return send("POST", `${one("cameras", camera)}/links`, { purpose, expires_in });
}
