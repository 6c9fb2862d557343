/** What a principal may do here, by its groups. Each role may all that the one before may. */
import { ROLES, type Role } from './wire.ts';

export type RoleGroups = Readonly<Record<Role, readonly string[]>>;

/** The highest role that one of the groups has; null: none. */
export function roleOf(groups: readonly string[], roles: RoleGroups): Role | null {
  return ROLES.findLast((role) => roles[role].some((group) => groups.includes(group))) ?? null;
}

export function mayAct(role: Role, wanted: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(wanted);
}
