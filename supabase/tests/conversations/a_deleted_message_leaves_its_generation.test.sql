begin; select plan(5);
select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first');
delete from public.messages where stream_id = 'first';
select results_eq(
  'select status, message_id from relay.generations', $$ values ('completed', null::relay.message_id) $$,
  'it points nowhere');
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'exists', 'and is not run again');
select is(active_message_id, null, 'a deleted leaf is no leaf') from public.conversations;
delete from public.messages where id = tests.key('other answer');
select is_empty($$ select 1 from public.messages where id = tests.key('other question') $$, 'what is below goes');
select is(count(*), 5::bigint, 'the other branch stays') from public.messages;

select * from finish(); rollback;
