begin; select plan(12);
select tests.given_tale('owner');
select tests.call_begin('owner', stream_id, parent => 'second answer') from unnest(array['first', 'second']) as stream_id;
select tests.call_finish('first', prompt_tokens => 10);
savepoint start;

-- Nothing but a fold writes to the counters.
select tests.back_date('second', interval '16 seconds');
select relay.close_expired('second');
select is(sum(value), 0::float8, 'no start and no end does') from relay.counters;
select is(count(*), 4::bigint, 'each adds a row of its own') from relay.uncounted;
select is(tests.counted('generations_started_total'), 2::float8, 'a scrape folds');
select is_empty('select * from relay.uncounted', 'what is counted is gone');
select is(tests.counted('generations_started_total'), 2::float8, 'and is counted once');

rollback to start; -- A sweep folds, too.
select tests.call_sweep();
select is(value, 2::float8, 'without a scrape') from relay.counters where name = 'generations_started_total';

rollback to start; -- A batch at most.
select relay.fold(1);
select is(count(*), 2::bigint, 'the rest is left to the next') from relay.uncounted;

rollback to start; -- Deleted and pruned before a fold.
delete from auth.users where id = tests.id('owner');
select is(tests.counted('generations_started_total'), 2::float8, 'the starts of a deleted user are counted');
select is(tests.counted('tokens_total', '{"kind": "prompt"}'), 10::float8, 'and the tokens');

rollback to start;
select tests.back_date('first', interval '31 days');
select tests.call_sweep();
select is(tests.counted('generations_ended_total', '{"outcome": "completed"}'), 1::float8, 'a pruned one is');

rollback to start; -- What has no counter.
insert into relay.uncounted (name, labels, amount)
values ('colours_total', '{}', 1), ('sweeps_total', '{"colour": "red"}', 1), ('sweeps_total', '{}', 5);
select is(tests.counted('sweeps_total'), 5::float8, 'the rest is counted');
select is(tests.counted('colours_total'), null, 'it is left out');

select * from finish(); rollback;
