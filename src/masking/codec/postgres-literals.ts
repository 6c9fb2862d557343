/** Constants of types whose values are never looked into: times, intervals, addresses; from text to the binary form. */
import { isIPv4, isIPv6 } from 'node:net';

/** Null: not written in the one plain form that is understood here. */
export function encodeLiteral(text: string, kind: string): Buffer | null {
  switch (kind) {
    case 'time':
      return timeOfDay(text);
    case 'timetz': {
      const match = /^(.*)\+00$/.exec(text);
      const time = timeOfDay(match?.[1] ?? '');
      return time === null ? null : Buffer.concat([time, Buffer.alloc(4)]);
    }
    case 'interval':
      return interval(text);
    case 'inet':
    case 'cidr':
      return address(text, kind === 'cidr');
    case 'macaddr':
      return /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) ? hexBytes(text) : null;
    case 'macaddr8':
      return /^(?:[0-9a-f]{2}:){7}[0-9a-f]{2}$/i.test(text) ? hexBytes(text) : null;
    default:
      return null;
  }
}

function hexBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function microsOf(match: RegExpExecArray, first: number): bigint {
  const seconds = Number(match[first]) * 3600 + Number(match[first + 1]) * 60 + Number(match[first + 2] ?? 0);
  return BigInt(seconds) * 1_000_000n + BigInt((match[first + 3] ?? '').padEnd(6, '0'));
}

function timeOfDay(text: string): Buffer | null {
  const match = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?$/.exec(text);
  return match === null ? null : int64(microsOf(match, 1));
}

function interval(text: string): Buffer | null {
  const match =
    /^(?:(\d{1,6}) years? ?)?(?:(\d{1,6}) mons? ?)?(?:(\d{1,6}) days? ?)?(?:(\d{1,6}):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?)?$/.exec(
      text,
    );
  if (match === null || text.trim() === '') return null;
  const rest = Buffer.alloc(8);
  rest.writeInt32BE(Number(match[3] ?? 0), 0);
  rest.writeInt32BE(Number(match[1] ?? 0) * 12 + Number(match[2] ?? 0), 4);
  return Buffer.concat([int64(match[4] === undefined ? 0n : microsOf(match, 4)), rest]);
}

function address(text: string, network: boolean): Buffer | null {
  const [host = '', written] = text.split('/');
  const v4 = isIPv4(host);
  if (!v4 && !isIPv6(host)) return null;
  const bitsMax = v4 ? 32 : 128;
  const bits = written === undefined ? bitsMax : Number(written);
  if (!Number.isInteger(bits) || bits < 0 || bits > bitsMax) return null;
  const bytes = v4 ? Buffer.from(host.split('.').map(Number)) : ipv6Bytes(host);
  if (bytes === null || (network && hasHostBits(bytes, bits))) return null;
  return Buffer.concat([Buffer.from([v4 ? 2 : 3, bits, network ? 1 : 0, bytes.length]), bytes]);
}

function ipv6Bytes(host: string): Buffer | null {
  if (host.includes('.') || host.includes('%')) return null;
  const [left = '', right] = host.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const gap = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  const hex = [...head, ...gap, ...tail].map((group) => group.padStart(4, '0')).join('');
  return Buffer.from(hex, 'hex');
}

function hasHostBits(bytes: Buffer, bits: number): boolean {
  for (let bit = bits; bit < bytes.length * 8; bit++) {
    if ((((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1) return true;
  }
  return false;
}
