begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
update relay.generations set cancel_requested_at = clock_timestamp();

select is(tests.call_sweep() ->> 'closed', '1', 'it is ended');
select results_eq(
  'select status, finish_reason, error_code, fence from relay.generations',
  $$ values ('cancelled', 'cancelled', null::text, null::uuid) $$, 'as its user was told, and for good'
);
select results_eq(
  $$ select content, is_complete, finish_reason from public.messages where stream_id = 'first' $$,
  $$ values ('Once', false, 'cancelled') $$, 'the text is kept'
);
select is(tests.leaf_of('tale'), 'Once', 'and is the active leaf');

select * from finish();
rollback;
