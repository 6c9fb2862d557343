/** Calls that servers go on with as tasks, in the store: whichever instance is asked about one knows whose it is. */
import { hash } from 'node:crypto';
import { type Database, numberAt, textAt, textOrNullAt } from './database.ts';
import type { BegunTask, TaskKey, TasksStore } from './store.ts';

/** More rows than any owner has: SQLite knows no OFFSET without a LIMIT. */
const ALL = 1_000_000;

export class StoredTasks implements TasksStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put(
    { listener, owner, task, tool, arguments: given }: BegunTask,
    keptMs: number,
    ownTasksMax: number,
  ): Promise<void> {
    return this.#database.write(async (transaction) => {
      const now = await transaction.now();
      const isUnread = given === 'unread';
      await transaction.all(
        `INSERT INTO sluice.tasks (listener, owner, task, tool, arguments, is_unread, begun_at, kept_until)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (listener, owner, task) DO UPDATE
          SET tool = excluded.tool, arguments = excluded.arguments, is_unread = excluded.is_unread,
            begun_at = excluded.begun_at, kept_until = excluded.kept_until`,
        listener,
        digest(owner),
        digest(task),
        tool,
        isUnread ? null : given,
        isUnread ? 1 : 0,
        now,
        now + keptMs,
      );
      await transaction.all(
        `DELETE FROM sluice.tasks WHERE listener = $1 AND owner = $2 AND task IN
          (SELECT task FROM sluice.tasks WHERE listener = $1 AND owner = $2
            ORDER BY begun_at DESC, task LIMIT ${ALL} OFFSET $3)`,
        listener,
        digest(owner),
        ownTasksMax,
      );
    });
  }

  find({ listener, owner, task }: TaskKey): Promise<BegunTask | null> {
    return this.#database.read(async (transaction) => {
      const [row] = await transaction.all(
        'SELECT * FROM sluice.tasks WHERE listener = $1 AND owner = $2 AND task = $3 AND kept_until > $4',
        listener,
        digest(owner),
        digest(task),
        await transaction.now(),
      );
      if (row === undefined) return null;
      const isUnread = numberAt(row, 'is_unread') === 1;
      return {
        listener,
        owner,
        task,
        tool: textAt(row, 'tool'),
        arguments: isUnread ? 'unread' : textOrNullAt(row, 'arguments'),
      };
    });
  }
}

/** Servers and issuers choose these texts, of any length and with any character: an index takes neither. */
function digest(text: string): string {
  return hash('sha256', text, 'hex');
}
