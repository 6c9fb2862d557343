/** The forms in which records leave: their own JSON, OCSF, and syslog (RFC 5424). */
import { hostname } from 'node:os';
import type { ExportedEvent } from './export-events.ts';
import { ocsfEvent } from './export-ocsf.ts';
import { ownVersion } from './own-version.ts';

export const EXPORT_FORMATS = ['jsonl', 'ocsf', 'syslog'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** One message on one line; null: this format does not tell of it. */
export type Formatter = (event: ExportedEvent) => string | null;

export function formatterOf(format: ExportFormat): Formatter {
  switch (format) {
    case 'jsonl':
      return ({ record, session }) =>
        JSON.stringify(session === null ? record : { ...record, ...whoOf(session) });
    case 'ocsf': {
      const product = { name: 'Sluice', vendor_name: 'Sluice', version: ownVersion() };
      return (event) => {
        const told = ocsfEvent(event, product);
        return told === null ? null : JSON.stringify(told);
      };
    }
    case 'syslog':
      return syslogLine;
  }
}

/** Of every record, so that each can be read without those before it. */
function whoOf({ principal, listener, client }: NonNullable<ExportedEvent['session']>) {
  return { principal, listener, client };
}

/** Log audit (RFC 5424, 6.2.1). */
const FACILITY = 13;
const CRITICAL = 2;
const WARNING = 4;
const INFORMATIONAL = 6;
const SEVERITIES: ReadonlyMap<string, number> = new Map([
  ['denied', WARNING],
  ['login-refused', WARNING],
  ['alert', WARNING],
  ['outage', CRITICAL],
]);
const HOST =
  hostname()
    .replaceAll(/[^!-~]/g, '')
    .slice(0, 255) || '-';

/** The message is the record; it is on one line, since JSON has no line breaks of its own. */
function syslogLine({ record, session, type, atMs }: ExportedEvent): string {
  const priority = FACILITY * 8 + (SEVERITIES.get(type) ?? INFORMATIONAL);
  const at = Number.isNaN(atMs) ? '-' : new Date(atMs).toISOString();
  const message = JSON.stringify(session === null ? record : { ...record, ...whoOf(session) });
  return `<${priority}>1 ${at} ${HOST} sluice - ${type.slice(0, 32) || '-'} - ${message}`;
}
