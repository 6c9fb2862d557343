/**
 * What built-in functions and those of well-known extensions do beyond computing a value, by name. The
 * schema does not matter: a function of the same name elsewhere is treated no better.
 *
 * Volatile built-ins that are in neither table count as `execute` (functions.ts), so a function that a new
 * server version brings is not trusted before someone has read what it does.
 */
import type { Effect } from '../../core/effects.ts';

const table = new Map<string, readonly Effect[]>();

function are(effects: readonly Effect[], names: string): void {
  for (const name of names.trim().split(/\s+/)) table.set(name, effects);
}

// Text that becomes a query, or tables named by text, cursors read behind the row count.
are(
  ['dynamic'],
  `query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema
   table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema
   schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema database_to_xml_and_xmlschema
   ts_stat ts_rewrite currtid currtid2 crosstab crosstab2 crosstab3 crosstab4 connectby xpath_table
   plpgsql_inline_handler plpgsql_call_handler pg_background_launch run_command_on_workers run_command_on_shards
   run_command_on_placements run_command_on_coordinator run_command_on_all_nodes master_run_on_worker
   replicate_ddl_command`,
);
are(
  ['dynamic', 'network'],
  `dblink dblink_exec dblink_open dblink_fetch dblink_close dblink_send_query dblink_get_result
   dblink_connect dblink_connect_u dblink_disconnect dblink_build_sql_insert dblink_build_sql_update
   dblink_build_sql_delete`,
);
are(
  ['network'],
  `http_get http_post http_put http_patch http_delete http_head net_http_get net_http_post
   postgres_fdw_get_connections postgres_fdw_disconnect postgres_fdw_disconnect_all aws_s3_import aws_lambda_invoke`,
);
are(
  ['file'],
  `pg_read_file pg_read_binary_file pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir pg_ls_archive_statusdir
   pg_ls_logicalmapdir pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir pg_stat_file pg_current_logfile
   pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings pg_wal_summary_contents
   pg_available_wal_summaries pg_file_read pg_file_write pg_file_sync pg_file_rename pg_file_unlink
   pg_file_length pg_logdir_ls pg_read_file_old pg_read_server_file
   lo_import lo_export lo_creat lo_create lo_from_bytea lo_get lo_put lo_open lo_close lo_lseek lo_lseek64
   lo_tell lo_tell64 lo_truncate lo_truncate64 lo_unlink loread lowrite
   pg_get_wal_records_info pg_get_wal_record_info pg_get_wal_block_info pg_get_wal_stats get_raw_page
   heap_page_items heap_page_item_attrs tuple_data_split fsm_page_contents bt_metap bt_page_stats
   bt_multi_page_stats bt_page_items brin_page_items gin_leafpage_items gist_page_items gist_page_items_bytea
   hash_page_items aws_s3_export`,
);
are(
  ['admin'],
  `pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile pg_promote pg_switch_wal
   pg_create_restore_point pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup pg_wal_replay_pause
   pg_wal_replay_resume pg_create_physical_replication_slot pg_create_logical_replication_slot
   pg_copy_physical_replication_slot pg_copy_logical_replication_slot pg_drop_replication_slot
   pg_replication_slot_advance pg_sync_replication_slots pg_logical_slot_get_changes
   pg_logical_slot_get_binary_changes pg_logical_slot_peek_changes pg_logical_slot_peek_binary_changes
   pg_logical_emit_message pg_replication_origin_create pg_replication_origin_drop
   pg_replication_origin_advance pg_replication_origin_session_setup pg_replication_origin_session_reset
   pg_replication_origin_xact_setup pg_replication_origin_xact_reset pg_stat_reset pg_stat_reset_shared
   pg_stat_reset_slru pg_stat_reset_single_table_counters pg_stat_reset_single_function_counters
   pg_stat_reset_replication_slot pg_stat_reset_subscription_stats pg_stat_reset_backend_stats
   pg_stat_force_next_flush pg_stat_statements_reset pg_restore_relation_stats pg_restore_attribute_stats
   pg_clear_relation_stats pg_clear_attribute_stats pg_import_system_collations brin_summarize_new_values
   brin_summarize_range brin_desummarize_range gin_clean_pending_list pg_log_backend_memory_contexts
   pg_log_standby_snapshot pg_nextoid pg_stop_making_pinned_objects pg_extension_config_dump
   pg_prewarm autoprewarm_start_worker heap_force_kill heap_force_freeze pg_truncate_visibility_map
   pg_buffercache_evict pg_drop_cache`,
);
are(
  ['session'],
  `set_config pg_notify pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all
   pg_advisory_unlock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock
   pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared
   pg_export_snapshot pg_stat_clear_snapshot`,
);
are(['write'], 'nextval setval');

/** Volatile built-ins that only tell something, or only compute. */
const HARMLESS: ReadonlySet<string> = new Set(
  `clock_timestamp timeofday random random_normal setseed gen_random_uuid uuidv4 uuidv7 currval lastval
   array_sample array_shuffle current_query pg_sleep pg_sleep_for pg_sleep_until bernoulli system
   pg_database_size pg_indexes_size pg_relation_size pg_table_size pg_tablespace_size pg_total_relation_size
   pg_is_in_recovery pg_is_wal_replay_paused pg_get_wal_replay_pause_state pg_current_wal_lsn
   pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_last_wal_receive_lsn pg_last_wal_replay_lsn
   pg_last_xact_replay_timestamp pg_last_committed_xact pg_xact_commit_timestamp
   pg_xact_commit_timestamp_origin pg_xact_status txid_status pg_blocking_pids pg_safe_snapshot_blocking_pids
   pg_isolation_test_session_is_blocked pg_lock_status pg_jit_available pg_notification_queue_usage
   pg_partition_tree pg_partition_ancestors pg_sequence_last_value pg_get_sequence_data
   pg_collation_actual_version pg_database_collation_actual_version pg_control_checkpoint pg_control_init
   pg_control_recovery pg_control_system pg_get_backend_memory_contexts pg_get_shmem_allocations
   pg_get_shmem_allocations_numa pg_get_wait_events pg_get_wal_resource_managers pg_get_wal_summarizer_state
   pg_get_loaded_modules pg_get_aios pg_get_multixact_members pg_prepared_xact pg_replication_origin_progress
   pg_replication_origin_session_is_setup pg_replication_origin_session_progress
   pg_show_replication_origin_status pg_stat_get_backend_io pg_stat_get_backend_wal pg_stat_get_io
   pg_stat_get_recovery_prefetch pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit
   pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time
   pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched
   pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted
   pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated
   pg_stat_have_stats amvalidate has_table_privilege`
    .trim()
    .split(/\s+/),
);

/** The effects of a function known by name, or null where the name says nothing. */
export function effectsOfNamed(name: string): readonly Effect[] | null {
  return table.get(name) ?? null;
}

export function isHarmlessBuiltin(name: string): boolean {
  return HARMLESS.has(name);
}
