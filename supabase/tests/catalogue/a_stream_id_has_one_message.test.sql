begin;
select plan(4);

select has_index('public', 'messages', 'messages_stream_id_unique', 'stream_id', 'there is an index for it');
select index_is_unique('public', 'messages', 'messages_stream_id_unique', 'it is unique');
select is(
  (select indpred is null from pg_catalog.pg_index where indexrelid = 'public.messages_stream_id_unique'::regclass),
  true, 'for all rows'
);
select col_is_pk('relay', 'generations', 'stream_id', 'and one generation');

select * from finish();
rollback;
