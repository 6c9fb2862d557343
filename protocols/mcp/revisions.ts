/** The revisions of the Model Context Protocol that Sluice speaks, and what of each an intermediary has to know. */

/** From the oldest to the newest. */
export const REVISIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof REVISIONS)[number];

/** `legacy`: a handshake (initialize) begins a session. `modern`: every request carries its own revision. */
export type Era = 'legacy' | 'modern';

export interface RevisionTraits {
  readonly era: Era;
  /** A body may be a JSON array of messages. Only 2025-03-26 has it. */
  readonly batches: boolean;
  /** Requests over HTTP have to carry MCP-Protocol-Version. */
  readonly versionHeader: boolean;
  /** Requests over HTTP have to mirror method and name in headers (Mcp-Method, Mcp-Name, Mcp-Param-…). */
  readonly mirrorHeaders: boolean;
  /** Streams begin with an event that has an id and no data, so that a client can come back (SEP-1699). */
  readonly primesStreams: boolean;
  /** Results say whether they are complete or ask for input (SEP-2322). */
  readonly resultTypes: boolean;
  /** A tool's result may have structuredContent. */
  readonly structuredContent: boolean;
}

const LEGACY: RevisionTraits = {
  era: 'legacy',
  batches: false,
  versionHeader: false,
  mirrorHeaders: false,
  primesStreams: false,
  resultTypes: false,
  structuredContent: false,
};

const TRAITS: Readonly<Record<Revision, RevisionTraits>> = {
  '2024-11-05': LEGACY,
  '2025-03-26': { ...LEGACY, batches: true },
  '2025-06-18': { ...LEGACY, versionHeader: true, structuredContent: true },
  '2025-11-25': { ...LEGACY, versionHeader: true, structuredContent: true, primesStreams: true },
  '2026-07-28': {
    ...LEGACY,
    era: 'modern',
    versionHeader: true,
    mirrorHeaders: true,
    resultTypes: true,
    structuredContent: true,
  },
};

/** What a request over HTTP without MCP-Protocol-Version is taken for (2025-06-18, transports, version header). */
export const ASSUMED_REVISION: Revision = '2025-03-26';
export const NEWEST_LEGACY: Revision = '2025-11-25';
export const NEWEST: Revision = '2026-07-28';

export function traitsOf(revision: Revision): RevisionTraits {
  return TRAITS[revision];
}

export function revisionNamed(name: string): Revision | null {
  return REVISIONS.find((revision) => revision === name) ?? null;
}

export function isAtLeast(revision: Revision, least: Revision): boolean {
  return REVISIONS.indexOf(revision) >= REVISIONS.indexOf(least);
}
