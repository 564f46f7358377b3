import type { Agencies, Role, User, UserChange } from "../../../api/types";

interface Wanted {
  role: Role;
  agencies: Agencies;
  enabled: boolean;
  /** Empty: as it was. */
  password: string;
}

const isSame = (a: Agencies, b: Agencies) => [...a].sort().join(" ") === [...b].sort().join(" ");

/** Only what differs: what nobody touched is not written again. */
export function changeOf(user: User, wanted: Wanted): UserChange {
  return {
    ...(wanted.role === user.role ? {} : { role: wanted.role }),
    ...(isSame(wanted.agencies, user.agencies) ? {} : { agencies: wanted.agencies }),
    ...(wanted.enabled === user.enabled ? {} : { enabled: wanted.enabled }),
    ...(wanted.password === "" ? {} : { password: wanted.password }),
  };
}
