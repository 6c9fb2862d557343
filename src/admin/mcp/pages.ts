/** Pages of what the tools list, so that no answer fills a model's context. */
import { Refusal } from '../refusal.ts';

/** Of one answer, as JSON. */
export const PAGE_CHARACTERS_MAX = 60_000;
/** Of one text within it, such as a statement's. */
export const TEXT_CHARACTERS_MAX = 2_000;

export interface Page<Item> {
  readonly items: Item[];
  /** What the next page begins behind; null: these were the last. */
  readonly next: string | null;
}

/**
 * As many as `limit`, and as fit, behind the one that `after` names; at least one, so that every page gets further.
 * Throws a Refusal where there is none by that name (any more).
 */
export function pageOf<Item>(
  all: readonly Item[],
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
  nameOf: (item: Item) => string,
): Page<Item> {
  const begin = after === undefined ? 0 : all.findIndex((item) => nameOf(item) === after) + 1;
  if (after !== undefined && begin === 0)
    throw new Refusal(404, `There is nothing by the name "${after}" any more: list again, without "after".`);
  const items = fitting(all.slice(begin, begin + limit));
  const last = items.at(-1);
  return { items, next: last === undefined || begin + items.length >= all.length ? null : nameOf(last) };
}

/** The first of them that fit into one answer together. */
export function fitting<Item>(items: readonly Item[]): Item[] {
  let characters = 0;
  const over = items.findIndex((item, n) => {
    characters += JSON.stringify(item).length;
    return n > 0 && characters > PAGE_CHARACTERS_MAX;
  });
  return items.slice(0, over < 0 ? items.length : over);
}

/** Long texts cut, with what is left out said. */
export function shortened(text: string): string {
  const left = text.length - TEXT_CHARACTERS_MAX;
  return left <= 0 ? text : `${text.slice(0, TEXT_CHARACTERS_MAX)}… (${left} characters more)`;
}
