/** An MCP client that costs as little as one can: one session, calls over connections that stay, answers counted. */
import { Agent, request } from 'node:http';

const REVISION = '2025-11-25';

/** The answer to one call. */
export interface Called {
  readonly bytes: number;
  readonly ms: number;
}

export class BenchClient {
  readonly #url: URL;
  readonly #agent: Agent;
  #session: string | null = null;
  #id = 0;

  constructor(url: string, connections: number) {
    this.#url = new URL(url);
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  async open(): Promise<void> {
    const params = {
      protocolVersion: REVISION,
      capabilities: {},
      clientInfo: { name: 'bench', version: '1' },
    };
    await this.#post({ id: ++this.#id, method: 'initialize', params });
    await this.#post({ method: 'notifications/initialized' });
  }

  /** Rejects where the answer is no result. */
  async call(name: string, given: Readonly<Record<string, string | number>>): Promise<Called> {
    const begunMs = performance.now();
    const { bytes, head } = await this.#post({
      id: ++this.#id,
      method: 'tools/call',
      params: { name, arguments: given },
    });
    if (!/"result"/.test(head) || /"isError":true/.test(head)) throw new Error(`no result: ${head}`);
    return { bytes, ms: performance.now() - begunMs };
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(message: object): Promise<{ readonly bytes: number; readonly head: string }> {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    return new Promise((resolve, reject) => {
      const asked = request(this.#url, {
        method: 'POST',
        agent: this.#agent,
        headers: {
          'content-type': 'application/json',
          'content-length': body.length,
          accept: 'application/json, text/event-stream',
          ...(this.#session === null
            ? {}
            : { 'mcp-session-id': this.#session, 'mcp-protocol-version': REVISION }),
        },
      });
      asked.on('error', reject);
      asked.on('response', (response) => {
        let bytes = 0;
        let head = '';
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (head.length < 400) head += chunk.toString('latin1', 0, 400);
        });
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode = 0, headers } = response;
          if (statusCode >= 300) return reject(new Error(`status ${statusCode}: ${head}`));
          const session = headers['mcp-session-id'];
          if (typeof session === 'string') this.#session = session;
          resolve({ bytes, head });
        });
      });
      asked.end(body);
    });
  }
}
