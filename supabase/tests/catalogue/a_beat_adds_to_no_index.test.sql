begin;
select plan(1);

-- Postgres keeps an index as it is where none of its columns changes, whatever the row does.
select is_empty(
  $$ select i.indexrelid::regclass, a.attname
    from pg_catalog.pg_index i
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid
    where i.indrelid = 'relay.generations'::regclass
      and a.attname in ('lease_expires_at', 'text_units')
      and pg_get_indexdef(i.indexrelid) ~ ('\m' || a.attname || '\M') $$,
  'none holds the lease or the length of the text'
);

select * from finish();
rollback;
