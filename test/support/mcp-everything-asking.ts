/** Tools that ask for input in the middle of a call (2026-07-28, multi round-trip requests). */
import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  type InputRequests,
  type InputRequiredResult,
  inputRequired,
  ProtocolError,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';

export type Answer = CallToolResult | InputRequiredResult;

export interface Offer {
  readonly description: string;
  readonly schema?: Tool['inputSchema'];
  /** `client`: its capabilities, whichever way its era tells them. */
  run(
    args: Readonly<Record<string, unknown>>,
    context: ServerContext,
    client: object,
  ): Promise<Answer> | Answer;
}

const state = createRequestStateCodec<string>({ key: 'a key of the fixture that is long enough for it' });
export const text = (words: string): CallToolResult => ({ content: [{ type: 'text', text: words }] });

export const asked = (
  message: string,
  properties: Record<string, { type: 'string' } | { type: 'boolean' }>,
) => ({
  method: 'elicitation/create' as const,
  params: {
    mode: 'form' as const,
    message,
    requestedSchema: { type: 'object' as const, properties, required: Object.keys(properties) },
  },
});
export const sampled = (words: string, maxTokens: number) => ({
  method: 'sampling/createMessage' as const,
  params: {
    messages: [{ role: 'user' as const, content: { type: 'text' as const, text: words } }],
    maxTokens,
  },
});
const ROOTS = { method: 'roots/list' as const, params: {} };

/** Asks for what is missing until nothing is. */
async function rounds(
  context: ServerContext,
  requests: InputRequests,
  done: (answers: Readonly<Record<string, unknown>>) => Answer,
  seal: string | null,
): Promise<Answer> {
  const { inputResponses = {} } = context.mcpReq;
  if (Object.keys(requests).every((key) => isAnswer(requests[key]?.method, inputResponses[key])))
    return done(inputResponses);
  if (seal === null) return inputRequired({ inputRequests: requests });
  return inputRequired({ inputRequests: requests, requestState: await state.mint(seal) });
}

function isAnswer(method: string | undefined, answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false;
  if (method === 'roots/list') return 'roots' in answer;
  return method === 'sampling/createMessage'
    ? 'content' in answer
    : 'action' in answer && 'content' in answer;
}

/** Throws -32602 where the state is not what was sealed. */
async function unsealed(context: ServerContext, sealed: string): Promise<string | null> {
  if (sealed === '') return null;
  try {
    return await state.verify(sealed, context);
  } catch {
    throw new ProtocolError(-32602, 'the state has been changed');
  }
}

const NAME = { user_name: asked('What is your name?', { name: { type: 'string' } }) };

export const ASKING: Record<string, Offer> = {
  test_streaming_elicitation: {
    description: 'Tells how far it is, and asks',
    async run(_args, context) {
      await tellProgress(context, [1, 2]);
      return rounds(context, NAME, () => text('done'), null);
    },
  },
  test_input_required_result_elicitation: {
    description: 'Asks for a name',
    run: (_args, context) =>
      rounds(
        context,
        NAME,
        (answers) => text(`Hello, ${String(acceptedContent<{ name: string }>(answers, 'user_name')?.name)}!`),
        null,
      ),
  },
  test_input_required_result_sampling: {
    description: 'Asks the client’s model',
    run: (_args, context) =>
      rounds(
        context,
        { capital_question: sampled('What is the capital of France?', 100) },
        (answers) => text(JSON.stringify(answers['capital_question'])),
        null,
      ),
  },
  test_input_required_result_list_roots: {
    description: 'Asks for roots',
    run: (_args, context) =>
      rounds(
        context,
        { client_roots: ROOTS },
        (answers) => text(JSON.stringify(answers['client_roots'])),
        null,
      ),
  },
  test_input_required_result_request_state: {
    description: 'Has a state',
    async run(_args, context) {
      await unsealed(context, stateOf(context));
      const confirm = { confirm: asked('Please confirm', { ok: { type: 'boolean' } }) };
      return rounds(context, confirm, () => text('state-ok'), 'confirming');
    },
  },
  test_input_required_result_tampered_state: {
    description: 'Has a state that nobody may change',
    async run(_args, context) {
      await unsealed(context, stateOf(context));
      const confirm = { confirm: asked('Please confirm', { ok: { type: 'boolean' } }) };
      return rounds(context, confirm, () => text('state-ok'), 'sealed');
    },
  },
  test_input_required_result_multiple_inputs: {
    description: 'Asks for several things',
    run: (_args, context) =>
      rounds(
        context,
        { ...NAME, greeting: sampled('Generate a greeting', 50), client_roots: ROOTS },
        () => text('All of it has come.'),
        'several',
      ),
  },
  test_input_required_result_multi_round: {
    description: 'Asks twice',
    async run(_args, context) {
      const round = await unsealed(context, stateOf(context));
      if (round === 'second') {
        const { inputResponses = {} } = context.mcpReq;
        if (isAnswer('elicitation/create', inputResponses['step2'])) return text('Both steps are done.');
      }
      if (round === 'first')
        return inputRequired({
          inputRequests: {
            step2: asked('Step 2: What is your favorite color?', { color: { type: 'string' } }),
          },
          requestState: await state.mint('second'),
        });
      return inputRequired({
        inputRequests: { step1: asked('Step 1: What is your name?', { name: { type: 'string' } }) },
        requestState: await state.mint('first'),
      });
    },
  },
  test_input_required_result_capabilities: {
    description: 'Asks for what the client can',
    run(_args, context, can) {
      const requests: InputRequests = {
        ...('sampling' in can ? { greeting: sampled('Generate a greeting', 50) } : {}),
        ...('elicitation' in can ? NAME : {}),
      };
      return rounds(context, requests, () => text('done'), null);
    },
  },
  test_missing_capability: {
    description: 'Cannot do without sampling',
    run(_args, _context, can) {
      if (!('sampling' in can))
        throw new ProtocolError(-32021, 'Missing required client capability', {
          requiredCapabilities: { sampling: {} },
        });
      return text('done');
    },
  },
};

function stateOf({ mcpReq }: ServerContext): string {
  const sealed: unknown = mcpReq.requestState();
  return typeof sealed === 'string' ? sealed : '';
}

export function capabilitiesIn({ mcpReq }: ServerContext): object | null {
  const { [CLIENT_CAPABILITIES_META_KEY]: named }: Record<string, unknown> = mcpReq.envelope ?? {};
  return typeof named === 'object' ? named : null;
}

export const ASKS_FOR_CONTEXT: InputRequests = {
  user_context: asked('What context should the prompt use?', { context: { type: 'string' } }),
};

export async function tellProgress({ mcpReq }: ServerContext, steps: readonly number[]): Promise<void> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return;
  for (const progress of steps)
    await mcpReq.notify({
      method: 'notifications/progress',
      params: { progressToken, progress, total: 100, message: `Completed step ${progress} of 100` },
    });
}
