/**
 * Who is the same person (promise 7): people come by a password, by a token of an issuer, by a credential that somebody
 * made, and are one person all the same. What two identities have in common is written as aliases; whoever shares one
 * with the requester decides nothing, and whoever shares one with another voter is not a second person.
 */
import type { Identity } from './principal.ts';

/**
 * The name, whom the issuer means (`iss` and `sub` stay where a name changes), and who made the credential that was
 * shown: whoever can make one of another principal would else answer their own request. Never empty.
 */
export function aliasesOf({ principal, proof }: Identity): readonly string[] {
  const { issuer, subject, mintedBy } = proof;
  return [
    nameAlias(principal.name),
    ...(issuer === null || subject === null ? [] : [`subject:${JSON.stringify([issuer, subject])}`]),
    ...(mintedBy === undefined ? [] : [nameAlias(mintedBy)]),
  ];
}

/** Names that differ in letter case or in the form of their characters (NFKC) alone are taken for one person's. */
export function nameAlias(name: string): string {
  return `name:${foldedName(name)}`;
}

/** As names are compared where two spellings must not be two people. */
export function foldedName(name: string): string {
  return name.normalize('NFKC').toLowerCase().normalize('NFKC');
}

export function isSamePerson(one: readonly string[], other: readonly string[]): boolean {
  return one.some((alias) => other.includes(alias));
}
