import { configSchema } from '../config/schema.ts';
import { suggestion } from '../core/nearest.ts';
import { jsonSchemaOf, policyJsonSchema } from '../policy/json-schema.ts';
import { policySchema } from '../policy/schema.ts';
import { testFileSchema } from '../policy/test-file.ts';
import { parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';

const HELP = `Usage: sluice schema [policy|config|test]

Prints the JSON Schema of a file: the policy (if none is named), the configuration, or policy tests. Editors
complete and check with it. Its output is JSON with and without --json.

Example:
  sluice schema policy > policy.schema.json
and in the first line of policy.yaml:
  # yaml-language-server: $schema=policy.schema.json

Exit codes: 0 printed, 2 not.
`;

const SCHEMAS: ReadonlyMap<string, () => unknown> = new Map([
  ['policy', () => policyJsonSchema(policySchema, 'Sluice policy')],
  ['config', () => jsonSchemaOf(configSchema, 'Sluice configuration')],
  ['test', () => jsonSchemaOf(testFileSchema, 'Sluice policy tests')],
]);

export const schema: Command = {
  name: 'schema',
  summary: 'the JSON Schema of policy.yaml or sluice.yaml, for editors',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, { flags: ['json'] });
    const [name = 'policy', extra] = parsed.positionals;
    if (extra !== undefined) throw new UsageError(`expected one name, got "${extra}" as well`);
    const make = SCHEMAS.get(name);
    if (make === undefined) {
      throw new UsageError(
        `expected policy, config or test, not "${name}"${suggestion(name, SCHEMAS.keys())}`,
      );
    }
    io.out(`${JSON.stringify(make(), null, 2)}\n`);
    return EXIT.ok;
  },
};
