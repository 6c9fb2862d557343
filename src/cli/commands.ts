/** Every command, in the order of the overview. */
import { check } from './check.ts';
import type { Command } from './command.ts';
import { demo } from './demo.ts';
import { explain } from './explain.ts';
import { run } from './run.ts';

export const COMMANDS: readonly Command[] = [run, check, explain, demo];
