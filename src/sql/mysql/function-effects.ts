/**
 * What functions do beyond computing a value, by name: those that come with the server and loadable ones that are
 * known. Where a name stands for a stored function as well, that one's effects count besides (functions.ts).
 */
import { type Effect, type EffectSet, effectSet } from '../../core/effects.ts';

const table = new Map<string, EffectSet>();

function are(effects: readonly Effect[], names: string): void {
  for (const name of names.trim().split(/\s+/)) table.set(name, effectSet(...effects));
}

are(['file'], 'load_file');
are(['session'], 'get_lock release_lock release_all_locks');
are(['write'], 'nextval setval');
are(
  ['admin', 'network'],
  `asynchronous_connection_failover_add_managed asynchronous_connection_failover_add_source
   asynchronous_connection_failover_delete_managed asynchronous_connection_failover_delete_source
   asynchronous_connection_failover_reset`,
);
are(['admin'], 'innodb_redo_log_sharp_checkpoint innodb_set_open_files_limit');

// Loadable functions that come with the servers' own plugins and components.
are(
  ['admin'],
  `group_replication_set_as_primary group_replication_switch_to_single_primary_mode
   group_replication_switch_to_multi_primary_mode group_replication_get_write_concurrency
   group_replication_set_write_concurrency group_replication_get_communication_protocol
   group_replication_set_communication_protocol group_replication_enable_member_action
   group_replication_disable_member_action group_replication_reset_member_actions keyring_key_fetch
   keyring_key_generate keyring_key_length_fetch keyring_key_remove keyring_key_store keyring_key_type_fetch
   keyring_aws_rotate_cmk keyring_aws_rotate_keys audit_log_encryption_password_get
   audit_log_encryption_password_set audit_log_filter_flush audit_log_filter_remove_filter
   audit_log_filter_remove_user audit_log_filter_set_filter audit_log_filter_set_user audit_log_rotate
   mysql_firewall_flush_status normalize_statement read_firewall_group_allowlist read_firewall_groups
   read_firewall_users read_firewall_whitelist set_firewall_group_mode set_firewall_mode
   firewall_group_delist firewall_group_enlist version_tokens_set version_tokens_edit version_tokens_delete
   version_tokens_lock_exclusive version_tokens_lock_shared version_tokens_show version_tokens_unlock
   mysqlbackup_page_track_set mysqlbackup_page_track_get_start_lsn mysqlbackup_page_track_get_changed_page_count
   mysqlbackup_page_track_get_changed_pages mysqlbackup_page_track_purge_up_to`,
);
are(['admin', 'file'], 'audit_log_read audit_log_read_bookmark');
are(
  ['session'],
  'service_get_read_locks service_get_write_locks service_release_locks mysql_query_attribute_string',
);
// The rules they load rewrite statements behind our back.
are(['admin', 'dynamic'], 'load_rewrite_rules flush_rewrite_rules');
// Text that runs at another server, or as a command of the engine's.
are(
  ['dynamic', 'network'],
  `spider_direct_sql spider_bg_direct_sql spider_copy_tables spider_ping_table spider_flush_table_mon_cache`,
);
are(['dynamic', 'execute'], 'mroonga_command');

// Well-known loadable functions of others.
are(
  ['file', 'execute', 'dynamic'],
  'sys_exec sys_eval sys_bineval sys_get sys_set sys_open cmdshell xpcmdshell shell do_system exec',
);
are(
  ['network', 'execute'],
  'http_get http_post http_put http_delete http_head http_raw lambda_async lambda_sync aws_lambda_invoke',
);
are(['file', 'execute'], 'file_read file_write lib_mysqludf_sys_info');

/** The effects of a function known by name; null where the name says nothing. `args`: how many it is given. */
export function effectsOfNamed(name: string, args: number): EffectSet | null {
  const lower = name.toLowerCase();
  // With an argument, that value is kept for the session and goes out with the next OK.
  if (lower === 'last_insert_id') return args === 0 ? null : effectSet('session');
  return table.get(lower) ?? null;
}
