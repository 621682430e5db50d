begin; select plan(8);
select tests.given_tale('owner');
savepoint start;

-- Prunes what ended thirty days ago.
select tests.given_generation(stream_id, 'owner', status, 'tale', 'second answer') from (values
  ('old', 'completed'), ('old-too', 'failed'), ('recent', 'completed'), ('running', 'running')
  ) as given (stream_id, status);
select tests.back_date(stream_id, interval '31 days') from unnest(array['old', 'old-too']) as stream_id;
select tests.back_date('recent', interval '29 days');
-- Nothing that runs is pruned: however old it is, it ends first.
select tests.back_date('running', interval '31 days');
select tests.given_text('running', 'Once');
select is(public.relay_sweep(), '{"closed": 1, "pruned": 2}', 'two are pruned');
select results_eq('select stream_id, status from relay.generations order by stream_id',
  $$ values ('recent', 'completed'), ('running', 'interrupted') $$, 'those that ended before');
select is(content, 'Once', 'the text of the third is a message') from public.messages where stream_id = 'running';
create temp table before as select tests.all_but_counts() as everything;
select is(tests.call_sweep(), '{"closed": 0, "pruned": 0}', 'a second sweep has nothing to do');
select is(tests.all_but_counts(), everything, 'nothing but the count of sweeps has changed') from before;

rollback to start; -- Leaves the messages of what it prunes.
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first', 'They lived.');
select tests.back_date('first', interval '31 days');
create temp table before as select tests.the_story() as story;
select is(tests.call_sweep() ->> 'pruned', '1', 'it is pruned');
select is(tests.the_story(), story, 'no row of the conversation has changed') from before;
select is(tests.leaf_of('tale'), 'They lived.', 'the active leaf is where it was');

select * from finish(); rollback;
