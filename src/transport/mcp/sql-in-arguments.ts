/** Which arguments of tools are SQL, and what the rules on SQL say of a call's. */
import { knownSqlArguments, type SqlArgument } from '../../../protocols/mcp/sql-servers.ts';
import type { CallSubject } from '../../../protocols/mcp/subject.ts';
import type { Denial } from '../../core/decision.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import type { SqlArguments, SqlVerdict } from '../../engine/sql-arguments.ts';
import { type JsonDocument, pointerTokens } from '../../json/index.ts';

export interface SqlInArgumentsSettings {
  /** `tool` may have `*` for any characters, and a token `*` of the pointer stands for every item. */
  readonly arguments: readonly SqlArgument[];
  /** Tools of known servers take SQL where those servers' do. */
  readonly known: boolean;
}

export class SqlInArguments {
  readonly #judge: SqlArguments;
  readonly #settings: SqlInArgumentsSettings;

  constructor(judge: SqlArguments, settings: SqlInArgumentsSettings) {
    this.#judge = judge;
    this.#settings = settings;
  }

  async judge(document: JsonDocument, subject: CallSubject, session: RequestSession): Promise<SqlVerdict> {
    const texts = sqlTextsIn(this.#settings, document, subject);
    if ('sqlstate' in texts) return { verdict: 'denied', denial: texts };
    if (texts.length === 0) return { verdict: 'passes' };
    const verdict = await this.#judge.judge(texts, session.id, session.context);
    return verdict.verdict === 'denied'
      ? { verdict: 'denied', denial: toldToAgents(verdict.denial) }
      : verdict;
  }
}

/** JSON pointers, from the arguments, to where SQL may stand in a call of this tool. */
export function sqlPointersOf(
  { arguments: configured, known }: SqlInArgumentsSettings,
  tool: string,
): ReadonlySet<string> {
  const pointers = configured.filter((one) => isNamed(one.tool, tool)).map(({ argument }) => argument);
  return new Set([...pointers, ...(known ? knownSqlArguments(tool) : [])]);
}

/** The SQL in a call's arguments, each text once; a denial where something else stands in its place. */
export function sqlTextsIn(
  settings: SqlInArgumentsSettings,
  document: JsonDocument,
  subject: CallSubject,
): readonly string[] | Denial {
  if (subject.kind !== 'tool' || subject.arguments === -1) return [];
  const texts: string[] = [];
  for (const pointer of sqlPointersOf(settings, subject.name)) {
    for (const node of nodesAt(document, subject.arguments, pointerTokens(pointer) ?? [])) {
      const found = textsAt(document, node);
      if (found === null) return unreadable(pointer);
      texts.push(...found);
    }
  }
  return [...new Set(texts)];
}

/** A denial of SQL in words that a model can act on. */
export function toldToAgents(denial: Denial): Denial {
  const hint = denial.hint ?? 'The SQL was not run. Change it so that the rule allows it, and call again.';
  return { ...denial, hint };
}

function isNamed(pattern: string, tool: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`, 'is').test(tool);
}

/** Names as a lenient server might read them: in any case. */
function nodesAt(document: JsonDocument, from: number, tokens: readonly string[]): readonly number[] {
  let nodes: number[] = [from];
  for (const token of tokens)
    nodes = nodes.flatMap((node) => {
      if (token === '*') return [...document.children(node)];
      const child = document.isArray(node)
        ? document.at(`/${token}`, node)
        : document.similarMember(node, token);
      return child === -1 ? [] : [child];
    });
  return nodes;
}

/** A text, or a list of them; null: something else stands there. */
function textsAt(document: JsonDocument, node: number): readonly string[] | null {
  if (document.kind(node) === 'null') return [];
  const text = document.text(node);
  if (text !== null) return [text];
  if (!document.isArray(node)) return null;
  const texts: string[] = [];
  for (const item of document.children(node)) {
    const one = document.text(item);
    if (one === null) return null;
    texts.push(one);
  }
  return texts;
}

function unreadable(pointer: string): Denial {
  return {
    sqlstate: '42501',
    message: `denied by rule "sluice/unreadable": the argument ${pointer} has to be SQL text, or a list of SQL texts`,
    detail: null,
    hint: null,
    position: null,
    rule: 'sluice/unreadable',
    native: false,
  };
}
