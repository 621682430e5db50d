begin;
select plan(4);

create temp view ours as
select p.oid, p.oid::regprocedure::text as name, p.pronamespace::regnamespace::text as schema, p.proname
from pg_catalog.pg_proc p
where p.pronamespace in ('public'::regnamespace, 'relay'::regnamespace)
  and not exists (select 1 from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e');

select is_empty(
  $$ select name from ours where has_function_privilege('anon', oid, 'execute') $$, 'anon executes nothing'
);
select set_eq(
  $$ select proname::text from ours where has_function_privilege('authenticated', oid, 'execute') $$,
  array['owns_bot'], 'authenticated executes what policies ask, nothing else'
);
select set_eq(
  $$ select proname::text from ours
    where (schema = 'relay' or proname like 'relay\_%') and not has_function_privilege('service_role', oid, 'execute') $$,
  array['schedule_sweep'], 'service_role executes all of the relay''s but what the owner of the database decides'
);
select is_empty(
  $$ select p.name from ours p
    join pg_catalog.pg_proc on pg_proc.oid = p.oid, aclexplode(coalesce(proacl, acldefault('f', proowner))) granted
    where granted.grantee = 0 $$,
  'nothing is left to PUBLIC'
);

select * from finish();
rollback;
