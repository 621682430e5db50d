begin; select plan(6);
select tests.given_tale('owner');
select tests.make_user('stranger');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
select tests.given_expired('second', 'owner', 'Twice', 'tale', 'second answer');
update relay.generations set cancel_requested_at = clock_timestamp() where stream_id = 'second';
create temp table before as select tests.everything() as everything;
select is(tests.call_cancel('stranger', 'first'), null, 'to a stranger it does not exist');
select is(tests.everything(), everything, 'and nothing has changed') from before;
select is(tests.call_cancel('owner', 'first'), '{"status": "interrupted"}', 'no worker is left: it has ended');
select is(tests.call_cancel('owner', 'second'), '{"status": "cancelled"}', 'as was asked for when there was one');
select results_eq(
  $$ select content, finish_reason from public.messages where stream_id is not null order by stream_id $$,
  $$ values ('Once', 'interrupted'), ('Twice', 'cancelled') $$, 'what there was of the text is kept');
select is(tests.call_cancel('owner', 'first'), '{"status": "interrupted"}', 'asking again changes nothing');

select * from finish(); rollback;
