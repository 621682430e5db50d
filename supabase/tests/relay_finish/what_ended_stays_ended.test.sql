begin; select plan(9);
select tests.given_tale('owner');
savepoint start;

-- What has ended stays so, even for its fence.
select tests.given_generation(status, 'owner', status, 'tale', 'second answer')
  from unnest(array['completed', 'cancelled', 'disconnected', 'failed']) as status;
create temp table before as select tests.everything() as everything;
-- No end but an interruption leaves a fence; if one ever did, it would open nothing.
select is(tests.call_finish(status, 'They lived.', fence => tests.id('fence of ' || status)) ->> 'status', status,
  'the answer is how it ended: ' || status
  ) from unnest(array['completed', 'cancelled', 'disconnected', 'failed']) as status;
select is(tests.everything(), everything, 'nothing has changed') from before;

rollback to start; -- What its worker interrupts is final.
select tests.call_begin('owner', 'first', conversation => 'tale', fence => 'own fence');
create temp table finished as
  select tests.call_finish('first', 'Once', 'interrupted', 'interrupted', 'interrupted') as outcome;
create temp table before as select tests.everything() as everything;
select is(outcome ->> 'status', 'interrupted', 'a worker that is shut down ends what it runs') from finished;
select is(tests.call_finish('first', 'Once upon a time.', fence => tests.id('own fence')), outcome,
  'and does not complete it afterwards') from finished;
select is(
  tests.call_beat(array['first'], array[tests.id('own fence')]) -> 'lost', '["first"]', 'it is not its own any more');
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish(); rollback;
