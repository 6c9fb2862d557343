/** `oauth` of a listener of MCP: what is asked of tokens there, beyond what `identity.oidc` asks of all. */
import { z } from 'zod';
import { isSafeUrl } from '../core/oidc.ts';
import { scope } from './credentials-schema.ts';

const scopes = z.array(scope);
const patterns = z.array(z.string().min(1)).min(1);

const stepUp = z
  .strictObject({
    methods: patterns.optional().describe('Methods such as `resources/read`; `*` stands for any characters.'),
    tools: patterns.optional().describe('Tools that are called.'),
    resources: patterns.optional().describe('URIs of resources.'),
    prompts: patterns.optional().describe('Prompts.'),
    scopes: scopes.min(1).describe('What a token has to have for these, beside `oauth.scopes`.'),
  })
  .refine(
    ({ methods, tools, resources, prompts }) => (methods ?? tools ?? resources ?? prompts) !== undefined,
    {
      message: 'expected one or more of methods, tools, resources and prompts',
      when: ({ issues }) => issues.length === 0,
    },
  );

export type StepUpConfig = z.output<typeof stepUp>;

export const oauthSchema = z.strictObject({
  scopes: scopes.default([]).describe('What every token has to have.'),
  step_up: z
    .array(stepUp)
    .default([])
    .describe('Requests that take further scopes; a client is told to come back with a token that has them.'),
  audience: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'What `aud` of a token has to be, or hold, in place of `url`: for issuers that know no resources.',
    ),
  authorization_servers: z
    .array(z.string().refine((written) => isSafeUrl(written), { error: 'expected an https URL' }))
    .min(1)
    .optional()
    .describe('What clients are told of authorization servers, in place of `identity.oidc.issuer`.'),
});

export type OauthConfig = z.output<typeof oauthSchema>;
