/** Forms that name a method for the server: whole ones are refused, long ones broken off on their way to it. */
import { Transform } from 'node:stream';
import { type FormKind, namesMethod, PartScan } from '../../protocols/http/index.ts';
import { bytesOf } from './http-bodies.ts';

export function overridesMethod(form: FormKind, bytes: Buffer): boolean {
  return form === 'urlencoded' ? namesMethod(bytes.latin1Slice()) : new PartScan().finds(bytes);
}

/** Passes a multipart form on, and fails with `refusal` before the piece that names a method: no server gets it whole. */
export function guardedForm(refusal: Error): Transform {
  const scan = new PartScan();
  return new Transform({
    transform(chunk, _encoding, done) {
      if (scan.finds(bytesOf(chunk))) done(refusal);
      else done(null, chunk);
    },
  });
}
