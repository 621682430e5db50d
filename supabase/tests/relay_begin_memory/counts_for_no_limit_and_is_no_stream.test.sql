begin; select plan(12);
select tests.given_tale('owner');
update public.bots set memory = true, context_tokens = 8000;
select tests.call_begin_memory('owner', 'm' || n, message)
from (values (1, 'first answer'), (2, 'second answer'), (3, 'other answer')) as m (n, message);
select is(count(*), 3::bigint, 'three are being written') from relay.generations where kind = 'memory';

create temp table begun as select tests.call_begin(
  'owner', 'a', 'Go on!', conversation => 'tale', max_concurrent => 1, rate_limit => 1) as answer;
select is(answer ->> 'outcome', 'admitted', 'a user starts what the limits allow') from begun;
select is(answer #>> '{rate,remaining}', '0', 'and only that is counted') from begun;
select tests.call_cancel('owner', 'a');
select tests.call_finish('a', '', 'cancelled', 'cancelled');
select is(tests.call_begin('owner', 'b', 'Go on!', conversation => 'tale', rate_limit => 9) ->> 'outcome', 'admitted',
  'no prompt waits for one');
select tests.call_finish('b');
select is(public.relay_running(tests.id('owner'), tests.key('tale')::text), null, 'nothing runs in the conversation');
update public.conversations set active_message_id = null;
select is(public.relay_running(tests.id('owner'), tests.key('tale')::text), null, 'not without an active leaf either');

-- Its stream_id is none.
select tests.given_text('m1', 'Once');
select is(tests.call_read('owner', 'm1'), 'null', 'it cannot be read');
select is(tests.call_cancel('owner', 'm1'), null, 'nor cancelled');
select is(tests.call_begin('owner', 'm1', 'Go on!', rate_limit => 9) ->> 'code', 'stream_id_taken', 'nor repeated');
select is(tests.call_begin('owner', 'm1', 'Go on!', fence => 'fence of m1', rate_limit => 9) ->> 'code',
  'stream_id_taken', 'with whatever fence');
select is(tests.call_beat(array['m1']) -> 'stored', '{"m1": 4}', 'beats renew its lease like any other');

update relay.generations set lease_expires_at = now() - interval '1 second' where stream_id = 'm2';
select tests.call_begin('owner', 'c', 'Go on!', rate_limit => 9);
select is(status, 'interrupted', 'what a dead worker has left of one is ended by the next start')
from relay.generations where stream_id = 'm2';

select * from finish(); rollback;
