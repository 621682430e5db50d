begin;
select plan(2);

select is(
  (
    select pg_get_indexdef(i.indexrelid) from pg_catalog.pg_index i
    where i.indexrelid = 'relay.generations_by_end'::regclass
  ),
  'CREATE INDEX generations_by_end ON relay.generations USING btree (finished_at) WHERE (status <> ''running''::text)',
  'what has ended, by its end'
);
select is(
  (
    select pg_get_indexdef(i.indexrelid) from pg_catalog.pg_index i
    where i.indexrelid = 'relay.generations_running'::regclass
  ),
  'CREATE INDEX generations_running ON relay.generations USING btree (user_id) WHERE (status = ''running''::text)',
  'what runs, by its user'
);

select * from finish();
rollback;
