/** A request for approval that is no SQL, as a person reads it: what is called or sent, and with what. */
import type { ApprovalInfo } from '../admin/wire.ts';
import { h } from './dom.ts';
import { bytes } from './format.ts';
import { spacedJson } from './spaced-json.ts';

type Request = NonNullable<ApprovalInfo['request']>;

/** For lists. */
export function requestLine({ words, body, bodyName, hiddenBytes }: Request): string {
  if (body !== null) return body === '{}' ? words : `${words} ${body}`;
  return hiddenBytes === null ? words : `${words} (${bodyName} not shown)`;
}

export function requestNode({ words, lines, body, bodyName, hiddenBytes }: Request): HTMLElement {
  return h(
    'div',
    { class: 'asked' },
    h(
      'pre',
      { class: 'sql', tabindex: 0, 'aria-label': 'request' },
      h('b', {}, words),
      lines.length === 0 ? null : h('span', { class: 'dim' }, `\n${lines.join('\n')}`),
    ),
    body === null
      ? null
      : h(
          'details',
          { open: true },
          h('summary', {}, bodyName),
          h('pre', { class: 'sql', tabindex: 0, 'aria-label': bodyName }, spacedJson(body)),
        ),
    hiddenBytes === null
      ? null
      : h(
          'p',
          { class: 'dim' },
          body === null
            ? `${bodyName}: ${bytes(hiddenBytes)} that masks may be about, so that they are not shown`
            : `The beginning is shown, of ${bytes(hiddenBytes)}.`,
        ),
  );
}
