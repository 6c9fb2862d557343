/**
 * What the server owes. Commands go to it one at a time, so there is at most one reply under way, and its shape
 * follows from the command that was sent and from what has come of it: never from a packet's first byte alone.
 */
import type { StatementNumber } from '../../src/core/ids.ts';
import type { MysqlResultField, ResultMasking } from '../../src/core/masks.ts';
import type { SentRun } from '../sql/run.ts';
import type { ErrFields } from './encode.ts';
import type { RowMasker } from './masked-rows.ts';
import type { JudgedText, Prepared } from './statements.ts';

/** What is done to the rows of a run. `undescribed`: rows that come now are not the client's to see. */
export type RunMasking =
  | { readonly masking: 'none' }
  | { readonly masking: 'undescribed' }
  | {
      readonly masking: 'rows';
      readonly rows: RowMasker;
      readonly of: ResultMasking;
      readonly fields: readonly MysqlResultField[];
    };

/** One statement that runs. */
export interface Run extends SentRun<ErrFields> {
  readonly number: StatementNumber;
  readonly rowsMax: number | null;
  masking: RunMasking;
  /** It gives any number of results and then its own OK. */
  readonly severalResults: boolean;
  /** What SQL's PREPARE gives a name to, once it has gone through. */
  readonly names: NameChange | null;
}

export type NameChange =
  | { readonly change: 'set'; readonly name: string; readonly judged: JudgedText }
  | { readonly change: 'drop'; readonly name: string }
  /** A name, it is not known which, stands for a text that could not be read. */
  | { readonly change: 'forget' };

/**
 * Where in a result the server is. `first`: OK, an error, a request for a file, or the number of columns follows.
 * `file`: the request has been answered, and OK or an error follows.
 * `columns-end`: the EOF packet behind the columns, where there is one.
 */
export type ResultStage = 'first' | 'file' | 'columns' | 'columns-end' | 'rows';

export interface Results {
  readonly of: 'results';
  readonly runs: readonly Run[];
  current: number;
  /** Results that the current run has given already. */
  resultsOfRun: number;
  stage: ResultStage;
  columnsLeft: number;
  /** Of the result that answers now, as far as they have come; null where nobody needs them. */
  fields: MysqlResultField[] | null;
  readonly binary: boolean;
  /** The statement for which a cursor was asked, or read from. */
  readonly cursor: Prepared | null;
  /** Rows come without definitions. */
  readonly isFetch: boolean;
  /** What was cut: everything behind it is dropped, and the client is told at the end. */
  over: Run | null;
  /** The sequence id of the error that the client gets in the place of what was dropped. */
  overSequence: number;
  readonly turn: number;
}

export type Reply =
  | Results
  /** COM_STMT_PREPARE: an OK of its own form, then definitions. */
  | {
      readonly of: 'prepare';
      readonly judged: JudgedText;
      /** Null until the first packet has said. */
      left: { parameters: number; columns: number } | null;
      readonly turn: number;
    }
  /** A command that is answered by OK or an error. */
  | { readonly of: 'plain'; readonly command: PlainCommand; readonly turn: number }
  /** A statement of Sluice's own, whose answer the client does not see. */
  | { readonly of: 'own'; readonly question: OwnQuestion; readonly turn: number };

export type PlainCommand =
  | { readonly command: 'ping' }
  | { readonly command: 'reset-statement'; readonly statement: Prepared }
  | { readonly command: 'reset-connection' };

/**
 * `prepare`: makes the session one that can be followed. `absorb`: a cancel that came too late hits it, and nothing
 * else. `forget-warnings`: those of a statement that touched masked columns are gone, and their number with them. `reset`: ends what another user had begun. `enter`: the database of a user that has come, if it may be entered.
 * `welcome`: nothing for the server; what comes before it is done.
 */
export type OwnQuestion = 'prepare' | 'absorb' | 'forget-warnings' | 'reset' | 'enter' | 'welcome';

/** Whether the client gets to see a packet of the server's. */
export type Sight = 'pass' | 'drop';

export function runOf(reply: Reply | null): Run | null {
  return reply?.of === 'results' ? (reply.runs[reply.current] ?? null) : null;
}
