/** The state that instances share, over one of the two databases. */
import { StoredAlerts } from './alerts.ts';
import { StoredApprovals } from './approvals.ts';
import { StoredCredentials } from './credentials.ts';
import type { Database } from './database.ts';
import { keepHouse } from './housekeeping.ts';
import { StoredLedger } from './ledger.ts';
import { StoredPins } from './pins.ts';
import { StoredRevocations } from './revocations.ts';
import { StoredSightings } from './sightings.ts';
import { type StateStore, StoreUnavailable } from './store.ts';
import { StoredTasks } from './tasks.ts';

const HOUSEKEEPING_MS = 5 * 60_000;

/** Opens nothing by itself: the database does at the first call, and again after an outage. */
export function sharedState(database: Database): StateStore {
  const housekeeping = setInterval(() => {
    keepHouse(database).catch((error: unknown) => {
      // What is left over is taken next time.
      if (!(error instanceof StoreUnavailable)) throw error;
    });
  }, HOUSEKEEPING_MS).unref();
  return {
    approvals: new StoredApprovals(database),
    ledger: new StoredLedger(database),
    credentials: new StoredCredentials(database),
    revocations: new StoredRevocations(database),
    sightings: new StoredSightings(database),
    alerts: new StoredAlerts(database),
    pins: new StoredPins(database),
    tasks: new StoredTasks(database),
    watch: (topic, callback) => database.watch(topic, callback),
    now: () => database.read((transaction) => transaction.now()),
    async close() {
      clearInterval(housekeeping);
      await database.close();
    },
  };
}
