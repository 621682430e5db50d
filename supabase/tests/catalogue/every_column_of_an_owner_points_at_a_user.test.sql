begin;
select plan(2);

select set_eq(
  $$ select conrelid::regclass::text from pg_catalog.pg_constraint
    where contype = 'f' and confrelid = 'auth.users'::regclass and confdeltype = 'c'
      and connamespace in ('public'::regnamespace, 'relay'::regnamespace) $$,
  array['bots', 'bot_shares', 'user_settings', 'conversations', 'messages', 'relay.generations'],
  'what is a user''s goes with the user'
);
select is_empty(
  $$ select table_name, column_name from information_schema.columns
    where table_schema in ('public', 'relay') and column_name = 'user_id'
      and (is_nullable = 'YES' or data_type <> 'uuid') $$,
  'nothing is nobody''s'
);

select * from finish();
rollback;
