begin;
select plan(5);

select tests.given_tale('owner');
select tests.given_generation(status, 'owner', status, 'tale', 'second answer')
from unnest(array['completed', 'cancelled', 'disconnected', 'failed']) as status;
create temp table before as select tests.everything() as everything;

-- No end but an interruption leaves a fence; if one ever did, it would open nothing.
select is(
  tests.call_finish(status, 'They lived.', fence => tests.id('fence of ' || status)) ->> 'status', status,
  'it is told how it ended: ' || status
) from unnest(array['completed', 'cancelled', 'disconnected', 'failed']) as status;
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
