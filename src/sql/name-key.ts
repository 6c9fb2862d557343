/** No name holds a NUL, while either part may hold dots: `"a.b".c` is not `a."b.c"`. */
export function nameKey(schema: string | null, name: string): string {
  return schema === null ? `\0${name}` : `${schema}\0${name}`;
}
