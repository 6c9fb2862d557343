/**
 * What the package gives to programs that start Sluice themselves, in place of `sluice run`:
 *
 *     const server = await startServer(loadConfig('sluice.yaml', process.env), pino());
 *     await server.stop();
 */
export { type RunningServer, startServer } from './cli/server.ts';
export { type LoadedConfig, loadConfig } from './config/load.ts';
export type { Config } from './config/schema.ts';
export { type Problem, ProblemsError } from './core/problem.ts';
