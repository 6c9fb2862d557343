/** What a request is about, in the words of rules: a tool, a resource, a prompt. */
import type { JsonDocument } from '../../src/json/index.ts';
import type { Subject } from './methods.ts';

const NONE = -1;

export interface CallSubject {
  readonly kind: 'tool' | 'resource' | 'prompt';
  /** The name, or the URI. */
  readonly name: string;
  /** Node of the arguments; -1 where there are none. */
  readonly arguments: number;
}

/** `missing`: what has to be there is not. Null: the method is about nothing that a rule can name. */
export function subjectOf(
  document: JsonDocument,
  params: number,
  subject: Subject,
): CallSubject | 'missing' | null {
  const named = (kind: CallSubject['kind'], member: string, holder = params): CallSubject | 'missing' => {
    const name = document.text(document.member(holder, member));
    if (name === null) return 'missing';
    const args = document.member(params, 'arguments');
    if (args !== NONE && !document.isObject(args)) return 'missing';
    return { kind, name, arguments: args };
  };
  switch (subject) {
    case 'tool':
      return named('tool', 'name');
    case 'prompt':
      return named('prompt', 'name');
    case 'resource':
      return named('resource', 'uri');
    case 'completion': {
      const reference = document.member(params, 'ref');
      const type = document.text(document.member(reference, 'type'));
      if (type === 'ref/prompt') return named('prompt', 'name', reference);
      return type === 'ref/resource' ? named('resource', 'uri', reference) : 'missing';
    }
    case 'none':
      return null;
  }
}
