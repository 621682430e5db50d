begin; select plan(10);
savepoint start;

-- Every function keeps the house rules.
create temp view ours as select p.*, p.oid::regprocedure::text as name from pg_catalog.pg_proc p
  where p.pronamespace in ('public'::regnamespace, 'relay'::regnamespace)
  and not exists (select 1 from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e');
select isnt_empty('select name from ours', 'there are functions');
select is_empty($$ select name from ours where not 'search_path=""' = any (coalesce(proconfig, '{}')) $$,
  'each has an empty search_path');
select is_empty($$ select name from ours where obj_description(oid, 'pg_proc') is null $$, 'each has a comment');
select set_eq($$ select proname::text from ours where prosecdef $$,
  array['own_bots', 'my_spending', 'import_conversation', 'store_key', 'forget_key', 'touch_conversation'],
  'six are definers, and say why');
select is_empty($$ select name from ours where proname <> lower(proname) $$, 'each name is in lower case');
-- Without comments, strings and quoted names.
select is_empty($$ select name from ours
  where regexp_replace(prosrc, '--[^\n]*|''[^'']*''|"[^"]*"', '', 'g') ~ '\m[A-Z]{2,}\M' $$, 'and so is what it says');

rollback to start; -- The relays functions are executable by service role alone.
create temp view ours as
  select p.oid, p.oid::regprocedure::text as name, p.pronamespace::regnamespace::text as schema, p.proname
  from pg_catalog.pg_proc p where p.pronamespace in ('public'::regnamespace, 'relay'::regnamespace)
  and not exists (select 1 from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e');
select is_empty(
  $$ select name from ours where has_function_privilege('anon', oid, 'execute') $$, 'anon executes nothing');
select set_eq($$ select proname::text from ours where has_function_privilege('authenticated', oid, 'execute') $$,
  array['own_bots', 'my_spending', 'search_conversations', 'conversation_openings', 'import_conversation', 'edit_message'],
  'authenticated executes what policies ask and what answers for the caller, nothing else');
select set_eq($$ select proname::text from ours
  where (schema = 'relay' or proname like 'relay\_%') and not has_function_privilege('service_role', oid, 'execute') $$,
  array['schedule_sweep', 'write_quietly', 'reprice', 'move_keys_to_vault', 'store_key', 'forget_key', 'unused_key'],
  'service_role executes all of the relay''s but what the owner of the database decides, and what triggers do in Vault');
select is_empty($$ select p.name from ours p
  join pg_catalog.pg_proc on pg_proc.oid = p.oid, aclexplode(coalesce(proacl, acldefault('f', proowner))) granted
  where granted.grantee = 0 $$, 'nothing is left to PUBLIC');

select * from finish(); rollback;
