/** Rows of people as JSON, such as SQL servers of MCP put into the text of a result. */

export function rowsText(bytes: number): string {
  const rows: string[] = [];
  for (let n = 1, length = 2; length < bytes; n++) {
    const row = JSON.stringify({
      id: n,
      name: `Person ${n}`,
      email: `person${n}@example.com`,
      city: 'Amsterdam',
      total: n * 1.25,
      note: `ordered ${n % 7} times, last on 2026-03-0${(n % 9) + 1}`,
    });
    rows.push(row);
    length += row.length + 1;
  }
  return `[${rows.join(',')}]`;
}
