begin; select plan(9);
savepoint start;

-- A stream id has one message.
select has_index('public', 'messages', 'messages_stream_id_unique', 'stream_id', 'there is an index for it');
select index_is_unique('public', 'messages', 'messages_stream_id_unique', 'it is unique');
select is(
  (select indpred is null from pg_catalog.pg_index where indexrelid = 'public.messages_stream_id_unique'::regclass),
  true, 'for all rows');
select col_is_pk('relay', 'generations', 'stream_id', 'and one generation');

rollback to start; -- Every foreign key has an index.
-- Without one, each delete at the other end reads the whole table.
select is_empty($$ select k.conrelid::regclass, k.conname from pg_catalog.pg_constraint k
  where k.contype = 'f' and k.connamespace in ('public'::regnamespace, 'relay'::regnamespace) and not exists (
  select 1 from pg_catalog.pg_index i where i.indrelid = k.conrelid and i.indkey[0] = k.conkey[1])
  and not (k.conrelid = 'public.user_settings'::regclass and k.conkey = '{1}') $$, 'each has one that begins with it');
select is_empty($$ select k.conname from pg_catalog.pg_constraint k
  where k.contype = 'f' and k.connamespace in ('public'::regnamespace, 'relay'::regnamespace) and not exists (
  select 1 from pg_catalog.pg_index i where i.indrelid = k.conrelid and (i.indisunique and i.indkey::smallint[] <@ k.conkey
    or (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey)) $$, 'of all its columns, or unique');

rollback to start; -- The sweep has indexes of what it looks for.
select is((select pg_get_indexdef(i.indexrelid) from pg_catalog.pg_index i
  where i.indexrelid = 'relay.generations_by_end'::regclass),
  'CREATE INDEX generations_by_end ON relay.generations USING btree (finished_at) WHERE (status <> ''running''::text)',
  'what has ended, by its end');
select is((select pg_get_indexdef(i.indexrelid) from pg_catalog.pg_index i
  where i.indexrelid = 'relay.generations_running'::regclass),
  'CREATE INDEX generations_running ON relay.generations USING btree (user_id) WHERE (status = ''running''::text)',
  'what runs, by its user');

rollback to start; -- A beat adds to no index.
-- Postgres keeps an index as it is where none of its columns changes, whatever the row does.
select is_empty($$ select i.indexrelid::regclass, a.attname from pg_catalog.pg_index i
  join pg_catalog.pg_attribute a on a.attrelid = i.indrelid where i.indrelid = 'relay.generations'::regclass
  and a.attname in ('lease_expires_at', 'text_units')
  and pg_get_indexdef(i.indexrelid) ~ ('\m' || a.attname || '\M') $$, 'none holds the lease or the length of the text');

select * from finish(); rollback;
