begin;
select plan(1);

-- Without one, each delete at the other end reads the whole table.
select is_empty(
  $$ select k.conrelid::regclass, k.conname from pg_catalog.pg_constraint k
    where k.contype = 'f' and k.connamespace in ('public'::regnamespace, 'relay'::regnamespace)
      and not exists (
        select 1 from pg_catalog.pg_index i where i.indrelid = k.conrelid and i.indkey[0] = k.conkey[1]
      )
      and not (k.conrelid = 'public.user_settings'::regclass and k.conkey = '{1}') $$,
  'each has one that begins with it'
);

select * from finish();
rollback;
