/** Retention and object storage of a configuration's journal, put to work. */
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { SigningKey } from '../journal/keys.ts';
import { ObjectStore } from '../journal/object-store.ts';
import { JournalUpkeep } from '../journal/upkeep.ts';
import type { Journal } from '../journal/writer.ts';

const EVERY_MS = 60_000;
const DAY_MS = 24 * 3_600_000;

export function objectStoreOf({ s3 }: Config['journal']): ObjectStore | null {
  if (s3 === undefined) return null;
  const { endpoint, bucket, prefix, region, credentials } = s3;
  return new ObjectStore({
    endpoint,
    bucket,
    prefix,
    region,
    accessKey: credentials.access_key,
    secretKey: credentials.secret_key,
    sessionToken: credentials.session_token ?? null,
  });
}

export interface RunningUpkeep {
  stop(): Promise<void>;
}

/** Begins at once, and looks again every minute. */
export function startUpkeep(
  config: Config['journal'],
  directory: string,
  log: Logger,
  port: { readonly journal: Journal; readonly key: SigningKey; flush(): boolean },
): RunningUpkeep {
  const { retention } = config;
  const store = objectStoreOf(config);
  if (retention === undefined && store === null) return { stop: async () => {} };
  const upkeep = new JournalUpkeep({
    ...port,
    directory,
    store,
    retention:
      retention === undefined
        ? null
        : {
            ageMs: retention.days === undefined ? null : retention.days * DAY_MS,
            bytes: retention.bytes ?? null,
          },
    clock: () => Date.now(),
    onHealth(what, error) {
      const subject =
        what === 'upload' ? 'storing segments of the journal' : 'removing segments of the journal';
      if (error === null) log.warn(`${subject} works again`);
      else log.error({ error: error.message, cause: causeOf(error) }, `${subject} fails: it is tried again`);
    },
  });
  void upkeep.run();
  const timer = setInterval(() => void upkeep.run(), EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await upkeep.stop();
    },
  };
}

/** What fetch fails with says little; its cause says why. */
function causeOf({ cause }: Error): string | undefined {
  return cause instanceof Error ? cause.message : undefined;
}
