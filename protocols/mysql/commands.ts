/**
 * Commands of the command phase, by the first byte of their payload, and what becomes of each
 * (https://dev.mysql.com/doc/dev/mysql-server/latest/my__command_8h.html; those above 0xf9 are MariaDB's). What is not
 * in this table is refused.
 */

export const COMMAND = {
  Sleep: 0x00,
  Quit: 0x01,
  InitDb: 0x02,
  Query: 0x03,
  FieldList: 0x04,
  CreateDb: 0x05,
  DropDb: 0x06,
  Refresh: 0x07,
  Shutdown: 0x08,
  Statistics: 0x09,
  ProcessInfo: 0x0a,
  Connect: 0x0b,
  ProcessKill: 0x0c,
  Debug: 0x0d,
  Ping: 0x0e,
  Time: 0x0f,
  DelayedInsert: 0x10,
  ChangeUser: 0x11,
  BinlogDump: 0x12,
  TableDump: 0x13,
  ConnectOut: 0x14,
  RegisterSlave: 0x15,
  StmtPrepare: 0x16,
  StmtExecute: 0x17,
  StmtSendLongData: 0x18,
  StmtClose: 0x19,
  StmtReset: 0x1a,
  SetOption: 0x1b,
  StmtFetch: 0x1c,
  Daemon: 0x1d,
  BinlogDumpGtid: 0x1e,
  ResetConnection: 0x1f,
  Clone: 0x20,
  SubscribeGroupReplication: 0x21,
  StmtBulkExecute: 0xfa,
} as const;

/**
 * `judged`: it carries a statement, or runs one that was judged. `followed`: it carries nothing to judge, and the
 * session's account of statements follows it. `answered`: by Sluice itself. `refused`: with the server's own error, and
 * the session goes on.
 */
export type CommandVerdict = 'judged' | 'followed' | 'answered' | 'refused';

const VERDICTS: ReadonlyMap<number, { readonly name: string; readonly verdict: CommandVerdict }> = new Map([
  [COMMAND.Sleep, { name: 'COM_SLEEP', verdict: 'refused' }],
  [COMMAND.Quit, { name: 'COM_QUIT', verdict: 'followed' }],
  [COMMAND.InitDb, { name: 'COM_INIT_DB', verdict: 'judged' }],
  [COMMAND.Query, { name: 'COM_QUERY', verdict: 'judged' }],
  [COMMAND.FieldList, { name: 'COM_FIELD_LIST', verdict: 'refused' }],
  [COMMAND.CreateDb, { name: 'COM_CREATE_DB', verdict: 'refused' }],
  [COMMAND.DropDb, { name: 'COM_DROP_DB', verdict: 'refused' }],
  [COMMAND.Refresh, { name: 'COM_REFRESH', verdict: 'refused' }],
  [COMMAND.Shutdown, { name: 'COM_SHUTDOWN', verdict: 'refused' }],
  [COMMAND.Statistics, { name: 'COM_STATISTICS', verdict: 'answered' }],
  [COMMAND.ProcessInfo, { name: 'COM_PROCESS_INFO', verdict: 'refused' }],
  [COMMAND.Connect, { name: 'COM_CONNECT', verdict: 'refused' }],
  [COMMAND.ProcessKill, { name: 'COM_PROCESS_KILL', verdict: 'answered' }],
  [COMMAND.Debug, { name: 'COM_DEBUG', verdict: 'refused' }],
  [COMMAND.Ping, { name: 'COM_PING', verdict: 'followed' }],
  [COMMAND.Time, { name: 'COM_TIME', verdict: 'refused' }],
  [COMMAND.DelayedInsert, { name: 'COM_DELAYED_INSERT', verdict: 'refused' }],
  [COMMAND.ChangeUser, { name: 'COM_CHANGE_USER', verdict: 'answered' }],
  [COMMAND.BinlogDump, { name: 'COM_BINLOG_DUMP', verdict: 'refused' }],
  [COMMAND.TableDump, { name: 'COM_TABLE_DUMP', verdict: 'refused' }],
  [COMMAND.ConnectOut, { name: 'COM_CONNECT_OUT', verdict: 'refused' }],
  [COMMAND.RegisterSlave, { name: 'COM_REGISTER_SLAVE', verdict: 'refused' }],
  [COMMAND.StmtPrepare, { name: 'COM_STMT_PREPARE', verdict: 'judged' }],
  [COMMAND.StmtExecute, { name: 'COM_STMT_EXECUTE', verdict: 'judged' }],
  [COMMAND.StmtSendLongData, { name: 'COM_STMT_SEND_LONG_DATA', verdict: 'followed' }],
  [COMMAND.StmtClose, { name: 'COM_STMT_CLOSE', verdict: 'followed' }],
  [COMMAND.StmtReset, { name: 'COM_STMT_RESET', verdict: 'followed' }],
  [COMMAND.SetOption, { name: 'COM_SET_OPTION', verdict: 'refused' }],
  [COMMAND.StmtFetch, { name: 'COM_STMT_FETCH', verdict: 'judged' }],
  [COMMAND.Daemon, { name: 'COM_DAEMON', verdict: 'refused' }],
  [COMMAND.BinlogDumpGtid, { name: 'COM_BINLOG_DUMP_GTID', verdict: 'refused' }],
  [COMMAND.ResetConnection, { name: 'COM_RESET_CONNECTION', verdict: 'followed' }],
  [COMMAND.Clone, { name: 'COM_CLONE', verdict: 'refused' }],
  [COMMAND.SubscribeGroupReplication, { name: 'COM_SUBSCRIBE_GROUP_REPLICATION_STREAM', verdict: 'refused' }],
  [COMMAND.StmtBulkExecute, { name: 'COM_STMT_BULK_EXECUTE', verdict: 'refused' }],
]);

export function commandName(code: number): string {
  return VERDICTS.get(code)?.name ?? `command ${code}`;
}

export function commandVerdict(code: number): CommandVerdict {
  return VERDICTS.get(code)?.verdict ?? 'refused';
}
