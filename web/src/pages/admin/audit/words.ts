// What the audit calls things, in words. What is not known here is shown as it is.

import { hasMessage, type Key } from "../../../i18n/messages";

/** What can be chosen to look for; the rest is found by its name in the address. */
export const ACTIONS = [
  "login",
  "logout",
  "watch_live",
  "play_recordings",
  "read_recordings",
  "sign_address",
  "move_camera",
  "export",
  "erase_recordings",
  "change_cameras",
  "publish",
  "user_add",
  "user_change",
  "user_remove",
  "key_add",
  "key_revoke",
  "session_end",
  "password_change",
  "password_reset",
  "secret_rotate",
  "audit_export",
  "read_audit",
  "manage_access",
] as const;

const known = (key: string): Key | null => (hasMessage(key) ? key : null);

export const actionKey = (action: string) => known(`action.${action}`);
export const kindKey = (kind: string) => known(`kind.${kind}`);
export const resultKey = (result: string) => known(`result.${result}`);

export interface Named {
  /** The text for what it is; null when the audit's word for it is not known. */
  kind: Key | null;
  name: string;
}

/** An object such as `camera:yard`, in its two parts; the details may have a better name than an id. */
export function objectOf(object: string, detail: Record<string, string>): Named {
  const [word = ""] = object.split(":", 1);
  const kind = known(`object.${word}`);
  if (kind === null) {
    return { kind, name: object };
  }
  const id = object.slice(word.length + 1);
  return { kind, name: word === "key" ? (detail.name ?? id) : id };
}
