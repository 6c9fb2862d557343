/** What the judges of one listener of MCP share. */
import type { MessageMaskers } from '../../engine/message-maskers.ts';
import type { Pins } from '../../engine/pins.ts';
import type { RequestDomain } from '../../engine/request-domain.ts';
import type { TaskOwners } from '../../engine/task-owners.ts';
import type { ListAsks } from './list-asks.ts';
import type { OutputSchemas } from './output-schemas.ts';
import type { SqlInArguments } from './sql-in-arguments.ts';

export interface JudgeGround {
  readonly domain: RequestDomain;
  readonly maskers: MessageMaskers;
  readonly pins: Pins;
  readonly tasks: TaskOwners;
  readonly schemas: OutputSchemas;
  readonly listAsks: ListAsks;
  /** Null: no tool of this server takes SQL. */
  readonly sql: SqlInArguments | null;
  /** Bytes of one message, or of one batch. */
  readonly clientBytesMax: number;
  /** Bytes of one message of the server, an event of a stream included. */
  readonly serverBytesMax: number;
}
