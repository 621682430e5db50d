begin;
select plan(3);

select tests.given_tale('owner');

select tests.violates(
  $$ update public.messages set is_streaming = true where id = tests.id('first answer') $$, 'messages',
  'messages_are_never_streaming', 'no message is streaming'
);
update public.messages set stream_id = 'first' where id = tests.id('first answer');
select throws_ok(
  $$ update public.messages set stream_id = 'first' where id = tests.id('second answer') $$, '23505',
  'duplicate key value violates unique constraint "messages_stream_id_unique"', 'a generation has one message'
);
select is(count(*), 5::bigint, 'messages without a generation are not in each other''s way') from public.messages
where stream_id is null;

select * from finish();
rollback;
