/** Keeps the index of a journal current and answers questions about it, away from the event loop. */
import { parentPort, workerData } from 'node:worker_threads';
import { JournalIndex } from '../src/recordings/journal-index.ts';
import type { Answer, Asked, Question } from '../src/recordings/questions.ts';

/** How often the journal is looked at while nobody asks. */
const LOOK_MS = 1_000;
/** Before a question is answered the index takes up what is new, but for no longer than this. */
const CATCH_UP_MS_MAX = 200;

const { directory, file }: { readonly directory: string; readonly file: string | undefined } = workerData;
const index = new JournalIndex(directory, file);
let timer: NodeJS.Timeout | null = null;

function advance(): void {
  if (timer !== null) clearTimeout(timer);
  const left = index.advance();
  parentPort?.postMessage({ id: 0, leftBytes: left });
  // A stretch, then whatever was asked in between, then the next one.
  timer = setTimeout(advance, left > 0 ? 0 : LOOK_MS);
}

function catchUp(): void {
  const until = Date.now() + CATCH_UP_MS_MAX;
  while (index.advance() > 0 && Date.now() < until);
}

function answerTo(question: Question): Answer {
  switch (question.question) {
    case 'sessions':
      return { answer: 'sessions', page: index.sessions(question.query) };
    case 'records':
      return { answer: 'records', page: index.records(question.id, question.fromNumber, question.limit) };
    case 'traffic':
      return { answer: 'traffic', traffic: index.traffic(question.query) };
  }
}

parentPort?.on('message', ({ id, question }: Asked) => {
  let answer: Answer;
  try {
    catchUp();
    answer = answerTo(question);
  } catch (error) {
    answer = { answer: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage({ id, answer });
});
advance();
