begin;
select plan(6);

select tests.make_user('owner');
select tests.given_generation(status, 'owner', status)
from unnest(array['completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) as status;
create temp table before as select tests.everything() as everything;

select is(tests.call_cancel('owner', status) ->> 'status', status, 'it says how it ended: ' || status)
from unnest(array['completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) as status;
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
