import type { components } from "./schema";

type Schemas = components["schemas"];

export const CAMERA_STATUSES = ["online", "offline", "connecting", "idle", "disabled", "error"] as const;

export type CameraStatus = (typeof CAMERA_STATUSES)[number];
export type Camera = Omit<Schemas["CameraAnswer"], "status"> & { status: CameraStatus };
export type CameraPage = Omit<Schemas["CamerasAnswer"], "cameras"> & { cameras: Camera[] };
export type Stream = Schemas["StreamAnswer"];
export type CameraLocation = Schemas["LocationAnswer"];
export type LastError = Schemas["LastErrorAnswer"];
export type Segment = Schemas["SegmentAnswer"];
export type SegmentPage = Schemas["SegmentsAnswer"];
export type Coverage = Schemas["CoverageAnswer"];
export type Span = Schemas["Span"];
export type ProblemDetails = Schemas["ProblemDetails"];

// Access: written by hand until the generated schema has it.

export const ROLES = ["viewer", "operator", "supervisor", "admin"] as const;

export type Role = (typeof ROLES)[number];

/** Codes of agencies; `*` stands for all of them. */
export type Agencies = string[];

export interface Named {
  id: string;
  name: string;
}

export interface Me {
  user: Named;
  kind: "user" | "key" | "oidc" | "open" | "anonymous";
  role: Role | null;
  agencies: Agencies;
  session: string | null;
  expires_at: string | null;
  must_change_password: boolean;
  login: { password: boolean; oidc: { name: string } | null };
}

export interface User extends Named {
  role: Role;
  agencies: Agencies;
  enabled: boolean;
  created_at: string;
  updated_at: string;
  login_at: string | null;
}

export interface NewUser {
  name: string;
  /** Left out: the server makes one that holds until the first login. */
  password?: string;
  role: Role;
  agencies: Agencies;
}

export type UserChange = Partial<Pick<User, "role" | "agencies" | "enabled"> & { password: string }>;

/** A new user; `password` when the server made one. It is told this once. */
export type CreatedUser = User & { password?: string | null };

export interface UserPage {
  users: User[];
  next_cursor: string | null;
}

export interface Key extends Named {
  role: Role | null;
  agencies: Agencies;
  scopes: string[];
  created_by: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  used_at: string | null;
}

export interface NewKey {
  name: string;
  role: Role | null;
  agencies: Agencies;
  scopes: string[];
  expires: string | null;
}

/** `key` is told this once. */
export interface CreatedKey {
  id: string;
  key: string;
}

export interface KeyPage {
  keys: Key[];
  next_cursor: string | null;
}

export interface LoginSession {
  id: string;
  user: Named;
  role: Role | null;
  current: boolean;
  created_at: string;
  seen_at: string;
  expires_at: string;
  address: string;
  agent: string;
}

export interface SessionPage {
  sessions: LoginSession[];
  next_cursor: string | null;
}

export interface AuditRow {
  seq: number;
  at: string;
  who: { kind: string; id: string; name: string };
  action: string;
  object: string;
  agency: string | null;
  address: string;
  request_id: string;
  result: string;
  detail: Record<string, unknown>;
}

export interface AuditPage {
  rows: AuditRow[];
  next_cursor: string | null;
}
