/** A database behind one of Sluice's listeners, as programs are told of it. */
/** A database behind a listener. */
export interface ListenedDatabase {
  readonly listener: string;
  readonly protocol: 'postgres' | 'mysql';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Where the listener itself is. */
  readonly at: { readonly host: string; readonly port: number };
}

/** What logs in at a listener. */
export interface DatabaseLogin {
  readonly user: string;
  readonly password: string;
}

export interface DatabaseTarget extends ListenedDatabase, DatabaseLogin {}

export const DEFAULT_PORTS = { postgres: 5432, mysql: 3306 } as const;

export type DatabasePart = 'url' | 'host' | 'port' | 'user' | 'password' | 'database';

export function partOf(target: DatabaseTarget, part: DatabasePart): string {
  switch (part) {
    case 'url':
      return dsnOf(target, target.protocol, '');
    case 'host':
      return target.at.host;
    case 'port':
      return String(target.at.port);
    case 'user':
    case 'password':
    case 'database':
      return target[part];
  }
}

/** `parameters`: what stands behind the question mark. */
export function dsnOf(
  { user, password, at, database }: DatabaseTarget,
  scheme: string,
  parameters: string,
): string {
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  const path = database === '' ? '' : `/${encodeURIComponent(database)}`;
  const rest = parameters === '' ? '' : `?${parameters}`;
  return `${scheme}://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${at.port}${path}${rest}`;
}
