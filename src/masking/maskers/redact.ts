import { assertNever } from '../../core/assert.ts';
import { baseOf, type CellType } from '../cell-type.ts';
import { type Constant, type Masker, plainDefinition } from '../masker.ts';
import { decimalFrom } from '../value.ts';
import { REDACTED, redactedText } from './characters.ts';

const REDACTED_BYTES = Buffer.from(REDACTED);

const redacting: Masker = {
  monotone: false,
  opaque: true,
  text(_source, _start, _end, out, charactersMax) {
    if (charactersMax === null) out.copy(REDACTED_BYTES, 0, REDACTED_BYTES.length);
    else out.text(redactedText(charactersMax));
    return true;
  },
  value: (_value, type) => {
    const neutral = neutralValue(type);
    return neutral === null || neutral.kind === 'text' || neutral.kind === 'empty' ? null : neutral;
  },
  problem: (type) =>
    neutralValue(type) === null ? 'there is no neutral value of this type; use null' : null,
  constant: neutralValue,
};

/** The value that says nothing, by type; null where a type has none. */
export function neutralValue(type: CellType): Constant | null {
  const base = baseOf(type);
  switch (base.kind) {
    case 'text':
      return { kind: 'text', text: redactedText(base.charactersMax) };
    case 'json':
    case 'jsonb':
      return { kind: 'text', text: '"[redacted]"' };
    case 'bool':
      return { kind: 'bool', value: false };
    case 'int2':
    case 'int4':
    case 'int8':
    case 'integer':
    case 'bits':
    case 'year':
      return { kind: 'integer', value: 0n };
    case 'numeric':
      return decimalFrom(false, '0', '0'.repeat(Math.max(0, base.scale ?? 0)));
    case 'float4':
    case 'float8':
      return { kind: 'float', value: 0 };
    case 'date':
      return { kind: 'date', days: 0 };
    case 'timestamp':
    case 'timestamptz':
      return { kind: 'timestamp', micros: 0n };
    case 'time':
      return { kind: 'literal', text: '00:00:00' };
    case 'timetz':
      return { kind: 'literal', text: '00:00:00+00' };
    case 'interval':
      return { kind: 'literal', text: '00:00:00' };
    case 'uuid':
      return { kind: 'uuid', bytes: Buffer.alloc(16) };
    case 'bytea':
    case 'bytes':
      return { kind: 'bytes', bytes: Buffer.alloc(0) };
    case 'inet':
      return { kind: 'literal', text: '0.0.0.0' };
    case 'cidr':
      return { kind: 'literal', text: '0.0.0.0/0' };
    case 'macaddr':
      return { kind: 'literal', text: '00:00:00:00:00:00' };
    case 'macaddr8':
      return { kind: 'literal', text: '00:00:00:00:00:00:00:00' };
    case 'range':
    case 'multirange':
      return { kind: 'empty' };
    case 'enum':
    case 'array':
    case 'composite':
    case 'unknown':
      return null;
    default:
      return assertNever(base);
  }
}

/** Nothing of the value is left: `[redacted]` in text and JSON, zero, false, 1970-01-01, the nil uuid elsewhere. */
export const redact = plainDefinition(
  'redact',
  'one fixed value for the type: [redacted], 0, false, 1970-01-01, …',
  redacting,
);
