begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second question');
select tests.call_sweep();
create temp table begun as
select public.relay_begin(
  tests.id('owner'), 'second', 'worker', null, m.id, null, null, null, false, 5, 3, 15000, 200000
) as answer
from public.messages m where m.stream_id = 'first';

select is(answer ->> 'outcome', 'admitted', 'it is a message as any other') from begun;
select is(answer ->> 'parent_id', tests.id('second question')::text, 'the new version answers the same') from begun;
select tests.call_finish('second', 'They lived.');
select is(tests.leaf_of('tale'), 'They lived.', 'and is the active leaf');
select is(content, 'Once', 'the part is as it was') from public.messages where stream_id = 'first';

select * from finish();
rollback;
