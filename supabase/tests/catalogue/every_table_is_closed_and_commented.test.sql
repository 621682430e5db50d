begin; select plan(6);
savepoint start;

-- Every table says what it is.
select is_empty($$ select c.oid::regclass from pg_catalog.pg_class c
  where c.relkind in ('r', 'p') and c.relnamespace in ('public'::regnamespace, 'relay'::regnamespace)
  and obj_description(c.oid, 'pg_class') is null $$, 'each has a comment');
select isnt(obj_description('relay'::regnamespace, 'pg_namespace'), null, 'the relay''s schema, too');

rollback to start; -- Row level security is on in every table.
select is_empty($$ select c.oid::regclass from pg_catalog.pg_class c
  where c.relkind in ('r', 'p') and c.relnamespace in ('public'::regnamespace, 'relay'::regnamespace)
  and not c.relrowsecurity $$, 'no table is without it');
select is_empty($$ select policyname from pg_catalog.pg_policies
  where schemaname in ('public', 'relay') and (roles <> '{authenticated}' or permissive <> 'PERMISSIVE') $$,
  'every policy is for the role authenticated');

rollback to start; -- Every column of an owner points at a user.
select set_eq($$ select conrelid::regclass::text from pg_catalog.pg_constraint
  where contype = 'f' and confrelid = 'auth.users'::regclass and confdeltype = 'c'
  and connamespace in ('public'::regnamespace, 'relay'::regnamespace) $$,
  array['bots', 'bot_shares', 'user_settings', 'conversations', 'messages', 'memories', 'usage_days', 'relay.generations',
  'relay.budgets', 'relay.past_usage'],
  'what is a user''s goes with the user');
select is_empty($$ select table_name, column_name from information_schema.columns
  where table_schema in ('public', 'relay') and column_name = 'user_id'
  and (is_nullable = 'YES' or data_type <> 'uuid') and table_name not in ('budgets', 'past_usage') $$,
  'every row has an owner, but what can be of all users together');

select * from finish(); rollback;
