begin; select plan(3);
select is_empty($$ select grantee, table_name, privilege_type from information_schema.table_privileges
  where table_schema in ('public', 'relay') and grantee in ('anon', 'PUBLIC') union all
  select grantee, table_name, privilege_type from information_schema.column_privileges
  where table_schema in ('public', 'relay') and grantee in ('anon', 'PUBLIC') $$, 'anon has none');
select set_eq($$ select table_schema || '.' || table_name || ' ' || lower(privilege_type)
  from information_schema.table_privileges where table_schema in ('public', 'relay') and grantee = 'authenticated' $$,
  array['public.bots delete', 'public.bot_shares select', 'public.bot_shares delete', 'public.user_settings select',
  'public.user_settings delete', 'public.conversations select', 'public.conversations delete',
  'public.messages select', 'public.messages delete', 'public.memories select', 'public.memories delete',
  'public.bot_fallbacks select', 'public.bot_fallbacks delete', 'public.usage_days select'],
  'authenticated has these on whole tables');
select set_eq(
  $$ select table_name || ' ' || lower(privilege_type) || ' ' || string_agg(column_name, ' ' order by column_name::text)
  from information_schema.column_privileges where table_schema in ('public', 'relay') and grantee = 'authenticated'
  and (table_name, privilege_type) not in (select table_name, privilege_type from information_schema.table_privileges
  where table_schema = 'public' and grantee = 'authenticated') group by table_name, privilege_type $$, array[
  'bots select access_path api context_tokens created_at first_turn_is_user id memory model name params reply_tokens '
    'system_prompt takes_prefill takes_system temperature thinks_first titles updated_at user_id',
  'bots insert access_key access_path api context_tokens first_turn_is_user headers id memory model name params reply_tokens '
    'system_prompt takes_prefill takes_system temperature thinks_first titles user_id',
  'bots update access_key access_path api context_tokens first_turn_is_user headers memory model name params reply_tokens '
    'system_prompt takes_prefill takes_system temperature thinks_first titles', 'bot_shares insert bot_id user_id',
  'bot_fallbacks insert bot_id fallback_bot_id position', 'bot_fallbacks update bot_id fallback_bot_id position',
  'user_settings insert default_bot_id user_id', 'user_settings update default_bot_id user_id',
  'conversations insert bot_id id title user_id', 'conversations update active_message_id bot_id title',
  'messages insert content conversation_id id is_complete is_streaming is_user_author parent_id user_id',
  'messages update content', 'memories insert content message_id user_id', 'memories update content'], 'and these on columns');

select * from finish(); rollback;
