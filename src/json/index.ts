/** JSON by its bytes: read strictly into spans, looked up, and changed in place. Nothing is parsed and written anew. */
export { DecodedString, decodeJsonString } from './decode.ts';
export { JsonDocument, pointerTokens } from './document.ts';
export { JsonEdits } from './edits.ts';
export { CANONICAL_JSON, type JsonFault, type JsonLimits, type JsonRefusal, PLAIN_JSON } from './limits.ts';
export { foldName } from './names.ts';
export { compileJsonPath, JsonPath } from './path.ts';
export { isRefused, scanJson } from './scan.ts';
export type { JsonKind } from './tape.ts';
export { BROKEN, scanNumber, scanString, scanWord, skipBlank } from './tokens.ts';
export { jsonString, writeJsonEscaped, writeJsonString } from './write.ts';
