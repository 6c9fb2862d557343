/** Lists of what a server offers: only what may be called, as it was reviewed, is shown. */
import { canonicalBytes, type Offer, offersOf } from '../../../protocols/mcp/definitions.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import { identityKey } from '../../core/principal.ts';
import type { Offered, PinWitness, Standing } from '../../engine/pins.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import type { JsonDocument, JsonEdits } from '../../json/index.ts';
import { openFacts } from './call-facts.ts';
import type { JudgeGround } from './judge-ground.ts';

const NONE = -1;
const PRIVATE = Buffer.from('"private"');

/** Takes out of a list what may not be shown. True: something was. Rejects with StoreUnavailable. */
export async function filterList(
  ground: JudgeGround,
  session: RequestSession,
  document: JsonDocument,
  result: number,
  method: Method,
  edits: JsonEdits,
): Promise<boolean> {
  const offers = offersOf(document, result, method);
  if (offers === null) return false;
  const standings = await standingsOf(ground, session, document, offers);
  let removed = false;
  for (const [n, offer] of offers.entries()) {
    if (offer.kind === 'tool') rememberSchema(ground, document, offer);
    const isHeld = standings[n]?.standing === 'held';
    if (!isHeld && mayBeCalled(session, offer)) continue;
    edits.remove(offer.node);
    removed = true;
  }
  return removed;
}

async function standingsOf(
  ground: JudgeGround,
  session: RequestSession,
  document: JsonDocument,
  offers: readonly Offer[],
): Promise<readonly Standing[]> {
  const pinned: Offered[] = [];
  const places: number[] = [];
  const standings: Standing[] = offers.map(({ problem }) =>
    problem === null ? { standing: 'unknown' } : { standing: 'held', why: problem },
  );
  for (const [n, offer] of offers.entries()) {
    // Resources are data: they come and go, and what is in them is masked and not reviewed.
    if (offer.kind === 'resource') continue;
    const { kind, name, skeleton, problem, node } = offer;
    pinned.push({
      kind,
      name,
      skeleton,
      problem,
      definition: canonicalBytes(document, node).toString('utf8'),
    });
    places.push(n);
  }
  const looked = await ground.pins.look(pinned, witnessOf(session));
  for (const [n, standing] of looked.entries()) standings[places[n] ?? NONE] = standing;
  return standings;
}

export function witnessOf(session: RequestSession): PinWitness {
  const { actor, id } = session;
  return { principal: actor.principal.name, viewer: identityKey(actor), session: id };
}

function rememberSchema(ground: JudgeGround, document: JsonDocument, { node, name }: Offer): void {
  const schema = document.member(node, 'outputSchema');
  ground.schemas.set(name, schema === NONE ? null : document.bytes(schema));
}

function mayBeCalled(session: RequestSession, { kind, name }: Offer): boolean {
  // A template is shown where what it makes may be read: its own text stands for that.
  const subject = kind === 'template' ? 'resource' : kind;
  return session.judge(openFacts(subject, name)).verdict !== 'deny';
}

/** What is different for different people must not be given to others (2026-07-28, caching). */
export function makePrivate(document: JsonDocument, result: number, edits: JsonEdits): void {
  const scope = document.member(result, 'cacheScope');
  if (scope !== NONE && document.text(scope) !== 'private') edits.replace(scope, PRIVATE);
}
