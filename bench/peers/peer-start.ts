import type { SluiceProgram } from '../sluice-program.ts';
import type { Peers } from './debian.ts';

export interface BenchServer {
  readonly protocol: 'postgres' | 'mysql';
  readonly port: number;
  readonly database: string;
}

/** What starting any proxy takes. */
export interface PeerStart {
  readonly peers: Peers;
  readonly program: SluiceProgram;
  readonly server: BenchServer;
  /** For configuration, logs and journals. */
  readonly directory: string;
  readonly core: number | null;
  /** How many clients it has to carry. */
  readonly connections: number;
}
