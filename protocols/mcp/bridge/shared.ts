/** What the bridge does to messages in both directions. */
import { type JsonDocument, JsonEdits, jsonString } from '../../../src/json/index.ts';

const NONE = -1;
export const META_CLIENT = 'io.modelcontextprotocol/clientInfo';
export const META_LOG_LEVEL = 'io.modelcontextprotocol/logLevel';
export const META_SERVER = 'io.modelcontextprotocol/serverInfo';
export const META_SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

/** SEP-2663. What 2025-11-25 calls tasks is another protocol, so that it is offered to neither side of a bridge. */
const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** Gives the message another id, as it is written; null: it keeps its own. */
export function renumber(edits: JsonEdits, document: JsonDocument, node: number, id: string | null): void {
  const before = document.member(node, 'id');
  if (id !== null && before !== NONE) edits.replace(before, Buffer.from(id));
}

/** The message under another id. */
export function renumbered(document: JsonDocument, node: number, id: string): Buffer {
  const edits = new JsonEdits(document);
  renumber(edits, document, node, id);
  return edits.apply(document.start(node), document.end(node));
}

export function objectOf(members: readonly (readonly [string, Buffer])[]): Buffer {
  const written = members.map(
    ([name, value]) => `${jsonString(name).toString('utf8')}:${value.toString('utf8')}`,
  );
  return Buffer.from(`{${written.join(',')}}`);
}

/** Extensions of a capability list, as written, without that of tasks. */
export function withoutTasks(document: JsonDocument, extensions: number): Buffer {
  const edits = new JsonEdits(document);
  const tasks = document.member(extensions, TASKS_EXTENSION);
  if (tasks !== NONE) edits.remove(tasks);
  return edits.apply(document.start(extensions), document.end(extensions));
}

/** From the least severe (RFC 5424, 6.2.1; MCP, logging). */
const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

/** How severe a level is, from 0; -1: there is no such level. */
export function severityOf(level: string): number {
  return LOG_LEVELS.indexOf(level);
}
