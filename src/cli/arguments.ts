import { parseArgs } from 'node:util';
import { suggestion } from '../core/nearest.ts';
import { UsageError } from './command.ts';

export interface ParsedArguments {
  text(name: string): string | undefined;
  /** Every value of an option that may be given more than once. */
  all(name: string): readonly string[];
  flag(name: string): boolean;
  readonly positionals: readonly string[];
}

/** Parses options of three kinds; throws UsageError for one that is not known or lacks its value. */
export function parseArguments(
  args: readonly string[],
  options: {
    readonly texts?: readonly string[];
    readonly lists?: readonly string[];
    readonly flags?: readonly string[];
  },
): ParsedArguments {
  const config = Object.fromEntries([
    ...[...(options.texts ?? []), ...(options.lists ?? [])].map((name) => [
      name,
      { type: 'string' as const, multiple: true },
    ]),
    ...(options.flags ?? []).map((name) => [name, { type: 'boolean' as const }]),
  ]);
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({
      args: withCommentsLast(args),
      options: config,
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    throw new UsageError(reasonOf(error, Object.keys(config)));
  }
  const { values, positionals } = parsed;
  const all = (name: string) => {
    const value = values[name];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  };
  const repeated = options.texts?.find((name) => all(name).length > 1);
  if (repeated !== undefined) throw new UsageError(`--${repeated} is given more than once`);
  return {
    positionals,
    text: (name) => all(name)[0],
    all,
    flag(name) {
      return values[name] === true;
    },
  };
}

/** SQL may begin with a comment, `-- like this`, which is no option. */
function withCommentsLast(args: readonly string[]): string[] {
  const isComment = (arg: string) => /^--\s/.test(arg);
  if (!args.some(isComment)) return [...args];
  return [...args.filter((arg) => !isComment(arg)), '--', ...args.filter(isComment)];
}

/** Node's own words for a bad argument, shortened, with the option that was likely meant. */
function reasonOf(error: unknown, known: readonly string[]): string {
  const message = error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error);
  const unknown = /^Unknown option '(--?[^']+)'/.exec(message)?.[1];
  const lacking = /^Option '.*(--[\w-]+) <value>' argument missing/.exec(message)?.[1];
  if (lacking !== undefined) return `${lacking} takes a value`;
  const unclear = /^Option '.*(--[\w-]+)(?: <value>)?' argument is ambiguous/.exec(message)?.[1];
  if (unclear !== undefined) return `${unclear}: write ${unclear}=VALUE for a value that begins with "-"`;
  if (unknown === undefined) return message.replace(/\.$/, '').replaceAll(/\s*\n\s*/g, ' ');
  return `there is no option ${unknown}${suggestion(
    unknown,
    known.map((name) => `--${name}`),
  )}`;
}
