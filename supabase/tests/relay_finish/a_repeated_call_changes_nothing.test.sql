begin;
select plan(4);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
create temp table fence as select g.fence from relay.generations g;
create temp table finished as select tests.call_finish('first', 'They lived.') as outcome;
create temp table before as select tests.everything() as everything;

select is(tests.call_finish('first', 'They lived.', fence => fence), outcome, 'it gets the outcome that is')
from finished, fence;
select is(
  tests.call_finish('first', 'They died.', 'failed', 'error', 'internal', fence => fence), outcome,
  'whatever it wants to store'
) from finished, fence;
select is(tests.everything(), everything, 'nothing has changed') from before;
select is(count(*), 1::bigint, 'there is one message') from public.messages where stream_id = 'first';

select * from finish();
rollback;
