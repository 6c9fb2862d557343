import { isProgram, type McpProgram, type McpUpstream } from '../config/mcp-listener.ts';
import { type AnyListenerConfig, isSqlListener } from '../config/schema.ts';
import { shownCommand } from './stdio-config.ts';

/** What is behind a listener, as people read it: `host:port/database`, a URL without its login, or a command. */
export function shownUpstream(listener: AnyListenerConfig): string {
  if (isSqlListener(listener)) {
    const { host, port, database } = listener.upstream;
    return `${host}:${port}/${database}`;
  }
  if (listener.protocol === 'http') {
    const { scheme, host, port } = listener.upstream;
    return `${scheme}://${host}:${port}`;
  }
  return shownMcpUpstream(listener.upstream);
}

function shownMcpUpstream(upstream: McpUpstream | McpProgram): string {
  if (isProgram(upstream)) return shownCommand(upstream.command);
  const { scheme, host, port, path } = upstream;
  return `${scheme}://${host}:${port}${path}`;
}
