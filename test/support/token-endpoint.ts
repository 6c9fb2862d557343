/** A token endpoint (RFC 6749, 3.2) that gives out numbered tokens and keeps what it was asked. */
import { createServer, type Server } from 'node:http';

export interface TokenAsk {
  readonly authorization: string | null;
  readonly form: URLSearchParams;
}

/** Status and body of an answer. */
export type TokenReply = readonly [status: number, body: Readonly<Record<string, unknown>>];

export class TokenEndpoint {
  readonly asked: TokenAsk[] = [];
  /** `n`: how many were asked for, with this one. */
  reply: (ask: TokenAsk, n: number) => TokenReply = (_ask, n) => [
    200,
    { access_token: `upstream-token-${n}`, token_type: 'Bearer', expires_in: 3600 },
  ];
  /** Answers wait for it. */
  gate: Promise<void> = Promise.resolve();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const ask = {
        authorization: request.headers.authorization ?? null,
        form: new URLSearchParams(body),
      };
      this.asked.push(ask);
      const [status, answer] = this.reply(ask, this.asked.length);
      await this.gate;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  }

  static async start(): Promise<TokenEndpoint> {
    const endpoint = new TokenEndpoint();
    await new Promise<void>((resolve) => endpoint.#server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/token`;
  }

  stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    return closed;
  }
}
