begin; select plan(3);
select tests.make_user('owner');
select tests.given_generation('first', 'owner');
select tests.call_cancel('owner', 'first');
update relay.generations set cancel_requested_at = cancel_requested_at - interval '1 second';
create temp table before as select tests.everything() as everything;
select is(tests.call_cancel('owner', 'first'), '{"status": "cancelling"}', 'the answer is the same');
select is(tests.call_cancel('owner', 'first'), '{"status": "cancelling"}', 'as often as one asks');
select is(tests.everything(), everything, 'the first request stands') from before;

select * from finish(); rollback;
