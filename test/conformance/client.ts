/**
 * The client that the conformance suite tests: `n test/conformance/client.ts [--through] SERVER_URL`. It does what the
 * scenario asks for with the official SDK; with `--through` a Sluice of its own stands in front of the server.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { isArray, isObject, type JsonObject, parseJson } from '../../src/core/json.ts';
import { startSluice } from '../support/sluice.ts';

/** Of the newest revision alone, where the suite does not say. */
const MODERN: ReadonlySet<string> = new Set([
  'request-metadata',
  'sep-2322-client-request-state',
  'http-standard-headers',
  'http-custom-headers',
  'http-invalid-tool-headers',
  'json-schema-ref-no-deref',
]);
/** What people would fill in. */
const CONTENT: Readonly<Record<string, Record<string, string | boolean>>> = {
  'sep-2322-client-request-state': { confirmed: true },
};

const url = process.argv.at(-1) ?? '';
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? '';
const revision = process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'];
const context = parseJson(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}');

const sluice = process.argv.includes('--through')
  ? await startSluice({ upstream: url, protocol: 'mcp', drain: '100ms' })
  : null;
try {
  await run(sluice === null ? url : `http://127.0.0.1:${sluice.port}/mcp`);
} finally {
  if (process.env['SLUICE_LOG'] !== undefined) process.stderr.write(sluice?.log() ?? '');
  await sluice?.stop();
}

async function run(target: string): Promise<void> {
  const isModern = revision === '2026-07-28' || MODERN.has(scenario);
  const client = new Client(
    { name: 'conformance-client', version: '1.0.0' },
    {
      capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} },
      versionNegotiation: { mode: isModern ? 'auto' : 'legacy' },
    },
  );
  client.setRequestHandler('elicitation/create', () => ({
    action: 'accept',
    content: CONTENT[scenario] ?? {},
  }));
  client.setRequestHandler('roots/list', () => ({ roots: [] }));
  client.setRequestHandler('sampling/createMessage', () => ({
    model: 'none',
    role: 'assistant',
    content: { type: 'text', text: 'answered' },
  }));
  await client.connect(new StreamableHTTPClientTransport(new URL(target)));
  const capabilities = client.getServerCapabilities() ?? {};
  const { tools } = await client.listTools().catch(() => ({ tools: [] }));
  for (const call of callsOf(tools)) await client.callTool(call).catch(() => {});
  if (capabilities.resources !== undefined) {
    const { resources } = await client.listResources();
    for (const { uri } of resources) await client.readResource({ uri }).catch(() => {});
  }
  if (capabilities.prompts !== undefined) {
    const { prompts } = await client.listPrompts();
    for (const { name } of prompts) await client.getPrompt({ name }).catch(() => {});
  }
  await client.close();
}

interface Call {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

function callsOf(tools: readonly { readonly name: string; readonly inputSchema: object }[]): readonly Call[] {
  const given = isObject(context) ? (context['toolCalls'] ?? []) : [];
  if (isArray(given) && given.length > 0)
    return given.flatMap((one) =>
      isObject(one) && typeof one['name'] === 'string'
        ? [{ name: one['name'], arguments: argumentsIn(one) }]
        : [],
    );
  if (scenario === 'tools_call') return [{ name: 'add_numbers', arguments: { a: 5, b: 3 } }];
  // What the client got of a schema is sent back, so that the suite sees what has become of it.
  if (scenario === 'json-schema-2020-12-preservation') {
    const [focal, echo] = tools;
    return focal === undefined || echo === undefined
      ? []
      : [{ name: echo.name, arguments: { schema: focal.inputSchema } }];
  }
  return tools.map(({ name }) => ({ name, arguments: {} }));
}

function argumentsIn(call: JsonObject): Record<string, unknown> {
  const { arguments: given } = call;
  return given !== undefined && isObject(given) ? { ...given } : {};
}
