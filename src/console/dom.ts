/** Elements without a library: made once, changed where they stand. Text is only ever text, and all of it is seen. */
import { visible } from './visible-text.ts';

export type Child = Node | string | number | null | false | readonly Child[];
type Prop = string | number | boolean | null | undefined | ((event: Event) => void);
export type Props = Readonly<Record<string, Prop>>;

const SVG = 'http://www.w3.org/2000/svg';

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  setProps(element, props);
  append(element, children);
  return element;
}

export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS(SVG, tag);
  setProps(element, props);
  append(element, children);
  return element;
}

function setProps(element: Element, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2).toLowerCase(), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === false) continue;
    if (typeof child === 'string') element.append(visible(child));
    else if (typeof child === 'number') element.append(String(child));
    else if (child instanceof Node) element.append(child);
    else append(element, child);
  }
}

export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren();
  append(element, children);
}

/** Changes text only where it is another: what somebody has marked stays marked. */
export function setText(element: Element, text: string): void {
  const shown = visible(text);
  if (element.textContent !== shown) element.textContent = shown;
}

/** A part of the page that lives until `close`. */
export interface View {
  readonly title: string;
  readonly node: HTMLElement;
  close?(): void;
  /** True where the key was meant for it. */
  onKey?(key: string): boolean;
}

/** What stands where there is nothing yet: what would be here, and how to get it here. */
export function emptyState(title: string, text: string, ...more: readonly Child[]): HTMLElement {
  return h('div', { class: 'empty' }, h('h2', {}, title), h('p', {}, text), ...more);
}

export function badge(text: string, kind: string): HTMLElement {
  return h('span', { class: `badge ${kind}` }, text);
}

export function verdictBadge(verdict: string): HTMLElement {
  const kind = verdict === 'allow' ? 'good' : verdict === 'deny' || verdict === 'refused' ? 'bad' : 'wait';
  return badge(verdict, kind);
}
