import pino from 'pino';
import { loadConfig } from '../config/load.ts';
import { parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { startServer } from './server.ts';

const HELP = `Usage: sluice run --config FILE

Starts every listener of a configuration and serves until SIGTERM or SIGINT. Then it takes no more
connections, lets sessions finish within the configuration's drain time, and closes the journal.
The policy file, certificates and keys are read again when they change, and on SIGHUP; files with
mistakes are not used.

Options:
  --config FILE   the configuration (default: sluice.yaml)

Example:
  sluice run --config /etc/sluice/sluice.yaml

Exit codes: 0 stopped in good order, 2 not started.
`;

/** How long clients have, once everything is recorded, to take what was last said to them. */
const LAST_BYTES_MS = 1_000;

export const run: Command = {
  name: 'run',
  summary: 'start the proxy',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, { texts: ['config'] });
    if (parsed.positionals.length > 0)
      throw new UsageError(`run takes no argument "${parsed.positionals[0]}"`);
    const loaded = loadConfig(parsed.text('config') ?? 'sluice.yaml', io.environment);
    const log = pino(
      { level: loaded.config.log.level, base: null },
      pino.destination({ fd: 2, sync: false }),
    );
    const server = await startServer(loaded, log);
    // Before anybody is told that we are here: whoever reads it may send a signal at once.
    const stopped = new Promise<void>((resolve) => {
      let isStopping = false;
      const stop = (signal: string) => {
        log.info({ signal, sessions: server.sessions.size, again: isStopping }, 'stopping');
        // Whoever asks twice does not want to wait.
        if (isStopping) server.hurry();
        isStopping = true;
        void server.stop().then(resolve);
      };
      process.on('SIGTERM', stop);
      process.on('SIGINT', stop);
      process.on('SIGHUP', () => {
        server.reloadPolicy();
        server.reloadTls();
      });
    });
    for (const [name, port] of server.ports) {
      const listener = loaded.config.listeners.find((candidate) => candidate.name === name);
      log.info({ listener: name, host: listener?.listen.host, port }, 'listening');
    }
    if (server.adminUrl !== null) log.info({ url: server.adminUrl }, 'the console is there');
    await stopped;
    log.info('stopped');
    log.flush();
    // A client that neither takes its last bytes nor closes its side does not keep the process.
    setTimeout(() => process.exit(EXIT.ok), LAST_BYTES_MS).unref();
    return EXIT.ok;
  },
};
