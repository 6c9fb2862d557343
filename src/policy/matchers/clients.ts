import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import type { ContextMatcher } from '../matcher.ts';

interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** An address or CIDR block; null where the text is neither. */
export function parseNetwork(written: string): Network | null {
  const [address = '', length, rest] = written.split('/');
  const version = isIP(address);
  if (version === 0 || rest !== undefined) return null;
  const widest = version === 4 ? 32 : 128;
  const prefix = length === undefined ? widest : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (prefix < 0 || prefix > widest) return null;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

export const clients: ContextMatcher<readonly string[]> = {
  key: 'clients',
  about: 'context',
  timed: false,
  schema: z
    .array(
      z.string().refine((written) => parseNetwork(written) !== null, {
        message: 'expected an address or CIDR block, such as 10.1.0.0/16',
      }),
    )
    .min(1),
  description: 'Addresses that the client connects from, as CIDR blocks.',
  example: '["10.1.0.0/16"]',
  compile(written) {
    const list = new BlockList();
    for (const text of written) {
      const network = parseNetwork(text);
      if (network !== null) list.addSubnet(network.address, network.prefix, network.family);
    }
    return ({ clientAddress }) => {
      if (clientAddress === null) return false;
      // An IPv4 client of a dual-stack socket shows as ::ffff:a.b.c.d.
      const address = clientAddress.replace(/^::ffff:(?=\d+\.)/i, '');
      return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
    };
  },
};
