begin; select plan(11);
select tests.make_user('owner');
savepoint start;

-- Asks a running generation to end.
select tests.given_generation('first', 'owner');
select is(tests.call_cancel('owner', 'first'), '{"status": "cancelling"}', 'the answer is that it will end');
select is(status, 'running', 'it runs until its worker has stored the text') from relay.generations;
select isnt(cancel_requested_at, null, 'the request is kept') from relay.generations;
select is(fence, tests.id('fence of first'), 'its worker is still its worker') from relay.generations;

rollback to start; -- Is idempotent.
select tests.given_generation('first', 'owner');
select tests.call_cancel('owner', 'first');
update relay.generations set cancel_requested_at = cancel_requested_at - interval '1 second';
create temp table before as select tests.everything() as everything;
select is(tests.call_cancel('owner', 'first'), '{"status": "cancelling"}', 'the answer is the same');
select is(tests.call_cancel('owner', 'first'), '{"status": "cancelling"}', 'as often as one asks');
select is(tests.everything(), everything, 'the first request stands') from before;

rollback to start; -- A strangers is like one that does not exist.
select tests.make_user('stranger');
select tests.given_generation('running', 'owner');
select tests.given_generation('ended', 'owner', 'completed');
create temp table before as select tests.everything() as everything;
select is(tests.call_cancel('stranger', 'running'), null, 'a stranger''s that runs');
select is(tests.call_cancel('stranger', 'ended'), null, 'a stranger''s that has ended');
select is(tests.call_cancel('stranger', 'unknown'), null, 'one that never was');
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish(); rollback;
