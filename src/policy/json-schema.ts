/** JSON Schemas of the files that people write, for editors; made from the same schemas that read them. */
import { z } from 'zod';
import { MATCHERS } from './matchers/index.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** What a file may hold, as draft 2020-12. What only code can check (sizes, patterns) shows as text or number. */
export function jsonSchemaOf(schema: z.ZodType, title: string): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return { ...($schema === undefined ? {} : { $schema }), title, ...rest };
}

/** The policy's, with the matchers' own descriptions and examples at the keys of `when`. */
export function policyJsonSchema(schema: z.ZodType, title: string): JsonSchema {
  const whole = jsonSchemaOf(schema, title);
  const rule = whole.properties?.['rules'];
  const item = typeof rule === 'object' && !Array.isArray(rule) ? rule.items : undefined;
  const when = typeof item === 'object' && !Array.isArray(item) ? item.properties?.['when'] : undefined;
  if (typeof when !== 'object' || when.properties === undefined) return whole;
  for (const { key, description, example } of Object.values(MATCHERS)) {
    const property = when.properties[key];
    if (typeof property === 'object') property.description = `${description} Such as ${example}.`;
  }
  return whole;
}
