/**
 * What masks add to one answer of MCP, in time of the processor: the document is read already, as it is where nothing is
 * masked. `node bench/micro/mcp-masking.ts [KB]`.
 */
import { MessageMaskers } from '../../src/engine/message-maskers.ts';
import { ResultMasks } from '../../src/engine/result-masks.ts';
import { isRefused, PLAIN_JSON, scanJson } from '../../src/json/index.ts';
import { maskedParts } from '../../src/transport/mcp/masked-messages.ts';
import { rowsText } from '../mcp/rows.ts';

const ROUNDS = 9;
const redact = { name: 'bench', masker: 'redact', options: undefined, nulls: 'keep', whole: false } as const;
/** As the bench's stage has them. */
const detectors = ['email', 'credit-card', 'iban', 'us-ssn', 'phone', 'ip'];
const detected = [{ ...redact, detectors, patterns: [] }];
const path = { ...redact, paths: ['$..name'] };

const bytes = Number(process.argv[2] ?? 100) * 1_000;
const text = rowsText(bytes);
const message = (result: unknown) => Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 7, result }));
const ANSWERS = {
  'JSON in text': message({ content: [{ type: 'text', text }] }),
  'structured content': message({ content: [], structuredContent: { rows: JSON.parse(text) } }),
  words: message({ content: [{ type: 'text', text: text.replaceAll(/[{}[\]"]/g, ' ') }] }),
};
const SETS = {
  'path and detector': { paths: [path], detected },
  detector: { paths: [], detected },
  path: { paths: [path], detected: [] },
};

function medianMs(once: () => void): number {
  for (const until = performance.now() + 300; performance.now() < until; ) once();
  const times = Array.from({ length: ROUNDS }, () => {
    const used = process.cpuUsage();
    const times = Math.max(3, Math.ceil(2_000_000 / bytes));
    for (let n = 0; n < times; n++) once();
    const { user, system } = process.cpuUsage(used);
    return (user + system) / 1000 / times;
  });
  return times.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0;
}

const maskers = new MessageMaskers(new ResultMasks(new Map(), null), null);
for (const [shape, answer] of Object.entries(ANSWERS)) {
  const document = scanJson(answer, 0, answer.length, PLAIN_JSON);
  if (isRefused(document)) throw new Error(document.message);
  for (const [what, masks] of Object.entries(SETS)) {
    const masker = maskers.for(masks);
    const ms = medianMs(() => masker?.mask(document, (one) => maskedParts(one, 'tools/call')));
    console.log(`${shape.padEnd(20)} ${what.padEnd(20)} ${ms.toFixed(2)} ms`);
  }
  const read = medianMs(() => scanJson(answer, 0, answer.length, PLAIN_JSON));
  console.log(`${shape.padEnd(20)} ${'read once'.padEnd(20)} ${read.toFixed(2)} ms`);
}
