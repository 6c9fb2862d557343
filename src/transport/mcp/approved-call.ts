/** Sends a call for a client that has been answered already, and reads what comes of it to the end. */
import { errorAnswer } from '../../../protocols/mcp/answers.ts';
import { type RequestId, RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import type { Waiting } from '../../engine/request-text.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../../json/index.ts';
import type { Ran } from './approval-tasks.ts';
import type { ClientOutcome, McpJudge, McpRequest } from './judge.ts';
import { LegError, type MessageToServer, type ServerLeg } from './legs.ts';
import { sendOneWay } from './relay.ts';

interface Calling {
  readonly judge: McpJudge;
  readonly leg: ServerLeg;
  readonly waiting: Waiting;
}

/** `params` of tools/call. `name`: tells its messages from all others of the conversation. Never rejects. */
export async function runCall(on: Calling, params: Buffer, signal: AbortSignal, name: string): Promise<Ran> {
  const ran = await ask(on, 'tools/call', params, signal, `sluice-${name}`);
  const task = ran.ran === 'answered' ? taskIn(ran.response) : null;
  if (task === null) return ran;
  // The server has made a task of it as well: its result is the one.
  const about = Buffer.from(JSON.stringify({ taskId: task }));
  return ask(on, 'tasks/result', about, signal, `sluice-${name}-result`);
}

async function ask(
  { judge, leg, waiting }: Calling,
  method: string,
  params: Buffer,
  signal: AbortSignal,
  id: string,
): Promise<Ran> {
  const written = JSON.stringify(id);
  const failed = (why: string): Ran => ({
    ran: 'answered',
    response: errorAnswer({ key: `s${id}`, written }, RPC_ERRORS.internal, why, null),
  });
  const read = judge.read(
    Buffer.from(`{"jsonrpc":"2.0","id":${written},"method":"${method}","params":${params.toString('utf8')}}`),
  );
  const [message] = read.read === 'messages' ? read.messages : [];
  if (message === undefined) return failed('the call could not be read again');
  const outcome: ClientOutcome = await judge.clear(message, waiting);
  if (outcome.outcome === 'answer')
    return outcome.awaits === undefined
      ? { ran: 'answered', response: outcome.bytes }
      : { ran: 'awaits', approval: outcome.awaits };
  if (outcome.outcome === 'dropped' || outcome.request === null) return failed('the call was not sent');
  const { request } = outcome;
  const abandon = () => request.abandon();
  signal.addEventListener('abort', abandon, { once: true });
  try {
    const response = await answerTo({ judge, leg }, outcome.message, request);
    return response === null
      ? failed('the server ended its answer before the end')
      : { ran: 'answered', response };
  } catch (error) {
    request.failed(error instanceof LegError ? error.fault : 'failed');
    return failed(error instanceof LegError ? error.message : 'the answer could not be passed on');
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

/** Null: the stream has ended without one. Rejects with LegError. */
async function answerTo(
  { judge, leg }: Pick<Calling, 'judge' | 'leg'>,
  message: MessageToServer,
  request: McpRequest,
): Promise<Buffer | null> {
  const stream = await leg.send(message);
  try {
    for await (const event of stream.events) {
      if (event.message === null) continue;
      const outcome = await judge.fromServer(event.message, request);
      if (outcome.outcome === 'answer') await sendOneWay(leg, outcome.message).catch(() => {});
      if (outcome.outcome !== 'forward') continue;
      if (outcome.answers?.key === request.id.key) return outcome.bytes;
      await refuseServer({ judge, leg }, outcome.bytes);
    }
  } finally {
    stream.close();
  }
  request.failed('not-mcp');
  return null;
}

/** A question of the server to the client, who is not there to be asked. Progress and logs go nowhere. */
async function refuseServer({ judge, leg }: Pick<Calling, 'judge' | 'leg'>, bytes: Buffer): Promise<void> {
  const id = requestIn(bytes);
  if (id === null) return;
  const why = 'the client is not there to be asked: its call waited for approval';
  const read = judge.read(errorAnswer(id, RPC_ERRORS.internal, why, null));
  const [message] = read.read === 'messages' ? read.messages : [];
  if (message === undefined) return;
  const outcome = await judge.clear(message);
  if (outcome.outcome === 'forward') await sendOneWay(leg, outcome.message).catch(() => {});
}

function requestIn(bytes: Buffer): RequestId | null {
  const document = scanJson(bytes, 0, bytes.length, { ...CANONICAL_JSON, bytesMax: bytes.length });
  if (isRefused(document) || document.at('/method') === -1) return null;
  const id = document.at('/id');
  return id === -1 ? null : { key: '', written: document.written(id) };
}

function taskIn(response: Buffer): string | null {
  const document = scanJson(response, 0, response.length, { ...CANONICAL_JSON, bytesMax: response.length });
  return isRefused(document) ? null : document.text(document.at('/result/task/taskId'));
}
