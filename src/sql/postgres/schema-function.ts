/** CREATE FUNCTION in a schema file, as the catalog has it. */
import type { Volatility } from '../../core/facts.ts';
import type { JsonObject } from '../../core/json.ts';
import { type AstNode, flag, listNodes, names, node, nodes, stringOf, struct, text } from './ast.ts';
import type { CatalogFunction } from './catalog.ts';

/** `schema` is the one that a name without a schema falls into. */
export function functionIn(body: JsonObject, schema: string): CatalogFunction {
  const path = names(body, 'funcname');
  const options = nodes(body, 'options');
  const argument = (name: string) => {
    const found = options.find((candidate) => text(candidate.body, 'defname') === name);
    return found === undefined ? null : node(found.body, 'arg');
  };
  const language = argument('language');
  const as = argument('as');
  const source = as?.tag === 'List' ? listNodes(as)[0] : undefined;
  const isSql = language === null || stringOf(language).toLowerCase() === 'sql';
  const returnType = struct(body, 'returnType');
  return {
    schema: path.at(-2) ?? schema,
    name: path.at(-1) ?? '',
    volatility: volatilityOf(argument('volatility')),
    returnsSet: returnType !== null && flag(returnType, 'setof'),
    aggregate: false,
    language: language === null ? 'sql' : stringOf(language).toLowerCase(),
    body: isSql && source !== undefined ? stringOf(source) : null,
  };
}

function volatilityOf(argument: AstNode | null): Volatility {
  const word = argument?.tag === 'String' ? stringOf(argument) : 'volatile';
  return word === 'immutable' || word === 'stable' ? word : 'volatile';
}
