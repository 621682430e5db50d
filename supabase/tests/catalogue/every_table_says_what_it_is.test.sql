begin;
select plan(2);

select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c
    where c.relkind in ('r', 'p') and c.relnamespace in ('public'::regnamespace, 'relay'::regnamespace)
      and obj_description(c.oid, 'pg_class') is null $$,
  'each has a comment'
);
select isnt(obj_description('relay'::regnamespace, 'pg_namespace'), null, 'the relay''s schema, too');

select * from finish();
rollback;
