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

// Access.

export const ROLES = ["viewer", "operator", "supervisor", "admin"] as const satisfies Schemas["RoleWord"][];

export type Role = Schemas["RoleWord"];

/** Codes of agencies; `*` stands for all of them. */
export type Agencies = string[];

/** An answer in which a role, told as a string, is one of those above. */
type WithRole<T, R = Role> = Omit<T, "role"> & { role: R };

/** How one can sign in; `oidc` is the name of the organisation's provider. */
export type Login = Required<Schemas["LoginWays"]>;
export type Me = Omit<WithRole<Schemas["MeAnswer"], Role | null>, "kind"> & {
  kind: "user" | "external" | "key" | "link" | "open" | "nobody";
};

/** `password` only in the answer that made one: it is told this once. */
export type User = WithRole<Schemas["UserAnswer"]>;
export type UserPage = Omit<Schemas["UsersAnswer"], "users"> & { users: User[] };
export type NewUser = Schemas["NewUserBody"];
export type UserChange = Schemas["UserChangeBody"];

/** `key` only in the answer that made it: it is told this once. */
export type Key = WithRole<Schemas["KeyAnswer"], Role | null>;
export type KeyPage = Omit<Schemas["KeysAnswer"], "keys"> & { keys: Key[] };
export type NewKey = Schemas["NewKeyBody"];

export type LoginSession = WithRole<Schemas["SessionAnswer"], Role | null>;
export type SessionPage = Omit<Schemas["SessionsAnswer"], "sessions"> & { sessions: LoginSession[] };

export type AuditRow = Schemas["AuditRow"];
export type AuditPage = Schemas["AuditAnswer"];

/** What a signed address opens. */
export type Purpose = Schemas["PurposeWord"];
export type SignedLink = Schemas["LinkAnswer"];
