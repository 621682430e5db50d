begin; select plan(2);
select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first');
delete from public.messages where stream_id = 'first';
select results_eq(
  'select status, message_id from relay.generations', $$ values ('completed', null::uuid) $$, 'it points nowhere');
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'exists', 'and is not run again');

select * from finish(); rollback;
