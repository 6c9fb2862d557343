import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from '../../../src/cli/arguments.ts';
import { UsageError } from '../../../src/cli/command.ts';

const OPTIONS = { texts: ['config', 'user'], lists: ['group'], flags: ['json'] };

test('texts, lists, flags and what is left', () => {
  const parsed = parseArguments(
    ['a', '--config=x', '--group', 'one', '--json', '--group', 'two', '--', '--user'],
    OPTIONS,
  );
  assert.equal(parsed.text('config'), 'x');
  assert.equal(parsed.text('user'), undefined);
  assert.deepEqual(parsed.all('group'), ['one', 'two']);
  assert.equal(parsed.flag('json'), true);
  assert.deepEqual(parsed.positionals, ['a', '--user']);
});

test('SQL that begins with a comment is no option', () => {
  const parsed = parseArguments(['-- all of it\nSELECT 1', '--json'], OPTIONS);
  assert.deepEqual(parsed.positionals, ['-- all of it\nSELECT 1']);
  assert.equal(parsed.flag('json'), true);
});

for (const [args, expected] of [
  [['--confg', 'x'], 'there is no option --confg; did you mean "--config"?'],
  [['-x'], 'there is no option -x'],
  [['--config'], '--config takes a value'],
  [['--group', '-5'], '--group: write --group=VALUE for a value that begins with "-"'],
  [['--user', 'a', '--user', 'b'], '--user is given more than once'],
  [['--json=yes'], "Option '--json' does not take an argument"],
] as const) {
  test(`${args.join(' ')}: ${expected}`, () => {
    assert.throws(() => parseArguments(args, OPTIONS), new UsageError(expected));
  });
}
