/**
 * Prepared statements and portals of one session, from protocol messages and SQL alike: `PREPARE p` and Parse
 * share one namespace on the server, as do `DECLARE c` and Bind, so they share one here.
 *
 * A name changes when the server says that it did. Until then the change is pending: later messages of the same
 * pipeline see it, and if the server fails the pipeline before, it never happened.
 *
 * Behind a Sync or a Query the server runs what follows whether or not what came before went well. So what a name
 * stands for there is not known while a change from before it is pending.
 */
import type { Decision } from '../../src/core/decision.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { ApprovalSubject } from '../../src/core/gate.ts';
import type { StatementNumber } from '../../src/core/ids.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import type { Counted } from '../sql/run.ts';

export interface PreparedStatement {
  /** The text, as bytes of its own: it is judged again when the gate's stamp has moved. */
  readonly text: Buffer;
  readonly clearance: Clearance;
  /** Which of the text's statements it is: a PREPARE may stand among others. */
  readonly index: number;
  /** The statement's facts; null for an empty one. For SQL PREPARE, those of the statement inside. */
  readonly facts: StatementFacts | null;
  readonly stamp: number;
  /** Object ids of parameter types as Parse gave them; 0 or missing where the server chooses. */
  readonly parameterTypes: readonly number[];
}

/** A result that may come in several pieces: what has been sent of it counts over all of them. */
export interface Portal {
  readonly text: Buffer;
  readonly facts: StatementFacts | null;
  /** Replaced when the gate's stamp has moved. */
  decision: Decision | null;
  stamp: number;
  /** The most rows it can have as far as known when it was bound; null for no bound. */
  readonly rowsMax: number | null;
  /** The record of its Bind; null for a cursor that SQL declared. */
  readonly number: StatementNumber | null;
  readonly holdable: boolean;
  readonly counted: Counted;
  /** Of the result's columns, as Bind has asked for them. */
  readonly formats: readonly number[];
  /** What people have said yes to (`approvalKey`); null: nobody was asked. */
  approvedUnder: string | null;
  /** Text and values, while somebody may be asked about them. */
  readonly subject: ApprovalSubject | null;
}

export type NameChange =
  | { readonly change: 'set-statement'; readonly name: string; readonly statement: PreparedStatement }
  | { readonly change: 'drop-statement'; readonly name: string }
  | { readonly change: 'drop-statements' }
  | { readonly change: 'set-portal'; readonly name: string; readonly portal: Portal }
  | { readonly change: 'drop-portal'; readonly name: string }
  | { readonly change: 'drop-portals' }
  | { readonly change: 'drop-all' };

export class Names {
  readonly #statements = new Map<string, PreparedStatement>();
  readonly #portals = new Map<string, Portal>();
  /** The unnamed ones change with every query, so they have places of their own. */
  #unnamedStatement: PreparedStatement | null = null;
  #unnamedPortal: Portal | null = null;
  #pending: NameChange[] = [];
  #firstPending = 0;
  /** Where the changes begin that fail together with the message that comes next. */
  #sectionStart = 0;

  get size(): number {
    return this.#statements.size + this.#portals.size + this.#pending.length - this.#firstPending;
  }

  /** What `name` will stand for once the pending changes have happened; null for nothing. */
  statement(name: string): PreparedStatement | null {
    for (let n = this.#pending.length - 1; n >= this.#firstPending; n--) {
      const pending = this.#pending[n];
      switch (pending?.change) {
        case 'set-statement':
          if (pending.name === name) return pending.statement;
          break;
        case 'drop-statement':
          if (pending.name === name) return null;
          break;
        case 'drop-statements':
        case 'drop-all':
          if (name !== '') return null;
          break;
        default:
          break;
      }
    }
    return name === '' ? this.#unnamedStatement : (this.#statements.get(name) ?? null);
  }

  portal(name: string): Portal | null {
    for (let n = this.#pending.length - 1; n >= this.#firstPending; n--) {
      const pending = this.#pending[n];
      switch (pending?.change) {
        case 'set-portal':
          if (pending.name === name) return pending.portal;
          break;
        case 'drop-portal':
          if (pending.name === name) return null;
          break;
        case 'drop-portals':
        case 'drop-all':
          return null;
        default:
          break;
      }
    }
    return name === '' ? this.#unnamedPortal : (this.#portals.get(name) ?? null);
  }

  /** A Sync or a Query has been sent: what comes next runs whatever comes of the changes announced so far. */
  beginSection(): void {
    this.#sectionStart = this.#pending.length;
  }

  /** Whether what the name stands for depends on changes of which the next message is independent. */
  isUncertain(of: 'statement' | 'portal', name: string): boolean {
    for (let n = this.#pending.length - 1; n >= this.#firstPending; n--) {
      if (concerns(this.#pending[n], of, name)) return n < this.#sectionStart;
    }
    return false;
  }

  /** Announces a change that the server has yet to confirm. Changes are confirmed in the order announced. */
  announce(change: NameChange): void {
    this.#pending.push(change);
  }

  /** The change has happened. */
  confirm(change: NameChange): void {
    this.#remove(change);
    switch (change.change) {
      case 'set-statement':
        if (change.name === '') this.#unnamedStatement = change.statement;
        else this.#statements.set(change.name, change.statement);
        return;
      case 'drop-statement':
        if (change.name === '') this.#unnamedStatement = null;
        else this.#statements.delete(change.name);
        return;
      case 'drop-statements':
        this.#dropStatements();
        return;
      case 'set-portal':
        if (change.name === '') this.#unnamedPortal = change.portal;
        else this.#portals.set(change.name, change.portal);
        return;
      case 'drop-portal':
        if (change.name === '') this.#unnamedPortal = null;
        else this.#portals.delete(change.name);
        return;
      case 'drop-portals':
        this.#dropPortals();
        return;
      case 'drop-all':
        this.#dropStatements();
        this.#dropPortals();
        return;
    }
  }

  /** DEALLOCATE ALL and DISCARD ALL leave the unnamed statement where it is. */
  #dropStatements(): void {
    this.#statements.clear();
  }

  #dropPortals(): void {
    this.#portals.clear();
    this.#unnamedPortal = null;
  }

  /** The change will not happen. */
  revoke(change: NameChange): void {
    this.#remove(change);
  }

  /** The transaction has ended: portals go, but for those of cursors WITH HOLD. */
  endTransaction(): void {
    this.#unnamedPortal = null;
    if (this.#portals.size === 0) return;
    for (const [name, portal] of this.#portals) if (!portal.holdable) this.#portals.delete(name);
  }

  #remove(change: NameChange): void {
    if (this.#pending[this.#firstPending] === change) this.#firstPending++;
    else {
      const at = this.#pending.indexOf(change, this.#firstPending);
      if (at >= 0) this.#pending.splice(at, 1);
      if (at >= 0 && at < this.#sectionStart) this.#sectionStart--;
    }
    if (this.#firstPending !== this.#pending.length) return;
    this.#pending.length = 0;
    this.#firstPending = 0;
    this.#sectionStart = 0;
  }
}

function concerns(change: NameChange | undefined, of: 'statement' | 'portal', name: string): boolean {
  switch (change?.change) {
    case 'set-statement':
    case 'drop-statement':
      return of === 'statement' && change.name === name;
    case 'drop-statements':
      return of === 'statement' && name !== '';
    case 'set-portal':
    case 'drop-portal':
      return of === 'portal' && change.name === name;
    case 'drop-portals':
      return of === 'portal';
    default:
      return change !== undefined;
  }
}
