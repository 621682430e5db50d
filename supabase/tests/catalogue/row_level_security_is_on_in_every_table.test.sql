begin;
select plan(2);

select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c
    where c.relkind in ('r', 'p') and c.relnamespace in ('public'::regnamespace, 'relay'::regnamespace)
      and not c.relrowsecurity $$,
  'no table is without it'
);
select is_empty(
  $$ select policyname from pg_catalog.pg_policies
    where schemaname in ('public', 'relay') and (roles <> '{authenticated}' or permissive <> 'PERMISSIVE') $$,
  'every policy is for the role authenticated'
);

select * from finish();
rollback;
