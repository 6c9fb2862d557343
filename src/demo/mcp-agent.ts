/** The agent of the demo by way of MCP: an ordinary client, the official SDK's, that has a URL and no idea of Sluice. */
import type { Client } from '@modelcontextprotocol/client';
import { isArray, isObject, type Json, parseJson } from '../core/json.ts';
import { shownRow, type TextRow } from './agent.ts';

/** What a model gets to read of a tool call. */
export interface ToolAnswer {
  readonly isError: boolean;
  readonly text: string;
}

export class McpAgent {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /** Whether the SDK is installed here. */
  static isPossible(): boolean {
    try {
      import.meta.resolve('@modelcontextprotocol/client');
      return true;
    } catch {
      return false;
    }
  }

  static async connect(url: string, user: string): Promise<McpAgent> {
    const sdk = await import('@modelcontextprotocol/client');
    const client = new sdk.Client(
      { name: 'demo-agent', version: '1.0.0' },
      { versionNegotiation: { mode: 'auto' } },
    );
    const authorization = `Basic ${Buffer.from(`${user}:`).toString('base64')}`;
    const transport = new sdk.StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { authorization } },
    });
    await client.connect(transport);
    return new McpAgent(client);
  }

  async tools(): Promise<readonly string[]> {
    return (await this.#client.listTools()).tools.map(({ name }) => name);
  }

  async call(name: string, given: Readonly<Record<string, unknown>>): Promise<ToolAnswer> {
    try {
      return answerOf(
        parseJson(JSON.stringify(await this.#client.callTool({ name, arguments: { ...given } }))),
      );
    } catch (error) {
      return { isError: true, text: error instanceof Error ? error.message : String(error) };
    }
  }

  async end(): Promise<void> {
    await this.#client.close();
  }
}

/** The rows in an answer of dbhub's; null where it is something else. */
export function rowsIn({ text }: ToolAnswer): readonly TextRow[] | null {
  if (!text.startsWith('{')) return null;
  const read = parseJson(text);
  const data = isObject(read) ? read['data'] : undefined;
  const statements = data !== undefined && isObject(data) ? data['statements'] : undefined;
  if (statements === undefined || !isArray(statements)) return null;
  return statements.flatMap((statement) => {
    const rows = isObject(statement) ? statement['rows'] : undefined;
    return rows === undefined || !isArray(rows) ? [] : rows.filter(isObject).map(shownRow);
  });
}

function answerOf(result: Json | undefined): ToolAnswer {
  if (result === undefined || !isObject(result)) return { isError: true, text: '' };
  const { content, isError } = result;
  const texts = (content !== undefined && isArray(content) ? content : []).flatMap((block) =>
    isObject(block) && typeof block['text'] === 'string' ? [block['text']] : [],
  );
  return { isError: isError === true, text: texts.join('\n') };
}
