/**
 * A recorded session as an asciicast v2 file (https://docs.asciinema.org/manual/asciicast/v2/): each statement appears
 * with its result when it was let pass, so that players of terminal recordings show it.
 */
import type { Recording } from './recording.ts';
import { headText, statementText, tailText } from './recording-text.ts';
import { styleFor } from './style.ts';

const WIDTH = 120;
const HEIGHT = 40;

export function asciicastOf({ session, statements }: Recording, rowsMax: number): string {
  const style = styleFor(true);
  const header = {
    version: 2,
    width: WIDTH,
    height: HEIGHT,
    timestamp: Math.floor(Date.parse(session.at) / 1000),
    title: `session ${session.id}`,
  };
  const events = [
    eventOf(0, headText(session, style)),
    ...statements.map((statement) => eventOf(statement.offsetMs, statementText(statement, rowsMax, style))),
    eventOf(session.ms, tailText(session, style)),
  ];
  return `${[JSON.stringify(header), ...events].join('\n')}\n`;
}

/** A terminal goes to the beginning of a line only where it is told to. */
function eventOf(atMs: number, text: string): string {
  return JSON.stringify([Math.max(0, atMs) / 1000, 'o', text.replaceAll('\n', '\r\n')]);
}
