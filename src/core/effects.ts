/**
 * What a statement does, seen over all its parts. The words are the policy file's (`effects: [destroy]`).
 * A statement carries them as a bit set, so that policy evaluation is a few integer operations.
 */
export const EFFECTS = [
  'read',
  'write',
  'destroy',
  'define',
  'admin',
  'execute',
  'file',
  'network',
  'session',
  'dynamic',
  'copy-in',
  'copy-out',
] as const;

export type Effect = (typeof EFFECTS)[number];
/** A set of effects: bit `n` stands for `EFFECTS[n]`. */
export type EffectSet = number;

const BIT = new Map<Effect, number>(EFFECTS.map((effect, n) => [effect, 1 << n]));

export function effectSet(...effects: readonly Effect[]): EffectSet {
  let set = 0;
  for (const effect of effects) set |= BIT.get(effect) ?? 0;
  return set;
}

export function hasEffect(set: EffectSet, effect: Effect): boolean {
  return (set & (BIT.get(effect) ?? 0)) !== 0;
}

export function effectsOf(set: EffectSet): readonly Effect[] {
  return EFFECTS.filter((effect) => hasEffect(set, effect));
}

/** One line each for `explain`, the docs and error details. */
export const EFFECT_MEANING: Readonly<Record<Effect, string>> = {
  read: 'reads data',
  write: 'changes data, or locks rows to change them',
  destroy: 'removes data or objects: DROP, TRUNCATE, DROP COLUMN, RENAME, DELETE of every row',
  define: 'creates or alters objects',
  admin: 'roles, grants, server settings, replication, maintenance, other sessions',
  execute: 'runs a function or procedure whose effects are not known',
  file: "touches the server's files, programs or large objects",
  network: 'makes the server talk to another one',
  session: "changes the session's settings or talks to other sessions",
  dynamic: 'runs text that cannot be read beforehand',
  'copy-in': 'COPY … FROM STDIN, LOAD DATA',
  'copy-out': 'COPY … TO STDOUT, a file or a program, SELECT … INTO OUTFILE',
};
