begin;
select plan(5);

select tests.given_tale('owner');
select tests.given_generation(stream_id, 'owner', status, 'tale', 'second answer')
from (values
  ('old', 'completed'), ('old-too', 'failed'), ('recent', 'completed'), ('running', 'running')
) as given (stream_id, status);
select tests.back_date(stream_id, interval '31 days') from unnest(array['old', 'old-too']) as stream_id;
select tests.back_date('recent', interval '29 days');
-- Nothing that runs is forgotten: however old it is, it ends first.
select tests.back_date('running', interval '31 days');
select tests.given_text('running', 'Once');

select is(public.relay_sweep(), '{"closed": 1, "pruned": 2}', 'two are forgotten');
select results_eq(
  'select stream_id, status from relay.generations order by stream_id',
  $$ values ('recent', 'completed'), ('running', 'interrupted') $$, 'those that ended before'
);
select is(content, 'Once', 'the text of the third is a message') from public.messages where stream_id = 'running';
create temp table before as select tests.everything() - 'relay.counters' as everything;
select is(tests.call_sweep(), '{"closed": 0, "pruned": 0}', 'a second sweep has nothing to do');
select is(tests.everything() - 'relay.counters', everything, 'nothing but the count of sweeps has changed') from before;

select * from finish();
rollback;
