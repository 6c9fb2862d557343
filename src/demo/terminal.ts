/** How the demo looks in a terminal: headings, statements, rows, errors. */
import type { Style } from '../cli/style.ts';
import type { Answer, ServerError } from './agent.ts';
import { rowsIn, type ToolAnswer } from './mcp-agent.ts';

const MARGIN = '   ';
const CELL_MAX = 40;

export class Terminal {
  readonly style: Style;
  readonly #out: (text: string) => void;

  constructor(style: Style, out: (text: string) => void) {
    this.style = style;
    this.#out = out;
  }

  line(text = ''): void {
    this.#out(`${text}\n`);
  }

  heading(number: number, title: string): void {
    this.line(`\n${this.style.bold(`${number}  ${title}`)}\n`);
  }

  /** One line in the margin. */
  say(text: string): void {
    this.line(`${MARGIN}${text}`);
  }

  aside(text: string): void {
    this.say(this.style.dim(text));
  }

  /** `placeholder`: how the statement names its first value. */
  statement(sql: string, values: readonly string[] = [], placeholder = '$1'): void {
    const given = values.length === 0 ? '' : this.style.dim(`   ${placeholder} = '${values.join("', '")}'`);
    this.say(`${this.style.dim('agent>')} ${this.style.cyan(sql)}${given}`);
  }

  toolCall(tool: string, sql: string): void {
    this.say(`${this.style.dim('agent>')} ${tool} ${this.style.cyan(sql)}`);
  }

  /** What a model gets to read. */
  toolAnswer(answer: ToolAnswer, most: number): void {
    const { text, isError } = answer;
    if (isError) {
      const [first = '', ...rest] = text.split('\n');
      this.bad(this.style.red(first));
      for (const line of rest) this.aside(`  ${line}`);
      return;
    }
    const rows = rowsIn(answer);
    if (rows === null) for (const line of text.split('\n').slice(0, most)) this.say(`  ${line}`);
    else if (rows.length > 0) this.rows({ rows }, most);
    this.good('passed');
  }

  /** The first rows as a table. */
  rows({ rows }: Pick<Answer, 'rows'>, most: number): void {
    const columns = Object.keys(rows[0] ?? {});
    const shown = rows.slice(0, most).map((row) => columns.map((column) => cellText(row[column] ?? null)));
    const widths = columns.map((column, n) =>
      Math.max(column.length, ...shown.map((row) => row[n]?.length ?? 0)),
    );
    const line = (cells: readonly string[]) =>
      cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(this.style.dim(' │ '));
    this.say(`  ${line(columns)}`);
    this.say(this.style.dim(`  ${widths.map((width) => '─'.repeat(width)).join('─┼─')}`));
    for (const row of shown) this.say(`  ${line(row)}`);
  }

  good(text: string): void {
    this.say(`${this.style.green('✓')} ${text}`);
  }

  bad(text: string): void {
    this.say(`${this.style.red('✗')} ${text}`);
  }

  error({ code, message, detail, hint }: ServerError): void {
    this.bad(`${this.style.red(`ERROR ${code}`)}: ${message}`);
    if (detail !== null) this.aside(`  DETAIL: ${detail}`);
    if (hint !== null) this.aside(`  HINT: ${hint}`);
  }
}

function cellText(cell: string | null): string {
  if (cell === null) return '';
  return cell.length > CELL_MAX ? `${cell.slice(0, CELL_MAX - 1)}…` : cell;
}
