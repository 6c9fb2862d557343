/** The tools that the conformance suite of MCP asks servers for, for both eras. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ElicitRequestFormParams,
  type InputRequest,
  inputRequired,
  type ServerContext,
} from '@modelcontextprotocol/server';
import {
  type Answer,
  ASKING,
  asked,
  type Offer,
  sampled,
  tellProgress,
  text,
} from './mcp-everything-asking.ts';
import { GREET, TASK_TOOLS } from './mcp-everything-task-tools.ts';

/** A red pixel, and no sound at all. */
export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

const TITLED = [1, 2, 3].map((n) => ({ const: `value${n}`, title: `Option ${n}` }));

/** Asks for one thing, in whichever way the client's era has it. */
function ask(context: ServerContext, request: InputRequest, done: (answer: object) => Answer): Answer {
  const answer = context.mcpReq.inputResponses?.['answer'];
  if (typeof answer === 'object' && answer !== null) return done(answer);
  return inputRequired({ inputRequests: { answer: request } });
}

function elicit(context: ServerContext, params: ElicitRequestFormParams): Answer {
  const request = { method: 'elicitation/create' as const, params };
  return ask(context, request, (answer) => text(`Elicitation completed: ${elicited(answer)}`));
}

function elicited(answer: object): string {
  const action: unknown = 'action' in answer ? answer.action : null;
  const content: unknown = 'content' in answer ? answer.content : {};
  return `action=${String(action)}, content=${JSON.stringify(content)}`;
}

const SIMPLE: Record<string, Offer> = {
  test_simple_text: {
    description: 'A simple text',
    run: () => text('This is a simple text response for testing.'),
  },
  test_image_content: {
    description: 'An image',
    run: () => ({ content: [{ type: 'image', data: PNG, mimeType: 'image/png' }] }),
  },
  test_audio_content: {
    description: 'A sound',
    run: () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }),
  },
  test_embedded_resource: {
    description: 'A resource in a result',
    run: () => ({
      content: [
        {
          type: 'resource',
          resource: {
            uri: 'test://embedded-resource',
            mimeType: 'text/plain',
            text: 'This is an embedded resource content.',
          },
        },
      ],
    }),
  },
  test_multiple_content_types: {
    description: 'Several kinds of content',
    run: () => ({
      content: [
        { type: 'text', text: 'Multiple content types test:' },
        { type: 'image', data: PNG, mimeType: 'image/png' },
        {
          type: 'resource',
          resource: {
            uri: 'test://mixed-content-resource',
            mimeType: 'application/json',
            text: '{"test":"data","value":123}',
          },
        },
      ],
    }),
  },
  test_error_handling: {
    description: 'Always fails',
    run: () => ({ ...text('This tool intentionally returns an error for testing'), isError: true }),
  },
  test_headers: {
    description: 'Parameters that stand in headers',
    schema: {
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        limit: { type: 'integer', 'x-mcp-header': 'Limit' },
        query: { type: 'string' },
      },
    },
    run: (args) => text(JSON.stringify(args)),
  },
  json_schema_2020_12_tool: {
    description: 'Tool with JSON Schema 2020-12 features',
    schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    run: (args) => text(JSON.stringify(args)),
  },
};

const TALKATIVE: Record<string, Offer> = {
  test_logging_tool: {
    description: 'Logs where that is asked for',
    async run(_args, { mcpReq }) {
      await mcpReq.log('info', 'logged');
      return text('done');
    },
  },
  test_cancelled: {
    description: 'Waits until it is cancelled',
    async run(_args, { mcpReq }) {
      await new Promise((resolve) => mcpReq.signal.addEventListener('abort', resolve, { once: true }));
      return text('cancelled');
    },
  },
  test_tool_with_logging: {
    description: 'Logs while it works',
    async run(_args, { mcpReq }) {
      for (const words of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await mcpReq.log('info', words);
        await delay(20);
      }
      return text('Tool with logging executed successfully');
    },
  },
  test_tool_with_progress: {
    description: 'Tells how far it is',
    async run(_args, context) {
      for (const step of [0, 50, 100]) {
        await tellProgress(context, [step]);
        await delay(20);
      }
      return text(String(context.mcpReq._meta?.progressToken));
    },
  },
  test_sampling: {
    description: 'Asks the client’s model',
    schema: { type: 'object', properties: { prompt: { type: 'string' } }, required: ['prompt'] },
    run: ({ prompt }, context) =>
      ask(context, sampled(String(prompt), 100), (answer) => {
        const content: unknown = 'content' in answer ? answer.content : null;
        const isText = typeof content === 'object' && content !== null && 'text' in content;
        return text(`LLM response: ${isText ? String(content.text) : JSON.stringify(content)}`);
      }),
  },
  test_elicitation: {
    description: 'Asks the user',
    schema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
    run: ({ message }, context) =>
      ask(
        context,
        asked(String(message), { username: { type: 'string' }, email: { type: 'string' } }),
        (answer) => text(`User response: ${elicited(answer)}`),
      ),
  },
  test_elicitation_sep1034_defaults: {
    description: 'Asks the user, with defaults',
    run: (_args, context) =>
      elicit(context, {
        mode: 'form',
        message: 'Please review and update the form fields with defaults',
        requestedSchema: {
          type: 'object',
          properties: {
            name: { type: 'string', default: 'John Doe' },
            age: { type: 'integer', default: 30 },
            score: { type: 'number', default: 95.5 },
            status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
            verified: { type: 'boolean', default: true },
          },
          required: [],
        },
      }),
  },
  test_elicitation_sep1330_enums: {
    description: 'Asks the user to choose',
    run: (_args, context) =>
      elicit(context, {
        mode: 'form',
        message: 'Please select options from the enum fields',
        requestedSchema: {
          type: 'object',
          properties: {
            untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
            titledSingle: { type: 'string', oneOf: TITLED },
            legacyEnum: {
              type: 'string',
              enum: ['opt1', 'opt2', 'opt3'],
              enumNames: ['Option One', 'Option Two', 'Option Three'],
            },
            untitledMulti: {
              type: 'array',
              items: { type: 'string', enum: ['option1', 'option2', 'option3'] },
            },
            titledMulti: { type: 'array', items: { anyOf: TITLED } },
          },
          required: [],
        },
      }),
  },
  test_reconnection: {
    description: 'Closes its stream before it answers',
    async run(_args, { http }) {
      http?.closeSSE?.();
      await delay(100);
      return text('Reconnection test completed successfully.');
    },
  },
};

/** `changes`: what tells subscribers that a list has changed. */
export function offersWith(changes: {
  readonly tools: () => void;
  readonly prompts: () => void;
}): ReadonlyMap<string, Offer> {
  const trigger = (description: string, changed: () => void): Offer => ({
    description,
    run() {
      changed();
      return text('changed');
    },
  });
  return new Map(
    Object.entries({
      ...SIMPLE,
      ...TALKATIVE,
      ...ASKING,
      ...TASK_TOOLS,
      greet: GREET,
      test_trigger_tool_change: trigger('Changes the list of tools', changes.tools),
      test_trigger_prompt_change: trigger('Changes the list of prompts', changes.prompts),
    }),
  );
}
