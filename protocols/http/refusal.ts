/** Why a request or a response is not carried: as a name, a status (RFC 9110, 15) and words for whoever sent it. */
export interface HttpRefusal {
  readonly refused: HttpFault;
  readonly status: number;
  readonly message: string;
}

const FAULTS = {
  'malformed-target': 400,
  'ambiguous-path': 400,
  'target-too-long': 414,
  'method-refused': 501,
  'method-override': 400,
  'version-refused': 505,
  'host-refused': 400,
  'ambiguous-length': 400,
  'ambiguous-header': 400,
  'header-too-large': 431,
  'connection-option': 400,
  'upgrade-refused': 501,
  'expectation-failed': 417,
  'ambiguous-response': 502,
} as const satisfies Readonly<Record<string, number>>;
export type HttpFault = keyof typeof FAULTS;

export function refuse(refused: HttpFault, message: string): HttpRefusal {
  return { refused, status: FAULTS[refused], message };
}

export function isHttpRefusal<Read extends object>(read: Read | HttpRefusal): read is HttpRefusal {
  return 'refused' in read;
}
