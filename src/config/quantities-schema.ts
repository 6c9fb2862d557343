import { z } from 'zod';
import { parseDurationMs } from '../core/quantities.ts';

/** A span of time as people write it, in milliseconds. */
export const duration = z
  .string({ error: 'expected a span of time such as 30s' })
  .refine((written) => parseDurationMs(written) !== null, {
    message: 'expected a span of time such as 30s or 5m',
  })
  .transform((written) => parseDurationMs(written) ?? 0);
