/** HTTP without sockets: what of a request and a response may be carried, and how bodies are cut into what can be read. */
export { type BodyKind, bodyKindOf, type Coding, codingsOf, readMediaType } from './body.ts';
export { type Head, type RawHead, readHead } from './head.ts';
export {
  type Field,
  firstValue,
  forwardedFields,
  pairFields,
  returnedFields,
  UNMASKED_ASKING,
  UNMASKED_TELLTALES,
  valuesOf,
} from './headers.ts';
export { type FormKind, formKindOf, namesMethod, OVERRIDE_MESSAGE, PartScan } from './method-override.ts';
export { PROBLEM_TYPE, type Problem, problemBody } from './problem.ts';
export { type HttpFault, type HttpRefusal, isHttpRefusal, refuse } from './refusal.ts';
export { type EventField, eventFields, PieceSplitter } from './split.ts';
export { readTarget, STRICT_TARGET, type Target, type TargetRules } from './target.ts';
