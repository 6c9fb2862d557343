/** What Sluice is told of the bench's MCP server. */

export const RULES = `default: allow
rules:
  - { name: no-deletes, when: { tools: ["delete_*", "drop_*"] }, then: deny }
  - { name: no-secret-files, when: { resources: ["file:///etc/*"] }, then: deny }
  - { name: small-batches, when: { arguments: { /limit: { over: 1000 } } }, then: deny }
`;

/** By path and by what a value looks like, as somebody who knows one tool and not the others would have it. */
export const MASKS = `masks:
  - { json: ["$..name"], with: redact }
  - { detect: [email, credit-card, iban, us-ssn, phone, ip], with: redact }
`;
